//! What is in a dataset: counts of its rows, the colours of its images, their mean.

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::{colours::Colours, error::DatasetError, reader::Dataset, row::Row, split_name::SplitName};

/// A description of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Rows of each split.
    pub splits: [(SplitName, usize); 2],
    /// Rows by class; "none" where there is none.
    pub labels: BTreeMap<String, u64>,
    /// Rows by the rating of their post, as the site writes it.
    pub ratings: BTreeMap<String, u64>,
    /// Rows by the doubling range that the face's side in its picture is in, written so that the ranges sort.
    pub face_sides: BTreeMap<String, u64>,
    /// Rows by how the face is turned in its picture.
    pub face_turns: BTreeMap<String, u64>,
    /// Rows by tag.
    pub tags: BTreeMap<String, u64>,
    /// The colours of the images that were looked at.
    pub colours: Colours,
    /// The mean of those images, RGB interleaved, row after row.
    pub mean: Vec<u8>,
    /// How many images were looked at.
    pub images: usize,
}

impl Statistics {
    /// Describes a dataset: all of its rows, and the pixels of at most `max_images` from all over it. `looked_at` is called
    /// after each image, and may end it; the answer is `None` then.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub fn of(
        dataset: &Dataset,
        max_images: usize,
        mut looked_at: impl FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Self>, DatasetError> {
        let (mut colours, mut sums, mut images) = (Colours::default(), vec![0_u64; dataset.shape().values()], 0_u64);
        let rows: Vec<_> = SplitName::ALL
            .iter()
            .flat_map(|name| (0..dataset.split(*name).len()).map(move |row| (*name, row)))
            .collect();
        for index in evenly(rows.len(), max_images) {
            let (split, row) = rows[index];
            let pixels = dataset.split(split).pixels(row)?;
            colours.add(&pixels);
            sums.iter_mut().zip(pixels.iter()).for_each(|(sum, value)| *sum += u64::from(*value));
            images += 1;
            if looked_at().is_break() {
                return Ok(None);
            }
        }
        let count = images.max(1);
        let mean = sums.into_iter().map(|sum| ((sum + count / 2) / count) as u8).collect();
        let splits = SplitName::ALL.map(|name| (name, dataset.split(name).len()));
        let mut statistics = Self {
            splits,
            labels: BTreeMap::new(),
            ratings: BTreeMap::new(),
            face_sides: BTreeMap::new(),
            face_turns: BTreeMap::new(),
            tags: BTreeMap::new(),
            colours,
            mean,
            images: images as usize,
        };
        for row in SplitName::ALL.iter().flat_map(|name| dataset.split(*name).rows()) {
            statistics.count(row?);
        }
        Ok(Some(statistics))
    }

    fn count(&mut self, row: Row) {
        let Row { label, rating, pixel_box, angle, tags, .. } = row;
        *self.labels.entry(label.map_or("none".into(), |label| label.to_string())).or_insert(0) += 1;
        *self.ratings.entry(rating.unwrap_or("none".into())).or_insert(0) += 1;
        *self.face_sides.entry(pixel_box.map_or("unknown".into(), |area| side_class(area.width))).or_insert(0) += 1;
        *self.face_turns.entry(turn_class(angle).into()).or_insert(0) += 1;
        for tag in tags {
            *self.tags.entry(tag).or_insert(0) += 1;
        }
    }
}

/// At most `max` of `count` indices, the first and the others equally far apart.
pub fn evenly(count: usize, max: usize) -> impl Iterator<Item = usize> {
    let shown = count.min(max);
    (0..shown).map(move |index| index * count / shown)
}

/// The doubling range that a face's side in its picture is in, written so that the ranges sort.
fn side_class(side: i32) -> String {
    let from = 1 << side.max(1).ilog2();
    format!("{from:>4} to {} px", from * 2 - 1)
}

/// How a face is turned, in words.
fn turn_class(angle: Option<f64>) -> &'static str {
    match angle {
        None => "unknown",
        Some(0.0) => "upright",
        Some(angle) if angle > 0.0 => "clockwise",
        Some(_) => "anticlockwise",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_spread_evenly() {
        let check = |count, max, expected: &[usize]| assert_eq!(evenly(count, max).collect::<Vec<_>>(), expected);
        check(0, 3, &[]);
        check(2, 3, &[0, 1]);
        check(10, 3, &[0, 3, 6]);
        check(10, 0, &[]);
    }

    #[test]
    fn faces_are_classed_by_doublings() {
        let check = |side, expected: &str| assert_eq!(side_class(side), expected);
        check(0, "   1 to 1 px");
        check(64, "  64 to 127 px");
        check(127, "  64 to 127 px");
        check(1024, "1024 to 2047 px");
    }
}
