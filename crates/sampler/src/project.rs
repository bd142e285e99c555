//! `project`: the latent whose image is nearest to a picture.

use anyhow::Context as _;
use contracts::{Context, publish};
use generator::ProjectionOptions;
use pictures::{Alpha, Narrowing, PictureFile, Rgb, Tile};

use crate::{arguments::ProjectOptions, note::Note, opened::Opened, sheet, written};

/// Pixels of a picture that is read.
const MAX_PIXELS: u64 = 100_000_000;

/// Latents that are improved side by side.
const STARTS: usize = 4;

/// Writes the target and what was found, side by side, and tells how far they are apart.
pub(crate) fn run(context: &Context<'_>, options: &ProjectOptions) -> anyhow::Result<String> {
    let opened = Opened::open(context, &options.run)?;
    let target = target(options, opened.generator.side())?;
    let (seed, candidates, steps) = (options.draw.seed, options.candidates, options.steps);
    context.progress.begin("searching", u64::from(steps));
    let searching = ProjectionOptions { seed, candidates, starts: STARTS, steps };
    let found = opened.generator.project(&target, searching, || context.progress.advance(1))?;
    let note = Note::of(&opened).made(found.latent.clone());
    let sheet = sheet::rows(opened.generator.side(), &[vec![Tile::from(target), Tile::from(found.image)]]);
    let what = format!(
        "the target and what was found, {:.1} grey levels apart (the nearest of {candidates} samples: {:.1})",
        found.distance, found.first_distance
    );
    written::file(&options.out, &note.png(&sheet)?, &what)
}

/// The picture's middle square at the side of samples.
fn target(options: &ProjectOptions, side: u32) -> anyhow::Result<Rgb> {
    let path = &options.picture;
    let bytes = publish::read_file(path)?;
    let picture = PictureFile::open(&bytes, MAX_PIXELS).and_then(|file| file.decode(Alpha::White, Narrowing::Nearest));
    let picture = picture.with_context(|| format!("cannot take {} as a target", path.display()))?;
    let (width, height) = picture.sides();
    let square = width.min(height);
    let left = ((width - square) / 2) as i32;
    Ok(picture.cropped((left, ((height - square) / 2) as i32), (square, square)).scaled(side, side))
}
