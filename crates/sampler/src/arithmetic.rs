//! `arithmetic`: concepts added and subtracted, as in "man with glasses − man + woman".

use std::collections::BTreeSet;

use anyhow::bail;
use contracts::Context;
use dataset::{Dataset, SplitName};
use generator::{TrainedGenerator, average, weighted_sum};
use pictures::{Encoding, Tile};

use crate::{
    arguments::ArithmeticOptions,
    formula::Concept,
    nearest,
    opened::{self, Opened},
    sheet, written,
};

/// Samples among which those for a tag are looked for.
const CANDIDATES: u64 = 512;

/// Training faces nearest to a sample, by whose tags it is judged.
const JUDGES: usize = 16;

/// How much of another latent is laid over the result in its neighbours: enough to see what of it is firm.
const VARIATION: f64 = 0.25;

/// Writes the sheet: a row a concept with its samples and their mean, then the result and others near it.
pub(crate) fn run(context: &Context<'_>, options: &ArithmeticOptions) -> anyhow::Result<String> {
    let opened = Opened::open(context, &options.run)?;
    let (generator, seed) = (&opened.generator, options.draw.seed);
    let (mut rows, mut lines, mut means) = (Vec::new(), Vec::new(), Vec::new());
    let samples = samples(context, options, generator)?;
    for (term, indices) in options.formula.0.iter().zip(&samples) {
        let latents: Vec<_> = indices.iter().flat_map(|index| generator.latents(seed, *index..*index + 1)).collect();
        let mean = average(&latents);
        let images = generator.images(&latents)?;
        let mut tiles: Vec<Tile> =
            indices.iter().zip(images).map(|(index, image)| sheet::numbered(*index, image)).collect();
        tiles.extend(generator.images(std::slice::from_ref(&mean))?.into_iter().map(Tile::from));
        rows.push(tiles);
        lines.push(line(term.weight, &term.concept, indices));
        means.push((term.weight, mean));
    }
    let terms: Vec<(f64, &[f32])> = means.iter().map(|(weight, mean)| (*weight, &mean[..])).collect();
    let result = weighted_sum(&terms);
    rows.push(results(generator, seed, result, rows.iter().map(Vec::len).max().unwrap_or(1))?);
    let sheet = sheet::rows(generator.side(), &rows).encode(Encoding::SmallPng)?;
    lines.push(written::file(
        &options.out,
        &sheet,
        "a row a concept, its mean last; then the result, and others near it",
    )?);
    Ok(lines.join("\n"))
}

/// The result's image, and those of latents near it.
fn results(generator: &TrainedGenerator, seed: u64, result: Vec<f32>, count: usize) -> anyhow::Result<Vec<Tile>> {
    let others = generator.latents(seed, 0..count as u64 - 1);
    let near = others.iter().map(|other| weighted_sum(&[(1.0, &result), (VARIATION, other)])).collect::<Vec<_>>();
    let latents: Vec<_> = std::iter::once(result).chain(near).collect();
    Ok(generator.images(&latents)?.into_iter().map(Tile::from).collect())
}

fn line(weight: f64, concept: &Concept, indices: &[u64]) -> String {
    let sign = if weight < 0.0 { '-' } else { '+' };
    let list = indices.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    match concept {
        Concept::Samples(_) => format!("{sign} {list}"),
        Concept::Tag(tag) => format!("{sign} {tag}: {list}"),
    }
}

/// The samples of each concept, in the formula's order.
fn samples(
    context: &Context<'_>,
    options: &ArithmeticOptions,
    generator: &TrainedGenerator,
) -> anyhow::Result<Vec<Vec<u64>>> {
    let is_tag = |concept: &Concept| matches!(concept, Concept::Tag(_));
    let mut judged = None;
    if options.formula.0.iter().any(|term| is_tag(&term.concept)) {
        judged = Some(Judged::new(context, options, generator)?);
    }
    let of_term = |concept: &Concept| match (concept, &judged) {
        (Concept::Tag(tag), Some(judged)) => judged.samples(tag, options.average as usize),
        (Concept::Tag(_), None) => unreachable!("a formula with tags has its samples judged"),
        (Concept::Samples(indices), _) => Ok(indices.clone()),
    };
    options.formula.0.iter().map(|term| of_term(&term.concept)).collect()
}

/// Samples with the training faces nearest to each: no network tells tags, but faces that look alike share them.
struct Judged {
    dataset: Dataset,
    judges: Vec<Vec<usize>>,
}

impl Judged {
    fn new(context: &Context<'_>, options: &ArithmeticOptions, generator: &TrainedGenerator) -> anyhow::Result<Self> {
        let dataset = opened::dataset(context, &options.faces)?;
        let images = generator.sample(options.draw.seed, 0..CANDIDATES)?;
        let found = nearest::search(context, &dataset, &images, JUDGES)?;
        let judges = found.iter().map(|found| found.iter().map(|neighbour| neighbour.index).collect()).collect();
        Ok(Self { dataset, judges })
    }

    /// The samples of which most neighbours have the tag.
    fn samples(&self, tag: &str, count: usize) -> anyhow::Result<Vec<u64>> {
        let mut tagged = BTreeSet::new();
        for (index, row) in self.dataset.split(SplitName::Train).rows().enumerate() {
            if row?.tags.iter().any(|of_row| of_row == tag) {
                tagged.insert(index);
            }
        }
        let votes = |sample: &usize| self.judges[*sample].iter().filter(|row| tagged.contains(row)).count();
        let mut order: Vec<usize> = (0..self.judges.len()).filter(|sample| votes(sample) > 0).collect();
        if order.len() < count {
            bail!(
                "{} training faces have the tag {tag:?}, and {} of {CANDIDATES} samples look like one: give a more common tag, \
                 or samples by their indices",
                tagged.len(),
                order.len()
            );
        }
        order.sort_by_key(|sample| std::cmp::Reverse(votes(sample)));
        Ok(order.into_iter().take(count).map(|sample| sample as u64).collect())
    }
}
