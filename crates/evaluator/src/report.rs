//! The report stage: one page that shows a run.

use contracts::{Context, Report, Stage, StageId, hash::ContentHash, options::NoOptions, publish};

use crate::{error::ReportError, material::Material, page};

/// The report stage.
pub struct WriteReport;

impl Stage for WriteReport {
    const ID: StageId = StageId::Report;
    type Error = ReportError;
    type Options = NoOptions;

    fn run(context: &Context<'_>, _options: &NoOptions) -> Result<Report, ReportError> {
        let material = Material::gather(context.config, context.layout)?;
        let page = page::render(&material);
        publish::write_file(&context.layout.run(&material.run).report_page(), page.as_bytes())?;

        let mut report = Report::new(Self::ID);
        report.taken = 1;
        report.kept = 1;
        report.bytes = page.len() as u64;
        report.output = Some(ContentHash::of(page.as_bytes()));
        report.run = Some(material.run);
        Ok(report)
    }
}
