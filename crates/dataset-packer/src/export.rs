//! The dataset in forms that other tools read. Images become PNG files; nothing is scaled again.

mod imagefolder;
mod stylegan;
mod webdataset;

use std::path::Path;

use contracts::{Context, options::ExportFormat, publish};
use dataset::{Dataset, Row, Split, SplitName};
use rayon::prelude::*;
use serde::Serialize;

use crate::{error::PackError, tables};

/// How many images are encoded at once.
const CHUNK: usize = 256;

/// An image to hand over.
struct Exported {
    /// Its number in its split, in eight digits.
    name: String,
    row: Row,
    png: Vec<u8>,
}

/// Writes the dataset in a form, whole or not at all, and says so.
pub(crate) fn export(
    dataset: &Dataset,
    format: ExportFormat,
    out: &Path,
    context: &Context<'_>,
) -> Result<String, PackError> {
    if out.exists() {
        return Err(PackError::OutExists(out.into()));
    }
    dataset.verify()?;
    let rows: usize = SplitName::ALL.iter().map(|split| dataset.split(*split).len()).sum();
    context.progress.begin("exporting", rows as u64);
    match format {
        ExportFormat::Imagefolder => publish::publish_folder(out, |to| imagefolder::write(dataset, to, context))?,
        ExportFormat::Webdataset => publish::publish_folder(out, |to| webdataset::write(dataset, to, context))?,
        ExportFormat::Parquet => {
            publish::publish_folder(out, |to| tables::from_dataset(&context.layout.dataset(), to, context))?;
        }
        ExportFormat::StyleganZip => stylegan::write(dataset, out, context)?,
    }
    Ok(format!("{}\n", out.display()))
}

/// What other tools call a split: they know no holdout.
fn foreign_name(split: SplitName) -> &'static str {
    match split {
        SplitName::Train => "train",
        SplitName::Holdout => "test",
    }
}

/// Hands each image of a split to `take`, in order; encodes many at once.
fn for_each(
    split: &Split,
    context: &Context<'_>,
    mut take: impl FnMut(Exported) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let mut rows = split.rows().enumerate();
    loop {
        let part: Vec<(usize, Row)> =
            rows.by_ref().take(CHUNK).map(|(n, row)| row.map(|row| (n, row))).collect::<Result<_, _>>()?;
        if part.is_empty() {
            return Ok(());
        }
        if context.interrupt.is_raised() {
            return Err(PackError::Interrupted);
        }
        let count = part.len() as u64;
        let encode = |(number, row): (usize, Row)| {
            let png = split.shape().encode_png(&split.pixels(number)?)?;
            Ok(Exported { name: format!("{number:08}"), row, png })
        };
        let encoded: Result<Vec<Exported>, PackError> = part.into_par_iter().map(encode).collect();
        encoded?.into_iter().try_for_each(&mut take)?;
        context.progress.advance(count);
    }
}

/// A value as one line of JSON, ended.
fn json_line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("rows are plain JSON: {error}"));
    line.push(b'\n');
    line
}
