//! The server: a thread for each connection, from its first request to its last.

use std::{
    collections::HashMap,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    address::Address,
    catalogue::Catalogue,
    connection::Connection,
    danbooru::DetailPages,
    dialect::Dialect,
    error::BooruError,
    fault::{Asked, Fault, Faults, NoFaults},
    log::RequestLog,
    moebooru::pages::PreviewAddresses,
    path_class::PathClass,
    request::Request,
    response::Response,
    site::{Site, placeholder},
    variant::Renderer,
};

/// How the booru is to be served.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any free one.
    pub address: String,
    /// Which software's paths and answers the site has.
    pub dialect: Dialect,
    /// What goes wrong, and when.
    pub faults: Arc<dyn Faults>,
    /// Connections beyond so many are answered with 503 and closed.
    pub max_connections: usize,
    /// How list pages write their previews' addresses.
    pub previews: PreviewAddresses,
    /// Which of Danbooru's pages say where the larger renderings are.
    pub details: DetailPages,
    /// Whether files have an `ETag`; they have a `Last-Modified` in any case.
    pub entity_tags: bool,
    /// What `/robots.txt` says.
    pub robots: String,
    /// Posts on a page where the request does not say.
    pub page_length: usize,
}

impl Options {
    /// A Danbooru site as it meets programs today: its robots.txt keeps them from the API and lets them see pages, and only
    /// the pages of posts say where samples and originals are.
    pub fn danbooru_without_api() -> Self {
        let robots = "User-agent: *\nDisallow: /*.json\nDisallow: /*.xml\nDisallow: /login\nAllow: /posts\n".to_owned();
        Self { dialect: Dialect::Danbooru, details: DetailPages::Post, robots, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".to_owned(),
            dialect: Dialect::default(),
            faults: Arc::new(NoFaults),
            max_connections: 256,
            previews: PreviewAddresses::default(),
            details: DetailPages::default(),
            entity_tags: true,
            robots: "User-agent: *\nDisallow: /user/\nDisallow: /forum/\n".to_owned(),
            page_length: 16,
        }
    }
}

/// A booru that is being served. Dropping it stops it.
pub struct MiniBooru {
    shared: Arc<Shared>,
    local: SocketAddr,
    listener: Option<JoinHandle<()>>,
}

/// How often each path, and each class of paths, was asked for.
#[derive(Default)]
struct Counts {
    paths: HashMap<String, u64>,
    classes: HashMap<PathClass, u64>,
}

/// What all connections share.
pub(crate) struct Shared {
    site: Site,
    pub(crate) faults: Arc<dyn Faults>,
    pub(crate) log: RequestLog,
    asked: Mutex<Counts>,
    stopping: AtomicBool,
    connections: Mutex<HashMap<u64, TcpStream>>,
    next_connection: AtomicU64,
    max_connections: usize,
}

impl MiniBooru {
    /// Starts to serve; answers come as soon as this returns.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(catalogue: Catalogue, options: Options) -> Result<Self, BooruError> {
        let refused = |cause| BooruError::Listen { address: options.address.clone(), cause };
        let listener = TcpListener::bind(&options.address).map_err(refused)?;
        let local = listener.local_addr().map_err(refused)?;
        let site = Site {
            catalogue: RwLock::new(catalogue),
            address: Address::new(&format!("http://{}", reachable(local))),
            dialect: options.dialect,
            previews: options.previews,
            details: options.details,
            entity_tags: options.entity_tags,
            robots: options.robots,
            page_length: options.page_length,
            renderer: Renderer::default(),
            placeholder: placeholder()?,
        };
        let shared = Arc::new(Shared {
            site,
            faults: options.faults,
            log: RequestLog::default(),
            asked: Mutex::default(),
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
            next_connection: AtomicU64::new(1),
            max_connections: options.max_connections,
        });
        let for_thread = shared.clone();
        let listener = Some(thread::spawn(move || accept_all(&listener, &for_thread)));
        Ok(Self { shared, local, listener })
    }

    /// The site's URL, without a slash at the end.
    pub fn url(&self) -> String {
        self.shared.site.address.base().to_owned()
    }

    /// The address and port where it listens.
    pub fn address(&self) -> SocketAddr {
        self.local
    }

    /// What was asked for so far.
    pub fn log(&self) -> RequestLog {
        self.shared.log.clone()
    }

    /// The posts as they are now. Requests that read wait for nothing; changes wait until this is dropped.
    pub fn catalogue(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.shared.site.catalogue.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The posts, to be changed. Requests wait until this is dropped.
    pub fn catalogue_mut(&self) -> RwLockWriteGuard<'_, Catalogue> {
        self.shared.site.catalogue.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops listening, cuts all connections and waits for their threads.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The listener sleeps until somebody connects, so somebody does.
        let _ = TcpStream::connect(reachable(self.local));
        let _ = listener.join();
    }
}

impl Drop for MiniBooru {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// An address that clients on this machine can use.
fn reachable(local: SocketAddr) -> SocketAddr {
    let mut address = local;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn accept_all(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, most likely: some will be given back.
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        threads.retain(|thread| !thread.is_finished());
        let shared = shared.clone();
        threads.push(thread::spawn(move || shared.serve(stream, peer)));
    }
    for stream in shared.open_connections().values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

impl Shared {
    /// Those that are open now, by their numbers.
    pub(crate) fn open_connections(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection until either side has enough.
    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let number = self.next_connection.fetch_add(1, Ordering::Relaxed);
        let over_limit = {
            let mut open = self.open_connections();
            if let Ok(twin) = stream.try_clone() {
                open.insert(number, twin);
            }
            open.len() > self.max_connections
        };
        // Those who were counted before the listener stopped are cut by it; the others see the flag.
        if !self.stopping.load(Ordering::SeqCst) {
            let connection = Connection { shared: self, number, peer, over_limit };
            // A client that goes away is no fault of the server.
            let _ = connection.run(stream);
        }
        self.open_connections().remove(&number);
    }

    /// Counts a request by its path and class, for the script of faults.
    pub(crate) fn asked<'a>(&self, request: &'a Request, path: &'a str) -> Asked<'a> {
        let class = PathClass::of(path);
        let mut counts = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let occurrence = increased(counts.paths.entry(path.to_owned()).or_default());
        let in_class = increased(counts.classes.entry(class).or_default());
        Asked { method: &request.method, path, target: &request.target, class, occurrence, in_class }
    }

    /// The sound answer, once the fault has changed the site or the question.
    pub(crate) fn answer(&self, request: &Request, fault: Option<&Fault>) -> Response {
        match fault {
            Some(Fault::Shift(shift)) => match self.site.shift(shift) {
                Ok(()) => self.site.answer(request),
                Err(_) => Response::error(500),
            },
            Some(Fault::EmptyList) => {
                // The first of parameters with the same name counts.
                self.site.answer(&request.with_query(&format!("tags=nothing_has_this_tag&{}", request.query())))
            }
            _ => self.site.answer(request),
        }
    }
}

fn increased(count: &mut u64) -> u64 {
    *count += 1;
    *count
}
