//! What is on the disk when a shard gets its name. A kill cannot show it, since the system keeps what a dead process wrote; the
//! system's calls do.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the number of calls is printed")]

mod material;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use contracts::config::CropContainer;
use material::{Scene, spots};

/// Calls that change files or folders, give names, or make durable.
const CALLS: &str = "trace=?open,openat,?creat,write,writev,pwrite64,pwritev,copy_file_range,sendfile,ftruncate,?mkdir,mkdirat,\
                     ?link,linkat,?unlink,unlinkat,?rename,renameat,renameat2,fsync,fdatasync,syncfs";

/// A call that went well.
struct Call {
    name: String,
    /// Its arguments and what it returned.
    text: String,
    /// The line of the trace on which it began, and that on which it was over.
    lines: (usize, usize),
}

impl Call {
    /// The paths that it was given.
    fn given(&self) -> Vec<PathBuf> {
        self.text.split('"').skip(1).step_by(2).map(PathBuf::from).collect()
    }

    /// The paths of the open files that it was given or returned.
    fn opened(&self) -> Vec<PathBuf> {
        let parts = self.text.split('<').collect::<Vec<_>>();
        let is_number = |text: &str| text.ends_with(|last: char| last.is_ascii_digit());
        let file = |pair: &[&str]| is_number(pair[0]).then(|| PathBuf::from(pair[1].split('>').next().unwrap()));
        parts.windows(2).filter_map(file).collect()
    }
}

/// The calls of a trace that went well, in the order in which they were over.
fn calls(trace: &str) -> Vec<Call> {
    let (mut calls, mut begun) = (Vec::new(), HashMap::new());
    for (number, line) in trace.lines().enumerate() {
        let (process, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        let (start, text) = if let Some(resumed) = rest.strip_prefix("<... ") {
            let (start, text): (usize, String) = begun.remove(process).unwrap();
            (start, text + resumed.split_once("resumed>").unwrap().1)
        } else if let Some(text) = rest.strip_suffix("<unfinished ...>") {
            begun.insert(process, (number, text.to_owned()));
            continue;
        } else {
            (number, rest.to_owned())
        };
        if let (Some((name, text)), true) = (text.split_once('('), text.contains(" = ") && !text.contains(" = -1 ")) {
            calls.push(Call { name: name.to_owned(), text: text.to_owned(), lines: (start, number) });
        }
    }
    calls
}

/// What was written, and what was made durable, as far as the trace was read.
#[derive(Default)]
struct Disk {
    /// When each file and folder was last changed.
    changed: HashMap<PathBuf, usize>,
    /// From when to when each was made durable; without a path, all were.
    synced: Vec<(Option<PathBuf>, (usize, usize))>,
    named: Vec<Named>,
}

/// A name that was given to what had a partial one.
struct Named {
    path: PathBuf,
    /// How many calls made something below it durable for that.
    syncs: usize,
    end: usize,
}

impl Disk {
    fn take(&mut self, call: &Call) {
        let (given, opened, end) = (call.given(), call.opened(), call.lines.1);
        match call.name.as_str() {
            "fsync" | "fdatasync" => self.synced.push((Some(opened[0].clone()), call.lines)),
            "syncfs" => self.synced.push((None, call.lines)),
            "open" | "openat" | "creat" if call.text.contains("O_CREAT") => self.change(&given[0], end),
            "open" | "openat" => {}
            "mkdir" | "mkdirat" | "unlink" | "unlinkat" => {
                self.change(&given[0], end);
                if call.name.starts_with("unlink") {
                    self.changed.remove(&given[0]);
                }
            }
            // What gets a second name was durable under its first.
            "link" | "linkat" => self.change_folder(&given[1], end),
            "rename" | "renameat" | "renameat2" => self.rename(&given[0], &given[1], call.lines),
            "copy_file_range" => self.change_content(&opened[1], end),
            _ => self.change_content(&opened[0], end),
        }
    }

    fn change_content(&mut self, path: &Path, end: usize) {
        self.changed.insert(path.into(), end);
    }

    fn change_folder(&mut self, path: &Path, end: usize) {
        self.changed.insert(path.parent().unwrap().into(), end);
    }

    fn change(&mut self, path: &Path, end: usize) {
        self.change_content(path, end);
        self.change_folder(path, end);
    }

    /// Checks that all of what gets its final name is durable.
    fn rename(&mut self, from: &Path, to: &Path, (start, end): (usize, usize)) {
        let below: Vec<(&PathBuf, &usize)> = self.changed.iter().filter(|(path, _)| path.starts_with(from)).collect();
        assert!(!below.is_empty(), "nothing was written to {}", from.display());
        for (path, changed) in &below {
            let is_durable = self.synced.iter().any(|(synced, lines)| {
                let is_of_it = synced.as_ref().is_none_or(|synced| synced == *path);
                is_of_it && lines.0 > **changed && lines.1 < start
            });
            assert!(is_durable, "{} was not durable when {} got its name", path.display(), to.display());
        }
        let first = below.iter().map(|(_, changed)| **changed).min().unwrap();
        let is_for_it = |synced: &Option<PathBuf>| synced.as_ref().is_none_or(|synced| synced.starts_with(from));
        let syncs = self.synced.iter().filter(|(synced, lines)| lines.0 > first && is_for_it(synced)).count();
        self.named.push(Named { path: to.into(), syncs, end });
        self.changed.retain(|path, _| !path.starts_with(from));
        self.change_folder(to, end);
    }
}

/// Runs the program under strace and follows it.
fn traced(scene: &Scene) -> Disk {
    let (program, trace) = (scene.program(&scene.root().join("spot.xml"), scene.root()), scene.root().join("trace"));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "0", "-e", "signal=none", "-e", CALLS, "-o"]).arg(&trace);
    strace.arg(program.get_program()).args(program.get_args());
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(strace.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    let mut disk = Disk::default();
    let root = fs::canonicalize(scene.root()).unwrap();
    for call in calls(&fs::read_to_string(trace).unwrap()) {
        // Terminals, pipes and what else is no file of the scene.
        let is_ours = call.given().iter().chain(&call.opened()).any(|path| path.starts_with(&root));
        if is_ours {
            disk.take(&call);
        }
    }
    disk
}

