//! Scripted faults do what they say, when they say it.

use std::io::{self, Write};
use std::sync::Arc;

use mini_booru::{Asked, Catalogue, Fault, MiniBooru, Options, Sent, Status};

use crate::client::{Answer, Connection};

/// Serves one picture; its first request suffers `fault`, later ones do not.
fn first_time(fault: Fault) -> (MiniBooru, io::Result<Answer>, Answer) {
    let faults =
        move |asked: &Asked<'_>| (asked.path.starts_with("/image/") && asked.occurrence == 1).then(|| fault.clone());
    let options = Options { faults: Arc::new(faults), ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(2, 4).unwrap(), options).unwrap();
    let target = {
        let catalogue = booru.catalogue();
        let post = catalogue.posts().find(|post| post.status == Status::Active).unwrap();
        format!("/image/{}/x.jpg", post.md5)
    };
    let ask = || Connection::open(&booru.url())?.ask("GET", &target, &[]);
    let (faulty, sound) = (ask(), ask().unwrap());
    assert_eq!((sound.status, sound.header("content-type")), (200, Some("image/jpeg")));
    (booru, faulty, sound)
}

#[test]
fn a_status_with_and_without_retry_after() {
    let check = |retry_after: Option<&str>| {
        let fault = Fault::Status { code: 503, retry_after: retry_after.map(str::to_owned) };
        let (booru, faulty, _) = first_time(fault);
        let faulty = faulty.unwrap();
        assert_eq!((faulty.status, faulty.header("retry-after")), (503, retry_after));
        assert_eq!(booru.log().under("/image/")[0].status, 503);
    };
    check(None);
    check(Some("120"));
    check(Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[test]
fn a_truncated_body_promises_more_than_it_sends() {
    let (booru, faulty, sound) = first_time(Fault::Truncated { after: 10 });
    assert_eq!(faulty.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    let log = booru.log().under("/image/");
    assert_eq!((log[0].status, log[0].bytes), (200, 10));
    assert_eq!(log[1].bytes, sound.body.len() as u64);
}

#[test]
fn a_closed_connection_ends_without_a_word() {
    let (booru, faulty, _) = first_time(Fault::Closed);
    assert_eq!(faulty.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(booru.log().under("/image/")[0].status, 0);
}

#[test]
fn a_reset_connection_is_reset() {
    let (booru, faulty, _) = first_time(Fault::Reset);
    assert_eq!(faulty.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(booru.log().under("/image/")[0].status, 0);
}

#[test]
fn a_page_comes_instead_of_a_picture() {
    let (_, faulty, _) = first_time(Fault::Html);
    let faulty = faulty.unwrap();
    assert_eq!((faulty.status, faulty.header("content-type")), (200, Some("text/html; charset=utf-8")));
}

#[test]
fn a_script_has_the_bare_connection() {
    let script = Fault::Scripted(Arc::new(|stream, answer| {
        let length = answer.body.bytes().len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nown")?;
        Ok(Sent { status: 200, bytes: 3 })
    }));
    let (booru, faulty, _) = first_time(script);
    assert_eq!(faulty.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(booru.log().under("/image/")[0].bytes, 3);
}
