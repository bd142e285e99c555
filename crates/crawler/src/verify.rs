//! Whether pictures are what was fetched: those of a range of posts are hashed again.

use contracts::{
    Context, Report, StageId,
    id::ShardId,
    manifest::{ManifestError, Records},
    record::PictureRecord,
    verification::{Draw, Fault, Verification},
};

use crate::error::CrawlError;

/// What was compared: the records with the hash that the stage reported, and the pictures of the drawn ranges with their names.
///
/// # Errors
/// When something is damaged, or nothing was crawled yet.
pub(crate) fn verify(context: &Context<'_>, draw: Draw) -> Result<String, CrawlError> {
    let path = context.layout.raw_manifest();
    let mut verification = Verification::default();
    let shards = shards(context, &mut verification)?;
    let drawn: Vec<&ShardId> = draw.indices(shards.len()).into_iter().map(|index| &shards[index]).collect();
    for shard in drawn {
        let of_shard = |record: &Result<PictureRecord, ManifestError>| {
            record.as_ref().map_or(true, |record| record.post.shard() == *shard)
        };
        let mut count = 0;
        context.progress.begin("hashing pictures", 0);
        for record in Records::<PictureRecord>::open(&path)?.filter(of_shard) {
            let record = record?;
            verification.file(&context.layout.raw_picture(&record.file), &record.sha256, StageId::Crawl);
            context.progress.advance(1);
            count += 1;
        }
        verification.compared(format!("{shard}: {count} pictures"));
    }
    Ok(verification.conclude()?)
}

/// The ranges of posts that have pictures, in order.
fn shards(context: &Context<'_>, verification: &mut Verification) -> Result<Vec<ShardId>, CrawlError> {
    let path = context.layout.raw_manifest();
    let mut records = Records::<PictureRecord>::open(&path)?;
    let mut shards = Vec::new();
    for record in records.by_ref() {
        let shard = record?.post.shard();
        if shards.last() != Some(&shard) {
            shards.push(shard);
        }
    }
    let reported = Report::read(context.layout, StageId::Crawl)?.and_then(|report| report.output);
    if reported.is_some_and(|reported| records.hash().is_ok_and(|hash| hash != reported)) {
        verification.damaged(&path, Fault::Altered, StageId::Crawl);
    }
    Ok(shards)
}
