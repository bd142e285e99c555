//! `--stats`: what is in the dataset, in figures and in pictures.

use std::{collections::BTreeMap, fmt::Write as _};

use contracts::Context;
use dataset::{Dataset, Row, SplitName};
use pictures::{Rgb, Tile};

use crate::{error::PackError, histogram::Colours, sheet};

/// Images of the contact sheet: rows and columns.
const SHEET: usize = 12;

/// Describes the dataset as text, and draws its histograms, its mean image and a contact sheet beside the reports.
pub(crate) fn describe(dataset: &Dataset, context: &Context<'_>) -> Result<String, PackError> {
    let mut text = counts(dataset)?;
    let (colours, mean) = look_at_all(dataset, context)?;
    let side = dataset.shape().side();
    let mean = Rgb::new(side, side, mean).expect("the mean of images has their size");
    let pictures = [("histograms", colours.draw()), ("mean", mean), ("contact", contact_sheet(dataset)?)];
    for (name, picture) in pictures {
        let path = context.layout.dataset_picture(name);
        sheet::write(&picture, &path)?;
        let _ = writeln!(text, "{name:<11} {}", path.display());
    }
    Ok(text)
}

fn counts(dataset: &Dataset) -> Result<String, PackError> {
    let mut text = String::new();
    let side = dataset.shape().side();
    let (mut labels, mut ratings, mut sides) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for split in SplitName::ALL {
        let split = dataset.split(split);
        let _ = writeln!(text, "{:<11} {} images of {side} x {side}", split.name().to_string(), split.len());
        for row in split.rows() {
            let Row { label, rating, pixel_box, .. } = row?;
            *labels.entry(label.map_or("none".into(), |label| label.to_string())).or_insert(0_u64) += 1;
            *ratings.entry(rating.unwrap_or("none".into())).or_insert(0_u64) += 1;
            *sides.entry(pixel_box.map_or("unknown".into(), |area| side_class(area.width))).or_insert(0_u64) += 1;
        }
    }
    for (what, counts) in [("labels", labels), ("ratings", ratings), ("face sides", sides)] {
        let parts: Vec<String> = counts.into_iter().map(|(name, count)| format!("{name}: {count}")).collect();
        let _ = writeln!(text, "{what:<11} {}", parts.join(", "));
    }
    Ok(text)
}

/// The doubling range that a face's side in its picture is in, written so that the ranges sort.
fn side_class(side: i32) -> String {
    let from = 1 << side.max(1).ilog2();
    format!("{from:>4} to {} px", from * 2 - 1)
}

/// The histograms over all pixels, and the mean image.
fn look_at_all(dataset: &Dataset, context: &Context<'_>) -> Result<(Colours, Vec<u8>), PackError> {
    let total: usize = SplitName::ALL.iter().map(|split| dataset.split(*split).len()).sum();
    let (mut colours, mut sums) = (Colours::default(), vec![0_u64; dataset.shape().values()]);
    context.progress.begin("looking at all images", total as u64);
    for split in SplitName::ALL.map(|name| dataset.split(name)) {
        for row in 0..split.len() {
            if context.interrupt.is_raised() {
                return Err(PackError::Interrupted);
            }
            let pixels = split.pixels(row)?;
            colours.add(&pixels);
            sums.iter_mut().zip(pixels.iter()).for_each(|(sum, value)| *sum += u64::from(*value));
            context.progress.advance(1);
        }
    }
    let count = (total as u64).max(1);
    Ok((colours, sums.into_iter().map(|sum| ((sum + count / 2) / count) as u8).collect()))
}

/// Training images from all over the dataset, in its order.
fn contact_sheet(dataset: &Dataset) -> Result<Rgb, PackError> {
    let split = dataset.split(SplitName::Train);
    let shown = split.len().min(SHEET * SHEET);
    let tile = |index: usize| {
        let pixels = split.pixels(index * split.len() / shown)?;
        Ok::<_, PackError>(sheet::tile(&pixels, split.side(), None))
    };
    let tiles = (0..shown).map(tile).collect::<Result<Vec<Tile>, _>>()?;
    Ok(sheet::sheet(split.side()).grid(SHEET.min(shown), &tiles))
}
