//! `--stats`: what is in the dataset, in figures and in pictures.

use std::{fmt::Write as _, ops::ControlFlow};

use contracts::{Context, foreign::one_line};
use dataset::{Dataset, SplitName, Statistics, evenly};
use pictures::{Rgb, Tile};

use crate::{error::PackError, histogram, sheet};

/// Images of the contact sheet: rows and columns.
const SHEET: usize = 12;

/// Describes the dataset as text, and draws its histograms, its mean image and a contact sheet beside the reports.
pub(crate) fn describe(dataset: &Dataset, context: &Context<'_>) -> Result<String, PackError> {
    let total: usize = SplitName::ALL.iter().map(|split| dataset.split(*split).len()).sum();
    context.progress.begin("looking at all images", total as u64);
    let looked_at = || {
        context.progress.advance(1);
        if context.interrupt.is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let statistics = Statistics::of(dataset, usize::MAX, looked_at)?.ok_or(PackError::Interrupted)?;
    let side = dataset.shape().side();
    let mut text = counts(&statistics, side);
    let mean = Rgb::new(side, side, statistics.mean).expect("the mean of images has their size");
    let histograms = histogram::draw(&statistics.colours);
    for (name, picture) in [("histograms", histograms), ("mean", mean), ("contact", contact_sheet(dataset)?)] {
        let path = context.layout.dataset_picture(name);
        sheet::write(&picture, &path)?;
        let _ = writeln!(text, "{name:<11} {}", path.display());
    }
    Ok(text)
}

fn counts(statistics: &Statistics, side: u32) -> String {
    let mut text = String::new();
    for (split, rows) in &statistics.splits {
        let _ = writeln!(text, "{:<11} {rows} images of {side} x {side}", split.to_string());
    }
    let Statistics { labels, ratings, face_sides, .. } = statistics;
    for (what, counts) in [("labels", labels), ("ratings", ratings), ("face sides", face_sides)] {
        let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{}: {count}", one_line(name))).collect();
        let _ = writeln!(text, "{what:<11} {}", parts.join(", "));
    }
    text
}

/// Training images from all over the dataset, in its order.
fn contact_sheet(dataset: &Dataset) -> Result<Rgb, PackError> {
    let split = dataset.split(SplitName::Train);
    let tile = |row: usize| Ok::<_, PackError>(sheet::tile(&split.pixels(row)?, split.side(), None));
    let tiles = evenly(split.len(), SHEET * SHEET).map(tile).collect::<Result<Vec<Tile>, _>>()?;
    Ok(sheet::sheet(split.side()).grid(SHEET.min(tiles.len()), &tiles))
}
