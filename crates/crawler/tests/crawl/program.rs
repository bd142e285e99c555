//! The real program: killed at any moment it goes on and ends with what the site has.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use contracts::Config;
use mini_booru::MiniBooru;

use crate::place::{Place, booru, safe_posts};

const KILLS: u64 = 12;

fn command(place: &Place) -> Command {
    let file = place.path().join("pipeline.toml");
    fs::write(&file, Config::to_toml(&place.config)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_crawler"));
    command.arg("--config").arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(place: &Place) -> Child {
    command(place).spawn().unwrap()
}

fn finish(place: &Place) -> i32 {
    let output = start(place).wait_with_output().unwrap();
    output.status.code().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Kills the program again and again, each time a little later than it takes to start.
fn kill_often(place: &Place, booru: &MiniBooru) {
    for round in 0..KILLS {
        booru.log().clear();
        let mut child = start(place);
        let requests = usize::try_from(round * 3 % 17).unwrap();
        while booru.log().len() < requests && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn check(site: &str) {
    let booru = booru(30, 220);
    let mut place = Place::new(&booru.url());
    place.config.crawl.site = site.parse().unwrap();
    place.config.crawl.requests_per_second = 400.0;
    kill_often(&place, &booru);
    assert_eq!(finish(&place), 0);
    assert_eq!(place.numbers(), safe_posts(&booru));
    let mut undisturbed = Place::new(&booru.url());
    undisturbed.config = place.config.clone();
    undisturbed.crawl();
    assert_eq!(place.records(), undisturbed.records());
}

#[test]
fn a_machine_without_certificates_can_crawl_plain_http() {
    let booru = booru(31, 10);
    let place = Place::new(&booru.url());
    let nowhere = place.path().join("nowhere");
    let mut command = command(&place);
    let status = command.env("SSL_CERT_FILE", &nowhere).env("SSL_CERT_DIR", &nowhere).status().unwrap();
    assert_eq!((status.code(), place.numbers()), (Some(0), safe_posts(&booru)));
}

#[test]
fn a_site_that_is_listed_anew_each_time() {
    check("mini");
}

#[test]
fn a_site_that_is_listed_onwards() {
    check("konachan");
}
