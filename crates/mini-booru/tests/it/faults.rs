//! Scripted faults do what they say, when they say it.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use mini_booru::{Catalogue, Fault, MiniBooru, Options, PathClass, Post, Rule, Schedule, Shift, Status};

use crate::client::{Answer, Connection, get};

fn with(rule: Rule) -> MiniBooru {
    let options = Options { faults: Arc::new(Schedule::new([rule])), ..Options::default() };
    MiniBooru::start(Catalogue::swatches(2, 24).unwrap(), options).unwrap()
}

fn some_post(booru: &MiniBooru) -> Post {
    booru.catalogue().posts().find(|post| post.status == Status::Active).unwrap().clone()
}

/// What became of the first request for one picture, and of the second.
struct Twice {
    booru: MiniBooru,
    faulty: io::Result<Answer>,
    sound: Answer,
}

impl Twice {
    /// The first request suffers the fault.
    fn ask(fault: Fault, headers: &[(&str, &str)]) -> Self {
        let booru = with(Rule::once_each(PathClass::Image, fault));
        let target = format!("/image/{}/x.jpg", some_post(&booru).md5);
        let ask = |headers: &[(&str, &str)]| Connection::open(&booru.url())?.ask("GET", &target, headers);
        let (faulty, sound) = (ask(headers), ask(&[]).unwrap());
        assert_eq!((sound.status, sound.header("content-type")), (200, Some("image/jpeg")));
        Self { booru, faulty, sound }
    }

    fn answer(&self) -> &Answer {
        self.faulty.as_ref().unwrap()
    }
}

/// A fault within HTTP: its status, and one header.
fn check_answer(fault: Fault, status: u16, name: &str, value: Option<&str>) {
    let twice = Twice::ask(fault, &[]);
    assert_eq!((twice.answer().status, twice.answer().header(name)), (status, value));
    let log = twice.booru.log().under("/image/");
    assert_eq!((log[0].status, log[0].succeeded(), log[1].succeeded()), (status, false, true));
}

#[test]
fn answers_of_another_kind() {
    let status = |code, retry_after: Option<&str>| Fault::Status { code, retry_after: retry_after.map(str::to_owned) };
    check_answer(status(503, None), 503, "retry-after", None);
    check_answer(status(503, Some("120")), 503, "retry-after", Some("120"));
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    check_answer(status(429, Some(date)), 429, "retry-after", Some(date));
    check_answer(Fault::Cloudflare, 403, "cf-mitigated", Some("challenge"));
    check_answer(Fault::Redirect { to: "/banned".into() }, 302, "location", Some("/banned"));
    check_answer(Fault::Html, 200, "content-type", Some("text/html; charset=utf-8"));
    check_answer(Fault::ErrorObject, 200, "content-type", Some("application/json; charset=utf-8"));
    check_answer(Fault::Empty, 200, "content-length", Some("0"));
    check_answer(Fault::Bomb, 200, "content-type", Some("image/png"));
    let header = |name: &str, value: &str| Fault::Header { name: name.into(), value: value.into() };
    check_answer(header("content-type", "text/plain"), 200, "content-type", Some("text/plain"));
    check_answer(header("X-Robots-Tag", "noai"), 200, "x-robots-tag", Some("noai"));
    check_answer(Fault::ChangedEntityTag, 200, "etag", Some("\"changed\""));
}

#[test]
fn a_date_may_be_told_from_now_on() {
    let fault = Fault::Status { code: 503, retry_after: Some("+7200".into()) };
    let twice = Twice::ask(fault, &[]);
    let date = twice.answer().header("retry-after").unwrap();
    assert!(date.ends_with(" GMT") && Some(date) != twice.answer().header("date"), "{date}");
}

#[test]
fn a_redirect_may_lead_to_itself() {
    let twice = Twice::ask(Fault::RedirectLoop, &[]);
    assert_eq!(twice.answer().header("location"), Some(twice.booru.log().requests()[0].target.as_str()));
}

#[test]
fn bodies_of_other_bytes() {
    let check = |fault, holds: &dyn Fn(&[u8], &[u8]) -> bool| {
        let twice = Twice::ask(fault, &[]);
        assert!(holds(&twice.answer().body, &twice.sound.body));
    };
    check(Fault::Oversize { by: 5_000 }, &|faulty, sound| {
        faulty.starts_with(sound) && faulty.len() == sound.len() + 5_000
    });
    check(Fault::Altered, &|faulty, sound| {
        faulty.len() == sound.len() && faulty.iter().zip(sound).filter(|(one, other)| one != other).count() == 1
    });
    check(Fault::WrongLength { by: -100 }, &|faulty, sound| faulty == &sound[..sound.len() - 100]);
}

