//! Images of datasets that others saved with Python's `datasets`, found where they lie in their Arrow files.

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::{
    Array, ArrayRef, RecordBatch, StructArray,
    cast::AsArray,
    types::{
        Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
        UInt32Type, UInt64Type,
    },
};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{DataType, Field};
use contracts::publish::FileError;

use crate::{arrow, batch::row_of, error::DatasetError, features::schema, row::Row, shard::map};

/// The images of an Arrow file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForeignImages {
    /// The images, one a row; `None` for a row that has none.
    pub images: Vec<Option<ForeignImage>>,
    /// Columns that have the names or the types of classes and are not read.
    pub unread_labels: Vec<String>,
}

/// An image in an Arrow file.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignImage {
    /// Where its bytes, those of a picture's file, begin in the Arrow file.
    pub offset: u64,
    /// How many bytes the picture's file has.
    pub length: u64,
    /// The name that the dataset gives it.
    pub path: Option<String>,
    /// What the column `label` says of it.
    pub label: Label,
    /// All that is known of it, where the dataset is one of ours.
    pub row: Option<Row>,
}

/// A class, as a column of any type states it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Label {
    /// There is no such column, or it states nothing of this image.
    #[default]
    None,
    /// A whole number, or a truth value as 0 or 1.
    Number(i64),
    /// A number that may be none.
    Fraction(f64),
    /// A text.
    Text(String),
}

/// Names that columns of classes have, beside `label`, which is the one that is read.
const OTHER_LABELS: [&str; 8] =
    ["labels", "class", "class_label", "cls", "target", "fine_label", "coarse_label", "category"];

/// Names that a column of pictures' files without paths has.
const BYTES_COLUMNS: [&str; 9] = ["image", "img", "picture", "bytes", "image_bytes", "content", "jpg", "png", "webp"];

/// The images of an Arrow IPC stream file, in its order; nothing is copied or decoded.
///
/// # Errors
/// When it cannot be read, is no such file, or has no column of images with their bytes.
pub fn foreign_images(path: &Path) -> Result<ForeignImages, DatasetError> {
    let file = File::open(path).map_err(FileError::at("read", path))?;
    let content = map(path, &file)?;
    arrow::guarded(|| read(&content)).map_err(|problem| DatasetError::Foreign { path: path.into(), problem })
}

fn read(content: &Buffer) -> Result<ForeignImages, String> {
    arrow::check_lengths(content)?;
    let (mut decoder, mut rest, mut images) = (StreamDecoder::new(), content.clone(), ForeignImages::default());
    while !rest.is_empty() {
        let batch = decoder.decode(&mut rest).map_err(|error| format!("cannot be read as Arrow: {error}"))?;
        match batch {
            Some(batch) => {
                images.images.extend(images_of(&batch, content)?);
                images.unread_labels = unread_labels(&batch);
            }
            None => break,
        }
    }
    decoder.finish().map_err(|error| format!("is cut off: {error}"))?;
    Ok(images)
}

fn images_of(batch: &RecordBatch, content: &Buffer) -> Result<Vec<Option<ForeignImage>>, String> {
    let Images { bytes, paths, is_valid } = Images::of(batch)?;
    let is_ours = batch.schema().fields() == schema().fields();
    let column = batch.column_by_name("label").filter(|labels| is_label(labels.data_type()));
    let mut labels = column.map_or_else(|| Ok(vec![Label::None; batch.num_rows()]), labels_of)?;
    let mut image = |row_index: usize| {
        let path = paths.filter(|paths| paths.is_valid(row_index)).and_then(|paths| text(paths, row_index));
        if !is_valid(row_index) || bytes.is_null(row_index) {
            let elsewhere = "names pictures elsewhere instead of holding their bytes";
            return if path.is_some() { Err(elsewhere.to_owned()) } else { Ok(None) };
        }
        let (offset, length) = span(bytes, row_index, content)?;
        let row = is_ours.then(|| row_of(batch, row_index)).transpose()?;
        let label = std::mem::take(&mut labels[row_index]);
        Ok(Some(ForeignImage { offset, length, path, label, row }))
    };
    (0..batch.num_rows()).map(&mut image).collect()
}

/// The columns that make up the images.
struct Images<'a> {
    bytes: &'a ArrayRef,
    paths: Option<&'a ArrayRef>,
    /// Whether a row has an image at all.
    is_valid: Box<dyn Fn(usize) -> bool + 'a>,
}

