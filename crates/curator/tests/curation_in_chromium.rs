//! The page by keyboard, and killed in the middle: a choice that it shows as made is on the disk.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use chromium::Page;
use contracts::{
    ContentHash, Layout,
    config::PathsConfig,
    exclusion::Exclusions,
    id::FaceId,
    manifest::{self, Header},
    publish,
    record::FaceRecord,
};
use pictures::{Encoding, Rgb};
use serde_json::json;

const FACES: u32 = 60;

/// A folder of faces: flat colours, the first of them of the lowest score.
struct Place {
    root: tempfile::TempDir,
    layout: Layout,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("pipeline.toml"), "").unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let mut records: Vec<FaceRecord> = (0..FACES).map(record).collect();
        for (number, record) in (0..).zip(&records) {
            let image = Rgb::from_planes(32, 32, &[number as f32 / FACES as f32; 3 * 32 * 32]).unwrap();
            publish::write_file(&layout.face(&record.file), &image.encode(Encoding::Png).unwrap()).unwrap();
        }
        let header = Header::new::<FaceRecord>("test", None, BTreeMap::new(), 1);
        manifest::write(&layout.faces_manifest(), &header, &mut records).unwrap();
        Self { root, layout }
    }

    fn serve(&self) -> Served {
        let mut command = Command::new(env!("CARGO_BIN_EXE_curator"));
        let mut program = command.current_dir(self.root.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Served { program, address: address.trim().to_owned() }
    }

    /// The faces that the pack stage would leave out.
    fn out(&self) -> Vec<u32> {
        let exclusions = Exclusions::read(&self.layout).unwrap();
        let is_out = |number: &u32| {
            let face = record(*number);
            exclusions.covers(&face.face, &face.pixel_box, &face.file)
        };
        (0..FACES).filter(is_out).collect()
    }
}

