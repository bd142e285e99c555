//! `publish`: a run as the Hugging Face Hub wants it.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use contracts::{ContentHash, Context, Report, StageId, foreign, layout::RunLayout, publish};
use generator::onnx::{self, Output, Precision};
use serde_json::Value;

use crate::{arguments::PublishOptions, card::Card, opened::Opened};

/// Lists and checks what would go; without `--dry-run` writes the card, and the model where it is not of these weights.
pub(crate) fn run(context: &Context<'_>, options: &PublishOptions) -> anyhow::Result<String> {
    let opened = Opened::open(context, &options.run)?;
    let run = opened.run.clone().with_context(|| {
        format!(
            "{} lies in no run's folder, which says what the weights were made from",
            opened.generator.path().display()
        )
    })?;
    let publication = Publication::new(&opened, &run, options.dataset.as_deref())?;
    let mut problems = publication.problems();
    problems.extend(metrics_problem(context, &opened, &run));
    let mut lines = publication.list();
    lines.extend(problems.iter().map(|problem| format!("problem: {problem}")));
    if options.dry_run {
        lines.push(if problems.is_empty() { "all is well".into() } else { format!("{} problems", problems.len()) });
        return Ok(lines.join("\n"));
    }
    anyhow::ensure!(problems.is_empty(), "the run cannot be published yet:\n{}", problems.join("\n"));
    for file in publication.files.iter().filter(|file| file.is_new) {
        publish::write_file(&run.root().join(&file.name), &file.content)?;
    }
    lines.push(publication.upload(&options.repository));
    Ok(lines.join("\n"))
}

/// A file that goes to the Hub.
struct PublishedFile {
    /// Its path within the run's folder.
    name: String,
    content: Vec<u8>,
    /// Whether it is to be written: it is not there, or is not what it would be.
    is_new: bool,
}

struct Publication<'a> {
    opened: &'a Opened,
    run: &'a RunLayout,
    files: Vec<PublishedFile>,
}

impl<'a> Publication<'a> {
    fn new(opened: &'a Opened, run: &'a RunLayout, dataset: Option<&str>) -> anyhow::Result<Self> {
        let mut publication = Self { opened, run, files: Vec::new() };
        let grid = grid(run);
        for path in [run.generator(), run.recipe(), run.provenance()].into_iter().chain(grid.clone()) {
            if let Ok(content) = fs::read(&path) {
                let name = publication.within(&path);
                publication.files.push(PublishedFile { name, content, is_new: false });
            }
        }
        let weights = publish::read_file(&run.generator())?;
        publication.made(run.generator_onnx(), onnx::generator(&weights, Precision::Single, Output::Images)?);
        let card = Card::new(opened, run, grid.map(|grid| publication.within(&grid)), dataset);
        // A recipe's name may be a stranger's.
        publication.made(run.model_card(), foreign::escaped(&card.markdown()).into_bytes());
        publication.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(publication)
    }

    /// A file with what it has to be.
    fn made(&mut self, path: PathBuf, content: Vec<u8>) {
        let is_new = fs::read(&path).map_or(true, |there| there != content);
        let name = self.within(&path);
        self.files.push(PublishedFile { name, content, is_new });
    }

    /// A path as the Hub writes it.
    fn within(&self, path: &std::path::Path) -> String {
        let inner = path.strip_prefix(self.run.root()).unwrap_or(path);
        inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    fn list(&self) -> Vec<String> {
        let line = |file: &PublishedFile| {
            let state = if file.is_new { "to be written" } else { "there" };
            format!("{:>12} bytes  {}  ({state})", file.content.len(), file.name)
        };
        self.files.iter().map(line).collect()
    }

    /// What the Hub, or who loads from it, would stumble over.
    fn problems(&self) -> Vec<String> {
        let has = |path: PathBuf| self.files.iter().any(|file| file.name == self.within(&path));
        let missing = [self.run.recipe(), self.run.provenance()].into_iter().filter(|path| !has(path.clone()));
        let mut problems: Vec<String> = missing.map(|path| format!("{} is not there", path.display())).collect();
        let provenance = self.opened.provenance().unwrap_or_default();
        let noted = provenance.get("generator").and_then(|hash| hash.as_str()).and_then(|hash| hash.parse().ok());
        let found = self.files.iter().find(|file| file.name == self.within(&self.run.generator()));
        let found = found.map(|file| ContentHash::of(&file.content));
        if noted.is_none() || noted != found {
            problems.push(
                "generator.safetensors is not what provenance.json speaks of: the training has not come to its end; resume it with \
                 `cargo xtask train`"
                    .into(),
            );
        }
        if grid(self.run).is_none() {
            problems.push("there is no picture of samples: `cargo xtask evaluate` makes one".into());
        }
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic());
        let odd = self.files.iter().filter(|file| !is_plain(&file.name));
        problems.extend(odd.map(|file| format!("{:?} has letters that the Hub's addresses have not", file.name)));
        problems
    }

    /// The command that uploads these files and no others: checkpoints are large, and config.toml names this machine's folders.
    fn upload(&self, repository: &str) -> String {
        let files: String = self.files.iter().map(|file| format!(" --include {}", file.name)).collect();
        format!("upload it with: hf upload {repository} '{}' .{files}", self.run.root().display())
    }
}

/// What keeps the measured figures from going into the card: they are not what was measured, or not of these weights.
fn metrics_problem(context: &Context<'_>, opened: &Opened, run: &RunLayout) -> Option<String> {
    let path = run.evaluation_metrics();
    let json = publish::read_file(&path).ok()?;
    let report = Report::read(context.layout, StageId::Evaluate).ok().flatten();
    let stated = report.filter(|report| report.run == opened.run_id()).and_then(|report| report.output);
    let metrics = serde_json::from_slice::<Value>(&json).ok();
    if metrics.is_none() || stated.is_some_and(|stated| stated != ContentHash::of(&json)) {
        return Some(format!(
            "{} is not what was written, so it is damaged: `cargo xtask evaluate` makes it anew",
            path.display()
        ));
    }
    let measured = metrics?.get("generator")?.as_str()?.to_owned();
    (measured != opened.generator.hash().to_string())
        .then(|| format!("{} is of earlier weights: `cargo xtask evaluate` measures these", path.display()))
}

/// A picture of samples: the evaluation's, or else the newest of the training.
fn grid(run: &RunLayout) -> Option<PathBuf> {
    let of_evaluation = run.evaluation_grid();
    if of_evaluation.exists() {
        return Some(of_evaluation);
    }
    let entries = fs::read_dir(run.samples()).ok()?;
    let pictures = entries.flatten().map(|entry| entry.path());
    pictures.filter(|path| path.extension().is_some_and(|ending| ending == "png")).max()
}
