//! The report stage: one page that shows a run.

use contracts::{Context, Report, Stage, StageId, hash::ContentHash, options::NoOptions, publish};

use crate::{error::ReportError, page, page_content::PageContent};

/// The report stage: takes whatever there is of a run, owns its `report.html`.
pub struct WriteReport;

impl Stage for WriteReport {
    const ID: StageId = StageId::Report;
    type Error = ReportError;
    type Options = NoOptions;

    fn run(context: &Context<'_>, _options: &NoOptions) -> Result<Report, ReportError> {
        let content = PageContent::gather(context.config, context.layout)?;
        let page = page::render(&content);
        publish::write_file(&context.layout.run(&content.run).report_page(), page.as_bytes())?;

        let mut report = Report::new(Self::ID);
        report.taken = 1;
        report.kept = 1;
        report.bytes = page.len() as u64;
        report.output = Some(ContentHash::of(page.as_bytes()));
        report.run = Some(content.run);
        Ok(report)
    }
}
