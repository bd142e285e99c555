//! `neighbours`: samples beside the training faces that are nearest to them.

use contracts::Context;
use dataset::{Dataset, SplitName};
use metrics::Neighbour;
use pictures::{Encoding, Rgb, Tile};

use crate::{
    arguments::NeighboursOptions,
    nearest,
    opened::{self, Opened},
    sheet, written,
};

/// Samples of one sheet.
const MAX_SAMPLES: usize = 1024;

/// Writes the sheet, and tells each row's posts.
pub(crate) fn run(context: &Context<'_>, options: &NeighboursOptions) -> anyhow::Result<String> {
    let opened = Opened::open(context, &options.source.run)?;
    let dataset = opened::dataset(context, &options.faces)?;
    let indices = &options.indices.0;
    anyhow::ensure!(indices.len() <= MAX_SAMPLES, "{} samples are too many for a sheet", indices.len());
    let seed = options.source.draw.seed;
    let latents: Vec<_> = indices.iter().flat_map(|index| opened.generator.latents(seed, *index..*index + 1)).collect();
    let images = opened.generator.images(&latents)?;
    let found = nearest::search(context, &dataset, &images, options.nearest as usize)?;
    let mut lines = vec!["sample  distance  row  post".to_owned()];
    let mut rows = Vec::new();
    for ((index, image), neighbours) in indices.iter().zip(images).zip(&found) {
        let mut tiles = vec![sheet::numbered(*index, image)];
        for neighbour in neighbours {
            tiles.push(face(&dataset, neighbour, opened.generator.side())?);
            lines.push(line(&dataset, *index, neighbour)?);
        }
        rows.push(tiles);
    }
    let sheet = sheet::rows(opened.generator.side(), &rows).encode(Encoding::SmallPng)?;
    lines.push(written::file(
        &options.out,
        &sheet,
        &format!("{} samples, each with the nearest faces", indices.len()),
    )?);
    Ok(lines.join("\n"))
}

/// A training face at the side of samples, with its row below.
fn face(dataset: &Dataset, neighbour: &Neighbour, side: u32) -> anyhow::Result<Tile> {
    let train = dataset.split(SplitName::Train);
    let pixels = train.pixels(neighbour.index)?.into_owned();
    let image = Rgb::new(train.side(), train.side(), pixels).map(|image| image.scaled(side, side));
    Ok(image.map_or_else(Tile::default, |image| sheet::numbered(neighbour.index as u64, image)))
}

fn line(dataset: &Dataset, sample: u64, neighbour: &Neighbour) -> anyhow::Result<String> {
    let row = nearest::row(dataset, neighbour)?;
    let (name, address) = (nearest::name(&row), row.source_url.unwrap_or_default());
    let line = format!("{sample:<6}  {:<8.1}  train/{}  {name}  {address}", neighbour.distance, neighbour.index);
    Ok(line.trim_end().to_owned())
}
