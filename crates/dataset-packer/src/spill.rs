//! Prepared pixels on disk until it is decided which become rows, so that memory does not grow with the dataset.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use contracts::publish::FileError;

/// A file of images of one size, one after the other. It is removed when this is dropped.
pub(crate) struct Spill {
    path: PathBuf,
    file: BufWriter<File>,
    image_bytes: usize,
}

impl Spill {
    /// An empty spill in a folder.
    pub(crate) fn create(folder: &Path, image_bytes: usize) -> Result<Self, FileError> {
        let path = folder.join("prepared.spill");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let file = BufWriter::new(file.map_err(FileError::at("write", &path))?);
        Ok(Self { path, file, image_bytes })
    }

    /// Appends an image.
    pub(crate) fn push(&mut self, pixels: &[u8]) -> Result<(), FileError> {
        self.file.write_all(pixels).map_err(FileError::at("write", &self.path))
    }

    /// Ends writing: the images can be read from now on.
    pub(crate) fn into_reader(mut self) -> Result<SpillReader, FileError> {
        self.file.flush().map_err(FileError::at("write", &self.path))?;
        let file = File::open(&self.path).map_err(FileError::at("read", &self.path))?;
        Ok(SpillReader { spill: self, file: BufReader::with_capacity(1 << 20, file) })
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        // What is left behind lies in a folder that the next run empties.
        let _ = fs::remove_file(&self.path);
    }
}

/// A spill being read.
pub(crate) struct SpillReader {
    spill: Spill,
    file: BufReader<File>,
}

impl SpillReader {
    /// The image that was pushed as number `place`. Reading in ascending order is fastest.
    pub(crate) fn read(&mut self, place: usize) -> Result<Vec<u8>, FileError> {
        let mut pixels = vec![0; self.spill.image_bytes];
        self.read_into(place, &mut pixels).map_err(FileError::at("read", &self.spill.path))?;
        Ok(pixels)
    }

    fn read_into(&mut self, place: usize, pixels: &mut [u8]) -> std::io::Result<()> {
        let wanted = place as u64 * pixels.len() as u64;
        let here = self.file.stream_position()?;
        match i64::try_from(i128::from(wanted) - i128::from(here)) {
            Ok(step) => self.file.seek_relative(step)?,
            Err(_) => drop(self.file.seek(SeekFrom::Start(wanted))?),
        }
        self.file.read_exact(pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_come_back_in_any_order_and_the_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::create(folder.path(), 3).unwrap();
        (0..50_u8).for_each(|n| spill.push(&[n; 3]).unwrap());
        let mut reader = spill.into_reader().unwrap();
        for place in [0, 1, 7, 49, 3] {
            assert_eq!(reader.read(place).unwrap(), [place as u8; 3]);
        }
        assert!(reader.read(50).is_err());
        drop(reader);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
