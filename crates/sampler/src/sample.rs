//! `sample`: images of latents that are drawn.

use std::{
    io::{self, Seek, Write},
    path::Path,
};

use anyhow::bail;
use contracts::{Context, publish};
use generator::{ClassChoice, ClassProblem, Device, TrainedDiscriminator};
use pictures::{Rgb, Tile};
use rayon::prelude::*;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{arguments::SampleOptions, note::Note, opened::Opened, sheet, written};

/// Candidates in one pass through the network, between two looks at whether the user wants to stop.
const BATCH: u64 = 64;

/// Samples on a sheet; a larger one is no picture that anybody looks at.
const MAX_ON_SHEET: u64 = 4096;

/// What `--class` calls all classes.
const ALL_CLASSES: &str = "all";

/// One sample: its index and its image.
type Sample = (u64, Rgb);

/// Draws samples and writes them as the ending of `--out` says.
pub(crate) fn run(context: &Context<'_>, options: &SampleOptions) -> anyhow::Result<String> {
    let drawing = Drawing::new(context, options)?;
    let out = &options.out;
    if options.class.as_deref() == Some(ALL_CLASSES) {
        return drawing.sheet_by_class(out);
    }
    match out.extension().and_then(|ending| ending.to_str()) {
        Some("png") => drawing.sheet(out)?,
        Some("zip") => drawing.zip(out)?,
        None => drawing.folder(out)?,
        Some(other) => bail!("--out {} ends in .{other}: give .png, .zip, or a folder's name", out.display()),
    }
    let class = options.class.as_ref().map_or_else(String::new, |class| format!(" of the class {class}"));
    let best = if options.best_of > 1 { format!(", each the best of {}", options.best_of) } else { String::new() };
    Ok(written::said(out, &format!("{} samples{class} of seed {}{best}", options.count, options.source.draw.seed)))
}

struct Drawing<'a> {
    context: &'a Context<'a>,
    options: &'a SampleOptions,
    opened: Opened,
    discriminator: Option<TrainedDiscriminator>,
}

impl<'a> Drawing<'a> {
    fn new(context: &'a Context<'a>, options: &'a SampleOptions) -> anyhow::Result<Self> {
        let opened = Opened::open(context, &options.source.run)?;
        let opened = match options.class.as_deref() {
            None | Some(ALL_CLASSES) => opened,
            Some(class) => opened.with_class(class)?,
        };
        let discriminator = if options.best_of > 1 { Some(discriminator(&opened, options)?) } else { None };
        Ok(Self { context, options, opened, discriminator })
    }

    fn sheet(&self, out: &Path) -> anyhow::Result<()> {
        let count = self.options.count;
        anyhow::ensure!(
            count <= MAX_ON_SHEET,
            "{count} samples are too many for a sheet: give --out a folder's name or one that ends in .zip"
        );
        let mut tiles = Vec::new();
        self.each_batch(|samples| {
            tiles.extend(samples.into_iter().map(|sample| self.tile(sample)));
            Ok(())
        })?;
        let sheet = sheet::grid(self.opened.generator.side(), tiles);
        publish::write_file(out, &sheet.encode(pictures::Encoding::SmallPng)?)?;
        Ok(())
    }

    /// A sample as a sheet shows it.
    fn tile(&self, (index, image): Sample) -> Tile {
        if self.options.numbered { sheet::numbered(index, image) } else { image.into() }
    }

    /// A row a class, of the same latents in each.
    fn sheet_by_class(&self, out: &Path) -> anyhow::Result<String> {
        let SampleOptions { count, best_of, truncation, .. } = *self.options;
        let seed = self.options.source.draw.seed;
        let is_sheet = out.extension().is_some_and(|ending| ending == "png");
        anyhow::ensure!(is_sheet, "--class {ALL_CLASSES} draws a sheet: let --out end in .png");
        anyhow::ensure!(best_of == 1, "--class {ALL_CLASSES} and --best-of cannot be given both: name one class");
        anyhow::ensure!(count <= MAX_ON_SHEET, "{count} samples are too many for a sheet");
        let generator = &self.opened.generator;
        let names = generator.classes().names().to_vec();
        anyhow::ensure!(
            !names.is_empty(),
            "cannot draw all classes: of {}, {}",
            generator.path().display(),
            ClassProblem::NoClasses
        );
        let each = (count / names.len() as u64).max(1);
        let row = |class| {
            let generator = generator.clone().with_class(ClassChoice::Class(class))?;
            let images = generator.images(&generator.truncated_latents(seed, 0..each, truncation))?;
            Ok((0..each).zip(images).map(|sample| self.tile(sample)).collect())
        };
        let rows = (0..names.len()).map(row).collect::<anyhow::Result<Vec<Vec<Tile>>>>()?;
        publish::write_file(out, &sheet::rows(generator.side(), &rows).encode(pictures::Encoding::SmallPng)?)?;
        Ok(written::said(
            out,
            &format!("{each} samples a class of seed {seed}, from top to bottom {}", names.join(", ")),
        ))
    }

