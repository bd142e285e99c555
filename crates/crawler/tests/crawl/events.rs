//! Events: every line is a JSON object, and together they tell what the crawl did.

use std::sync::Arc;

use contracts::Report;
use mini_booru::{Catalogue, Fault, MiniBooru, Options, PathClass, Rule, Schedule};
use serde_json::Value;

use crate::{
    place::{Place, booru},
    program::command,
};

/// The events of a run, and its report where it came to one.
fn run(place: &Place, arguments: &[&str]) -> (Vec<Value>, Option<Report>) {
    let output = command(place).arg("--json").args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (events, others): (Vec<Value>, Vec<Value>) = lines.into_iter().partition(|line| line["event"].is_string());
    assert!(others.len() <= 1, "{others:?}");
    (events, others.into_iter().next().map(|report| serde_json::from_value(report).unwrap()))
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn events_add_up_to_the_report() {
    let gone = Fault::Status { code: 404, retry_after: None };
    let rules = [Rule { containing: "/image/7".into(), ..Rule::always(PathClass::Image, gone) }];
    let options = Options { faults: Arc::new(Schedule::new(rules)), ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(20, 150).unwrap(), options).unwrap();
    let place = Place::new(&booru.url());
    let (events, report) = run(&place, &["--sync"]);
    let report = report.unwrap();
    assert_eq!((&events[0]["event"], &events[0]["site"]), (&"begun".into(), &"mini".into()));
    let pictures: Vec<u64> = named(&events, "picture").iter().map(|event| event["bytes"].as_u64().unwrap()).collect();
    assert_eq!((pictures.len() as u64, pictures.iter().sum::<u64>()), (report.kept, report.bytes));
    let failed = named(&events, "failed");
    assert!(report.failed > 0 && failed.len() as u64 == report.failed);
    assert!(failed.iter().all(|event| (&event["tag"], &event["reason"]) == (&"status".into(), &"status 404".into())));
    let listed: u64 = named(&events, "listed").iter().map(|event| event["new"].as_u64().unwrap()).sum();
    assert_eq!(listed, report.taken);
    assert_eq!(named(&events, "changed").len(), 1);
    let ended = events.last().unwrap();
    assert_eq!((&ended["event"], &ended["kept"]), (&"ended".into(), &report.kept.into()));
    assert_eq!(ended["state"], "complete");
}

#[test]
fn a_lost_picture_and_an_error_are_told_too() {
    let booru = booru(21, 20);
    let place = Place::new(&booru.url());
    place.crawl();
    std::fs::remove_file(place.layout().raw().join(&place.records()[3].file)).unwrap();
    let (events, _) = run(&place, &[]);
    assert_eq!((&named(&events, "lost")[0]["pictures"], named(&events, "picture").len()), (&1.into(), 1));
    drop(booru);
    let (events, report) = run(&place, &[]);
    assert!(report.is_none());
    assert!(events.last().unwrap()["reason"].as_str().unwrap().contains("connection refused"));
}

#[test]
fn words_of_others_steer_no_terminal_and_mean_the_same() {
    let tags = "rating:s \u{202e}gpj\u{200b} \u{9b}2J";
    let refusal = Fault::Body {
        code: 422,
        media_type: "application/json".into(),
        body: r#"{"success":false,"reason":"no \u001b[2J\u202e\u200b\ufeff"}"#.into(),
    };
    let options =
        Options { faults: Arc::new(Schedule::new([Rule::always(PathClass::Listing, refusal)])), ..Options::default() };
    let booru = MiniBooru::start(Catalogue::swatches(20, 10).unwrap(), options).unwrap();
    let mut place = Place::new(&booru.url());
    place.config.crawl.tags = tags.into();
    let output = command(&place).arg("--json").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let steers = |character: char| {
        character != '\n' && (character.is_control() || "\u{202e}\u{200b}\u{feff}".contains(character))
    };
    assert!(!said.contains(steers), "{said:?}");
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["tags"], tags);
    assert!(
        events.last().unwrap()["reason"].as_str().unwrap().contains(r"no \u{1b}[2J\u{202e}\u{200b}\u{feff}"),
        "{said}"
    );
}
