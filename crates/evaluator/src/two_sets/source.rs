//! Where the images of a set come from, and their way into memory, some at a time.

use std::{
    fs::{self, File},
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use contracts::{
    config::DeviceChoice,
    layout::{Layout, RunLayout},
    publish::{self, FileError},
};
use dataset::{Dataset, SplitName};
use flate2::read::DeflateDecoder;
use generator::ChosenDevice;
use metrics::{Images, MetricError};
use pictures::{Alpha, Format, Narrowing, PictureFile, Rgb};
use rayon::prelude::*;
use serde::Serialize;
use zip::{CompressionMethod, ZipArchive, read::ZipFile};

use super::SetError;
use crate::{comparison::read, sampler::Sampler};

/// Images in memory at once, beside their features.
const IMAGES_AT_ONCE: usize = 256;

/// Pixels of a picture beyond which it is refused: a damaged header asks for any number.
const MAX_PIXELS: u64 = 1 << 28;

/// What a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A folder of pictures, and of folders of them.
    Folder,
    /// A zip archive of pictures.
    Zip,
    /// A dataset of the packer's: all its rows.
    Dataset,
    /// A run's folder, or a generator's file: samples of it.
    Generator,
}

/// A set of images on the disk.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    kind: Kind,
}

/// How images are taken from a set.
#[derive(Clone, Copy, Debug)]
pub struct SourceOptions {
    /// The most images; of a generator, how many samples.
    pub count: Option<usize>,
    /// Brings every image to this side: its middle square, resized.
    pub resize_and_crop: Option<u32>,
    /// What samples are drawn from.
    pub seed: u64,
    /// Where a generator is sampled.
    pub device: DeviceChoice,
}

/// How many samples a generator makes unless it is told.
const SAMPLES: usize = 10_000;

/// A picture's name, and what reads its bytes.
type Named = (String, Result<Vec<u8>, SetError>);

/// What takes images as they come.
type Visitor<'a> = dyn FnMut(Images) -> Result<(), SetError> + 'a;

impl Source {
    /// Finds out what lies at a path.
    ///
    /// # Errors
    /// When it is nothing that is known.
    pub fn open(path: &Path) -> Result<Self, SetError> {
        let has_extension = |wanted: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(wanted));
        let kind = if path.is_dir() {
            if RunLayout::at(path).generator().exists() {
                Kind::Generator
            } else if Layout::index_of(path).exists() {
                Kind::Dataset
            } else {
                Kind::Folder
            }
        } else if path.is_file() && has_extension("zip") {
            Kind::Zip
        } else if path.is_file() && has_extension("safetensors") {
            Kind::Generator
        } else {
            return Err(SetError::UnknownKind(path.into()));
        };
        Ok(Self { path: path.into(), kind })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Hands all images to `visitor`, some at a time, all of one side.
    ///
    /// # Errors
    /// When an image cannot be read or has another size, or the visitor fails.
    pub fn visit(&self, options: &SourceOptions, visitor: &mut Visitor<'_>) -> Result<(), SetError> {
        match self.kind {
            Kind::Folder => self.visit_folder(options, visitor),
            Kind::Zip => self.visit_zip(options, visitor),
            Kind::Dataset => self.visit_dataset(options, visitor),
            Kind::Generator => self.visit_samples(options, visitor),
        }
    }

    fn visit_folder(&self, options: &SourceOptions, visitor: &mut Visitor<'_>) -> Result<(), SetError> {
        let mut files = Vec::new();
        list(&self.path, &mut files)?;
        // By name, so that a count takes the same pictures everywhere.
        files.sort();
        let mut decoding = Decoding::new(self, options);
        for files in files[..decoding.count(files.len())].chunks(IMAGES_AT_ONCE) {
            let named = |file: &PathBuf| {
                let name = file.strip_prefix(&self.path).unwrap_or(file).display().to_string();
                (name, publish::read_file(file).map_err(SetError::from))
            };
            visitor(decoding.decode(files.iter().map(named).collect())?)?;
        }
        Ok(())
    }

    fn visit_zip(&self, options: &SourceOptions, visitor: &mut Visitor<'_>) -> Result<(), SetError> {
        let file = File::open(&self.path).map_err(FileError::at("open", &self.path))?;
        let broken = |source| SetError::Zip { path: self.path.clone(), source };
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        let mut members = Vec::new();
        for index in 0..archive.len() {
            let member = archive.by_index_raw(index).map_err(broken)?;
            let name = member.name().map_err(broken)?.into_owned();
            if is_picture(Path::new(&name)) {
                members.push((name, index));
            }
        }
        members.sort();
        let mut decoding = Decoding::new(self, options);
        for members in members[..decoding.count(members.len())].chunks(IMAGES_AT_ONCE) {
            let mut pictures: Vec<Named> = Vec::with_capacity(members.len());
            for (name, index) in members {
                let member = archive.by_index_raw(*index).map_err(broken)?;
                let unreadable = |problem: String| self.unreadable(name, problem);
                pictures.push((name.clone(), inflated(member).map_err(unreadable)));
            }
            visitor(decoding.decode(pictures)?)?;
        }
        Ok(())
    }

