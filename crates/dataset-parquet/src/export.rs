//! A dataset as tables in `data/`, as the Hugging Face Hub shows and loads them: images as struct of bytes and path, and the
//! features in the schema's metadata.

use std::{fs::File, path::Path, path::PathBuf};

use anyhow::Context as _;
use contracts::publish;
use dataset::{BatchBuilder, Dataset, Row, Split, SplitName};
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use rayon::prelude::*;

/// Rows of a row group: what a reader fetches at least. They are encoded together.
const GROUP_ROWS: usize = 500;
/// Rows of a file: about 300 MB at 64 pixels.
const FILE_ROWS: usize = 40_000;

/// Writes every split that has rows as `data/<split>-<number>-of-<count>.parquet` below a folder that is there.
pub(crate) fn from_dataset(dataset: &Path, to: &Path) -> anyhow::Result<()> {
    let dataset = Dataset::open(dataset)?;
    let folder = to.join("data");
    publish::create_folder(&folder)?;
    for split in SplitName::ALL.map(|name| dataset.split(name)) {
        if !split.is_empty() {
            write_split(split, &folder)?;
        }
    }
    Ok(())
}

/// What other tools call a split: they know no holdout.
fn foreign_name(split: SplitName) -> &'static str {
    match split {
        SplitName::Train => "train",
        SplitName::Holdout => "test",
    }
}

fn write_split(split: &Split, folder: &Path) -> anyhow::Result<()> {
    let count = split.len().div_ceil(FILE_ROWS);
    let path = |file: usize| folder.join(format!("{}-{file:05}-of-{count:05}.parquet", foreign_name(split.name())));
    let mut table = Table::new(path(0));
    // Groups end where files do.
    for start in (0..split.len()).step_by(GROUP_ROWS) {
        if start > 0 && start % FILE_ROWS == 0 {
            std::mem::replace(&mut table, Table::new(path(start / FILE_ROWS))).finish()?;
        }
        let rows: Vec<usize> = (start..split.len().min(start + GROUP_ROWS)).collect();
        let encoded: Vec<(Row, Vec<u8>)> =
            rows.into_par_iter().map(|row| encoded(split, row)).collect::<anyhow::Result<_>>()?;
        let mut batch = BatchBuilder::default();
        encoded.iter().for_each(|(row, png)| batch.push(row, png));
        table.write(&mut batch)?;
    }
    table.finish()
}

/// A row with its image as a PNG, by whose path the Hub shows it.
fn encoded(split: &Split, number: usize) -> anyhow::Result<(Row, Vec<u8>)> {
    let row = Row { path: format!("{number:08}.png"), ..split.row(number)? };
    Ok((row, split.shape().encode_png(&split.pixels(number)?)?))
}

/// A file being written, begun with its first batch, which brings the schema.
struct Table {
    path: PathBuf,
    writer: Option<ArrowWriter<File>>,
}

impl Table {
    fn new(path: PathBuf) -> Self {
        Self { path, writer: None }
    }

    fn write(&mut self, batch: &mut BatchBuilder) -> anyhow::Result<()> {
        let unwritable = || format!("cannot write {}", self.path.display());
        let batch = batch.finish()?;
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).with_context(unwritable)?;
                let properties = WriterProperties::builder().set_created_by("nijigen".into()).build();
                ArrowWriter::try_new(file, batch.schema(), Some(properties)).with_context(unwritable)?
            }
        };
        writer.write(&batch).and_then(|()| writer.flush()).with_context(unwritable)?;
        self.writer = Some(writer);
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        match self.writer.take() {
            Some(writer) => {
                writer.close().with_context(|| format!("cannot write {}", self.path.display()))?;
                Ok(())
            }
            None => Ok(()),
        }
    }
}
