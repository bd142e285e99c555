//! Accounts and cookies: given to the site's listing, and to nobody else.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    process::Output,
};

use mini_booru::{Catalogue, Dialect, MiniBooru, Options, PathClass};

use crate::{
    place::{Place, safe_posts},
    program::command,
};
use contracts::config::{Listing, Variant};

const SECRET: &str = "c2VjcmV0LWtleQ";

/// Runs the program with these variables at its most talkative.
fn run(place: &Place, variables: &[(&str, &str)]) -> Output {
    command(place).envs(variables.iter().copied()).env("NIJIGEN_LOG", "trace").output().unwrap()
}

/// The secret is nowhere in what was said or written.
fn check_silence(place: &Place, output: &Output) {
    let holds = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    assert!(!holds(&output.stdout) && !holds(&output.stderr), "{}", String::from_utf8_lossy(&output.stderr));
    files(&place.layout().raw(), &mut |path| assert!(!holds(&fs::read(path).unwrap()), "{}", path.display()));
}

fn files(folder: &Path, look: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, look) } else { look(&path) }
    }
}

fn booru(dialect: Dialect) -> MiniBooru {
    let options = Options { dialect, ..Options::default() };
    MiniBooru::start(Catalogue::swatches(70, 20).unwrap(), options).unwrap()
}

#[test]
fn danbooru_takes_the_key_in_a_header_of_the_listing() {
    let booru = booru(Dialect::Danbooru);
    let place = Place::danbooru(&booru.url(), Listing::Json, Variant::Original);
    let output = run(&place, &[("NIJIGEN_DANBOORU_LOGIN", "me"), ("NIJIGEN_DANBOORU_API_KEY", SECRET)]);
    assert_eq!(place.numbers(), safe_posts(&booru));
    for request in booru.log().requests() {
        let signed = request.authorization.as_deref() == Some("Basic bWU6YzJWamNtVjBMV3RsZVE=");
        assert_eq!(signed, request.class == PathClass::Listing, "{request:?}");
        assert!(!request.target.contains(SECRET));
    }
    check_silence(&place, &output);
}

#[test]
fn moebooru_takes_the_hash_as_a_parameter_of_the_listing() {
    let booru = booru(Dialect::Moebooru);
    let mut place = Place::new(&booru.url());
    place.config.crawl.site = "yandere".parse().unwrap();
    let output = run(&place, &[("NIJIGEN_YANDERE_LOGIN", "me"), ("NIJIGEN_YANDERE_API_KEY", SECRET)]);
    assert_eq!(place.numbers(), safe_posts(&booru));
    for request in booru.log().requests() {
        let signed = request.target.ends_with(&format!("&login=me&password_hash={SECRET}"));
        assert_eq!(signed, request.class == PathClass::Listing, "{request:?}");
    }
    check_silence(&place, &output);
}

#[test]
fn an_account_for_another_site_stays_at_home() {
    let booru = booru(Dialect::Moebooru);
    let place = Place::new(&booru.url());
    run(&place, &[("NIJIGEN_DANBOORU_LOGIN", "me"), ("NIJIGEN_DANBOORU_API_KEY", SECRET)]);
    let told = |request: &mini_booru::LoggedRequest| request.authorization.is_some() || request.target.contains(SECRET);
    assert!(booru.log().requests().iter().all(|request| !told(request)));
}

/// A proxy that only says what it was asked for.
fn proxy() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        line
    });
    (address, asked)
}

#[test]
fn a_proxy_of_the_environment_is_asked_instead_of_the_site() {
    let (address, asked) = proxy();
    let place = Place::new("http://booru.invalid");
    let output = run(&place, &[("http_proxy", &address)]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(asked.join().unwrap(), "GET http://booru.invalid/robots.txt HTTP/1.1\r\n");
}

#[test]
fn half_an_account_is_refused() {
    let booru = booru(Dialect::Danbooru);
    let place = Place::danbooru(&booru.url(), Listing::Json, Variant::Original);
    let output = run(&place, &[("NIJIGEN_DANBOORU_API_KEY", SECRET)]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("NIJIGEN_DANBOORU_API_KEY is set and NIJIGEN_DANBOORU_LOGIN is not"), "{said}");
    assert_eq!((output.status.code(), booru.log().len()), (Some(1), 0));
    check_silence(&place, &output);
}

#[test]
fn cookies_go_to_the_hosts_that_they_are_from() {
    let booru = booru(Dialect::Moebooru);
    let place = Place::new(&booru.url());
    let file = place.path().join("cookies.txt");
    let line = |host: &str, name: &str| format!("{host}\tFALSE\t/\tFALSE\t0\t{name}\t{SECRET}\n");
    fs::write(&file, line("127.0.0.1", "session") + &line("elsewhere.example", "other")).unwrap();
    let output = run(&place, &[("NIJIGEN_COOKIES", file.to_str().unwrap())]);
    assert_eq!(place.numbers(), safe_posts(&booru));
    let expected = format!("session={SECRET}");
    assert!(booru.log().requests().iter().all(|request| request.cookie.as_ref() == Some(&expected)));
    check_silence(&place, &output);
    fs::write(&file, format!("session={SECRET}")).unwrap();
    let output = run(&place, &[("NIJIGEN_COOKIES", file.to_str().unwrap())]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 1 of the cookies at"));
    check_silence(&place, &output);
}
