//! Parquet there and back, as the packer has it done.
#![allow(clippy::unwrap_used)]

#[path = "../../dataset-packer/tests/material/mod.rs"]
mod material;

use std::{collections::BTreeMap, fs, path::Path, process::Command, sync::Arc};

use arrow_array::{ArrayRef, BinaryArray, Int32Array, RecordBatch, StringArray};
use contracts::{ContentHash, options::PackOptions, report::State};
use dataset::{Row, SplitName};
use material::{Pipeline, picture};
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use serde_json::{Value, json};

fn export(pipeline: &Pipeline, out: &str) {
    let options =
        PackOptions { export: "parquet".parse().ok(), out: Some(pipeline.path(out)), ..PackOptions::default() };
    pipeline.ask(options).unwrap();
}

fn rows(pipeline: &Pipeline) -> Vec<Row> {
    let dataset = pipeline.dataset();
    SplitName::ALL.iter().flat_map(|name| dataset.split(*name).rows().collect::<Vec<_>>()).map(Result::unwrap).collect()
}

#[test]
fn the_export_was_opened_by_its_own_reader_and_gave_the_same_rows() {
    let golden: Value = serde_json::from_str(include_str!("../../dataset-packer/tests/golden/exports.json")).unwrap();
    let golden = &golden["exports"]["parquet"];
    let pipeline = Pipeline::with_some_classes();
    pipeline.pack().unwrap();
    export(&pipeline, "parquet");
    for (name, hash) in golden["files"].as_object().unwrap() {
        let found = ContentHash::of(&fs::read(pipeline.path(name)).unwrap());
        assert_eq!(hash, &found.to_string(), "{name} changed: record the golden file anew");
    }
    let dataset = pipeline.dataset();
    let mut expected = Vec::new();
    for (name, split) in [("train", SplitName::Train), ("test", SplitName::Holdout)] {
        let split = dataset.split(split);
        for (number, row) in split.rows().map(Result::unwrap).enumerate() {
            let pixels = ContentHash::of(&split.pixels(number).unwrap());
            let Row { label, post, angle, .. } = row;
            expected.push(
                json!({ "split": name, "pixels": pixels, "label": label, "post": post, "angle": angle }).to_string(),
            );
        }
    }
    let mut seen: Vec<String> = golden["rows"].as_array().unwrap().iter().map(Value::to_string).collect();
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
}

#[test]
fn what_was_exported_is_a_source_and_knows_its_posts() {
    let mut pipeline = Pipeline::with_faces(20);
    pipeline.pack().unwrap();
    export(&pipeline, "hub");
    let known = |rows: Vec<Row>| {
        let mut known: Vec<_> = rows.into_iter().map(|row| (row.post, row.face, row.tags, row.dhash)).collect();
        known.sort();
        known
    };
    let before = known(rows(&pipeline));
    pipeline.config.pack.sources = vec![pipeline.text("hub")];
    assert_eq!(pipeline.pack().unwrap().kept, 20);
    assert_eq!(known(rows(&pipeline)), before);
}

fn write_table(path: &Path, columns: Vec<(&str, ArrayRef)>, compression: Compression) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn pngs(count: u64) -> ArrayRef {
    let png = |number| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture(number, 24, 24).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let files: Vec<Vec<u8>> = (0..count).map(png).collect();
    Arc::new(BinaryArray::from_iter_values(files))
}

#[test]
fn a_table_of_bytes_and_labels_is_a_source_in_every_usual_compression() {
    let codecs =
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default()), Compression::LZ4_RAW];
    for codec in codecs {
        let mut pipeline = Pipeline::new();
        fs::create_dir(pipeline.path("hub")).unwrap();
        let labels: ArrayRef = Arc::new(Int32Array::from_iter_values(0..8));
        write_table(&pipeline.path("hub/a.parquet"), vec![("image", pngs(8)), ("label", labels)], codec);
        let captions: ArrayRef = Arc::new(StringArray::from(vec!["no", "image"]));
        write_table(&pipeline.path("hub/captions.parquet"), vec![("caption", captions)], codec);
        pipeline.config.pack.sources = vec![pipeline.text("hub")];
        let report = pipeline.pack().unwrap();
        let found: BTreeMap<String, Option<i64>> =
            rows(&pipeline).into_iter().map(|row| (row.path, row.label)).collect();
        let expected = (0..8).map(|number| (format!("a.parquet/{number:08}.png"), Some(number))).collect();
        assert_eq!(found, expected, "{codec:?}");
        assert!(
            report.warnings.iter().any(|said| said.contains("captions.parquet is left out: it has no column")),
            "{report:?}"
        );
        assert_eq!(report.state, State::Complete);
        // Read once: the same file is not asked for again.
        let tables = pipeline.files_below(&pipeline.layout().tables());
        assert_eq!((tables.len(), pipeline.pack().unwrap().kept), (1, 8));
        assert_eq!(pipeline.files_below(&pipeline.layout().tables()).len(), 1);
    }
}

#[test]
fn what_is_no_table_is_said() {
    let mut pipeline = Pipeline::new();
    fs::write(pipeline.path("a.parquet"), b"PAR1 nothing else PAR1").unwrap();
    pipeline.config.pack.sources = vec![pipeline.text("a.parquet")];
    let error = pipeline.pack().unwrap_err().to_string();
    assert!(error.contains("a.parquet as Parquet"), "{error}");
    let said = Command::new(env!("CARGO_BIN_EXE_dataset-parquet")).arg("sing").output().unwrap();
    assert!(!said.status.success() && String::from_utf8_lossy(&said.stderr).contains("it is started as"));
}
