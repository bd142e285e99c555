//! The server as it is met by browsers and by those that pretend to be one: through raw sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail loudly")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::Arc,
};

use loopback::{Channel, MAX_CONNECTIONS, Method, Request, Response, Server};

fn handler(request: &Request) -> Response {
    match (request.method(), request.path()) {
        (Method::Get, "") => Response::html("<p>page</p>"),
        (Method::Get, "picture.png") => Response::new("image/png", vec![7; 3_000_000]),
        (Method::Get, "query") => Response::text(request.query()),
        (Method::Post, "change") => Response::text(String::from_utf8_lossy(request.body()).into_owned()),
        _ => Response::not_found(),
    }
}

fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.socket()).unwrap()
}

/// Sends bytes as they are and returns all that comes back.
fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    // A server that refuses may close before all is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn own_host(server: &Server) -> String {
    server.socket().to_string()
}

/// The address without scheme and host: "/TOKEN/".
fn base(server: &Server) -> String {
    let address = server.address();
    address[address.rfind(&own_host(server)).unwrap() + own_host(server).len()..].to_owned()
}

fn get(server: &Server, target: &str, host: &str) -> String {
    exchange(server, format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[test]
fn a_browser_with_the_address_gets_the_page_under_a_strict_policy() {
    let server = Server::start(handler).unwrap();
    let answer = get(&server, &base(&server), &own_host(&server));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n<p>page</p>"), "{answer}");
    for field in ["Content-Security-Policy: default-src 'none'", "nosniff", "no-referrer", "no-store", "same-origin"] {
        assert!(answer.contains(field), "{field}: {answer}");
    }
    let localhost = own_host(&server).replace("127.0.0.1", "LocalHost");
    assert_eq!(status(&get(&server, &base(&server), &localhost)), 200);
    let query = get(&server, &format!("{}query?a=b/c", base(&server)), &own_host(&server));
    assert!(query.ends_with("a=b/c"), "{query}");
    let large = get(&server, &format!("{}picture.png", base(&server)), &own_host(&server));
    assert_eq!(large.len() - large.find("\r\n\r\n").unwrap() - 4, 3_000_000);
}

#[test]
fn without_the_token_or_under_another_name_there_is_nothing() {
    let server = Server::start(handler).unwrap();
    let (base, host) = (base(&server), own_host(&server));
    let check = |target: &str, host: &str, expected: u16| {
        let answer = get(&server, target, host);
        assert_eq!(status(&answer), expected, "{target} at {host}: {answer}");
        assert!(!answer.contains(base.trim_matches('/')), "the token is told: {answer}");
    };
    check("/", &host, 404);
    check(&base[..base.len() - 2], &host, 404);
    check(&base.replace(&base[1..2], "x"), &host, 404);
    check(&format!("/x{base}"), &host, 404);
    check(&format!("{base}none"), &host, 404);
    let port = server.socket().port();
    for other in ["rebound.example", "127.0.0.1", "127.0.0.1.rebound.example", "localhost", ""] {
        check(&base, other, 421);
    }
    check(&base, &format!("rebound.example:{port}"), 421);
    check(&base, &format!("127.0.0.1:{}", port ^ 1), 421);
    let without_host = exchange(&server, format!("GET {base} HTTP/1.0\r\n\r\n").as_bytes());
    assert_eq!(status(&without_host), 421);
}

#[test]
fn only_a_handler_that_wants_them_gets_posts_and_only_whole_ones() {
    let (quiet, server) = (Server::start(handler).unwrap(), Server::start_with_posts(handler).unwrap());
    let post = |server: &Server, fields: &str, body: &str| {
        let head = format!("POST {}change HTTP/1.1\r\nHost: {}\r\n{fields}\r\n{body}", base(server), own_host(server));
        exchange(server, head.as_bytes())
    };
    assert_eq!(status(&post(&quiet, "Content-Length: 2\r\n", "ab")), 405);
    assert!(post(&server, "Content-Length: 2\r\n", "ab").ends_with("\r\n\r\nab"));
    assert!(post(&server, "Content-Length: 2\r\nExpect: 100-continue\r\n", "ab").starts_with("HTTP/1.1 100 Continue"));
    assert_eq!(status(&post(&server, "Content-Length: 99999999\r\n", "ab")), 413);
    assert_eq!(status(&post(&server, "Transfer-Encoding: chunked\r\n", "0\r\n\r\n")), 411);
    let of = |origin: &str| status(&post(&server, &format!("Origin: {origin}\r\nContent-Length: 2\r\n"), "ab"));
    assert_eq!(of(&format!("http://{}", own_host(&server))), 200);
    for origin in ["null", "http://elsewhere.example", "http://127.0.0.1:1", &format!("https://{}", own_host(&server))]
    {
        assert_eq!(of(origin), 403, "{origin}");
    }
    let other_method = format!("DELETE {} HTTP/1.1\r\nHost: {}\r\n\r\n", base(&server), own_host(&server));
    assert_eq!(status(&exchange(&server, other_method.as_bytes())), 405);
}

#[test]
fn heads_have_a_bound() {
    let server = Server::start(handler).unwrap();
    let head = |fields: &str| format!("GET {} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", base(&server), own_host(&server));
    assert_eq!(status(&exchange(&server, head(&format!("A: {}\r\n", "a".repeat(20_000))).as_bytes())), 431);
    assert_eq!(status(&exchange(&server, head(&"A: a\r\n".repeat(100)).as_bytes())), 431);
    // Without an end it is refused as well, long before memory is full.
    assert_eq!(status(&exchange(&server, "GET /".repeat(1_000_000).as_bytes())), 431);
    assert_eq!(status(&exchange(&server, b"\x16\x03\x01\x02\x00 no HTTP at all\r\n\r\n")), 400);
}

#[test]
fn the_slow_and_the_many_do_not_keep_others_out() {
    let server = Server::start(handler).unwrap();
    // Each has sent half a request, and then nothing.
    let slow: Vec<TcpStream> = (0..MAX_CONNECTIONS - 8)
        .map(|_| {
            let mut stream = connect(&server);
            stream.write_all(b"GET / HT").unwrap();
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(status(&get(&server, &base(&server), &own_host(&server))), 200);
    }
    let more: Vec<TcpStream> = (0..3 * MAX_CONNECTIONS).map(|_| connect(&server)).collect();
    // Those that are too many are closed at once, unanswered.
    let closed = more.iter().filter(|stream| {
        stream.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        let mut stream: &TcpStream = stream;
        matches!(stream.read(&mut [0]), Ok(0))
    });
    assert!(closed.count() >= MAX_CONNECTIONS);
    drop((slow, more));
    // Their threads end once they notice.
    let answered = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        status(&get(&server, &base(&server), &own_host(&server))) == 200
    });
    assert!(answered);
}

#[test]
fn events_are_pushed_and_a_lost_connection_is_taken_up_again() {
    let channel = Channel::new();
    let publisher = channel.clone();
    let server = Server::start(move |request| Response::events(channel.subscribe(request.last_event()))).unwrap();
    let listen = |last: &str| {
        let mut stream = connect(&server);
        let head = format!("GET {}events HTTP/1.1\r\nHost: {}\r\n{last}\r\n", base(&server), own_host(&server));
        stream.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "Content-Type: text/event-stream"));
        assert!(lines.any(|line| line == "retry: 1000"));
        lines
    };
    let mut lines = listen("");
    publisher.publish("grid", "first");
    assert!(lines.any(|line| line == "event: grid") && lines.next().unwrap() == "data: first");
    drop(lines);
    publisher.publish("grid", "second");
    let mut again = listen("Last-Event-ID: 1\r\n");
    assert!(again.any(|line| line == "id: 2"));
    publisher.close();
    assert_eq!(again.filter(|line| line.starts_with("id: ")).count(), 0, "the stream has ended");
}

