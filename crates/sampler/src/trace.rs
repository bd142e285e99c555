//! `trace`: from a sample's PNG file back to its seed, its latent, its run, the dataset, and the posts nearest to it.

use std::io::{self, Write};

use anyhow::Context as _;
use contracts::{Context, publish};
use pictures::{Alpha, Narrowing, PictureFile, Rgb};
use serde::Serialize;
use serde_json::{
    Value,
    ser::{Formatter, PrettyFormatter},
};

use crate::{
    arguments::TraceOptions,
    nearest,
    note::Note,
    opened::{self, Opened},
};

/// The pixels of the largest sheet.
const MAX_PIXELS: u64 = 1 << 28;

/// The answer, as a JSON object.
#[derive(Serialize)]
struct Trace {
    #[serde(flatten)]
    note: Note,
    /// SHA-256 of the index of the dataset that the run was trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<Value>,
    /// The training faces nearest to the image.
    nearest: Vec<NearestFace>,
}

#[derive(Serialize)]
struct NearestFace {
    row: String,
    distance: f64,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_url: Option<String>,
}

/// Reads the file's note, and completes it.
pub(crate) fn run(context: &Context<'_>, options: &TraceOptions) -> anyhow::Result<String> {
    let path = &options.file;
    let bytes = publish::read_file(path)?;
    let note = Note::read(&bytes).with_context(|| {
        format!(
            "{} does not say where it comes from: give a PNG that `sample --out FOLDER` or `project` wrote",
            path.display()
        )
    })?;
    let named = options.of.clone().or_else(|| note.run.as_ref().map(ToString::to_string));
    let opened = named.and_then(|name| Opened::open(context, &name).ok());
    let opened = opened.filter(|opened| opened.generator.hash() == note.generator);
    anyhow::ensure!(
        opened.is_some() || options.of.is_none(),
        "--of names another generator than that of {}, whose SHA-256 is {}",
        path.display(),
        note.generator
    );
    let dataset = opened.as_ref().and_then(|opened| opened.provenance()?.pointer("/dataset/hash").cloned());
    let opened = match (opened, &note.class) {
        (Some(opened), Some(class)) => Some(opened.with_class(class)?),
        (opened, _) => opened,
    };
    let note = match &opened {
        Some(opened) => with_latent(note, opened),
        None => note,
    };
    let nearest = match options.nearest {
        0 => Vec::new(),
        _ => nearest_faces(context, options, image(&note, opened.as_ref(), &bytes)?)?,
    };
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, ListsInALine(PrettyFormatter::new()));
    Trace { note, dataset, nearest }.serialize(&mut serializer)?;
    Ok(String::from_utf8(json)?)
}

/// JSON for the eye whose lists stay in a line: a latent has a hundred numbers.
struct ListsInALine(PrettyFormatter<'static>);

impl Formatter for ListsInALine {
    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
}

fn with_latent(note: Note, opened: &Opened) -> Note {
    let (Some(seed), Some(index), None) = (note.seed, note.index, &note.latent) else { return note };
    let latents = opened.generator.truncated_latents(seed, index..index.saturating_add(1), note.truncation);
    Note { latent: latents.into_iter().next(), ..note }
}

/// The sample itself: made again where the generator is here, as a projection's file shows the target beside it.
fn image(note: &Note, opened: Option<&Opened>, png: &[u8]) -> anyhow::Result<Rgb> {
    if let (Some(latent), Some(opened)) = (&note.latent, opened) {
        anyhow::ensure!(
            latent.len() == opened.generator.latent_size(),
            "the file's latent has {} numbers, and the generator's have {}",
            latent.len(),
            opened.generator.latent_size()
        );
        return Ok(opened.generator.images(std::slice::from_ref(latent))?.remove(0));
    }
    let image = PictureFile::open(png, MAX_PIXELS)?.decode(Alpha::Drop, Narrowing::Nearest)?;
    anyhow::ensure!(
        image.width() == image.height(),
        "the file shows more than a sample: give its generator with --of RUN"
    );
    Ok(image)
}

fn nearest_faces(context: &Context<'_>, options: &TraceOptions, image: Rgb) -> anyhow::Result<Vec<NearestFace>> {
    let dataset = opened::dataset(context, &options.faces)?;
    let found = nearest::search(context, &dataset, &[image], options.nearest as usize)?;
    let face = |neighbour| {
        let row = nearest::row(&dataset, neighbour)?;
        Ok(NearestFace {
            row: format!("train/{}", neighbour.index),
            distance: (neighbour.distance * 100.0).round() / 100.0,
            name: nearest::name(&row),
            source_url: row.source_url,
        })
    };
    found.iter().flatten().map(face).collect()
}