/// The program; killed with this.
struct Served {
    program: Child,
    address: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn record(number: u32) -> FaceRecord {
    let picture = ContentHash::of(&number.to_le_bytes());
    FaceRecord {
        face: FaceId { picture, index: 0 },
        picture,
        post: format!("mini:{number}").parse().unwrap(),
        other_posts: Vec::new(),
        file: format!("mini-{:05}/{picture}-0.png", number / 40),
        pixel_box: [0, 0, 32, 32].into(),
        angle: 0.0,
        corners: None,
        neighbours: 5,
        score: f64::from(number),
        grey_std: 30.0,
        confidence: None,
        sharpness: 9.0,
        side: 32 + number,
        pixels_sha256: None,
        rating: "s".into(),
        tags: vec![["hat", "bow"][number as usize % 2].into()],
        source_url: String::new(),
    }
}

fn wait_for(page: &mut Page, condition: &str) {
    while page.evaluate(condition) != true {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the page shows the list that was asked for last, and no choice is on its way.
fn settle(page: &mut Page) {
    wait_for(
        page,
        "document.querySelectorAll('.face').length > 0 && !document.querySelector('.waiting') \
         && document.getElementById('grid').ariaBusy === 'false'",
    );
}

/// How many faces the page says that pack leaves out, once nothing is on its way.
fn count(page: &mut Page, expected: usize) {
    settle(page);
    wait_for(page, &format!("document.getElementById('counts').textContent.endsWith('pack leaves {expected} out')"));
}

fn press(page: &mut Page, keys: &str) {
    for key in keys.chars() {
        page.press(&key.to_string(), key.to_ascii_uppercase().into());
    }
}

fn open(page: &mut Page, served: &Served) {
    page.visit(&served.address);
    settle(page);
}

/// One browser for all, because starting it is what takes time.
#[test]
fn faces_are_thrown_out_by_key_and_no_choice_is_lost() {
    let Some(mut page) = Page::start() else { return };
    let place = Place::new();
    let mut served = place.serve();
    let desk = json!({ "width": 1000, "height": 700, "deviceScaleFactor": 1, "mobile": false });
    page.call("Emulation.setDeviceMetricsOverride", desk);
    open(&mut page, &served);
    page.evaluate(
        "Object.assign(document.getElementById('order'), { value: 'score' }).dispatchEvent(new Event('change'))",
    );
    count(&mut page, 0);

    press(&mut page, "jjx");
    count(&mut page, 1);
    assert_eq!(place.out(), [2]);
    press(&mut page, "z");
    count(&mut page, 0);
    assert_eq!(place.out(), [] as [u32; 0]);

    press(&mut page, " x");
    count(&mut page, 9);
    assert_eq!(place.out(), (0..9).collect::<Vec<_>>(), "a row of nine");

    served.program.kill().unwrap();
    served.program.wait().unwrap();
    press(&mut page, "jjjjjjjjjjx");
    wait_for(&mut page, "document.getElementById('problem').textContent.startsWith('nothing changed')");
    assert_eq!(place.out().len(), 9);

    served = place.serve();
    open(&mut page, &served);
    count(&mut page, 9);
    filtered(&mut page);
    what_is_out_by_hand_is_shown_and_stays(&mut page, &place, &served);
    assert_eq!(page.complaints(), Vec::<String>::new());
    killed_at_any_moment(&mut page, &place);
}

fn filtered(page: &mut Page) {
    let check = |page: &mut Page, filter: &str, expected: usize| {
        page.evaluate(&format!(
            "Object.assign(document.getElementById('filter'), {{ value: {filter:?} }}).dispatchEvent(new Event('change'))"
        ));
        wait_for(page, &format!("document.getElementById('counts').textContent.startsWith('{expected} of 60')"));
    };
    check(page, "hat", 30);
    check(page, "hat size<40", 4);
    check(page, "-out score>50", 9);
    check(page, "post:mini:7", 1);
    page.evaluate(
        "Object.assign(document.getElementById('filter'), { value: 'hue<3' }).dispatchEvent(new Event('change'))",
    );
    wait_for(page, "document.getElementById('problem').textContent.includes('no measure')");
    check(page, "", 60);
}

fn what_is_out_by_hand_is_shown_and_stays(page: &mut Page, place: &Place, served: &Served) {
    let list = fs::read_to_string(place.layout.exclude_list()).unwrap();
    let by_hand = format!("# closed eyes\n{}\n{list}", record(30).picture);
    fs::write(place.layout.exclude_list(), by_hand).unwrap();
    // The lists are read at the start: what is written meanwhile counts where it is asked about.
    let face = "const at = [...document.querySelectorAll('.face')]";
    assert_eq!(page.evaluate(&format!("(() => {{ {face}; return at.length > 0; }})()")), true);
    page.evaluate(
        "Object.assign(document.getElementById('filter'), { value: 'post:30' }).dispatchEvent(new Event('change'))",
    );
    wait_for(page, "document.getElementById('counts').textContent.startsWith('1 of 60')");
    page.evaluate("document.getElementById('grid').focus()");
    press(page, "x");
    count(page, 10);
    press(page, "x");
    wait_for(page, "document.getElementById('problem').textContent.startsWith('still out')");
    count(page, 10);
    assert!(fs::read_to_string(place.layout.exclude_list()).unwrap().starts_with("# closed eyes\n"));
    open(page, served);
}

/// Throws out without pause and kills the program: all that the page shows as out is in the list.
fn killed_at_any_moment(page: &mut Page, place: &Place) {
    for round in 0..4 {
        fs::remove_file(place.layout.exclude_list()).unwrap();
        let mut served = place.serve();
        open(page, &served);
        press(page, "xxxxxxxxxxxx");
        thread::sleep(Duration::from_millis(5 * round));
        served.program.kill().unwrap();
        served.program.wait().unwrap();
        wait_for(page, "!document.querySelector('.waiting')");
        let shown = page.evaluate("document.querySelectorAll('.face.out').length").as_u64().unwrap();
        let list = fs::read_to_string(place.layout.exclude_list()).unwrap_or_default();
        assert!(list.is_empty() || list.ends_with('\n'), "half a line: {list:?}");
        assert!(place.out().len() as u64 >= shown, "{shown} shown, {:?} kept", place.out());
        touch(&place.layout.exclude_list());
    }
}

fn touch(path: &Path) {
    fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
}
