//! Faces into a tar.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{
    BLOCK,
    index::{FORMAT, Line},
};
use crate::{
    layout::{self, Layout},
    publish::FileError,
};

/// Takes a shard's faces in any order, from any thread, and makes a tar of them whose bytes do not depend on it: a file beside it holds
/// them until the last has come, memory only their names.
pub struct FacesTarWriter {
    folder: PathBuf,
    spool: PathBuf,
    arrived: Mutex<Arrived>,
}

struct Arrived {
    file: File,
    /// Each face's name, and where in the file it is.
    faces: Vec<Line>,
    end: u64,
}

impl FacesTarWriter {
    /// Begins the tar of a folder, which is not published yet: nothing is made durable here.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(folder: &Path) -> Result<Self, FileError> {
        let spool = layout::partial(&Layout::faces_tar(folder));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&spool);
        let file = file.map_err(FileError::at("write", &spool))?;
        let arrived = Mutex::new(Arrived { file, faces: Vec::new(), end: 0 });
        Ok(Self { folder: folder.into(), spool, arrived })
    }

    /// Adds a face.
    ///
    /// # Errors
    /// When the disk is full, or the name is none that the index takes.
    pub fn add(&self, name: &str, content: &[u8]) -> Result<(), FileError> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let line = Line { name: name.to_owned(), offset: arrived.end, length: content.len() as u64 };
        let written = line.to_text().and_then(|_| arrived.file.write_all(content));
        written.map_err(FileError::at("write", &self.spool))?;
        arrived.end += line.length;
        arrived.faces.push(line);
        Ok(())
    }

    /// Writes the tar and its index, by name.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> Result<(), FileError> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faces = std::mem::take(&mut arrived.faces);
        faces.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let (tar, index) = (Layout::faces_tar(&self.folder), Layout::faces_index(&self.folder));
        let length = write_tar(&tar, &mut arrived.file, &mut faces).map_err(FileError::at("write", &tar))?;
        let head = Line { name: FORMAT.to_owned(), offset: length, length: faces.len() as u64 };
        let lines: io::Result<String> = std::iter::once(&head).chain(&faces).map(Line::to_text).collect();
        lines.and_then(|lines| fs::write(&index, lines)).map_err(FileError::at("write", &index))
    }
}

impl Drop for FacesTarWriter {
    fn drop(&mut self) {
        // It lies in a folder that is thrown away as a whole where this fails.
        let _ = fs::remove_file(&self.spool);
    }
}

/// Copies the faces behind a header each, and says of each where it is now; returns the tar's length.
fn write_tar(path: &Path, spool: &mut File, faces: &mut [Line]) -> io::Result<u64> {
    let mut tar = BufWriter::with_capacity(1 << 16, File::create(path)?);
    let (mut end, mut content) = (0, Vec::new());
    for face in faces {
        spool.seek(SeekFrom::Start(face.offset))?;
        content.clear();
        spool.take(face.length).read_to_end(&mut content)?;
        let padded = face.length.next_multiple_of(BLOCK);
        content.resize(padded as usize, 0);
        tar.write_all(&header(&face.name, face.length))?;
        tar.write_all(&content)?;
        face.offset = end + BLOCK;
        end += BLOCK + padded;
    }
    // Two empty blocks end a tar.
    tar.write_all(&[0; 2 * BLOCK as usize])?;
    tar.flush()?;
    Ok(end + 2 * BLOCK)
}

/// The header of a plain file (POSIX.1-1988, ustar): numbers in octal, the sum over the block with the sum's own field blank.
fn header(name: &str, length: u64) -> [u8; BLOCK as usize] {
    let mut block = [0; BLOCK as usize];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{length:011o}"));
    // The same in every tar; GNU tar takes 0 for a clock that is wrong, and says so.
    put(136, &format!("{:011o}", 1));
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
