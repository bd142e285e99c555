//! The program: what it prints, when it ends, and with which code.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::client::get;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mini-booru"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a server and reads its URL; the rest of standard output comes with it.
fn served(arguments: &[&str]) -> (Child, String, BufReader<std::process::ChildStdout>) {
    let mut child = program(arguments).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut url = String::new();
    out.read_line(&mut url).unwrap();
    (child, url.trim_end().to_owned(), out)
}

#[test]
fn it_serves_until_its_input_ends() {
    let (mut child, url, mut out) = served(&["--count", "3", "--seed", "5", "--until-stdin-closes"]);
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let listed = get(&url, "/post.json?tags=deleted:all").json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "the URL is the only line");
}

#[test]
fn it_speaks_as_it_is_told_and_goes_wrong_by_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let schedule = folder.path().join("faults.toml");
    let rule = "[[rule]]\nclass = \"listing\"\nlast = 1\nfault = { status = { code = 503, retry_after = \"7\" } }\n";
    std::fs::write(&schedule, rule).unwrap();
    let arguments = ["--count", "2", "--speak", "danbooru", "--faults", schedule.to_str().unwrap()];
    let (mut child, url, _out) = served(&[arguments.as_slice(), &["--until-stdin-closes"]].concat());
    let refused = get(&url, "/posts.json");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("7")));
    assert_eq!(get(&url, "/posts.json").json().as_array().unwrap().len(), 2);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn it_stops_when_terminated() {
    let (mut child, url, _out) = served(&["--count", "1"]);
    assert_eq!(get(&url, "/post").status, 200);
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_serves_a_folder_and_names_what_it_passes_over() {
    let folder = tempfile::tempdir().unwrap();
    image::RgbImage::new(40, 30).save(folder.path().join("one.png")).unwrap();
    std::fs::write(folder.path().join("two.txt"), "no picture").unwrap();
    let arguments = ["--pictures", folder.path().to_str().unwrap(), "--until-stdin-closes"];
    let (mut child, url, _out) = served(&arguments);
    let record = get(&url, "/post.json").json()[0].clone();
    assert_eq!((record["width"].as_u64(), record["rating"].as_str()), (Some(40), Some("s")));
    drop(child.stdin.take());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(errors.contains("two.txt"), "{errors}");
}

fn check_refusal(arguments: &[&str], code: i32, mention: &str) {
    let output = program(arguments).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "for {arguments:?}: {errors}");
    assert!(errors.contains(mention), "for {arguments:?}: {errors}");
    assert!(output.stdout.is_empty(), "nothing on standard output");
}

#[test]
fn refusals_have_their_codes() {
    let empty = tempfile::tempdir().unwrap();
    check_refusal(&["--no-such-flag"], 2, "--no-such-flag");
    check_refusal(&["--count", "many"], 2, "many");
    check_refusal(&["--pictures", "/no/such/folder"], 2, "/no/such/folder");
    check_refusal(&["--pictures", empty.path().to_str().unwrap()], 2, "no picture");
    check_refusal(&["--count", "1", "--address", "256.1.1.1:0"], 1, "256.1.1.1:0");
    check_refusal(&["--speak", "shimmie"], 2, "shimmie");
    let schedule = empty.path().join("faults.toml");
    std::fs::write(&schedule, "[[rule]]\nclass = \"image\"\nfault = \"tea\"\n").unwrap();
    check_refusal(&["--faults", schedule.to_str().unwrap()], 2, "unknown variant `tea`");
}

#[test]
fn it_paints_into_a_folder_with_the_truth_beside() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/painted");
    let status = program(&["paint", "--count", "4", "--seed", "3", "--out", out.to_str().unwrap()]).status().unwrap();
    assert!(status.success());
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("truth.json")).unwrap()).unwrap();
    let truth = truth.as_object().unwrap();
    assert_eq!(truth.len(), 4);
    for (name, faces) in truth {
        check_faces(&out.join(name), faces);
    }
}

fn check_faces(path: &Path, faces: &serde_json::Value) {
    let (width, height) = image::image_dimensions(path).unwrap();
    for face in faces.as_array().unwrap() {
        let [x, y, side, _] = [0, 1, 2, 3].map(|index| face[index].as_f64().unwrap());
        assert!(side > 60.0 && x + side / 2.0 < f64::from(width) && y + side / 2.0 < f64::from(height));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_nobody_reads_is_no_failure_and_help_that_cannot_be_written_is_one() {
    let run = |stdout: Stdio| program(&["--help"]).stdout(stdout).output().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let refused = run(full.into());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.starts_with("mini-booru: cannot write to stdout: "), "{said}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let unread = run(writer.into());
    assert_eq!((unread.status.code(), unread.stderr.len()), (Some(0), 0));
    // Nobody to tell of an error either: the exit code says it.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let refused = program(&["--pictures", "/nowhere"]).stderr(full).status().unwrap();
    assert_eq!(refused.code(), Some(2));
}
