//! What each stage took, kept and left out.

use contracts::{Report, StageId, report::State};

use super::markup::{self, counted, duration, escaped};

/// A row a stage, then what somebody should read.
pub(super) fn table(stages: &[(StageId, Option<Report>)]) -> String {
    let rows: Vec<_> = stages.iter().map(|(stage, report)| row(*stage, report.as_ref())).collect();
    let mut html = markup::table(&["stage", "taken", "kept", "left out", "time"], &rows);
    let warnings: String = stages.iter().filter_map(|(_, report)| report.as_ref()).flat_map(warnings).collect();
    if !warnings.is_empty() {
        html += &format!("<ul>\n{warnings}</ul>\n");
    }
    html
}

fn row(stage: StageId, report: Option<&Report>) -> Vec<String> {
    let Some(report) = report else {
        return vec![stage.to_string(), String::new(), String::new(), "no report".into(), String::new()];
    };
    let name = match report.state {
        State::Complete | State::Share => stage.to_string(),
        State::Interrupted => format!("{stage} (interrupted)"),
    };
    let time = duration(report.seconds);
    vec![name, counted(report.taken), counted(report.kept), left_out(report), time]
}

fn left_out(report: &Report) -> String {
    let reasons: Vec<_> =
        report.dropped.iter().map(|(reason, count)| format!("{} {}", counted(*count), escaped(reason))).collect();
    if reasons.is_empty() { "nothing".into() } else { reasons.join("<br>") }
}

fn warnings(report: &Report) -> impl Iterator<Item = String> {
    report.warnings.iter().map(|warning| format!("<li>{}: {}</li>\n", report.stage, escaped(warning)))
}
