//! The columns: their Arrow types, and the Hugging Face features that say what they mean.

use std::{collections::HashMap, sync::Arc};

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use serde::{Serialize, Serializer};

/// A column's type, of which both its Arrow type and its feature follow.
#[derive(Clone, Copy)]
enum Column {
    Image,
    Int64,
    Float64,
    Text,
    TextList,
    Int32List,
}

/// The column that version 2 of the format lacks.
pub(crate) const ANGLE: &str = "angle";

/// The columns in their order.
const COLUMNS: [(&str, Column); 12] = [
    ("image", Column::Image),
    ("label", Column::Int64),
    ("face_id", Column::Text),
    ("picture_sha256", Column::Text),
    ("post", Column::Text),
    ("source_url", Column::Text),
    ("rating", Column::Text),
    ("tags", Column::TextList),
    ("box", Column::Int32List),
    (ANGLE, Column::Float64),
    ("score", Column::Float64),
    ("dhash", Column::Text),
];

/// The Arrow schema of every shard. Its metadata carries the features too, as `datasets` writes it.
pub(crate) fn schema() -> SchemaRef {
    let columns: Vec<Field> = COLUMNS.map(|(name, column)| Field::new(name, column.arrow(), true)).into();
    let metadata = serde_json::to_string(&SchemaMetadata { info: Info { features: Features } });
    let metadata = metadata.unwrap_or_else(|error| unreachable!("features are plain JSON: {error}"));
    Arc::new(Schema::new_with_metadata(columns, HashMap::from([("huggingface".to_owned(), metadata)])))
}

/// Whether a shard of a version that is read has these columns.
pub(crate) fn are_known(columns: &Fields) -> bool {
    let newest = schema();
    let before_angles = || newest.fields().iter().filter(|field| field.name() != ANGLE);
    columns == newest.fields() || columns.iter().eq(before_angles())
}

/// The two fields of the image column.
pub(crate) fn image_fields() -> Fields {
    vec![Field::new("bytes", DataType::Binary, true), Field::new("path", DataType::Utf8, true)].into()
}

/// The columns as `dataset_info.json` describes them, in their order.
pub(crate) struct Features;

impl Serialize for Features {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(COLUMNS.map(|(name, column)| (name, column.feature())))
    }
}

/// What `datasets` calls the type of a column.
#[derive(Serialize)]
struct Feature {
    #[serde(skip_serializing_if = "Option::is_none")]
    dtype: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<Box<Feature>>,
    #[serde(rename = "_type")]
    kind: &'static str,
}

impl Feature {
    fn value(dtype: &'static str) -> Self {
        Self { dtype: Some(dtype), feature: None, kind: "Value" }
    }

    /// `Sequence` is what every release of `datasets` reads; `List` is known to the newest only.
    fn sequence(dtype: &'static str) -> Self {
        Self { dtype: None, feature: Some(Box::new(Self::value(dtype))), kind: "Sequence" }
    }
}

impl Column {
    fn arrow(self) -> DataType {
        match self {
            Self::Image => DataType::Struct(image_fields()),
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::TextList => DataType::new_list(DataType::Utf8, true),
            Self::Int32List => DataType::new_list(DataType::Int32, true),
        }
    }

    fn feature(self) -> Feature {
        match self {
            Self::Image => Feature { dtype: None, feature: None, kind: "Image" },
            Self::Int64 => Feature::value("int64"),
            Self::Float64 => Feature::value("float64"),
            Self::Text => Feature::value("string"),
            Self::TextList => Feature::sequence("string"),
            Self::Int32List => Feature::sequence("int32"),
        }
    }
}

#[derive(Serialize)]
struct SchemaMetadata {
    info: Info,
}

#[derive(Serialize)]
struct Info {
    features: Features,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_written_in_the_columns_order() {
        let json = serde_json::to_string(&Features).unwrap();
        assert!(json.starts_with(r#"{"image":{"_type":"Image"},"label":{"dtype":"int64","_type":"Value"},"#), "{json}");
        let box_feature = r#""box":{"feature":{"dtype":"int32","_type":"Value"},"_type":"Sequence"}"#;
        assert!(json.contains(box_feature), "{json}");
    }
}
