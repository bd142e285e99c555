//! The report stage: one page that shows a run, or several runs side by side.

use std::path::PathBuf;

use contracts::{Context, Report, Stage, StageId, find_run, hash::ContentHash, options::ReportOptions, publish};
use dataset::Dataset;

use crate::{
    error::ReportError,
    page,
    page_content::{RunPage, Scope},
};

/// The report stage: takes whatever there is of a run, owns its `report.html`.
pub struct WriteReport;

impl Stage for WriteReport {
    const ID: StageId = StageId::Report;
    type Error = ReportError;
    type Options = ReportOptions;

    fn answer(context: &Context<'_>, options: &ReportOptions) -> Result<String, ReportError> {
        Ok(compare(context, options)?.display().to_string())
    }

    fn run(context: &Context<'_>, _options: &ReportOptions) -> Result<Report, ReportError> {
        let dataset = Dataset::open(&context.layout.dataset())?;
        let run = context.config.run_id(&dataset.hash());
        let content = RunPage::gather(context.layout, &run, &context.config.report.title, Scope::Whole)?;
        let page = content.render();
        publish::write_file(&context.layout.run(&run).report_page(), page.as_bytes())?;

        let mut report = Report::new(Self::ID);
        report.taken = 1;
        report.kept = 1;
        report.bytes = page.len() as u64;
        report.output = Some(ContentHash::of(page.as_bytes()));
        report.warnings = content.notices().iter().map(ToString::to_string).collect();
        report.run = Some(run);
        Ok(report)
    }
}

/// Says on stderr what a page does not show as it should.
fn tell(page: &RunPage) {
    page.notices().iter().for_each(|notice| tracing::warn!("{}: {notice}", page.run));
}

/// Writes the page of several runs; where it is.
fn compare(context: &Context<'_>, options: &ReportOptions) -> Result<PathBuf, ReportError> {
    let mut runs = Vec::new();
    for name in &options.compare {
        let run = find_run(context.layout, name)?;
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    if runs.len() < 2 {
        return Err(ReportError::NothingToCompare(runs));
    }
    let scope = Scope::Beside(runs.len());
    let gather = |run| RunPage::gather(context.layout, run, &context.config.report.title, scope);
    let pages = runs.iter().map(gather).collect::<Result<Vec<_>, _>>()?;
    pages.iter().for_each(tell);
    let path = options.out.clone().unwrap_or_else(|| context.layout.comparison(&runs));
    publish::write_file(&path, page::comparison(&pages).as_bytes())?;
    Ok(path)
}
