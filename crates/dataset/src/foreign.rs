//! Images of datasets that others saved with Python's `datasets`, found where they lie in their Arrow files.

use std::path::Path;

use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, cast::AsArray, types::Int64Type};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::DataType;

use crate::{batch::row_of, error::DatasetError, features::schema, row::Row, shard::map};

/// An image in an Arrow file.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignImage {
    /// Where its bytes, those of a picture's file, begin in the Arrow file.
    pub offset: u64,
    /// How many bytes the picture's file has.
    pub length: u64,
    /// The name that the dataset gives it.
    pub path: Option<String>,
    /// Its class, where there is an integer column `label`.
    pub label: Option<i64>,
    /// All that is known of it, where the dataset is one of ours.
    pub row: Option<Row>,
}

/// The images of an Arrow IPC stream file, in its order; nothing is copied or decoded.
///
/// # Errors
/// When it cannot be read, is no such file, or has no column of images with their bytes.
pub fn foreign_images(path: &Path) -> Result<Vec<ForeignImage>, DatasetError> {
    let content = map(path)?;
    let damaged = |problem: String| DatasetError::Foreign { path: path.into(), problem };
    let (mut decoder, mut rest, mut images) = (StreamDecoder::new(), content.clone(), Vec::new());
    while !rest.is_empty() {
        let batch = decoder.decode(&mut rest).map_err(|error| damaged(format!("cannot be read as Arrow: {error}")))?;
        match batch {
            Some(batch) => images.extend(images_of(&batch, &content).map_err(damaged)?),
            None => break,
        }
    }
    decoder.finish().map_err(|error| damaged(format!("is cut off: {error}")))?;
    Ok(images)
}

fn images_of(batch: &RecordBatch, content: &Buffer) -> Result<Vec<ForeignImage>, String> {
    let column = image_column(batch).ok_or("has no column of images with bytes and path")?;
    let bytes = column.column_by_name("bytes").ok_or("has images without bytes")?;
    let is_ours = batch.schema().fields() == schema().fields();
    let image = |row_index: usize| {
        let (offset, length) = span(bytes, row_index, content)?;
        let row = is_ours.then(|| row_of(batch, row_index)).transpose()?;
        let label = batch.column_by_name("label").and_then(|labels| integer(labels, row_index));
        Ok(ForeignImage { offset, length, path: path_of(column, row_index), label, row })
    };
    (0..batch.num_rows()).map(image).collect()
}

/// The column named image, or else the first that holds pictures' files.
fn image_column(batch: &RecordBatch) -> Option<&StructArray> {
    let holds_files = |column: &&ArrayRef| matches!(column.data_type(), DataType::Struct(fields) if fields.iter().any(|field| field.name() == "bytes"));
    let named = batch.column_by_name("image").filter(holds_files);
    named.or_else(|| batch.columns().iter().find(holds_files)).map(|column| column.as_struct())
}

/// Where a value lies in the file.
fn span(bytes: &ArrayRef, row_index: usize, content: &Buffer) -> Result<(u64, u64), String> {
    let value = match bytes.data_type() {
        _ if bytes.is_null(row_index) => return Err("names pictures elsewhere instead of holding their bytes".into()),
        DataType::Binary => bytes.as_binary::<i32>().value(row_index),
        DataType::LargeBinary => bytes.as_binary::<i64>().value(row_index),
        other => return Err(format!("has images of type {other}")),
    };
    let offset = (value.as_ptr() as usize).checked_sub(content.as_ptr() as usize);
    let offset = offset.filter(|offset| offset + value.len() <= content.len());
    offset.map(|offset| (offset as u64, value.len() as u64)).ok_or_else(|| "is compressed".to_owned())
}

fn path_of(images: &StructArray, row_index: usize) -> Option<String> {
    let paths = images.column_by_name("path").filter(|paths| paths.is_valid(row_index))?;
    paths.as_string_opt::<i32>().map(|paths| paths.value(row_index).to_owned())
}

fn integer(column: &ArrayRef, row_index: usize) -> Option<i64> {
    column
        .as_primitive_opt::<Int64Type>()
        .filter(|column| column.is_valid(row_index))
        .map(|column| column.value(row_index))
}
