//! The page in a browser: it draws what `sample` draws, and sends nothing anywhere.
#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod place;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use chromium::Page;
use place::{Place, SIDE};
use serde_json::Value;

/// As far as a browser's arithmetic may be from ours, of 255.
const MAX_DIFFERENCE: u8 = 2;

/// One browser for all, because starting it is what takes time.
#[test]
fn the_page_draws_what_sample_draws_and_nothing_leaves_it() {
    let place = Place::new();
    let output = place.run("demo --single-file");
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("npm is not installed") || error.contains("npm could not fetch"), "{error}");
        eprintln!("skipped: {error}");
        return;
    }
    let Some(mut page) = Page::start() else { return };
    place.works("sample --count 24 --out drawn");
    place.works("sample --count 2 --seed 18446744073709551615 --truncation 1.5 --out within");

    page.open(&place.at("demo.html"));
    wait_until_ready(&mut page);
    assert_eq!(page.complaints(), Vec::<String>::new());
    check_tile(&mut page, &place, 0, "drawn/00000000.png");
    check_tile(&mut page, &place, 23, "drawn/00000023.png");
    faces_are_kept_by_key(&mut page);
    a_saved_face_is_traced(&mut page, &place);
    what_is_kept_is_walked_mixed_and_added(&mut page);
    the_largest_seed_and_a_bound_draw_the_same(&mut page, &place);
    a_phone_shows_it_without_scrolling_across(&mut page);
    assert_eq!(page.complaints(), Vec::<String>::new());

    place.works("demo --out site");
    assert!(place.at("site/model.onnx").is_file());
    place.fails("demo --out site", "site is there already");
    it_is_served_on_this_machine(&mut page, &place);
    a_class_is_chosen(&mut page, &place);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

fn wait_until_ready(page: &mut Page) {
    while page.evaluate("document.getElementById('status')?.dataset.state") == "loading"
        || page.evaluate("document.getElementById('status')?.dataset.state").is_null()
    {
        thread::sleep(Duration::from_millis(20));
    }
    let said = page.evaluate("document.getElementById('status').textContent");
    assert_eq!(page.evaluate("document.getElementById('status').dataset.state"), "ready", "{said}");
}

/// The bytes of a canvas without its alpha.
fn pixels(page: &mut Page, canvas: &str) -> Vec<u8> {
    // By a copy: Chromium warns where a canvas itself is read again and again.
    let data = format!(
        "(() => {{ const copy = new OffscreenCanvas({SIDE}, {SIDE}).getContext('2d', {{ willReadFrequently: true }});
           copy.drawImage(document.querySelector({canvas:?}), 0, 0); return [...copy.getImageData(0, 0, {SIDE}, {SIDE}).data]; }})()"
    );
    let values = page.evaluate(&data);
    let byte = |value: &Value| u8::try_from(value.as_u64().unwrap()).unwrap();
    let values: Vec<u8> = values.as_array().unwrap().iter().map(byte).collect();
    values.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect()
}