/// Whether programs can be traced here.
fn can_trace() -> bool {
    let status = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let can = status.is_ok_and(|status| status.success());
    if !can {
        println!("skipped: there is no strace, or it may trace nothing here");
    }
    can
}

const FACES: u32 = 30;

fn check(container: CropContainer) {
    if !can_trace() {
        return;
    }
    let mut scene = Scene::new();
    scene.config.crop.container = container;
    for post in 1..=FACES {
        scene.add(&format!("mini:{post}"), &spots(320, 240, &[[60 + post * 4, 60, 50 + post]]));
    }
    // The second time the shard replaces one that is there.
    for more in [FACES + 1, FACES + 2] {
        scene.add(&format!("mini:{more}"), &spots(310, 210 + more, &[[120, 70, 60]]));
        let disk = traced(&scene);
        let shards: Vec<&Named> = disk.named.iter().filter(|named| named.path.ends_with("mini-00000")).collect();
        let [Named { path, syncs, end }] = shards[..] else { panic!("one shard gets its name once: {}", shards.len()) };
        println!("{container:?}: {syncs} calls that make a shard of {more} faces durable");
        assert!(*syncs <= 5, "a few for the shard, and not one a face");
        let is_durable =
            |(synced, lines): &(Option<PathBuf>, (usize, usize))| synced.as_deref() == path.parent() && lines.0 > *end;
        assert!(disk.synced.iter().any(is_durable), "the name itself");
        let is_named = |name: &str| disk.named.iter().any(|named| named.path.ends_with(name));
        assert!(is_named("faces/manifest.jsonl") && is_named("faces/contact"));
    }
}

#[test]
fn all_files_of_a_shard_are_on_the_disk_before_it_gets_its_name() {
    check(CropContainer::Files);
}

#[test]
fn a_shards_tar_is_on_the_disk_before_it_gets_its_name() {
    check(CropContainer::Tar);
}

/// A shard with a face of which the system was asked to write the last bytes after `sync`.
fn follow_made(sync: &str, last: &str) {
    let partial = "/data/faces/.partial-shard";
    let file = format!("{partial}/face.png");
    let trace = [
        format!("7 openat(AT_FDCWD</>, \"{file}\", O_WRONLY|O_CREAT, 0666) = 3<{file}>"),
        format!("7 write(3<{file}>, \"\"..., 9) = 9"),
        sync.replace("FACE", &file).replace("SHARD", partial),
        last.replace("FACE", &file),
        format!("7 rename(\"{partial}\", \"/data/faces/shard\") = 0"),
    ];
    let mut disk = Disk::default();
    calls(&trace.join("\n")).iter().for_each(|call| disk.take(call));
}

#[test]
fn a_trace_that_syncs_all_is_accepted() {
    follow_made("7 syncfs(4<SHARD>) = 0", "8 fsync(3<FACE>) = 0");
    follow_made("7 fsync(3<FACE>) = 0", "8 fsync(4</data/faces/.partial-shard>) = 0");
}

#[test]
#[should_panic(expected = ".partial-shard was not durable")]
fn a_folder_that_is_not_synced_is_noticed() {
    follow_made("7 fsync(3<FACE>) = 0", "7 fsync(3<FACE>) = 0");
}

#[test]
#[should_panic(expected = "face.png was not durable")]
fn what_is_written_after_the_sync_is_noticed() {
    follow_made("7 syncfs(4<SHARD>) = 0", "7 write(3<FACE>, \"\"..., 9) = 9");
}

#[test]
#[should_panic(expected = "was not durable")]
fn a_sync_that_fails_or_is_not_over_does_not_count() {
    follow_made("7 syncfs(4<SHARD>) = -1 EIO (Input/output error)", "8 syncfs(4<SHARD> <unfinished ...>");
}
