//! The pages in a browser: nothing leaves them, nothing of a site's runs, and what can be moved moves.
#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod made_run;

use chromium::Page;
use made_run::MadeRun;
use serde_json::json;

const LEFT: u32 = 37;
const RIGHT: u32 = 39;

/// The number of the shown frame in a reel.
fn shown(page: &mut Page, reel: usize) -> String {
    let frames =
        format!("[...document.querySelectorAll('.reel')[{reel}].querySelectorAll('img')].filter(i => !i.hidden)");
    assert_eq!(page.evaluate(&format!("{frames}.length")), 1, "one frame is seen at a time");
    page.evaluate(&format!("{frames}[0].dataset.images")).as_str().unwrap().to_owned()
}

fn legend(page: &mut Page) -> Vec<String> {
    let texts = page
        .evaluate("[...document.querySelector('.chart').querySelectorAll('.legend b, .at')].map(e => e.textContent)");
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// One browser for all, because starting it is what takes time.
#[test]
fn the_pages_work_and_nothing_leaves_them() {
    let Some(mut page) = Page::start() else { return };
    let made = MadeRun::new(5, 64).with_second_run("wide-1");
    made.report();
    page.open(&made.files().report_page());
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_eq!(page.evaluate("window.attacked === undefined"), true);

    the_film_follows_its_slider(&mut page);
    a_curve_tells_its_values(&mut page);
    every_picture_is_there(&mut page);
    a_phone_shows_it_without_scrolling_across(&mut page);
    the_dark_is_dark(&mut page);
    assert_eq!(page.complaints(), Vec::<String>::new());
    no_other_script_runs(&mut page);

    page.open(&made.compare(&[&made.run_id().to_string(), "wide"], None).unwrap());
    two_films_follow_one_slider(&mut page);
    every_picture_is_there(&mut page);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

fn the_film_follows_its_slider(page: &mut Page) {
    assert_eq!(shown(page, 0), "4000", "the newest at first");
    page.evaluate("document.querySelector('.film input').focus()");
    page.press("ArrowLeft", LEFT);
    assert_eq!(shown(page, 0), "3000");
    assert_eq!(page.evaluate("document.querySelector('.film output').value"), "3\u{202f}000 images shown");
    page.press("Home", 36);
    assert_eq!(shown(page, 0), "0");
    page.point_at(".film input", 0.5, 0.5);
    page.click(".film input");
    assert_eq!(shown(page, 0), "2000", "the middle of the slider");
    page.click(".film button");
    assert_eq!(page.evaluate("document.querySelector('.film button').textContent"), "Pause");
    page.click(".film button");
    assert_eq!(page.evaluate("document.querySelector('.film button').textContent"), "Play");
}

fn a_curve_tells_its_values(page: &mut Page) {
    assert_eq!(legend(page), ["", "", ""]);
    page.point_at(".chart svg", 0.99, 0.5);
    assert_eq!(legend(page), ["0.42042", "0.84085", "at 5 kimg"]);
    page.evaluate("document.querySelector('.chart svg').focus()");
    page.press("ArrowLeft", LEFT);
    assert_eq!(legend(page)[2], "at 4.95 kimg");
    page.press("ArrowRight", RIGHT);
    assert_eq!(legend(page)[2], "at 5 kimg");

    let seen = "[...document.querySelector('.chart').querySelectorAll('svg')].map(s => getComputedStyle(s).display !== 'none')";
    assert_eq!(page.evaluate(seen), json!([true, false]), "evenly at first");
    page.click(".chart label");
    assert_eq!(page.evaluate(seen), json!([false, true]), "by logarithms then");
    page.point_at(".chart svg.log", 0.99, 0.5);
    assert_eq!(legend(page)[0], "0.42042");
}

fn every_picture_is_there(page: &mut Page) {
    let broken = "[...document.images].filter(i => i.naturalWidth === 0).map(i => i.alt)";
    assert_eq!(page.evaluate(broken), json!([]));
    let tiles =
        "[...document.querySelectorAll('svg.tile')].filter(t => t.querySelector('use').getBBox().width === 0).length";
    assert_eq!(page.evaluate(tiles), 0);
}

fn a_phone_shows_it_without_scrolling_across(page: &mut Page) {
    let phone = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
    page.call("Emulation.setDeviceMetricsOverride", phone);
    assert_eq!(page.evaluate("document.documentElement.scrollWidth"), 390);
    page.call("Emulation.clearDeviceMetricsOverride", json!({}));
}

fn the_dark_is_dark(page: &mut Page) {
    let brightness =
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => a + Number(b), 0)";
    let light = page.evaluate(brightness).as_f64().unwrap();
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    page.call("Emulation.setEmulatedMedia", dark);
    assert!(page.evaluate(brightness).as_f64().unwrap() < 150.0 && light > 600.0);
    page.call("Emulation.setEmulatedMedia", json!({ "features": [] }));
}

/// Whatever ended up in the page: only the script whose hash the policy names would run.
fn no_other_script_runs(page: &mut Page) {
    let attack = "(() => { const s = document.createElement('script'); s.textContent = 'window.attacked = 1'; document.body.append(s); \
                  const i = document.createElement('img'); i.src = 'https://x.invalid/i.png'; document.body.append(i); \
                  return window.attacked === undefined; })()";
    assert_eq!(page.evaluate(attack), true);
    let refused = |page: &Page| page.complaints().iter().any(|complaint| complaint.contains("Content Security Policy"));
    // The browser tells of it when it comes to it.
    assert!((0..500).any(|_| page.evaluate("0") == 0 && refused(page)), "{:?}", page.complaints());
}

fn two_films_follow_one_slider(page: &mut Page) {
    assert_eq!((shown(page, 0), shown(page, 1)), ("4000".into(), "2000".into()));
    page.evaluate("document.querySelector('.film input').focus()");
    (0..3).for_each(|_| page.press("ArrowLeft", LEFT));
    assert_eq!((shown(page, 0), shown(page, 1)), ("1000".into(), "1000".into()));
}