#[test]
fn ranges_that_go_wrong() {
    let range = [("Range", "bytes=100-")];
    let twice = Twice::ask(Fault::WrongContentRange, &range);
    let length = twice.sound.body.len();
    let said = format!("bytes 0-{}/{length}", length - 1);
    assert_eq!((twice.answer().status, twice.answer().header("content-range")), (206, Some(said.as_str())));
    assert_eq!(twice.answer().body, twice.sound.body);
    assert_eq!(Twice::ask(Fault::WrongContentRange, &[]).answer().status, 200);
    let twice = Twice::ask(Fault::Unsatisfiable, &range);
    assert_eq!((twice.answer().status, twice.booru.log().requests()[0].range.as_deref()), (416, Some("bytes=100-")));
    let twice = Twice::ask(Fault::ChangedEntityTag, &range);
    assert_eq!((twice.answer().status, twice.answer().header("content-range")), (200, None));
    assert_eq!(twice.answer().body, twice.sound.body);
}

/// A fault below HTTP: how it looks to the client, and what the log says was sent.
fn check_broken(fault: Fault, kind: io::ErrorKind, status: u16, bytes: u64) {
    let twice = Twice::ask(fault, &[]);
    assert_eq!(twice.faulty.unwrap_err().kind(), kind);
    let log = twice.booru.log().under("/image/");
    assert_eq!((log[0].status, log[0].bytes, log[1].bytes), (status, bytes, twice.sound.body.len() as u64));
}

#[test]
fn connections_that_break() {
    check_broken(Fault::Truncated { after: 10 }, io::ErrorKind::UnexpectedEof, 200, 10);
    check_broken(Fault::Closed, io::ErrorKind::UnexpectedEof, 0, 0);
    check_broken(Fault::Reset, io::ErrorKind::ConnectionReset, 0, 0);
    let whole = Twice::ask(Fault::Empty, &[]).sound.body.len() as u64;
    check_broken(Fault::WrongLength { by: 50 }, io::ErrorKind::UnexpectedEof, 200, whole);
}

/// All that comes over the wire until the server closes the connection.
fn raw(booru: &MiniBooru, target: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(booru.address()).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\n\r\n").unwrap();
    let mut wire = Vec::new();
    stream.read_to_end(&mut wire).unwrap();
    wire
}

#[test]
fn chunks_without_an_end() {
    let booru = with(Rule::always(PathClass::Image, Fault::UnfinishedChunks));
    let post = some_post(&booru);
    let wire = raw(&booru, &format!("/image/{}/x.jpg", post.md5));
    let text = String::from_utf8_lossy(&wire);
    assert!(text.contains("Transfer-Encoding: chunked") && !text.contains("Content-Length"));
    assert!(wire.len() as u64 > post.file_size && wire.ends_with(b"\r\n") && !wire.ends_with(b"0\r\n\r\n"));
}

#[test]
fn a_body_in_drips_comes_whole_to_the_patient() {
    let booru = with(Rule::always(PathClass::Robots, Fault::Drip { pause: 0 }));
    assert!(get(&booru.url(), "/robots.txt").text().starts_with("User-agent"));
}

#[test]
fn lists_that_are_none() {
    let booru = with(Rule { last: 2, ..Rule::always(PathClass::Listing, Fault::EmptyList) });
    assert_eq!(get(&booru.url(), "/post.json?limit=3").text(), "[]");
    assert!(get(&booru.url(), "/post?page=1").text().contains("Nobody here"));
    assert_eq!(get(&booru.url(), "/post.json?limit=3").json().as_array().unwrap().len(), 3);
}

#[test]
fn pages_shift_while_somebody_walks() {
    let shift = Shift { insert: 3, bump: 1, edit: 1, delete: 1, seed: 1 };
    let booru = with(Rule::nth(PathClass::Listing, 2, Fault::Shift(shift)));
    let ids = |page: u32| -> Vec<u64> {
        let records = get(&booru.url(), &format!("/post.json?limit=5&page={page}")).json();
        records.as_array().unwrap().iter().map(|record| record["id"].as_u64().unwrap()).collect()
    };
    let (first, second) = (ids(1), ids(2));
    assert!(first.iter().any(|id| second.contains(id)), "page 2 repeats posts of page 1: {first:?} {second:?}");
    assert_eq!(booru.catalogue().len(), 27);
}
