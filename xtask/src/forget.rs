//! `cargo xtask forget`: posts taken out of everything that was gathered and packed, for good.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::Path,
};

use anyhow::Context as _;
use contracts::{
    Outcome, StageId,
    id::PostId,
    layout::{Layout, RunLayout},
    options::{CrawlOptions, NoOptions, Request},
    stdout,
};

use crate::{arguments::ForgetOptions, inputs, lock::Entry, pipeline, project::Project, workspace::Workspace};

/// Forgets the posts in the crawl, cuts and packs again what came from them, and names the training runs that saw them.
pub(crate) fn run(workspace: &Workspace, options: &ForgetOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.run.config)?;
    let mut outcome = forget_in_crawl(workspace, &project, options)?;
    for stage in [StageId::Crop, StageId::Pack] {
        let went_well = matches!(outcome, Outcome::Done | Outcome::DoneWithFailures);
        if went_well && inputs::output(stage, &project)?.is_some() {
            outcome = pipeline::run_one(workspace, stage, &options.run, &Request::from(&NoOptions::default()))?;
        }
    }
    for run in runs_that_saw(&project.layout, &options.posts)? {
        stdout::path(&run.checkpoints())?;
    }
    Ok(outcome)
}

/// Takes the posts out of the crawl. What it was made from stays as it was: no other post was asked for.
fn forget_in_crawl(workspace: &Workspace, project: &Project, options: &ForgetOptions) -> anyhow::Result<Outcome> {
    let known = project.lock()?.entry(&project.lock_name(), StageId::Crawl).cloned();
    let known =
        known.filter(|entry| inputs::output(StageId::Crawl, project).is_ok_and(|now| now == Some(entry.output)));
    let forget = CrawlOptions { forget: options.posts.clone(), ..CrawlOptions::default() };
    let outcome = pipeline::run_one(workspace, StageId::Crawl, &options.run, &Request::from(&forget))?;
    let entry = known.zip(inputs::output(StageId::Crawl, project)?).map(|(entry, output)| Entry { output, ..entry });
    project.remember(StageId::Crawl, entry)?;
    Ok(outcome)
}

/// The training runs whose rows came from one of the posts, by name.
fn runs_that_saw(layout: &Layout, posts: &[PostId]) -> anyhow::Result<Vec<RunLayout>> {
    let posts: HashSet<String> = posts.iter().map(PostId::to_string).collect();
    let folder = layout.runs();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<std::io::Result<Vec<String>>>()?;
    names.sort();
    let mut touched = Vec::new();
    for run in names.iter().filter(|name| *name != "latest").filter_map(|name| name.parse().ok()) {
        let run = layout.run(&run);
        if names_any(&run.posts(), &posts)? {
            touched.push(run);
        }
    }
    Ok(touched)
}

/// Whether one of these is a line of a file. No file names nothing.
fn names_any(path: &Path, posts: &HashSet<String>) -> anyhow::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let mut lines = BufReader::new(file).lines();
    let found = lines.find(|line| line.as_ref().map_or(true, |line| posts.contains(line)));
    Ok(found.transpose().with_context(|| format!("cannot read {}", path.display()))?.is_some())
}

#[cfg(test)]
mod tests {
    use contracts::{config::PathsConfig, publish};

    use super::*;

    #[test]
    fn runs_are_named_by_the_posts_that_they_saw() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        assert_eq!(runs_that_saw(&layout, &[]).unwrap(), []);
        let run = |name: &str| layout.run(&name.parse().unwrap());
        for (name, posts) in [("a", "mini:1\nmini:12\n"), ("b", "mini:2\n"), ("c", "mini:1\n")] {
            publish::write_file(&run(name).posts(), posts.as_bytes()).unwrap();
        }
        std::os::unix::fs::symlink(Path::new("c"), layout.latest_run()).unwrap();
        let check = |post: &str, expected: &[&str]| {
            let expected: Vec<RunLayout> = expected.iter().map(|name| run(name)).collect();
            assert_eq!(runs_that_saw(&layout, &[post.parse().unwrap()]).unwrap(), expected, "{post}");
        };
        check("mini:1", &["a", "c"]);
        check("mini:12", &["a"]);
        check("mini:3", &[]);
    }
}
