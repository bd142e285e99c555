//! What is printed when a stage ends.

use std::fmt::Write as _;

use anyhow::Context as _;
use contracts::{
    Report, StageSpec,
    report::State,
    stderr,
    stdout::{self, StdoutError},
    tell,
};

/// Prints the summary for people on stderr and the report for programs on stdout.
///
/// # Errors
/// When stdout takes no more.
pub(crate) fn print(report: &Report) -> anyhow::Result<()> {
    stderr::text(&text(report));
    let json = serde_json::to_string(report).context("cannot print the report")?;
    Ok(stdout::line(json)?)
}

/// Prints the answer to what was asked, on stdout.
///
/// # Errors
/// When stdout takes no more.
pub(crate) fn print_answer(answer: &str) -> Result<(), StdoutError> {
    match answer.strip_suffix('\n') {
        None if answer.is_empty() => Ok(()),
        whole => stdout::line(whole.unwrap_or(answer)),
    }
}

/// Prints an error with those of its causes that its own words do not contain already.
pub(crate) fn print_error(error: &anyhow::Error) {
    let mut told = error.to_string();
    tell!("error: {told}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            tell!("  because {cause}");
            told = cause;
        }
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let state = match report.state {
        State::Complete => "",
        State::Interrupted => ", interrupted: the same command resumes here",
        State::Share => ", a share: the command without --shard puts the shares together",
    };
    let Report { stage, taken, kept, seconds, .. } = report;
    let StageSpec { takes, keeps, .. } = stage.spec();
    let _ = writeln!(text, "{stage}: {taken} {takes} in, {kept} {keeps} kept, {seconds:.1} s{state}");
    if report.bytes > 0 {
        let megabytes = report.bytes as f64 / 1e6;
        let _ = writeln!(text, "  {megabytes:>8.1} MB, {:.1} MB/s", megabytes / seconds.max(f64::MIN_POSITIVE));
    }
    for dropped in &report.dropped {
        let _ = writeln!(text, "  {:>8} {}", dropped.count, dropped.reason);
    }
    text
}

#[cfg(test)]
mod tests {
    use contracts::{StageId, report::Dropped};

    use super::*;

    #[test]
    fn counts_reasons_and_warnings_are_told() {
        let mut report = Report::new(StageId::Crop);
        (report.taken, report.kept, report.seconds) = (10, 7, 1.25);
        report.dropped.push(Dropped { tag: "unreadable".into(), reason: "unreadable picture".into(), count: 1 });
        report.warnings.push("two faces were deleted by hand".into());
        let expected = "warning: two faces were deleted by hand\ncrop: 10 pictures in, 7 faces kept, 1.2 s\n         1 unreadable picture\n";
        assert_eq!(text(&report), expected);
        (report.state, report.bytes) = (State::Interrupted, 5_000_000);
        assert!(text(&report).contains("interrupted"));
        assert!(text(&report).contains("\n       5.0 MB, 4.0 MB/s\n"), "{}", text(&report));
    }
}