    fn unreadable(&self, name: &str, problem: String) -> SetError {
        SetError::Picture { path: self.path.clone(), name: name.to_owned(), problem }
    }

    fn visit_dataset(&self, options: &SourceOptions, visitor: &mut Visitor<'_>) -> Result<(), SetError> {
        let dataset = Dataset::open(&self.path)?;
        let mut left = options.count.unwrap_or(usize::MAX);
        for split in SplitName::ALL.map(|name| dataset.split(name)) {
            let rows: Vec<usize> = (0..split.len().min(left)).collect();
            left -= rows.len();
            for rows in rows.chunks(IMAGES_AT_ONCE) {
                visitor(resized(read(split, rows)?, options)?)?;
            }
        }
        Ok(())
    }

    fn visit_samples(&self, options: &SourceOptions, visitor: &mut Visitor<'_>) -> Result<(), SetError> {
        let device = ChosenDevice::new(options.device)?;
        let path = if self.path.is_dir() { RunLayout::at(&self.path).generator() } else { self.path.clone() };
        let sampler = Sampler::load(&path, options.seed, &device.device)?;
        let count = options.count.unwrap_or(SAMPLES) as u64;
        for first in (0..count).step_by(IMAGES_AT_ONCE) {
            let samples = sampler.sample(first..count.min(first + IMAGES_AT_ONCE as u64))?;
            visitor(resized(samples, options)?)?;
        }
        Ok(())
    }
}

/// A member's content, to the length that it says and never beyond.
fn inflated<R: Read>(member: ZipFile<'_, R>) -> Result<Vec<u8>, String> {
    let (length, mut bytes) = (member.size(), Vec::new());
    let read = match member.compression() {
        CompressionMethod::Stored => member.take(length).read_to_end(&mut bytes),
        CompressionMethod::DEFLATE => DeflateDecoder::new(member).take(length).read_to_end(&mut bytes),
        other => return Err(format!("it is compressed by {other:?}; only deflate is read")),
    };
    read.map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Turns pictures' files into images of one side.
struct Decoding<'a> {
    source: &'a Source,
    options: &'a SourceOptions,
    /// The side of the first image, which all others must have.
    side: Option<u32>,
}

impl<'a> Decoding<'a> {
    fn new(source: &'a Source, options: &'a SourceOptions) -> Self {
        Self { source, options, side: options.resize_and_crop }
    }

    fn count(&self, there: usize) -> usize {
        there.min(self.options.count.unwrap_or(usize::MAX))
    }

    fn decode(&mut self, pictures: Vec<Named>) -> Result<Images, SetError> {
        let decoded: Vec<(String, Rgb)> = pictures
            .into_par_iter()
            .map(|(name, bytes)| {
                let image = self.decode_one(&name, &bytes?)?;
                Ok((name, image))
            })
            .collect::<Result<_, SetError>>()?;
        let mut pixels = Vec::new();
        for (name, image) in decoded {
            let (width, height) = image.sides();
            let side = *self.side.get_or_insert(width.min(height));
            if (width, height) != (side, side) {
                return Err(SetError::OtherSize { path: self.source.path.clone(), name, width, height, side });
            }
            pixels.extend(image.into_bytes());
        }
        Ok(Images::new(self.side.unwrap_or(1) as usize, pixels).map_err(MetricError::from)?)
    }

    fn decode_one(&self, name: &str, bytes: &[u8]) -> Result<Rgb, SetError> {
        // Colours under transparent pixels are taken as they are stored: what PIL's conversion to RGB does.
        let image =
            PictureFile::open(bytes, MAX_PIXELS).and_then(|file| file.decode(Alpha::Drop, Narrowing::UpperByte));
        let image = image.map_err(|error| self.source.unreadable(name, error.to_string()))?;
        Ok(match self.options.resize_and_crop {
            Some(side) => square(&image, side),
            None => image,
        })
    }
}

/// The middle square of an image at another side.
fn square(image: &Rgb, side: u32) -> Rgb {
    let (width, height) = image.sides();
    let shorter = width.min(height);
    let corner = (((width - shorter) / 2) as i32, ((height - shorter) / 2) as i32);
    let middle = image.cropped(corner, (shorter, shorter));
    let pixels = metrics::resized(middle.bytes(), shorter as usize, side as usize);
    Rgb::new(side, side, pixels).expect("it was resized to that side")
}

fn resized(images: Images, options: &SourceOptions) -> Result<Images, SetError> {
    let Some(side) = options.resize_and_crop.filter(|side| *side as usize != images.side()) else { return Ok(images) };
    let pixels = images.iter().flat_map(|pixels| metrics::resized(pixels, images.side(), side as usize)).collect();
    Ok(Images::new(side as usize, pixels).map_err(MetricError::from)?)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), FileError> {
    for entry in fs::read_dir(folder).map_err(FileError::at("read", folder))? {
        let path = entry.map_err(FileError::at("read", folder))?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if is_picture(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| Format::of_extension(extension).is_some())
}
