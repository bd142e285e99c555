//! A table as an Arrow IPC stream, uncompressed, so that its images can be read where they lie.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::{Context as _, ensure};
use arrow_ipc::writer::StreamWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// How many rows are in memory at once.
const BATCH_ROWS: usize = 64;

/// Writes all columns of a table, in batches.
pub(crate) fn to_arrow(table: &Path, arrow: &Path) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read {} as Parquet", table.display());
    let file = File::open(table).with_context(unreadable)?;
    ensure!(file.metadata().with_context(unreadable)?.is_file(), "{} is no file", table.display());
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).with_context(unreadable)?;
    let unwritable = || format!("cannot write {}", arrow.display());
    let target = BufWriter::new(File::create(arrow).with_context(unwritable)?);
    let mut writer = StreamWriter::try_new(target, reader.schema()).with_context(unwritable)?;
    for batch in reader.with_batch_size(BATCH_ROWS).build().with_context(unreadable)? {
        writer.write(&batch.with_context(unreadable)?).with_context(unwritable)?;
    }
    writer.finish().with_context(unwritable)?;
    writer.into_inner().with_context(unwritable)?.flush().with_context(unwritable)
}
