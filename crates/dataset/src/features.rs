//! The columns: their Arrow types, and the Hugging Face features that say what they mean.

use std::{collections::HashMap, sync::Arc};

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use serde_json::{Value, json};

/// The Arrow schema of every shard. Its metadata carries the features too, as `datasets` writes it.
pub(crate) fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let list = |name: &str, item: DataType| Field::new(name, DataType::new_list(item, true), true);
    let columns = vec![
        Field::new("image", DataType::Struct(image_fields()), true),
        Field::new("label", DataType::Int64, true),
        text("face_id"),
        text("picture_sha256"),
        text("post"),
        text("source_url"),
        text("rating"),
        list("tags", DataType::Utf8),
        list("box", DataType::Int32),
        Field::new("score", DataType::Float64, true),
        text("dhash"),
    ];
    let metadata = json!({ "info": { "features": features() } }).to_string();
    Arc::new(Schema::new_with_metadata(columns, HashMap::from([("huggingface".to_owned(), metadata)])))
}

/// The two fields of the image column.
pub(crate) fn image_fields() -> Fields {
    vec![Field::new("bytes", DataType::Binary, true), Field::new("path", DataType::Utf8, true)].into()
}

/// The content of `dataset_info.json`'s `features`.
///
/// Lists are written as `Sequence`, which every release of `datasets` reads; `List` is known to the newest only.
pub(crate) fn features() -> Value {
    let value = |dtype: &str| json!({ "dtype": dtype, "_type": "Value" });
    let sequence = |dtype: &str| json!({ "feature": value(dtype), "_type": "Sequence" });
    json!({
        "image": { "_type": "Image" },
        "label": value("int64"),
        "face_id": value("string"),
        "picture_sha256": value("string"),
        "post": value("string"),
        "source_url": value("string"),
        "rating": value("string"),
        "tags": sequence("string"),
        "box": sequence("int32"),
        "score": value("float64"),
        "dhash": value("string"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_feature() {
        let (schema, features) = (schema(), features());
        let mut columns: Vec<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let mut described: Vec<_> = features.as_object().unwrap().keys().cloned().collect();
        columns.sort();
        described.sort();
        assert_eq!(columns, described);
    }
}
