//! The table of findings, for a terminal.

use crate::{experiment::Experiment, finding::number};

/// A line a finding: what was measured, what it should be, what it is, and whether it is so.
pub(crate) fn of(experiments: &[Experiment]) -> String {
    let mut lines = vec![["experiment".into(), "what".into(), "expected".into(), "found".into(), String::new()]];
    for experiment in experiments {
        for finding in &experiment.findings {
            let verdict = if finding.holds() { "as expected" } else { "NOT as expected" };
            let cells = [finding.what.clone(), finding.expected.to_string(), number(finding.found)];
            let [what, expected, found] = cells;
            lines.push([experiment.name.to_owned(), what, expected, found, verdict.to_owned()]);
        }
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    let line = |cells: &[String; 5]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  ")).collect::<String>();
        format!("{padded}{}", cells[4]).trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
