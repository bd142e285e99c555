//! `parquet`: tables in `data/`, as the Hugging Face Hub shows and loads them: images as struct of bytes and path, and the
//! features in the schema's metadata.

use std::{fs::File, path::Path, path::PathBuf};

use contracts::{
    Context,
    publish::{self, FileError},
};
use dataset::{BatchBuilder, Dataset, Row, Split, SplitName};
use parquet::{arrow::ArrowWriter, errors::ParquetError, file::properties::WriterProperties};

use super::{Exported, for_each, foreign_name};
use crate::error::PackError;

/// Rows of a row group: what a reader fetches at least.
const GROUP_ROWS: usize = 500;
/// Rows of a file: about 300 MB at 64 pixels.
const FILE_ROWS: usize = 40_000;

/// Writes every split that has rows as `data/<split>-<number>-of-<count>.parquet`.
pub(super) fn write(dataset: &Dataset, to: &Path, context: &Context<'_>) -> Result<(), PackError> {
    let folder = to.join("data");
    publish::create_folder(&folder)?;
    for split in SplitName::ALL.map(|name| dataset.split(name)) {
        if !split.is_empty() {
            write_split(split, &folder, context)?;
        }
    }
    Ok(())
}

fn write_split(split: &Split, folder: &Path, context: &Context<'_>) -> Result<(), PackError> {
    let count = split.len().div_ceil(FILE_ROWS);
    let path = |file: usize| folder.join(format!("{}-{file:05}-of-{count:05}.parquet", foreign_name(split.name())));
    let (mut batch, mut table, mut written) = (BatchBuilder::default(), Table::new(path(0)), 0);
    for_each(split, context, |Exported { name, row, png }| {
        // The Hub shows images by this name.
        batch.push(&Row { path: format!("{name}.png"), ..row }, &png);
        written += 1;
        if batch.rows() == GROUP_ROWS || written == split.len() {
            table.write(&mut batch)?;
        }
        if written % FILE_ROWS == 0 && written < split.len() {
            std::mem::replace(&mut table, Table::new(path(written / FILE_ROWS))).finish()?;
        }
        Ok(())
    })?;
    table.finish()
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

    fn write(&mut self, batch: &mut BatchBuilder) -> Result<(), PackError> {
        let batch = batch.finish().map_err(dataset::DatasetError::from)?;
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).map_err(FileError::at("write", &self.path))?;
                let properties = WriterProperties::builder().set_created_by("nijigen".into()).build();
                ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(self.failed())?
            }
        };
        writer.write(&batch).and_then(|()| writer.flush()).map_err(self.failed())?;
        self.writer = Some(writer);
        Ok(())
    }

    fn finish(mut self) -> Result<(), PackError> {
        match self.writer.take() {
            Some(writer) => Ok(writer.close().map(|_| ()).map_err(self.failed())?),
            None => Ok(()),
        }
    }

    fn failed(&self) -> impl FnOnce(ParquetError) -> FileError {
        let path = self.path.clone();
        move |error| FileError::at("write", &path)(std::io::Error::other(error))
    }
}