#[test]
fn a_browser_that_goes_away_in_the_middle_harms_nobody() {
    let server = Server::start(handler).unwrap();
    for _ in 0..10 {
        let mut stream = connect(&server);
        let head = format!("GET {}picture.png HTTP/1.1\r\nHost: {}\r\n\r\n", base(&server), own_host(&server));
        stream.write_all(head.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    }
    assert_eq!(status(&get(&server, &base(&server), &own_host(&server))), 200);
}

#[test]
fn what_slow_browsers_are_sent_is_in_memory_once() {
    let file: Arc<[u8]> = vec![7; 8 << 20].into();
    let served = Arc::clone(&file);
    let server = Server::start(move |request| match request.path() {
        "file" => Response::shared("application/octet-stream", Arc::clone(&served)),
        _ => Response::text("page"),
    });
    let server = server.unwrap();
    // Each has asked, has seen that it is answered, and takes nothing more.
    let slow: Vec<TcpStream> = (0..MAX_CONNECTIONS / 2)
        .map(|_| {
            let mut stream = connect(&server);
            let head = format!("GET {}file HTTP/1.1\r\nHost: {}\r\n\r\n", base(&server), own_host(&server));
            stream.write_all(head.as_bytes()).unwrap();
            stream.read_exact(&mut [0; 15]).unwrap();
            stream
        })
        .collect();
    assert_eq!(
        Arc::strong_count(&file),
        2 + slow.len(),
        "one here, one in the handler, and one for each that is served"
    );
    assert_eq!(status(&get(&server, &base(&server), &own_host(&server))), 200);
}
