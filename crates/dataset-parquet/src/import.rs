//! A table as an Arrow IPC stream, uncompressed, so that its images can be read where they lie.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    panic::catch_unwind,
    path::Path,
};

use anyhow::{Context as _, bail, ensure};
use arrow_ipc::writer::StreamWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// How many rows are in memory at once: a row may be a picture of a hundred megabytes.
const BATCH_ROWS: usize = 16;

/// How many times as long as its table the Arrow file may become, beside [some](MIN_LENGTH). Pictures are compressed already, so what
/// grows more was made to fill a disk.
const MAX_GROWTH: u64 = 100;

/// The length that is allowed in any case: short columns of classes compress well.
const MIN_LENGTH: u64 = 64 << 20;

/// Writes all columns of a table, in batches. Its reader is other people's code: where that panics, the table is damaged.
pub(crate) fn to_arrow(table: &Path, arrow: &Path) -> anyhow::Result<()> {
    match catch_unwind(|| write(table, arrow)) {
        Ok(written) => written,
        Err(_) => bail!("cannot read {} as Parquet: it is damaged", table.display()),
    }
}

fn write(table: &Path, arrow: &Path) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read {} as Parquet", table.display());
    let file = File::open(table).with_context(unreadable)?;
    let metadata = file.metadata().with_context(unreadable)?;
    ensure!(metadata.is_file(), "{} is no file", table.display());
    let mut left = metadata.len().saturating_mul(MAX_GROWTH).saturating_add(MIN_LENGTH);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).with_context(unreadable)?;
    let unwritable = || format!("cannot write {}", arrow.display());
    let target = BufWriter::new(File::create(arrow).with_context(unwritable)?);
    let mut writer = StreamWriter::try_new(target, reader.schema()).with_context(unwritable)?;
    for batch in reader.with_batch_size(BATCH_ROWS).build().with_context(unreadable)? {
        let batch = batch.with_context(unreadable)?;
        let grown = left.checked_sub(batch.get_array_memory_size() as u64);
        left = grown.with_context(|| format!("{} holds more than {MAX_GROWTH} times its length", table.display()))?;
        writer.write(&batch).with_context(unwritable)?;
    }
    writer.finish().with_context(unwritable)?;
    writer.into_inner().with_context(unwritable)?.flush().with_context(unwritable)
}
