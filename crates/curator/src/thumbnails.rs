//! Small pictures of all faces, made once a shard and kept on disk.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use contracts::{ContentHash, Context, Layout, crops, publish};
use dataset::Dhash;
use pictures::{Alpha, Encoding, Narrowing, PictureFile, Rgb};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{faces::Face, shards::Shard};

/// Pixels across a thumbnail.
const SIDE: u32 = 96;

/// Pixels across what faces are compared by: coarse enough that hair and pose count, and lines do not.
const COARSE_SIDE: u32 = 8;

/// Bytes of that: three a pixel.
pub(crate) const COARSE: usize = (COARSE_SIDE * COARSE_SIDE * 3) as usize;

/// What a face looks like from afar: 8 × 8 pixels, row by row, red, green and blue.
pub(crate) type Coarse = [u8; COARSE];

/// The first line of a shard's file; then each face's coarse pixels and its JPEG, in the shard's order.
#[derive(Serialize, Deserialize)]
struct Header {
    format: Format,
    source: ContentHash,
    /// Bytes of each JPEG; 0 where the face's file is gone or no picture, which has no coarse pixels either.
    lengths: Vec<u32>,
    hashes: Vec<Dhash>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "nijigen-thumbnails-1")]
    First,
}

/// Where a thumbnail lies.
struct Place {
    shard: usize,
    offset: u64,
    length: u32,
}

/// All thumbnails, in the faces' order. The pictures stay on disk.
pub(crate) struct Thumbnails {
    paths: Vec<PathBuf>,
    places: Vec<Option<Place>>,
    pub(crate) coarse: Vec<Option<Coarse>>,
    pub(crate) hashes: Vec<Dhash>,
}

impl Thumbnails {
    /// Opens what is there and makes what is not.
    ///
    /// # Errors
    /// When the disk refuses, or the interrupt is raised; what was made stays.
    pub(crate) fn open(context: &Context<'_>, faces: &[Face], shards: &[Shard]) -> anyhow::Result<Self> {
        context.progress.begin("making thumbnails", faces.len() as u64);
        let mut all = Self {
            paths: Vec::new(),
            places: faces.iter().map(|_| None).collect(),
            coarse: vec![None; faces.len()],
            hashes: vec![Dhash(0); faces.len()],
        };
        for shard in shards {
            anyhow::ensure!(!context.interrupt.is_raised(), "interrupted; the thumbnails made so far are kept");
            let path = context.layout.thumbnails(&shard.name);
            if !all.take(&path, shard)? {
                make(context.layout, &path, faces, shard)?;
                anyhow::ensure!(all.take(&path, shard)?, "{} changed while it was read", path.display());
            }
            context.progress.advance(shard.faces.len() as u64);
        }
        Ok(all)
    }

    /// Takes a shard's thumbnails over, if they are of these faces.
    fn take(&mut self, path: &Path, shard: &Shard) -> io::Result<bool> {
        let Ok(content) = fs::read(path) else { return Ok(false) };
        let Some((header, start)) = header(&content).filter(|(header, _)| header.source == shard.source) else {
            return Ok(false);
        };
        let mut at = start;
        for ((face, length), hash) in shard.faces.iter().zip(header.lengths).zip(header.hashes) {
            if length == 0 {
                continue;
            }
            let Some(coarse) = content.get(at..at + COARSE) else { return Ok(false) };
            self.coarse[*face] = coarse.try_into().ok();
            self.hashes[*face] = hash;
            at += COARSE;
            self.places[*face] = Some(Place { shard: self.paths.len(), offset: at as u64, length });
            at += length as usize;
        }
        self.paths.push(path.into());
        Ok(at == content.len())
    }

    /// The JPEG of a face; none where its file is gone.
    pub(crate) fn read(&self, face: usize) -> Option<Vec<u8>> {
        let place = self.places.get(face)?.as_ref()?;
        let mut file = File::open(&self.paths[place.shard]).ok()?;
        file.seek(SeekFrom::Start(place.offset)).ok()?;
        let mut jpeg = vec![0; place.length as usize];
        file.read_exact(&mut jpeg).ok()?;
        Some(jpeg)
    }

    /// Whether a face's file was there.
    pub(crate) fn is_there(&self, face: usize) -> bool {
        self.places[face].is_some()
    }
}

fn header(content: &[u8]) -> Option<(Header, usize)> {
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let header: Header = serde_json::from_slice(&content[..end]).ok()?;
    (header.lengths.len() == header.hashes.len()).then_some((header, end + 1))
}

fn make(layout: &Layout, path: &Path, faces: &[Face], shard: &Shard) -> anyhow::Result<()> {
    let thumbnail = |face: &usize| crop(layout, &faces[*face]).and_then(|image| Made::of(&image));
    let made: Vec<Option<Made>> = shard.faces.par_iter().map(thumbnail).collect();
    let header = Header {
        format: Format::First,
        source: shard.source,
        lengths: made.iter().map(|made| made.as_ref().map_or(0, |made| made.jpeg.len() as u32)).collect(),
        hashes: made.iter().map(|made| made.as_ref().map_or(Dhash(0), |made| made.hash)).collect(),
    };
    publish::write_with(path, |file| {
        serde_json::to_writer(&mut *file, &header)?;
        file.write_all(b"\n")?;
        made.iter().flatten().try_for_each(|made| {
            file.write_all(&made.coarse)?;
            file.write_all(&made.jpeg)
        })
    })?;
    Ok(())
}

/// A face's crop; none where the file is gone or no picture.
pub(crate) fn crop(layout: &Layout, face: &Face) -> Option<Rgb> {
    /// No crop is larger: crops are squares of at most a picture's side.
    const MAX_PIXELS: u64 = 200_000_000;
    let bytes = crops::read(layout, &face.file).ok()?;
    PictureFile::open(&bytes, MAX_PIXELS).ok()?.decode(Alpha::Drop, Narrowing::UpperByte).ok()
}

struct Made {
    coarse: Coarse,
    hash: Dhash,
    jpeg: Vec<u8>,
}

impl Made {
    fn of(image: &Rgb) -> Option<Self> {
        let small = image.scaled(SIDE, SIDE);
        let coarse = small.scaled(COARSE_SIDE, COARSE_SIDE);
        let jpeg = small.encode(Encoding::SmallJpeg).ok()?;
        Some(Self { coarse: coarse.bytes().try_into().ok()?, hash: difference_hash(&small), jpeg })
    }
}

/// Whether each of 9 × 8 grey pixels is darker than its right neighbour (Krawetz, 2013).
fn difference_hash(image: &Rgb) -> Dhash {
    let grey = image.scaled(9, 8);
    let level = |pixel: &[u8; 3]| pixel.iter().map(|value| u32::from(*value)).sum::<u32>();
    let levels: Vec<u32> = grey.pixels().iter().map(level).collect();
    let bits = levels.chunks_exact(9).flat_map(|row| row.windows(2).map(|pair| pair[0] < pair[1]));
    Dhash(bits.fold(0, |hash, bit| hash << 1 | u64::from(bit)))
}
