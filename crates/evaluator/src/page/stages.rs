//! What each stage took, kept and left out.

use contracts::{Report, StageId, report::State};
use maud::{Markup, html};

use super::elements::{self, cell, counted, duration};

/// A row a stage, then what somebody should read.
pub(super) fn table(stages: &[(StageId, Option<Report>)]) -> Markup {
    let rows: Vec<_> = stages.iter().map(|(stage, report)| row(*stage, report.as_ref())).collect();
    let warnings: Vec<_> = stages.iter().filter_map(|(_, report)| report.as_ref()).flat_map(warnings).collect();
    html! {
        (elements::table(&["stage", "taken", "kept", "left out", "time"].map(str::to_owned), &rows))
        @if !warnings.is_empty() {
            ul { @for (stage, warning) in warnings { li { (stage) ": " (warning) } } }
        }
    }
}

fn row(stage: StageId, report: Option<&Report>) -> Vec<Markup> {
    let Some(report) = report else {
        return [stage.to_string(), String::new(), String::new(), "no report".into(), String::new()].map(cell).to_vec();
    };
    let name = match report.state {
        State::Complete | State::Share => stage.to_string(),
        State::Interrupted => format!("{stage} (interrupted)"),
    };
    let [taken, kept] = [report.taken, report.kept].map(|count| cell(counted(count)));
    vec![cell(name), taken, kept, left_out(report), cell(duration(report.seconds))]
}

fn left_out(report: &Report) -> Markup {
    html! {
        @for (index, dropped) in report.dropped.iter().enumerate() {
            @if index > 0 { br; }
            (counted(dropped.count)) " " (dropped.reason)
        }
        @if report.dropped.is_empty() { "nothing" }
    }
}

fn warnings(report: &Report) -> impl Iterator<Item = (StageId, &str)> {
    report.warnings.iter().map(|warning| (report.stage, warning.as_str()))
}
