//! The server: it listens, and gives each connection a thread.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{connection, request::Request, response::Response, token::Token};

/// Connections that are served at a time; a browser opens six, and more are turned away at once.
pub const MAX_CONNECTIONS: usize = 64;

/// What answers requests.
pub(crate) type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) handler: Box<Handler>,
    pub(crate) token: Token,
    pub(crate) takes_posts: bool,
    port: u16,
    open: AtomicUsize,
    stopped: AtomicBool,
}

impl Shared {
    /// Whether a request is for this server under its own name. A page of another site may have its name resolve to this
    /// machine, but not send this one.
    pub(crate) fn is_own_host(&self, host: &str) -> bool {
        let own = |name: &str| {
            let rest = host.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
            rest.is_some_and(|_| host[name.len()..] == format!(":{}", self.port))
        };
        own("127.0.0.1") || own("localhost")
    }

    /// Whether a page is one of this server.
    pub(crate) fn is_own_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.is_own_host(host))
    }
}

/// A server at work; it ends when this is dropped.
pub struct Server {
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of this machine and answers with `handler`, which is only asked to show things.
    ///
    /// # Errors
    /// When the system gives no port, no thread or no random number.
    pub fn start(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> io::Result<Self> {
        Self::listen(Box::new(handler), false)
    }

    /// The same, with a handler that is also asked to change things: it looks at [`Request::method`].
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with_posts(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> io::Result<Self> {
        Self::listen(Box::new(handler), true)
    }

    fn listen(handler: Box<Handler>, takes_posts: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let shared = Arc::new(Shared {
            handler,
            token: Token::random()?,
            takes_posts,
            port: listener.local_addr()?.port(),
            open: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        let listening = thread::Builder::new().name("loopback".into()).spawn(move || accept(&listener, &accepting))?;
        Ok(Self { shared, listening: Some(listening) })
    }

    /// Where a browser finds it, token included: `http://127.0.0.1:PORT/TOKEN/`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.shared.port, self.shared.token)
    }

    /// Where it listens.
    pub fn socket(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.shared.port).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // The listener waits for connections: one more has it look up.
        let woken = TcpStream::connect_timeout(&self.socket(), Duration::from_secs(1));
        if let (Ok(_), Some(listening)) = (woken, self.listening.take()) {
            // A thread that has panicked has nothing more to say.
            let _ = listening.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        match stream {
            Ok(stream) => begin(stream, shared),
            // Too many open files, say: others will be closed.
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn begin(stream: TcpStream, shared: &Arc<Shared>) {
    let turn = Turn(Arc::clone(shared));
    if shared.open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
        // Closed unanswered: an answer could block, and this thread is the only one.
        return;
    }
    // A thread that cannot be started takes the connection with it.
    let serve = move || connection::serve(&stream, &turn.0);
    let _ = thread::Builder::new().name("loopback connection".into()).stack_size(STACK_BYTES).spawn(serve);
}

/// What a connection needs; a page is rendered elsewhere or in the handler, whose depth is small.
const STACK_BYTES: usize = 1 << 20;

/// A connection's place among those that are open.
struct Turn(Arc<Shared>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