#[track_caller]
fn check_tile(page: &mut Page, place: &Place, tile: usize, file: &str) {
    let found = pixels(page, &format!("#grid .tile:nth-child({}) canvas", tile + 1));
    let expected = place.image(file);
    let worst = found.iter().zip(expected.bytes()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert_eq!(found.len(), expected.bytes().len());
    assert!(worst <= MAX_DIFFERENCE, "{file}: {worst} of 255 apart");
}

fn faces_are_kept_by_key(page: &mut Page) {
    page.evaluate("document.querySelector('#grid .tile').focus()");
    for (key, code) in [("Enter", 13), ("ArrowRight", 39), ("Enter", 13), ("ArrowDown", 40), ("Enter", 13)] {
        page.press(key, code);
    }
    let kept = "[...document.querySelectorAll('#grid .tile')].flatMap((t, at) => t.ariaPressed === 'true' ? [at] : [])";
    assert_eq!(page.evaluate(kept), serde_json::json!([0, 1, 9]));
    assert_eq!(page.evaluate("document.querySelectorAll('#kept .tile').length"), 3);
    page.press("Enter", 13);
    assert_eq!(page.evaluate("document.querySelectorAll('#kept .tile').length"), 2, "Enter lets it go again");
}

fn a_saved_face_is_traced(page: &mut Page, place: &Place) {
    page.evaluate("window.saved = []; URL.createObjectURL = (blob) => { saved.push(blob); return '#'; }");
    page.evaluate("document.querySelectorAll('#kept .kept')[1].querySelector('button').click()");
    while page.evaluate("saved.length") == 0 {
        thread::sleep(Duration::from_millis(20));
    }
    let bytes = page.settle("saved[0].arrayBuffer().then((bytes) => [...new Uint8Array(bytes)])");
    let bytes: Vec<u8> = bytes.as_array().unwrap().iter().map(|byte| byte.as_u64().unwrap() as u8).collect();
    fs::write(place.at("saved.png"), bytes).unwrap();
    let trace: Value = serde_json::from_str(&place.works("trace saved.png --nearest 1")).unwrap();
    assert_eq!((&trace["seed"], &trace["index"], &trace["run"]), (&0.into(), &1.into(), &place::RUN.into()));
}

fn what_is_kept_is_walked_mixed_and_added(page: &mut Page) {
    let result = |page: &mut Page, change: &str| {
        page.evaluate(change);
        // Behind the passes that stand in line.
        page.settle("new Promise((done) => setTimeout(done, 300))");
        pixels(page, "#result")
    };
    let first = pixels(page, "#grid .tile:nth-child(1) canvas");
    let place = |at: f64| format!("Object.assign(document.getElementById('place'), {{ value: {at} }}).oninput()");
    assert_eq!(result(page, &place(0.0)), first, "the walk begins at the first face");
    let second = pixels(page, "#grid .tile:nth-child(2) canvas");
    assert_eq!(result(page, &place(1.0)), second);
    let between = result(page, &place(0.5));
    assert!(between != first && between != second);
    let mixed = result(page, "document.querySelector('[data-tool=mix]').click()");
    assert_ne!(mixed, second);
    let pulled = "Object.assign(document.querySelector('#mix input'), { value: 0 }).oninput()";
    assert_ne!(result(page, pulled), mixed, "sliders pull");
    page.evaluate("document.querySelector('[data-tool=sum]').click()");
    let signs = "[[0, 0], [1, 2]].forEach(([face, sign]) => \
                 document.querySelectorAll('#sum .signs')[face].children[sign].click())";
    assert_ne!(result(page, signs), mixed);
    assert_eq!(page.evaluate("document.getElementById('keep-result').disabled"), false);
}

fn the_largest_seed_and_a_bound_draw_the_same(page: &mut Page, place: &Place) {
    page.evaluate("document.getElementById('status').dataset.state = 'loading'");
    page.evaluate("Object.assign(document.getElementById('bound'), { value: 1.5 })");
    page.evaluate("Object.assign(document.getElementById('seed'), { value: '18446744073709551615' }).onchange()");
    wait_until_ready(page);
    check_tile(page, place, 0, "within/00000000.png");
    check_tile(page, place, 1, "within/00000001.png");
}

/// Of other networks, which are told a class.
fn a_class_is_chosen(page: &mut Page, place: &Place) {
    place.write_conditional();
    place.works("demo --single-file --out classes.html");
    place.works("sample --count 24 --class bow --out bows");
    place.works("sample --count 24 --class hat --out hats");
    assert_ne!(place.image("bows/00000000.png"), place.image("hats/00000000.png"));
    page.open(&place.at("classes.html"));
    wait_until_ready(page);
    for class in ["bow", "hat"] {
        page.evaluate("document.getElementById('status').dataset.state = 'loading'");
        page.evaluate(&format!("Object.assign(document.getElementById('class'), {{ value: '{class}' }}).onchange()"));
        wait_until_ready(page);
        check_tile(page, place, 0, &format!("{class}s/00000000.png"));
        check_tile(page, place, 23, &format!("{class}s/00000023.png"));
    }
}

fn a_phone_shows_it_without_scrolling_across(page: &mut Page) {
    let phone = serde_json::json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
    page.call("Emulation.setDeviceMetricsOverride", phone);
    assert_eq!(page.evaluate("document.documentElement.scrollWidth"), 360);
}

fn it_is_served_on_this_machine(page: &mut Page, place: &Place) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sampler"));
    let mut server =
        command.args(["demo", "--serve"]).current_dir(place.root.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    page.visit(address.trim());
    wait_until_ready(page);
    check_tile(page, place, 5, "drawn/00000005.png");
    by_webgpu_it_draws_the_same(page, place);
    // Chromium's own word where there is no adapter.
    let complaints = page.complaints().into_iter().filter(|complaint| complaint != "No available adapters.");
    assert_eq!(complaints.collect::<Vec<_>>(), Vec::<String>::new());
    server.kill().unwrap();
    server.wait().unwrap();
}

/// In software, where the machine has no graphics card.
fn by_webgpu_it_draws_the_same(page: &mut Page, place: &Place) {
    let adapter =
        page.settle("navigator.gpu?.requestAdapter().then((adapter) => adapter?.info.vendor ?? null) ?? null");
    if adapter.is_null() {
        eprintln!("skipped: this Chromium offers no WebGPU adapter");
        return;
    }
    while page.evaluate("document.getElementById('accelerate-label').hidden") == true {
        thread::sleep(Duration::from_millis(20));
    }
    // What WASM has drawn is no proof.
    page.evaluate("document.querySelectorAll('#grid canvas').forEach((tile) => { tile.width = 0; })");
    page.evaluate("document.getElementById('accelerate').click()");
    wait_until_ready(page);
    let said = page.evaluate("document.getElementById('status').textContent");
    assert!(said.as_str().unwrap().starts_with("WebGPU"), "{said}");
    check_tile(page, place, 5, "drawn/00000005.png");
    check_tile(page, place, 23, "drawn/00000023.png");
}
