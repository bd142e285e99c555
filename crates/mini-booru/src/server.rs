//! The server: a thread for each connection, from its first request to its last.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::catalogue::Catalogue;
use crate::error::BooruError;
use crate::fault::{Asked, Faults, NoFaults, Outcome, Sent};
use crate::log::{LoggedRequest, RequestLog};
use crate::pages::PreviewAddresses;
use crate::request::{NoRequest, Request, RequestReader};
use crate::response::Response;
use crate::site::{Site, placeholder};
use crate::variant::Renderer;

/// A connection that says nothing for so long is closed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the booru is to be served.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any free one.
    pub address: String,
    /// What goes wrong, and when.
    pub faults: Arc<dyn Faults>,
    /// Connections beyond so many are answered with 503 and closed.
    pub max_connections: usize,
    /// How list pages write their previews' addresses.
    pub previews: PreviewAddresses,
    /// The text of robots.txt.
    pub robots: String,
    /// Posts on a page where the request does not say.
    pub page_length: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".to_owned(),
            faults: Arc::new(NoFaults),
            max_connections: 256,
            previews: PreviewAddresses::default(),
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

struct Shared {
    site: Site,
    faults: Arc<dyn Faults>,
    log: RequestLog,
    asked: Mutex<HashMap<String, u64>>,
    stopping: AtomicBool,
    connections: Mutex<HashMap<u64, TcpStream>>,
    next_connection: AtomicU64,
    max_connections: usize,
}

impl MiniBooru {
    /// Starts to serve; answers come as soon as this returns.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub fn start(catalogue: Catalogue, options: Options) -> Result<Self, BooruError> {
        let refused = |cause| BooruError::Listen { address: options.address.clone(), cause };
        let listener = TcpListener::bind(&options.address).map_err(refused)?;
        let local = listener.local_addr().map_err(refused)?;
        let site = Site {
            catalogue: RwLock::new(catalogue),
            address: Address::new(&format!("http://{}", reachable(local))),
            previews: options.previews,
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

    /// Where it listens.
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
    fn open_connections(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection until either side has enough.
    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let number = self.next_connection.fetch_add(1, Ordering::Relaxed);
        let crowded = {
            let mut open = self.open_connections();
            if let Ok(twin) = stream.try_clone() {
                open.insert(number, twin);
            }
            open.len() > self.max_connections
        };
        // Those who were counted before the listener stopped are cut by it; the others see the flag.
        if !self.stopping.load(Ordering::SeqCst) {
            let connection = Connection { shared: self, number, peer, crowded };
            // A client that goes away is no fault of the server.
            let _ = connection.run(stream);
        }
        self.open_connections().remove(&number);
    }

    /// How many requests for this path have come, this one included.
    fn occurrence(&self, path: &str) -> u64 {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(path.to_owned()).or_default();
        *count += 1;
        *count
    }
}

struct Connection<'a> {
    shared: &'a Shared,
    number: u64,
    peer: SocketAddr,
    crowded: bool,
}

impl Connection<'_> {
    fn run(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut reader = RequestReader::new(stream.try_clone()?);
        loop {
            let request = match reader.next() {
                Ok(request) => request,
                Err(NoRequest::Closed) => return Ok(()),
                Err(NoRequest::Malformed) => return refuse(&mut stream, 400),
                Err(NoRequest::TooLong) => return refuse(&mut stream, 431),
            };
            if !self.answer(&mut stream, &request)? {
                return Ok(());
            }
        }
    }

    /// Answers one request; false where the connection is finished.
    fn answer(&self, stream: &mut TcpStream, request: &Request) -> io::Result<bool> {
        let started = Instant::now();
        let path = request.path();
        let asked = Asked {
            method: &request.method,
            path: &path,
            target: &request.target,
            occurrence: self.shared.occurrence(&path),
        };
        let answer = if self.crowded { Response::error(503) } else { self.shared.site.answer(request) };
        let outcome = match self.shared.faults.fault(&asked) {
            Some(fault) => fault.happen(stream, &answer),
            None => Ok(Outcome::Instead(answer)),
        };
        let keeps_alive = request.keeps_alive() && !self.crowded;
        match outcome {
            Ok(Outcome::Instead(answer)) => {
                let note = |sent| self.note(request, &path, started, sent);
                send(stream, request, &answer, keeps_alive, note).map(|()| keeps_alive)
            }
            Ok(Outcome::Over(sent)) => {
                self.note(request, &path, started, sent);
                Ok(false)
            }
            Err(cause) => {
                self.note(request, &path, started, NOTHING);
                Err(cause)
            }
        }
    }

    fn note(&self, request: &Request, path: &str, started: Instant, sent: Sent) {
        self.shared.log.push(LoggedRequest {
            connection: self.number,
            peer: self.peer,
            method: request.method.clone(),
            path: path.to_owned(),
            target: request.target.clone(),
            range: request.header("range").map(str::to_owned),
            user_agent: request.header("user-agent").map(str::to_owned),
            status: sent.status,
            bytes: sent.bytes,
            started,
            ended: Instant::now(),
        });
    }
}

/// What is logged where an answer could not be sent.
const NOTHING: Sent = Sent { status: 0, bytes: 0 };

/// The most that is held back until a request is logged.
const LAST_BYTES: usize = 4096;

/// Sends an answer. `note` is called just before the last of it goes out, so that no client has the whole answer
/// while the log knows nothing of it.
fn send(
    stream: &mut TcpStream,
    request: &Request,
    answer: &Response,
    keeps_alive: bool,
    note: impl FnOnce(Sent),
) -> io::Result<()> {
    let body = if request.method == "HEAD" { &[] } else { answer.body.bytes() };
    let (early, last) = body.split_at(body.len().saturating_sub(LAST_BYTES));
    let mut head = answer.head(keeps_alive).into_bytes();
    let begun = if early.is_empty() {
        head.extend_from_slice(last);
        Ok(())
    } else {
        stream.write_all(&head).and_then(|()| stream.write_all(early))
    };
    note(if begun.is_ok() { Sent { status: answer.status, bytes: body.len() as u64 } } else { NOTHING });
    begun?;
    stream.write_all(if early.is_empty() { &head } else { last })
}

fn refuse(stream: &mut TcpStream, status: u16) -> io::Result<()> {
    let answer = Response::error(status);
    stream.write_all(answer.head(false).as_bytes())?;
    stream.write_all(answer.body.bytes())
}