impl<'a> Images<'a> {
    /// The column named image, or else the first that holds pictures' files: as bytes with a path, as `datasets` writes them, or
    /// as bytes alone under one of the usual names.
    fn of(batch: &'a RecordBatch) -> Result<Self, String> {
        let structs = || batch.columns().iter().filter_map(|column| column.as_struct_opt());
        let holds_files = |column: &&StructArray| column.column_by_name("bytes").is_some();
        let named = batch.column_by_name("image").and_then(|column| column.as_struct_opt()).filter(holds_files);
        if let Some(column) = named.or_else(|| structs().find(holds_files)) {
            let bytes = column.column_by_name("bytes").ok_or("has images without bytes")?;
            let paths = column.column_by_name("path");
            return Ok(Self { bytes, paths, is_valid: Box::new(|row_index| column.is_valid(row_index)) });
        }
        let is_binary = |column: &&ArrayRef| is_binary(column.data_type());
        let bytes = BYTES_COLUMNS.iter().find_map(|name| batch.column_by_name(name).filter(is_binary));
        let bytes = bytes.ok_or("has no column of images with their bytes")?;
        Ok(Self { bytes, paths: None, is_valid: Box::new(|_| true) })
    }
}

fn is_binary(kind: &DataType) -> bool {
    matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// Columns that seem to state classes, with their types, and are not read.
fn unread_labels(batch: &RecordBatch) -> Vec<String> {
    let schema = batch.schema();
    let reads = |field: &Field| field.name() == "label" && is_label(field.data_type());
    if schema.fields().iter().any(|field| reads(field)) {
        return Vec::new();
    }
    let seems = |field: &&Arc<Field>| field.name() == "label" || OTHER_LABELS.contains(&field.name().as_str());
    schema
        .fields()
        .iter()
        .filter(seems)
        .map(|field| format!("{} of type {}", field.name(), field.data_type()))
        .collect()
}

fn is_label(kind: &DataType) -> bool {
    let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match kind {
        DataType::Dictionary(_, values) => is_text(values) || is_label(values),
        kind => kind.is_integer() || kind.is_floating() || is_text(kind) || matches!(kind, DataType::Boolean),
    }
}

/// What a column of classes says, row by row.
fn labels_of(labels: &ArrayRef) -> Result<Vec<Label>, String> {
    let (values, keys) = match labels.as_any_dictionary_opt() {
        Some(dictionary) => (dictionary.values(), dictionary.normalized_keys()),
        None => (labels, (0..labels.len()).collect()),
    };
    let of = |(row_index, key): (usize, usize)| match labels.is_null(row_index) || values.is_null(key) {
        true => Ok(Label::None),
        false => label(values, key),
    };
    keys.into_iter().enumerate().map(of).collect()
}

fn label(labels: &ArrayRef, row_index: usize) -> Result<Label, String> {
    macro_rules! number {
        ($kind:ty as $variant:ident) => {
            Label::$variant(labels.as_primitive::<$kind>().value(row_index).into())
        };
    }
    Ok(match labels.data_type() {
        DataType::Int8 => number!(Int8Type as Number),
        DataType::Int16 => number!(Int16Type as Number),
        DataType::Int32 => number!(Int32Type as Number),
        DataType::Int64 => number!(Int64Type as Number),
        DataType::UInt8 => number!(UInt8Type as Number),
        DataType::UInt16 => number!(UInt16Type as Number),
        DataType::UInt32 => number!(UInt32Type as Number),
        DataType::UInt64 => {
            let class = labels.as_primitive::<UInt64Type>().value(row_index);
            Label::Number(class.try_into().map_err(|_| format!("has the label {class}"))?)
        }
        DataType::Float16 => Label::Fraction(labels.as_primitive::<Float16Type>().value(row_index).to_f64()),
        DataType::Float32 => number!(Float32Type as Fraction),
        DataType::Float64 => number!(Float64Type as Fraction),
        DataType::Boolean => Label::Number(labels.as_boolean().value(row_index).into()),
        _ => text(labels, row_index).map_or(Label::None, Label::Text),
    })
}

/// Where a value lies in the file.
fn span(bytes: &ArrayRef, row_index: usize, content: &Buffer) -> Result<(u64, u64), String> {
    let value = match bytes.data_type() {
        DataType::Binary => bytes.as_binary::<i32>().value(row_index),
        DataType::LargeBinary => bytes.as_binary::<i64>().value(row_index),
        // Up to twelve bytes lie within the view, and no picture is as short.
        DataType::BinaryView => bytes.as_binary_view().value(row_index),
        other => return Err(format!("has images of type {other}")),
    };
    let offset = (value.as_ptr() as usize).checked_sub(content.as_ptr() as usize);
    let offset = offset.filter(|offset| offset + value.len() <= content.len());
    offset.map(|offset| (offset as u64, value.len() as u64)).ok_or_else(|| "is compressed".to_owned())
}

/// A text of whichever type.
fn text(texts: &ArrayRef, row_index: usize) -> Option<String> {
    Some(match texts.data_type() {
        DataType::Utf8 => texts.as_string::<i32>().value(row_index).to_owned(),
        DataType::LargeUtf8 => texts.as_string::<i64>().value(row_index).to_owned(),
        DataType::Utf8View => texts.as_string_view().value(row_index).to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use arrow_array::{
        BinaryArray, BooleanArray, DictionaryArray, Float32Array, Int8Array, Int32Array, LargeBinaryArray, ListArray,
        StringArray, UInt8Array, UInt64Array, types::Int32Type,
    };
    use arrow_ipc::writer::StreamWriter;

    use super::*;

    const FILES: [&[u8]; 2] = [b"a picture's file", b"another one's file"];

    /// What is found in a table of these columns.
    fn found(columns: Vec<(&str, ArrayRef)>) -> Result<ForeignImages, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.arrow");
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = StreamWriter::try_new(std::fs::File::create(&path).unwrap(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        let images = foreign_images(&path).map_err(|error| error.to_string())?;
        let content = std::fs::read(&path).unwrap();
        for (image, file) in images.images.iter().flatten().zip(FILES) {
            assert_eq!(&content[image.offset as usize..][..image.length as usize], file);
        }
        Ok(images)
    }

    fn images() -> ArrayRef {
        Arc::new(BinaryArray::from(FILES.to_vec()))
    }

    fn check(labels: ArrayRef, expected: [Label; 2]) {
        let kind = labels.data_type().to_string();
        let found = found(vec![("image", images()), ("label", labels)]).unwrap();
        assert!(found.unread_labels.is_empty(), "{kind}");
        assert_eq!(found.images.into_iter().map(|image| image.unwrap().label).collect::<Vec<_>>(), expected, "{kind}");
    }

    #[test]
    fn labels_of_every_type_are_read() {
        let numbers = || [Label::Number(3), Label::None];
        check(Arc::new(Int8Array::from(vec![Some(3), None])), numbers());
        check(Arc::new(Int32Array::from(vec![Some(3), None])), numbers());
        check(Arc::new(UInt8Array::from(vec![Some(3), None])), numbers());
        check(Arc::new(UInt64Array::from(vec![Some(3), None])), numbers());
        check(Arc::new(BooleanArray::from(vec![true, false])), [Label::Number(1), Label::Number(0)]);
        check(Arc::new(Float32Array::from(vec![3.0, 0.5])), [Label::Fraction(3.0), Label::Fraction(0.5)]);
        let texts = || [Label::Text("cat".into()), Label::None];
        check(Arc::new(StringArray::from(vec![Some("cat"), None])), texts());
        let dictionary: DictionaryArray<Int32Type> = [Some("cat"), None].into_iter().collect();
        check(Arc::new(dictionary), texts());
    }

    #[test]
    fn columns_of_classes_that_are_not_read_are_named() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), Some([Some(0)])]);
        let unread =
            |name: &str, column: ArrayRef| found(vec![("image", images()), (name, column)]).unwrap().unread_labels;
        assert_eq!(unread("label", Arc::new(lists)), ["label of type List(Int32)"]);
        assert_eq!(unread("fine_label", Arc::new(Int32Array::from(vec![1, 2]))), ["fine_label of type Int32"]);
        assert!(unread("caption", Arc::new(StringArray::from(vec!["a", "b"]))).is_empty());
    }

    #[test]
    fn images_are_bytes_with_a_path_or_alone() {
        let names = |found: ForeignImages| {
            found.images.into_iter().map(|image| image.map(|image| image.path)).collect::<Vec<_>>()
        };
        let large: ArrayRef = Arc::new(LargeBinaryArray::from(FILES.to_vec()));
        assert_eq!(names(found(vec![("img", large)]).unwrap()), [Some(None), Some(None)]);
        let with_paths = |bytes: Vec<Option<&[u8]>>, paths: Vec<Option<&str>>| {
            let bytes: ArrayRef = Arc::new(BinaryArray::from(bytes));
            let paths: ArrayRef = Arc::new(StringArray::from(paths));
            let fields = [("bytes", bytes), ("path", paths)]
                .map(|(name, column)| (Arc::new(Field::new(name, column.data_type().clone(), true)), column));
            found(vec![("picture", Arc::new(StructArray::from(fields.to_vec())))])
        };
        let found = with_paths(vec![Some(FILES[0]), None], vec![Some("a.jpg"), None]).unwrap();
        assert_eq!(names(found), [Some(Some("a.jpg".to_owned())), None]);
        let error = with_paths(vec![None, None], vec![Some("a.jpg"), None]).unwrap_err();
        assert!(error.contains("names pictures elsewhere"), "{error}");
    }

    #[test]
    fn a_table_without_images_is_refused() {
        let error = found(vec![("caption", Arc::new(StringArray::from(vec!["a"])))]).unwrap_err();
        assert!(error.contains("no column of images"), "{error}");
    }
}
