//! Forgetting posts: their pictures go, a tombstone stays.

use std::collections::BTreeSet;

use contracts::{
    Context, Layout, Report, StageId,
    id::PostId,
    manifest::{self, Records},
    publish::{self, FileError},
    record::PictureRecord,
    tombstone::{self, Tombstone},
};

use crate::{
    error::CrawlError,
    ledger::Ledger,
    reason::{DropReason, FilterReason},
};

/// Forgets the posts. The tombstone comes first and the ledger's rows go last, so that a run that is killed in between
/// is completed by the next.
///
/// # Errors
/// When the disk fails.
pub(crate) fn forget(context: &Context<'_>, posts: &[PostId]) -> Result<Report, CrawlError> {
    let layout = context.layout;
    let ledger = Ledger::open(&layout.ledger())?;
    let mut report = Report::new(StageId::Crawl);
    for post in posts {
        let files = ledger.files_of(post)?;
        let sha256 = files.first().map(|file| file.sha256);
        tombstone::add(layout, [Tombstone { post: post.clone(), sha256 }])?;
        if files.is_empty() {
            report.warnings.push(format!("{post} has no picture here; it will never be fetched"));
        }
    }
    publish_without(context, posts, &mut report)?;
    for post in posts {
        for file in ledger.files_of(post)?.iter().filter(|file| !file.shared) {
            let file = Layout::raw_file(&file.sha256, &file.extension);
            publish::remove_file(&layout.raw_picture(&file))?;
        }
        publish::remove_file(&layout.quarantined(post))?;
        publish::remove_file(&layout.quarantine_note(post))?;
        ledger.forget(post)?;
    }
    Ok(report)
}

/// Writes the manifest, where there is one, without the posts.
fn publish_without(context: &Context<'_>, posts: &[PostId], report: &mut Report) -> Result<(), CrawlError> {
    let path = context.layout.raw_manifest();
    if !path.exists() {
        return Ok(());
    }
    let posts: BTreeSet<&PostId> = posts.iter().collect();
    let records = Records::<PictureRecord>::open(&path)?;
    let header = records.header().clone();
    let output = manifest::write_in_order::<_, CrawlError>(&path, &header, |write| {
        for record in records {
            let record = record?;
            report.taken += 1;
            if !posts.contains(&record.post) {
                report.kept += 1;
                write(&record).map_err(FileError::at("write", &path))?;
            }
        }
        Ok(())
    })?;
    report.drop(&DropReason::Filtered(FilterReason::Forgotten), report.taken - report.kept);
    report.output = Some(output);
    Ok(())
}
