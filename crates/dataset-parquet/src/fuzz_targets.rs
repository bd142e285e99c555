//! Hostile tables.

use std::{fs, sync::Arc};

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use fuzz::Target;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

use crate::import::to_arrow;

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

/// A small table.
fn table(compression: Compression) -> Vec<u8> {
    let images: ArrayRef = Arc::new(BinaryArray::from(vec![&b"a picture's file"[..], b"another one's file"]));
    let labels: ArrayRef = Arc::new(Int64Array::from(vec![Some(3), None]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["hat", "smile"]));
    let batch = RecordBatch::try_from_iter([("image", images), ("label", labels), ("caption", texts)]).unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
#[ignore = "run by `cargo xtask fuzz` alone until its first runs have been looked at"]
fn tables() {
    let read = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        fs::write(&path, bytes).unwrap();
        let written = to_arrow(&path, &folder.path().join("a.arrow"));
        written.map_err(|error| format!("{error:#}").replace(&*folder.path().to_string_lossy(), ""))
    };
    let seeds = [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default())].map(table);
    Target::new("tables", &seeds, read).words(&["PAR1", "\x15\u{80}\u{80}", "schema"]).executions(1000).run();
}
