//! Hostile Parquet tables: what is read is written as Arrow.

use std::{fs, sync::Arc};

use arrow_array::{ArrayRef, BinaryArray, Int32Array, RecordBatch, StringArray};
use fuzz::Target;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

use crate::import::to_arrow;

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

/// A table of a column of images and one of classes.
fn table(compression: Compression) -> Vec<u8> {
    let images: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"one picture", b"another", b"another"]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a.png"), None, Some("b.png")]));
    let labels: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 2]));
    let batch = RecordBatch::try_from_iter([("image", images), ("name", names), ("label", labels)]).unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn tables() {
    let read = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let (table, arrow) = (folder.path().join("a.parquet"), folder.path().join("a.arrow"));
        fs::write(&table, bytes).unwrap();
        to_arrow(&table, &arrow).map_err(|error| format!("{error:#}").replace(&*folder.path().to_string_lossy(), ""))
    };
    let words = ["PAR1", "ARROW:schema", "\u{15}\u{2}", "\u{ff}\u{ff}\u{ff}\u{ff}\u{f}"];
    Target::new("tables", &[table(Compression::UNCOMPRESSED), table(Compression::SNAPPY)], read)
        .words(&words)
        .executions(1000)
        .run();
}

#[test]
fn a_table_that_is_made_to_fill_a_disk_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (table, arrow) = (folder.path().join("a.parquet"), folder.path().join("a.arrow"));
    let images: ArrayRef = Arc::new(BinaryArray::from_iter_values(std::iter::repeat_n(vec![0_u8; 1 << 16], 1500)));
    let batch = RecordBatch::try_from_iter([("image", images)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    // The one value stands in it once, in the column's dictionary.
    let bytes = writer.into_inner().unwrap();
    assert!(bytes.len() < 1 << 17, "{}", bytes.len());
    fs::write(&table, bytes).unwrap();
    let error = to_arrow(&table, &arrow).unwrap_err().to_string();
    assert!(error.ends_with("holds more than 100 times its length"), "{error}");
}
