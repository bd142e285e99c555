//! The laboratory: the theory of GANs as experiments with plots, each held against its expected result.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod discriminator;
mod experiment;
mod experiments;
mod faces;
mod finding;
mod game;
mod hair;
mod labelled;
mod mixture;
mod mlp;
mod modes;
mod page;
mod plot;
mod table;

use std::{process::ExitCode, time::Instant};

use anyhow::bail;
use clap::Args;
use contracts::{Context, Layout, publish, tell};
use experiment::Experiment;
use experiments::{ALL, Entry, LONG};
use pictures::Encoding;

/// The theory of GANs as experiments with plots.
#[derive(Debug, Args)]
struct Options {
    /// Fail where a result is not as expected.
    #[arg(long)]
    check: bool,
    /// The experiments to do; unless given, all that take seconds. hair-by-class and few-labels take minutes.
    #[arg(value_name = "EXPERIMENT")]
    experiments: Vec<String>,
}

fn main() -> ExitCode {
    stage::tool(run)
}

/// Does the experiments, and returns the table of what they found.
fn run(context: &Context<'_>, options: &Options) -> anyhow::Result<String> {
    let mut done = Vec::new();
    for (name, experiment) in asked_for(&options.experiments)? {
        let started = Instant::now();
        done.push(experiment());
        tell!("{name}: {:.1} s", started.elapsed().as_secs_f64());
    }
    write(context.layout, &done)?;
    let table = table::of(&done);
    let wrong = done.iter().flat_map(|experiment| &experiment.findings).filter(|finding| !finding.holds()).count();
    if options.check && wrong > 0 {
        bail!("{wrong} results are not as expected:\n{table}");
    }
    Ok(format!("{table}\n\n{}", context.layout.lab_page().display()))
}

fn asked_for(names: &[String]) -> anyhow::Result<Vec<Entry>> {
    let entry = |name: &String| {
        let all = || ALL.into_iter().chain(LONG);
        let known = || all().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        let found = all().find(|(known, _)| known == name);
        found.ok_or_else(|| anyhow::anyhow!("there is no experiment {name:?}; choose from {}", known()))
    };
    if names.is_empty() { Ok(ALL.to_vec()) } else { names.iter().map(entry).collect() }
}

/// Writes the plots and the page; of a part of the experiments the page has that part.
fn write(layout: &Layout, done: &[Experiment]) -> anyhow::Result<()> {
    publish::create_folder(&layout.lab())?;
    for experiment in done {
        let plot = experiment.figure.draw().encode(Encoding::SmallPng)?;
        publish::write_file(&layout.lab_plot(experiment.name), &plot)?;
    }
    publish::write_file(&layout.lab_page(), page::of(done, Layout::lab_plot_name).as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experiments_are_asked_for_by_name() {
        let names = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            asked_for(&names).map(|found| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["fits", "optimum"]).unwrap(), ["fits", "optimum"]);
        assert_eq!(names(&[]).unwrap().len(), ALL.len());
        let error = names(&["modus"]).unwrap_err().to_string();
        assert!(error.contains("\"modus\"") && error.contains("modes"), "{error}");
    }

    /// `cargo test --release -p lab -- --ignored --nocapture`
    #[test]
    #[ignore = "takes minutes"]
    fn experiments_that_take_minutes_are_as_expected() {
        let done = LONG.map(|(_, experiment)| experiment());
        let table = table::of(&done);
        tell!("{table}");
        assert!(!table.contains("NOT"), "{table}");
    }

    /// One that takes no time: the others are done by `--check`.
    #[test]
    fn an_experiment_becomes_a_plot_a_page_and_a_table() {
        let (_, experiment) = asked_for(&["gradients".to_owned()]).unwrap()[0];
        let experiment = experiment();
        assert_eq!(experiment.name, "gradients");
        assert!(experiment.findings.iter().all(finding::Finding::holds), "{:?}", experiment.findings);
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path(), &contracts::Config::default().paths);
        let done = [experiment];
        write(&layout, &done).unwrap();
        let page = std::fs::read_to_string(layout.lab_page()).unwrap();
        assert!(page.contains("src=\"gradients.png\"") && page.contains("as expected"), "{page}");
        let plot = std::fs::read(layout.lab_plot("gradients")).unwrap();
        assert!(plot.starts_with(b"\x89PNG"));
        let table = table::of(&done);
        assert_eq!(table.lines().count(), 1 + done[0].findings.len());
        assert!(table.contains("non-saturating: dL/dlogit at D = 0.01") && !table.contains("NOT"), "{table}");
    }
}