    fn folder(&self, out: &Path) -> anyhow::Result<()> {
        written::refuse_existing(out)?;
        publish::publish_folder(out, |folder| {
            self.each_batch(|samples| {
                let write = |(index, png): (u64, Vec<u8>)| std::fs::write(folder.join(name(index)), png);
                Ok(self.files(&samples)?.into_iter().try_for_each(write)?)
            })
        })
    }

    fn zip(&self, out: &Path) -> anyhow::Result<()> {
        // The last error is the cause, so that what happened while filling is told as it is.
        Ok(publish::write_with(out, |file| self.archive(file).map_err(io::Error::other))?)
    }

    fn archive(&self, file: impl Write + Seek) -> anyhow::Result<()> {
        // PNG files are compressed already.
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut archive = ZipWriter::new(file);
        self.each_batch(|samples| {
            for (index, png) in self.files(&samples)? {
                archive.start_file(name(index), stored)?;
                archive.write_all(&png)?;
            }
            Ok(())
        })?;
        archive.finish()?;
        Ok(())
    }

    /// Samples as files that say where they come from, encoded side by side.
    fn files(&self, samples: &[Sample]) -> anyhow::Result<Vec<(u64, Vec<u8>)>> {
        let note = Note::of(&self.opened).of_class(self.options.class.clone());
        let (seed, truncation) = (self.options.source.draw.seed, self.options.truncation);
        let file = |(index, image): &Sample| Ok((*index, note.clone().drawn(seed, *index, truncation).png(image)?));
        samples.par_iter().map(file).collect()
    }

    /// Draws batch after batch and hands each on, in the order of their indices.
    fn each_batch(&self, mut take: impl FnMut(Vec<Sample>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let (count, best_of) = (self.options.count, self.options.best_of);
        self.context.progress.begin("sampling", count);
        let at_once = (BATCH / best_of).max(1);
        for first in (0..count).step_by(at_once as usize) {
            if self.context.interrupt.is_raised() {
                bail!("interrupted: nothing was written");
            }
            let last = count.min(first + at_once);
            take(self.best(first, last)?)?;
            self.context.progress.advance(last - first);
        }
        Ok(())
    }

    /// For each of these samples, the best of its candidates: sample `i` is chosen among the indices from `i · K` on.
    fn best(&self, first: u64, last: u64) -> anyhow::Result<Vec<Sample>> {
        let (best_of, seed) = (self.options.best_of, self.options.source.draw.seed);
        let (generator, indices) = (&self.opened.generator, first * best_of..last * best_of);
        let latents = generator.truncated_latents(seed, indices.clone(), self.options.truncation);
        let images = generator.images(&latents)?;
        let Some(discriminator) = &self.discriminator else { return Ok(indices.zip(images).collect()) };
        let rows: Vec<_> = latents.iter().map(|latent| generator.class_row(latent)).collect();
        let scores = discriminator.scores_in_classes(&images, &rows)?;
        let mut candidates: Vec<(f32, Sample)> = scores.into_iter().zip(indices.zip(images)).collect();
        let chosen = candidates.chunks_mut(best_of as usize).map(|of_one| {
            // The first of equal ones, for the same choice every time.
            of_one.sort_by(|(a, _), (b, _)| b.total_cmp(a));
            of_one[0].1.clone()
        });
        Ok(chosen.collect())
    }
}

fn discriminator(opened: &Opened, options: &SampleOptions) -> anyhow::Result<TrainedDiscriminator> {
    let (side, device) = (opened.generator.side(), Device::flex());
    let run = opened.run.as_ref().map(|run| run.root().to_path_buf());
    let Some(path) = options.discriminator.clone().or(run) else {
        bail!(
            "--best-of asks the discriminator, and {} lies in no run's folder: give the run, or --discriminator FILE",
            opened.generator.path().display()
        )
    };
    let discriminator = TrainedDiscriminator::open(&path, side, &device)?;
    let other = discriminator.architecture().side;
    anyhow::ensure!(other == side, "the discriminator takes images of {other} px, and samples have {side} px");
    Ok(discriminator)
}

fn name(index: u64) -> String {
    format!("{index:08}.png")
}
