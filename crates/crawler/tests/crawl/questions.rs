//! Plans, audits and posts that are forgotten.

use std::fs;

use contracts::{
    Context, Stage, StageId, config::Variant, options::CrawlOptions, stage::Silent, tombstone::Tombstones,
};
use crawler::{Crawl, CrawlError};

use crate::{
    place::{Place, booru, safe_posts},
    program::command,
};

fn ask(place: &Place, options: &CrawlOptions) -> Result<String, CrawlError> {
    let layout = place.layout();
    let context = Context { config: &place.config, layout: &layout, progress: &Silent, interrupt: &place.interrupt };
    Crawl::answer(&context, options)
}

fn plan(place: &Place) -> String {
    ask(place, &CrawlOptions { plan: true, ..Default::default() }).unwrap()
}

fn audit(place: &Place) -> Result<String, CrawlError> {
    ask(place, &CrawlOptions { audit: true, ..Default::default() })
}

fn forget(place: &Place, post: &str) -> contracts::Report {
    let options = CrawlOptions { forget: vec![post.parse().unwrap()], ..Default::default() };
    let layout = place.layout();
    let context = Context { config: &place.config, layout: &layout, progress: &Silent, interrupt: &place.interrupt };
    Crawl::run(&context, &options).unwrap()
}

#[test]
fn a_plan_says_what_a_crawl_then_does_and_fetches_no_picture() {
    let booru = booru(3, 250);
    let mut place = Place::new(&booru.url());
    place.config.crawl.variant = Variant::Original;
    let said = plan(&place);
    assert_eq!(booru.log().under("/image").len(), 0);
    let report = place.crawl();
    assert!(said.contains(&format!("{:>9}  pictures to fetch", report.kept)), "{said}");
    assert!(said.contains(&format!("{:>9.1}  MB to fetch", report.bytes as f64 / 1e6)), "{said}");
    let after = plan(&place);
    assert!(after.contains(&format!("{:>9}  pictures here already", report.kept)), "{after}");
    assert!(after.contains("        0  pictures to fetch"), "{after}");
}

#[test]
fn a_plan_takes_its_turn_and_an_audit_need_not() {
    let booru = booru(3, 40);
    let place = Place::new(&booru.url());
    place.crawl();
    let lock = place.layout().lock(StageId::Crawl);
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let run = |option| command(&place).arg(option).output().unwrap();
    let refused = run("--plan");
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && words.contains("another crawl is at work"), "{words}");
    assert!(run("--audit").status.success(), "it only reads");
    drop(held);
    assert!(run("--plan").status.success());
}

#[test]
fn an_audit_adds_up_and_notices_a_file_that_is_gone() {
    let booru = booru(4, 60);
    let place = Place::new(&booru.url());
    let report = place.crawl();
    let said = audit(&place).unwrap();
    assert!(said.contains(&format!("{:>9}  ok", report.kept)), "{said}");
    assert!(said.contains(&format!("{:>9}  posts listed", report.taken)) && said.contains("all adds up"), "{said}");
    fs::remove_file(place.layout().raw().join(&place.records()[0].file)).unwrap();
    let error = audit(&place).unwrap_err().to_string();
    assert!(error.contains("1 pictures said to be ok do not lie whole"), "{error}");
    place.crawl();
    audit(&place).unwrap();
}

#[test]
fn a_forgotten_post_is_gone_and_never_comes_back() {
    let booru = booru(5, 40);
    let place = Place::new(&booru.url());
    place.crawl();
    let victim = place.records()[3].clone();
    let report = forget(&place, &victim.post.to_string());
    assert_eq!((report.taken - report.kept, report.output.is_some()), (1, true));
    assert!(!place.layout().raw().join(&victim.file).exists());
    assert!(Tombstones::read(&place.layout()).unwrap().covers(&victim.post));
    audit(&place).unwrap();
    booru.log().clear();
    place.crawl();
    let expected: Vec<u64> = safe_posts(&booru).into_iter().filter(|number| *number != victim.post.number).collect();
    assert_eq!(place.numbers(), expected);
    assert_eq!(booru.log().under("/sample").len() + booru.log().under("/image").len(), 0, "nothing is fetched again");
    // A run that was killed half way is completed by another one.
    assert_eq!(forget(&place, &victim.post.to_string()).kept, report.kept);
}
