//! A folder with a configuration, and the programs that work in it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use contracts::{Config, Layout, config::Variant, manifest::records_hash};
use mini_booru::{Catalogue, MiniBooru, Options};
use serde_json::Value;

use crate::child::{Used, watch, watch_until};

/// A site that has few posts, and a folder whose ledger is to have many.
pub(crate) struct Place {
    booru: MiniBooru,
    folder: tempfile::TempDir,
    pub(crate) layout: Layout,
}

impl Place {
    /// A site, and an empty folder.
    pub(crate) fn new() -> Self {
        let booru = MiniBooru::start(Catalogue::swatches(2, 3).unwrap(), Options::default()).unwrap();
        let mut config = Config::default();
        config.crawl.site = "konachan".parse().unwrap();
        config.crawl.base_url = booru.url();
        config.crawl.requests_per_second = 1e6;
        config.crawl.max_posts = u64::from(u32::MAX);
        config.crawl.variant = Variant::Original;
        config.pack.resolution = 8;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pipeline.toml"), config.to_toml()).unwrap();
        Self { booru, layout: Layout::new(folder.path(), &config.paths), folder }
    }

    /// The address of a post's picture on the site.
    pub(crate) fn url(&self, number: u64) -> String {
        format!("{}/image/{number}.png", self.booru.url())
    }

    /// A post's name.
    pub(crate) fn post(&self, number: u64) -> String {
        format!("konachan:{number}")
    }

    /// A path beside the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Crawls what the site has, so that there is a ledger with a search.
    pub(crate) fn crawl_a_few(&self) {
        self.run("crawler", &[]);
    }

    /// The fingerprint of how faces are cut, as the stage writes it where it finds none.
    pub(crate) fn recipe(&self) -> String {
        let shard = self.layout.faces_shard(&"konachan:0".parse::<contracts::id::PostId>().unwrap().shard());
        // Swatches have no faces, so that it fails, and has looked at the pictures before that.
        self.command("face-cropper", &[]).status().unwrap();
        let record: Value = serde_json::from_slice(&fs::read(Layout::shard_record(&shard)).unwrap()).unwrap();
        record["recipe"].as_str().unwrap().to_owned()
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Used {
        self.watched(&mut self.command(program, arguments))
    }

    /// Runs a program until it has written a file.
    pub(crate) fn run_until_new(&self, program: &str, file: &Path) -> Used {
        let written = || fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
        let before = written();
        let mut child = self.command(program, &[]).spawn().unwrap();
        // While it works there may be none.
        let is_new = || written().is_some_and(|now| before != Some(now));
        let used = watch_until(&mut child, is_new);
        assert!(is_new(), "{program} has written nothing: {}", fs::read_to_string(self.path("said")).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        used
    }

    /// Has the cropper think that it has drawn the contact sheets of its manifest.
    pub(crate) fn pretend_sheets(&self) {
        let hash = records_hash(&self.layout.faces_manifest()).unwrap().unwrap();
        let folder = self.layout.faces_contact();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("made-of.sha256"), format!("{hash}\n")).unwrap();
    }

    /// Runs the runner's `status`.
    pub(crate) fn status(&self) -> Used {
        let checkout = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
        let mut command = Command::new(program("xtask"));
        command.arg("status").arg("--config").arg(self.path("pipeline.toml")).current_dir(checkout);
        self.watched(self.quiet(&mut command))
    }

    fn watched(&self, command: &mut Command) -> Used {
        let mut child = command.spawn().unwrap();
        let used = watch(&mut child);
        let said = || fs::read_to_string(self.path("said")).unwrap();
        assert!(child.wait().unwrap().success(), "{command:?} fails:\n{}", said());
        used
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program(name));
        command.arg("--config").arg(self.path("pipeline.toml")).args(arguments);
        self.quiet(&mut command);
        command
    }

    fn quiet<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let said = fs::File::create(self.path("said")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said)
    }
}

/// A program of `NIJIGEN_BIN_DIR`, or of those that were built with this one.
fn program(name: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_crawler")).with_file_name(name);
    env::var_os("NIJIGEN_BIN_DIR").map_or(built, |folder| PathBuf::from(folder).join(name))
}
