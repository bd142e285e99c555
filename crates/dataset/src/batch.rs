//! Rows to a record batch and back.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, RecordBatch, StructArray,
    builder::{BinaryBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder},
    cast::AsArray,
    types::{Float64Type, Int32Type, Int64Type},
};
use arrow_schema::ArrowError;

use crate::{
    features::{ANGLE, image_fields, schema},
    row::Row,
};

/// Gathers rows and their images until they are written as one batch.
#[derive(Default)]
pub struct BatchBuilder {
    rows: usize,
    image_bytes: usize,
    images: BinaryBuilder,
    paths: StringBuilder,
    labels: Int64Builder,
    faces: StringBuilder,
    pictures: StringBuilder,
    posts: StringBuilder,
    source_urls: StringBuilder,
    ratings: StringBuilder,
    tags: ListBuilder<StringBuilder>,
    boxes: ListBuilder<Int32Builder>,
    angles: Float64Builder,
    scores: Float64Builder,
    dhashes: StringBuilder,
}

impl BatchBuilder {
    /// How many rows were gathered.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How long their images are together.
    pub fn image_bytes(&self) -> usize {
        self.image_bytes
    }

    /// Adds a row with the bytes of its image's file.
    pub fn push(&mut self, row: &Row, image: &[u8]) {
        self.rows += 1;
        self.image_bytes += image.len();
        self.images.append_value(image);
        self.paths.append_value(&row.path);
        self.labels.append_option(row.label);
        self.faces.append_option(row.face.as_ref().map(ToString::to_string));
        self.pictures.append_value(row.picture.to_string());
        self.posts.append_option(row.post.as_ref().map(ToString::to_string));
        self.source_urls.append_option(row.source_url.as_ref());
        self.ratings.append_option(row.rating.as_ref());
        self.tags.append_value(row.tags.iter().map(Some));
        self.boxes.append_option(row.pixel_box.map(|b| <[i32; 4]>::from(b).map(Some)));
        self.angles.append_option(row.angle);
        self.scores.append_option(row.score);
        self.dhashes.append_value(row.dhash.to_string());
    }

    /// The rows gathered so far; the builder is empty afterwards.
    ///
    /// # Errors
    /// When Arrow refuses the columns.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let parts: Vec<ArrayRef> = vec![Arc::new(self.images.finish()), Arc::new(self.paths.finish())];
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StructArray::try_new(image_fields(), parts, None)?),
            Arc::new(self.labels.finish()),
            Arc::new(self.faces.finish()),
            Arc::new(self.pictures.finish()),
            Arc::new(self.posts.finish()),
            Arc::new(self.source_urls.finish()),
            Arc::new(self.ratings.finish()),
            Arc::new(self.tags.finish()),
            Arc::new(self.boxes.finish()),
            Arc::new(self.angles.finish()),
            Arc::new(self.scores.finish()),
            Arc::new(self.dhashes.finish()),
        ];
        *self = Self::default();
        RecordBatch::try_new(schema(), columns)
    }
}

/// Reads one row of a batch whose columns are [known](crate::features::are_known); the problem, where a value is not what was written.
pub(crate) fn row_of(batch: &RecordBatch, index: usize) -> Result<Row, String> {
    let cells = Cells { batch, index };
    Ok(Row {
        path: cells.image_path()?,
        label: cells.present("label")?.map(|column| column.as_primitive::<Int64Type>().value(index)),
        face: cells.text("face_id")?.map(parse).transpose()?,
        picture: parse(cells.text("picture_sha256")?.ok_or("a row without picture_sha256")?)?,
        post: cells.text("post")?.map(parse).transpose()?,
        source_url: cells.text("source_url")?.map(str::to_owned),
        rating: cells.text("rating")?.map(str::to_owned),
        tags: cells.tags()?,
        pixel_box: cells.pixel_box()?.map(Into::into),
        angle: if batch.column_by_name(ANGLE).is_some() { cells.number(ANGLE)? } else { None },
        score: cells.number("score")?,
        dhash: parse(cells.text("dhash")?.ok_or("a row without dhash")?)?,
    })
}

/// One row of a batch, column by column.
struct Cells<'a> {
    batch: &'a RecordBatch,
    index: usize,
}

impl<'a> Cells<'a> {
    fn column(&self, name: &str) -> Result<&'a ArrayRef, String> {
        self.batch.column_by_name(name).ok_or_else(|| format!("no column {name}"))
    }

    /// The column, unless it is null here.
    fn present(&self, name: &str) -> Result<Option<&'a ArrayRef>, String> {
        self.column(name).map(|column| Some(column).filter(|column| column.is_valid(self.index)))
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        Ok(self.present(name)?.map(|column| column.as_string::<i32>().value(self.index)))
    }

    fn number(&self, name: &str) -> Result<Option<f64>, String> {
        Ok(self.present(name)?.map(|column| column.as_primitive::<Float64Type>().value(self.index)))
    }

    fn image_path(&self) -> Result<String, String> {
        let path = self.column("image")?.as_struct().column_by_name("path").ok_or("an image without path")?;
        Ok(path.as_string::<i32>().value(self.index).to_owned())
    }

    fn tags(&self) -> Result<Vec<String>, String> {
        let Some(column) = self.present("tags")? else { return Ok(Vec::new()) };
        let tags = column.as_list::<i32>().value(self.index);
        Ok(tags.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
    }

    fn pixel_box(&self) -> Result<Option<[i32; 4]>, String> {
        let Some(column) = self.present("box")? else { return Ok(None) };
        let sides = column.as_list::<i32>().value(self.index);
        let sides = <[i32; 4]>::try_from(sides.as_primitive::<Int32Type>().values().as_ref());
        sides.map(Some).map_err(|_| "a box that is not four numbers".to_owned())
    }
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{image::ImageShape, row::tests::rows};

    #[test]
    fn rows_come_back_as_they_went_in() {
        let mut builder = BatchBuilder::default();
        let image = ImageShape::new(8).encode(&[7; 8 * 8 * 3]).unwrap();
        rows().iter().for_each(|row| builder.push(row, image.bytes()));
        let batch = builder.finish().unwrap();
        for (index, row) in rows().iter().enumerate() {
            assert_eq!(row_of(&batch, index).as_ref(), Ok(row));
        }
        assert_eq!(builder.rows(), 0);
    }
}
