//! `stylegan-zip`: the training images as StyleGAN's dataset_tool.py writes them: uncompressed members in folders of a
//! thousand, and dataset.json with the classes where every image has one.

use std::{
    io::{self, Write},
    path::Path,
};

use contracts::{Context, publish, publish::FileError};
use dataset::{Dataset, SplitName};
use serde::Serialize;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::{Exported, for_each};
use crate::error::PackError;

#[derive(Serialize)]
struct DatasetJson {
    labels: Option<Vec<(String, i64)>>,
}

/// Writes the zip; the holdout is left out, since what reads it trains on all.
pub(super) fn write(dataset: &Dataset, out: &Path, context: &Context<'_>) -> Result<(), PackError> {
    let mut stopped = None;
    let written = publish::write_with(out, |file| {
        let mut zip = ZipWriter::new(file);
        let filled = fill(&mut zip, dataset, context);
        filled.map_err(|error| {
            let text = error.to_string();
            stopped = Some(error);
            io::Error::other(text)
        })?;
        zip.finish()?;
        Ok(())
    });
    match (stopped, written) {
        (Some(error), _) => Err(error),
        (None, written) => Ok(written?),
    }
}

fn fill<W: Write + io::Seek>(
    zip: &mut ZipWriter<W>,
    dataset: &Dataset,
    context: &Context<'_>,
) -> Result<(), PackError> {
    let (mut labels, mut all_labelled) = (Vec::new(), true);
    let mut number = 0_usize;
    for_each(dataset.split(SplitName::Train), context, |Exported { name, row, png }| {
        let name = format!("{:05}/img{name}.png", number / 1000);
        number += 1;
        all_labelled &= row.label.is_some();
        labels.extend(row.label.map(|label| (name.clone(), label)));
        member(zip, &name, &png)
    })?;
    let json = DatasetJson { labels: (all_labelled && !labels.is_empty()).then_some(labels) };
    let json = serde_json::to_vec(&json).unwrap_or_else(|error| unreachable!("labels are plain JSON: {error}"));
    member(zip, "dataset.json", &json)
}

fn member<W: Write + io::Seek>(zip: &mut ZipWriter<W>, name: &str, content: &[u8]) -> Result<(), PackError> {
    // No time of day: the same rows make the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let written = zip.start_file(name, options).map_err(io::Error::from).and_then(|()| zip.write_all(content));
    Ok(written.map_err(FileError::at("write", Path::new(name)))?)
}
