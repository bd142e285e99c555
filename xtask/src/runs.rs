//! `cargo xtask runs`: the training runs, newest first.

use anyhow::Context as _;
use contracts::{
    Outcome,
    run_summary::{self, RunSummary},
    stdout, tell,
};

use crate::{arguments::RunsOptions, date, disk, project::Project, workspace::Workspace};

/// Prints a line a run on stdout, or all as one JSON list.
pub(crate) fn run(workspace: &Workspace, options: &RunsOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.config)?;
    let runs = run_summary::read_all(&project.layout)?;
    if options.json {
        stdout::line(serde_json::to_string_pretty(&runs).context("cannot write the runs as JSON")?)?;
    } else if runs.is_empty() {
        tell!("there is no run in {} yet: `cargo xtask train` begins one", project.layout.runs().display());
    } else {
        stdout::write(&table(&runs))?;
    }
    Ok(Outcome::Done)
}

const HEADINGS: [&str; 7] = ["run", "recipe", "side", "kimg", "metric", "changed (UTC)", "size"];

/// The runs as a table; the newest training, to which `latest` points, has a star.
fn table(runs: &[RunSummary]) -> String {
    let rows: Vec<[String; 7]> = [HEADINGS.map(str::to_owned)].into_iter().chain(runs.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn row(summary: &RunSummary) -> [String; 7] {
    let dash = || "-".to_owned();
    let star = if summary.latest { " *" } else { "" };
    let kimg = match (summary.kimg, summary.max_kimg) {
        (Some(kimg), Some(max)) if !summary.complete => format!("{kimg} of {max}"),
        (Some(kimg), _) => kimg.to_string(),
        (None, _) => dash(),
    };
    let measured = summary.metric.as_ref().map(|metric| format!("{} {:.4}", metric.metric, metric.value));
    let best = summary.best.as_ref().map(|best| format!("best {} {:.4} at {}", best.metric, best.value, best.kimg));
    let metric: Vec<String> = measured.into_iter().chain(best).collect();
    [
        format!("{}{star}", summary.run),
        summary.recipe.clone().unwrap_or_else(dash),
        summary.side.map_or_else(dash, |side| side.to_string()),
        kimg,
        if metric.is_empty() { dash() } else { metric.join(", ") },
        date::shown(summary.changed),
        disk::shown(summary.bytes),
    ]
}

#[cfg(test)]
mod tests {
    use contracts::run_summary::MetricSummary;

    use super::*;

    #[test]
    fn runs_stand_in_columns() {
        let run = |name: &str, complete, latest| RunSummary {
            run: name.parse().unwrap(),
            latest,
            recipe: Some("dcgan".into()),
            side: Some(64),
            kimg: Some(12.5),
            max_kimg: Some(60.0),
            complete,
            metric: complete.then(|| MetricSummary { metric: "frechet".into(), value: 41.25 }),
            best: None,
            changed: 0,
            bytes: 1_500_000,
        };
        let expected = "\
run           recipe  side  kimg        metric           changed (UTC)     size
dcgan-1 *     dcgan   64    12.5 of 60  -                1970-01-01 00:00  1.5 MB
dcgan-longer  dcgan   64    12.5        frechet 41.2500  1970-01-01 00:00  1.5 MB
";
        assert_eq!(table(&[run("dcgan-1", false, true), run("dcgan-longer", true, false)]), expected);
    }
}
