//! From posts to rows: what each stage took, kept and left out, and how long it took.

use contracts::{Report, StageId, report::State};
use maud::{Markup, html};

use super::elements::{bar, bytes, cell, counted, duration, per_cent, significant, table};

/// The stages that gather what is trained on.
const GATHERING: [StageId; 3] = [StageId::Crawl, StageId::Crop, StageId::Pack];

/// The gathering stages, each with every reason for which it left something out.
pub(super) fn funnel(stages: &[(StageId, Option<Report>)]) -> Markup {
    let gathering = stages.iter().filter(|(stage, _)| GATHERING.contains(stage));
    html! {
        ol.funnel {
            @for (stage, report) in gathering {
                li {
                    @match report {
                        Some(report) => (step(report)),
                        None => { strong { (stage) } p.missing { "no report" } }
                    }
                }
            }
        }
    }
}

fn step(report: &Report) -> Markup {
    let spec = report.stage.spec();
    let mut dropped: Vec<_> = report.dropped.iter().collect();
    dropped.sort_by_key(|dropped| std::cmp::Reverse(dropped.count));
    html! {
        strong { (counted(report.taken)) " " (spec.takes) " → " (counted(report.kept)) " " (spec.keeps) }
        @if let Some((train, holdout)) = splits(report) {
            ": " (counted(train)) " to train on, " (counted(holdout)) " kept out"
        }
        @if report.state == State::Interrupted { " (interrupted)" }
        ul {
            @for dropped in &dropped {
                li {
                    (counted(dropped.count)) " left out: " (dropped.reason)
                    @if report.taken > 0 { " (" (per_cent(dropped.count as f64 / report.taken as f64)) ")" }
                }
            }
            @if dropped.is_empty() { li { "nothing was left out" } }
        }
    }
}

/// The rows of both splits, of a packer's report.
fn splits(report: &Report) -> Option<(u64, u64)> {
    let rows = |name: &str| report.figures.get(name).map(|rows| *rows as u64);
    Some((rows("train_rows")?, rows("holdout_rows")?))
}

/// Time and throughput a stage, then what somebody should read.
pub(super) fn times(stages: &[(StageId, Option<Report>)]) -> Markup {
    let reports = || stages.iter().filter_map(|(_, report)| report.as_ref());
    let slowest = reports().map(|report| report.seconds).fold(f64::MIN_POSITIVE, f64::max);
    let rows: Vec<_> = stages.iter().map(|(stage, report)| row(*stage, report.as_ref(), slowest)).collect();
    let warnings: Vec<_> =
        reports().flat_map(|report| report.warnings.iter().map(|text| (report.stage, text))).collect();
    html! {
        p.lead { "Of each stage's last run: what had been done before was not done again." }
        (table(&["stage", "time", "", "throughput", "written"], &rows))
        @if !warnings.is_empty() {
            h3 { "Warnings" }
            ul { @for (stage, warning) in warnings { li { (stage) ": " (warning) } } }
        }
    }
}

fn row(stage: StageId, report: Option<&Report>, slowest: f64) -> Vec<Markup> {
    let Some(report) = report else {
        return vec![cell(stage.name()), html! { span.missing { "no report" } }, html! {}, html! {}, html! {}];
    };
    let (rate, of) = match report.figures.get("images_per_second") {
        Some(rate) => (*rate, "images"),
        None => (report.taken as f64 / report.seconds.max(f64::MIN_POSITIVE), stage.spec().takes),
    };
    vec![
        cell(stage.name()),
        html! { span.number { (duration(report.seconds)) } },
        bar(report.seconds / slowest),
        html! { span.number { (significant(rate, 3)) " " (of) " a second" } },
        html! { span.number { (bytes(report.bytes)) } },
    ]
}

#[cfg(test)]
mod tests {
    use contracts::report::Dropped;

    use super::*;

    #[test]
    fn every_reason_is_told_with_its_share() {
        let mut report = Report::new(StageId::Crop);
        (report.taken, report.kept, report.seconds) = (200, 1234, 2.0);
        let dropped = |reason: &str, count| Dropped { tag: "x".into(), reason: reason.into(), count };
        report.dropped = vec![dropped("blurred <b>", 8), dropped("no face", 50)];
        let html = funnel(&[(StageId::Crop, Some(report.clone())), (StageId::Train, None)]).into_string();
        assert!(
            html.contains("200 pictures → 1\u{202f}234 faces") && html.contains("50 left out: no face (25"),
            "{html}"
        );
        assert!(html.find("no face") < html.find("blurred &lt;b&gt;") && !html.contains("no report"), "{html}");
        let times = times(&[(StageId::Crop, Some(report)), (StageId::Train, None)]).into_string();
        assert!(times.contains("100 pictures a second") && times.contains("no report"), "{times}");
    }
}
