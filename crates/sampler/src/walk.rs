//! `walk`: from sample to sample over the sphere of latents.

use std::{path::Path, time::Duration};

use anyhow::bail;
use contracts::{Context, publish};
use pictures::{Animation, Encoding, Rgb, Tile, animate};

use crate::{
    arguments::{WalkFormat, WalkOptions},
    opened::Opened,
    sheet, written,
};

/// Frames of one walk: they are in memory together.
const MAX_FRAMES: usize = 20_000;

/// Writes the walk; a loop ends one step before its first image, so that it runs on without a halt.
pub(crate) fn run(context: &Context<'_>, options: &WalkOptions) -> anyhow::Result<String> {
    let opened = Opened::open(context, &options.source.run)?;
    let (out, format) = (&options.out, format(options)?);
    let mut stops = options.stops.0.clone();
    anyhow::ensure!(stops.len() > 1, "a walk has two stops or more: give --stops 3,17 or 0-5");
    if !options.open {
        stops.extend(stops.first().copied());
    }
    let count = (stops.len() - 1) * options.frames as usize + usize::from(options.open);
    anyhow::ensure!(count <= MAX_FRAMES, "{count} images are too many for a walk: give fewer --stops or --frames");
    if format == WalkFormat::Frames {
        written::refuse_existing(out)?;
    }
    let mut images = opened.generator.walk(options.source.draw.seed, &stops, options.frames)?;
    if !options.open {
        images.pop();
    }
    let pause = Duration::from_secs(1) / options.fps;
    match format {
        WalkFormat::Apng => publish::write_file(out, &animate(&images, pause, Animation::Apng)?)?,
        WalkFormat::Gif => publish::write_file(out, &animate(&images, pause, Animation::Gif)?)?,
        WalkFormat::Strip => publish::write_file(out, &strip(&images, options.frames)?)?,
        WalkFormat::Frames => frames(&images, out)?,
    }
    let seconds = count as f64 / f64::from(options.fps);
    let said = written::said(out, &format!("{count} images, {seconds:.1} seconds at {} a second", options.fps));
    Ok(if format == WalkFormat::Frames { format!("{said}\n{}", ffmpeg(out, options.fps)) } else { said })
}

fn format(options: &WalkOptions) -> anyhow::Result<WalkFormat> {
    let ending = options.out.extension().and_then(|ending| ending.to_str());
    Ok(match (options.format, ending) {
        (Some(format), _) => format,
        (None, Some("png" | "apng")) => WalkFormat::Apng,
        (None, Some("gif")) => WalkFormat::Gif,
        (None, None) => WalkFormat::Frames,
        (None, Some(other)) => {
            bail!(
                "--out {} ends in .{other}: give .png, .gif or a folder's name, or say --format",
                options.out.display()
            )
        }
    })
}

/// A row from each stop to the next.
fn strip(images: &[Rgb], frames: u32) -> anyhow::Result<Vec<u8>> {
    let side = images.first().map_or(1, Rgb::width);
    let tiles: Vec<Tile> = images.iter().cloned().map(Tile::from).collect();
    let rows: Vec<_> = tiles.chunks(frames as usize).map(<[Tile]>::to_vec).collect();
    Ok(sheet::rows(side, &rows).encode(Encoding::SmallPng)?)
}

fn frames(images: &[Rgb], out: &Path) -> anyhow::Result<()> {
    publish::publish_folder(out, |folder| {
        for (number, image) in images.iter().enumerate() {
            std::fs::write(folder.join(format!("{number:05}.png")), image.encode(Encoding::Png)?)?;
        }
        Ok(())
    })
}

/// The line that joins frames to a film. yuv420p is what browsers play; its sides are even, as those of samples are.
fn ffmpeg(folder: &Path, fps: u32) -> String {
    let film = folder.with_extension("mp4");
    format!(
        "join them: ffmpeg -framerate {fps} -i '{}/%05d.png' -c:v libx264 -crf 16 -pix_fmt yuv420p '{}'",
        folder.display(),
        film.display()
    )
}
