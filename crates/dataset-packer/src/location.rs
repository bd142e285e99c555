//! Where an item's bytes are. Archives are read where they lie, so items are independent of one another, and no member can
//! land anywhere.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Take},
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use contracts::{
    crops::{CropPlace, Member},
    hash::Hasher,
};
use flate2::read::DeflateDecoder;
use pictures::Format;
use serde::{Deserialize, Serialize};

/// Where the bytes of a picture's file are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Location {
    /// A file of its own.
    File(#[serde(with = "path")] PathBuf),
    /// Within an archive, as it is.
    Member(Span),
    /// Within a zip file, compressed.
    Deflated {
        /// Where the compressed bytes are.
        span: Span,
        /// How many bytes they say that they become.
        length: u64,
    },
    /// Grey pixels without a header.
    Grey {
        /// The file that they were read from.
        #[serde(with = "path")]
        file: Arc<Path>,
        /// The images of the file, one after the other; they stay in memory where the rest goes to disk.
        #[serde(skip)]
        pixels: Arc<Vec<u8>>,
        /// At which byte of these this one begins.
        offset: usize,
        /// Its width and height in pixels.
        size: [u32; 2],
    },
}

/// A run of bytes within an archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Span {
    /// The archive's file.
    #[serde(with = "path")]
    pub(crate) archive: Arc<Path>,
    /// At which byte of the archive it begins.
    pub(crate) offset: u64,
    /// How many bytes it has.
    pub(crate) length: u64,
}

/// More of a file is never read: lists of classes are the longest, and are refused above this.
const MAX_LIST_BYTES: u64 = 1 << 30;

impl Location {
    /// The bytes of the picture's file.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::File(path) => {
                let mut bytes = Vec::new();
                // A file may grow while it is read.
                open_file(path)?.take(MAX_LIST_BYTES).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Self::Member(span) => span.read(),
            Self::Deflated { span, length } => inflate(&span.read()?, *length),
            Self::Grey { pixels, offset, size: [width, height], .. } => {
                let image = &pixels[*offset..][..(width * height) as usize];
                Ok([format!("P5\n{width} {height}\n255\n").as_bytes(), image].concat())
            }
        }
    }

    /// The first bytes, as many as tell what the file is.
    pub(crate) fn head(&self) -> io::Result<Vec<u8>> {
        let length = Format::HEAD_BYTES as u64;
        let mut head = Vec::new();
        match self {
            Self::File(path) => open_file(path)?.take(length).read_to_end(&mut head)?,
            Self::Member(span) => span.open()?.take(length).read_to_end(&mut head)?,
            Self::Deflated { span, .. } => DeflateDecoder::new(span.open()?).take(length).read_to_end(&mut head)?,
            Self::Grey { .. } => return self.read(),
        };
        Ok(head)
    }

    /// How many bytes they are.
    pub(crate) fn length(&self) -> io::Result<u64> {
        match self {
            Self::File(path) => Ok(fs::metadata(path)?.len()),
            Self::Member(span) => Ok(span.length),
            Self::Deflated { length, .. } => Ok(*length),
            Self::Grey { size: [width, height], .. } => Ok(u64::from(width * height)),
        }
    }

    /// Takes in what tells these bytes from others without reading them: the file, its length and time of change, and
    /// where they are in it.
    pub(crate) fn identify(&self, hasher: &mut Hasher) {
        let (file, place) = match self {
            Self::File(path) => (path.as_path(), [0, 0]),
            Self::Member(span) | Self::Deflated { span, .. } => (&*span.archive, [span.offset, span.length]),
            Self::Grey { file, offset, size, .. } => (&**file, [*offset as u64, u64::from(size[0] * size[1])]),
        };
        hasher.field(file.as_os_str().as_encoded_bytes());
        // A file that is gone by now will be found unreadable, and will be another when it comes back.
        let metadata = fs::metadata(file).ok();
        let changed = metadata.as_ref().and_then(|metadata| metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok());
        hasher.field(&metadata.map_or(0, |metadata| metadata.len()).to_le_bytes());
        hasher.field(&changed.map_or(0, |changed| changed.as_nanos()).to_le_bytes());
        hasher.field(&place.map(u64::to_le_bytes).concat());
    }
}

impl From<CropPlace> for Location {
    fn from(place: CropPlace) -> Self {
        match place {
            CropPlace::File(path) => Self::File(path),
            CropPlace::Member(Member { tar, offset, length }) => {
                Self::Member(Span { archive: tar.into(), offset, length })
            }
        }
    }
}

impl Span {
    fn open(&self) -> io::Result<Take<File>> {
        let mut file = File::open(&self.archive)?;
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(file.take(self.length))
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Opens a file that is one. A device has no end, and opening a pipe waits for somebody to write into it.
fn open_file(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device, a pipe or a folder")),
    }
}

/// Inflates to the length that was said, and never beyond it.
fn inflate(compressed: &[u8], length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(compressed).take(length.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == length {
        true => Ok(bytes),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "a member of another length than its archive says")),
    }
}

/// For serde: a path, which need not be a text.
mod path {
    use std::{
        ffi::OsString,
        path::{Path, PathBuf},
    };

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Other(OsString),
    }

    pub(super) fn serialize<S: Serializer>(path: impl AsRef<Path>, serializer: S) -> Result<S::Ok, S::Error> {
        let path = path.as_ref();
        match path.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => Written::Other(path.into()).serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, P: From<PathBuf>, D: Deserializer<'de>>(deserializer: D) -> Result<P, D::Error> {
        Ok(P::from(match Written::deserialize(deserializer)? {
            Written::Text(text) => text.into(),
            Written::Other(other) => other.into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::DeflateEncoder};

    use super::*;

    #[test]
    fn what_inflates_to_more_or_less_than_it_says_is_refused() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&[0; 1 << 20]).unwrap();
        let compressed = encoder.finish().unwrap();
        assert_eq!(inflate(&compressed, 1 << 20).unwrap().len(), 1 << 20);
        for said in [0, 1000, (1 << 20) - 1, (1 << 20) + 1] {
            assert!(inflate(&compressed, said).is_err(), "{said}");
        }
    }

    #[test]
    fn grey_pixels_become_a_file() {
        let file = Path::new("images").into();
        let place = Location::Grey { file, pixels: Arc::new(vec![0, 1, 2, 3, 4, 5, 6]), offset: 1, size: [3, 2] };
        assert_eq!(place.read().unwrap(), b"P5\n3 2\n255\n\x01\x02\x03\x04\x05\x06");
    }
}
