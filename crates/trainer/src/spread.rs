//! Rows that stand for a whole split.

use dataset::{DatasetError, Split};
use metrics::Images;

/// The indices of up to `count` of `len` rows, spread over them all, because rows beside one another may be of one post.
pub(crate) fn spread_rows(count: usize, len: usize) -> Vec<usize> {
    let count = count.min(len);
    (0..count).map(|index| index * len / count).collect()
}

/// Up to `count` images that are spread over a split.
///
/// # Errors
/// When the dataset is damaged.
pub(crate) fn spread_images(split: &Split, count: usize) -> Result<Images, DatasetError> {
    let rows = spread_rows(count, split.len());
    let mut pixels = Vec::with_capacity(rows.len() * split.shape().values());
    for row in rows {
        pixels.extend_from_slice(&split.pixels(row)?);
    }
    Ok(Images::new(split.side() as usize, pixels).expect("each row is a whole image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_reach_over_the_whole_split() {
        assert_eq!(spread_rows(4, 10), [0, 2, 5, 7]);
        assert_eq!(spread_rows(9, 3), [0, 1, 2]);
        assert_eq!(spread_rows(9, 0), [0; 0]);
    }
}
