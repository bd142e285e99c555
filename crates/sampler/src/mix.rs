//! `mix`: halves of two latents. No family of networks takes its latent at more than one layer, so that halves are of numbers.

use contracts::Context;
use generator::halves;
use pictures::{Encoding, Tile};

use crate::{arguments::MixOptions, opened::Opened, sheet, written};

/// Cells of a table.
const MAX_CELLS: usize = 4096;

/// Writes the table: first halves down, second halves across, their own images at the edges.
pub(crate) fn run(context: &Context<'_>, options: &MixOptions) -> anyhow::Result<String> {
    let opened = Opened::open(context, &options.source.run)?;
    let (down, across) = (&options.rows.0, &options.columns.0);
    let cells = down.len() * across.len();
    anyhow::ensure!(cells <= MAX_CELLS, "{cells} mixtures are too many for a table: give fewer --rows or --columns");
    let generator = &opened.generator;
    let latents = |indices: &[u64]| -> Vec<Vec<f32>> {
        indices.iter().flat_map(|index| generator.latents(options.source.draw.seed, *index..*index + 1)).collect()
    };
    let (firsts, seconds) = (latents(down), latents(across));
    let numbered = |indices: &[u64], latents: &[Vec<f32>]| -> anyhow::Result<Vec<Tile>> {
        let images = generator.images(latents)?;
        Ok(indices.iter().zip(images).map(|(index, image)| sheet::numbered(*index, image)).collect())
    };
    let (left, top) = (numbered(down, &firsts)?, numbered(across, &seconds)?);
    let mut rows = vec![std::iter::once(Tile::default()).chain(top).collect::<Vec<_>>()];
    for (edge, first) in left.into_iter().zip(&firsts) {
        let mixed: Vec<_> = seconds.iter().map(|second| halves(first, second)).collect();
        rows.push(std::iter::once(edge).chain(generator.images(&mixed)?.into_iter().map(Tile::from)).collect());
    }
    let table = sheet::rows(generator.side(), &rows).encode(Encoding::SmallPng)?;
    written::file(&options.out, &table, &format!("{} × {} mixtures", down.len(), across.len()))
}
