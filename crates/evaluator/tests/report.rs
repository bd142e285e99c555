//! The pages of a run with everything in it, of runs side by side, and of runs that something happened to.
#![allow(clippy::unwrap_used)]

mod made_run;

use std::fs;

use contracts::{ContentHash, Report, StageId, publish};
use evaluator::{ReportError, RunPage, Scope};
use made_run::{HOSTILE, MadeRun};

#[test]
fn a_whole_run_is_shown_whole() {
    let (report, page) = MadeRun::new(5, 64).report();
    assert_eq!(report.warnings, Vec::<String>::new());
    for text in [
        "Samples after 4\u{202f}000 images",
        "1\u{202f}234 posts → 40 pictures",
        "href=\"http://mini.invalid/post/show/3\"",
        "few neighbours, blurred",
        "author 2",
        "Each row walks",
        "random-1",
        "36\u{202f}–\u{202f}44",
        "real to real: the floor",
        "<h3>Learning rate</h3>",
        "posts a second",
        "batch_size = 64",
    ] {
        assert!(page.contains(text), "{text} is not in the page");
    }
}

#[test]
fn whatever_a_site_sends_stays_text() {
    let made = MadeRun::new(2, 64).with_second_run("other-1");
    let compared = made.compare(&[&made.run_id().to_string(), "other"], None).unwrap();
    let whole = made.report().1;
    assert!(whole.contains(r"\u{202e}\u{1b}[2J\u{200b}"), "its words are shown");
    for page in [whole, fs::read_to_string(compared).unwrap()] {
        assert!(!page.contains(['\u{202e}', '\u{1b}', '\u{200b}']));
        assert!(!page.contains("<img src=x") && !page.contains(HOSTILE), "markup went through");
        assert_eq!(page.matches("<script").count(), 1, "our own");
        assert!(!page.contains("href=\"\"") && !page.contains(" style="));
    }
}

#[test]
fn a_page_is_never_too_large_to_open() {
    // Nothing is harder to compress than noise, and no run keeps more of it.
    let (_, page) = MadeRun::new(25, 1024).report();
    assert!(page.len() < RunPage::MAX_BYTES, "{}", page.len());
    assert!(page.matches("data-images=").count() > 20, "frames are left out before pictures are");
}

#[test]
fn what_happened_to_a_run_is_said_on_the_page_and_to_people() {
    let made = MadeRun::new(2, 64);
    let run = made.files();
    let check = |expected: &str| {
        let (report, page) = made.report();
        assert!(report.warnings.iter().any(|warning| warning.contains(expected)), "{expected}: {:?}", report.warnings);
        assert!(page.contains(expected), "{expected}");
    };
    fs::write(run.generator(), b"later weights").unwrap();
    check("the metrics are of earlier weights");
    check("the nearest faces are of earlier weights");
    check("generator.safetensors are not what was written, so they are damaged; `cargo xtask train` makes them anew");
    let mut evaluated = Report::new(StageId::Evaluate);
    (evaluated.run, evaluated.output) = (Some(made.run_id()), Some(ContentHash::of(b"other figures")));
    evaluated.write(&made.layout).unwrap();
    check("metrics.json are not what was written, so they are damaged; `cargo xtask evaluate` makes them anew");
    fs::write(run.evaluation_walks(), b"no picture").unwrap();
    check("cannot read the walks at");
    fs::write(run.sample(0), b"torn").unwrap();
    check("cannot read the samples at");
    fs::write(run.evaluation_metrics(), b"{").unwrap();
    check("cannot read the metrics at");
    fs::remove_file(made.layout.raw_manifest()).unwrap();
    check("no records of the posts yet; `cargo xtask crawl` makes what is missing");
    publish::remove_folder(&run.samples()).unwrap();
    check("no samples yet; `cargo xtask train` makes what is missing");
}

#[test]
fn a_damaged_dataset_is_said_once() {
    let made = MadeRun::new(2, 64);
    let files = fs::read_dir(made.layout.dataset().join("train")).unwrap().map(|entry| entry.unwrap().path());
    let shard = files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "arrow")).unwrap();
    let mut bytes = fs::read(&shard).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&shard, bytes).unwrap();
    let (report, page) = made.report();
    let said = report.warnings.iter().filter(|warning| warning.contains("cannot read the dataset"));
    assert_eq!(said.count(), 1, "{:?}", report.warnings);
    assert_eq!(page.matches("cannot read the dataset").count(), 1);
}

#[test]
fn the_dataset_of_another_run_is_not_shown() {
    let made = MadeRun::new(2, 64);
    let path = made.files().provenance();
    let mut provenance: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    provenance["dataset"]["hash"] = "0".repeat(64).into();
    fs::write(&path, provenance.to_string()).unwrap();
    let (report, page) = made.report();
    assert!(
        report.warnings.iter().any(|warning| warning.contains("is not the one that the run was trained on")),
        "{:?}",
        report.warnings
    );
    assert!(!page.contains("Training images from all over"));
}

#[test]
fn a_run_at_work_is_shown_without_a_look_at_the_dataset() {
    let made = MadeRun::new(2, 64);
    let id = made.run_id();
    publish::remove_folder(&made.layout.dataset()).unwrap();
    publish::remove_folder(&made.layout.run(&id).evaluation()).unwrap();
    let page = RunPage::gather(&made.layout, &id, "At work", Scope::Training).unwrap();
    assert_eq!(page.notices(), []);
    let html = page.render();
    assert!(html.contains("Samples after 1\u{202f}000 images") && html.contains("<h3>Loss</h3>"));
    assert!(!html.contains("not run yet") && !html.contains("id=\"dataset\""));
}

#[test]
fn runs_are_compared_by_name() {
    let made = MadeRun::new(4, 64).with_second_run("wide-1");
    let first = made.run_id().to_string();
    let path = made.compare(&[&first, "wide"], None).unwrap();
    assert!(path.ends_with(format!("compare/{first}+wide-1.html")), "{}", path.display());
    let page = fs::read_to_string(&path).unwrap();
    for text in [
        "2 runs compared",
        "train.batch_size",
        "<td class=\"best\">31.5",
        "28.35\u{202f}–\u{202f}34.65",
        "Loss: generator",
        "16.0\u{a0}±\u{a0}1.4",
    ] {
        assert!(page.contains(text), "{text} is not in the page");
    }
    assert!(!page.contains("train.max_kimg"), "it is the same for both");
    assert_eq!(page.matches("class=\"reel\"").count(), 2);

    let out = made.layout.data().join("elsewhere.html");
    assert_eq!(made.compare(&[&first, "wide-1"], Some(out.clone())).unwrap(), out);
    assert_eq!(fs::read_to_string(out).unwrap(), page);
    assert!(matches!(made.compare(&["wide", "wide-1"], None).unwrap_err(), ReportError::NothingToCompare(_)));
    assert!(matches!(made.compare(&[&first, "nothing"], None).unwrap_err(), ReportError::FindRun(_)));
}
