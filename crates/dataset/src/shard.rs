//! One shard file, mapped into memory.

use std::{
    fs::File,
    io::Seek as _,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use contracts::{checked::hash_once, publish::FileError};
use memmap2::Mmap;

use crate::{
    arrow,
    error::DatasetError,
    features, files,
    index::{BatchIndex, ShardIndex},
};

/// A mapped shard. Nothing of it is handed out before its content was held against the index's hash, and every access is checked
/// against the file's length, so a damaged index cannot reach beyond it.
pub(crate) struct MappedShard {
    path: PathBuf,
    file: File,
    index: ShardIndex,
    /// The hash of the content: taken at the first look, as a reader of one row wants no other shard.
    blake3: OnceLock<String>,
    /// The whole file, owned by the mapping behind it.
    content: Buffer,
}

impl MappedShard {
    /// Maps a shard and checks its length against the index.
    pub(crate) fn open(folder: &Path, index: ShardIndex) -> Result<Self, DatasetError> {
        let path = files::at(folder, &index.file.name);
        let file = open(&path)?;
        let content = map(&path, &file)?;
        let shard = Self { path, file, index, blake3: OnceLock::new(), content };
        let (found, expected) = (shard.content.len() as u64, shard.index.file.bytes);
        if found != expected {
            return Err(shard.damaged(format!("has {found} bytes where {expected} were written")));
        }
        Ok(shard)
    }

    /// The error for something wrong in this shard.
    pub(crate) fn damaged(&self, problem: String) -> DatasetError {
        DatasetError::Damaged { path: self.path.clone(), problem }
    }

    /// The same shard in a mapping of its own, which is gone with it: what was read through a mapping counts as this process's memory
    /// as long as that is there.
    pub(crate) fn mapped_anew(&self) -> Result<Self, DatasetError> {
        let file = self.file.try_clone().map_err(FileError::at("read", &self.path))?;
        let content = map(&self.path, &file)?;
        Ok(Self { path: self.path.clone(), file, index: self.index.clone(), blake3: self.blake3.clone(), content })
    }

    /// The rows of each batch.
    pub(crate) fn batch_rows(&self) -> impl Iterator<Item = usize> {
        self.index.batches.iter().map(|batch| batch.rows as usize)
    }

    /// Whether the content is what was written.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn check(&self) -> Result<(), DatasetError> {
        // Read, and not through the mapping, of which all would then be in memory.
        let hash = || {
            (&self.file).rewind()?;
            Ok(blake3::Hasher::new().update_reader(&self.file)?.finalize().to_hex().to_string())
        };
        let remembered = || hash_once(&self.file, "blake3", hash).or_else(|_| hash());
        let found = self.blake3.get_or_init(|| remembered().unwrap_or_default());
        if *found == self.index.file.blake3 {
            Ok(())
        } else {
            Err(self.damaged("does not hold what was written: its BLAKE3 differs".into()))
        }
    }

    /// The encoded image of a row of a batch.
    pub(crate) fn image(&self, batch: usize, row: usize) -> Result<&[u8], DatasetError> {
        self.check()?;
        let found = self.index.batches.get(batch).and_then(|batch| self.find_image(batch, row));
        found.ok_or_else(|| self.damaged(format!("has no image {row} in batch {batch}")))
    }

    fn find_image(&self, batch: &BatchIndex, row: usize) -> Option<&[u8]> {
        let first = usize::try_from(batch.image_offsets).ok()?.checked_add(row * size_of::<i32>())?;
        let start = self.offset_at(first)?;
        let end = self.offset_at(first + size_of::<i32>())?;
        let images = self.content.get(usize::try_from(batch.images).ok()?..)?;
        images.get(start..end)
    }

    fn offset_at(&self, at: usize) -> Option<usize> {
        let bytes = self.content.get(at..)?.first_chunk()?;
        usize::try_from(i32::from_le_bytes(*bytes)).ok()
    }

    /// A whole batch as Arrow has it; its columns stay in the mapping.
    pub(crate) fn record_batch(&self, batch: usize) -> Result<RecordBatch, DatasetError> {
        self.check()?;
        let index = self.index.batches[batch];
        let mut decoder = StreamDecoder::new();
        self.decode(&mut decoder, 0, self.index.schema_bytes)?;
        match self.decode(&mut decoder, index.offset, index.bytes)? {
            Some(batch) if features::are_known(batch.schema().fields()) => Ok(batch),
            Some(_) => Err(self.damaged("has other columns than it should".into())),
            None => Err(self.damaged(format!("has no whole record batch {batch}"))),
        }
    }

    fn decode(
        &self,
        decoder: &mut StreamDecoder,
        offset: u64,
        bytes: u64,
    ) -> Result<Option<RecordBatch>, DatasetError> {
        let end = offset.checked_add(bytes).filter(|end| *end <= self.content.len() as u64);
        let end = end.ok_or_else(|| self.damaged("ends before its last record batch".into()))?;
        let stated = self.content.slice_with_length(offset as usize, (end - offset) as usize);
        let mut message = stated.clone();
        // The content is what was written, but an index may vouch for what was not written by us.
        let mut decode = || decoder.decode(&mut message).map_err(|error| format!("cannot be read as Arrow: {error}"));
        arrow::check_lengths(&stated)
            .and_then(|()| arrow::guarded(&mut decode))
            .map_err(|problem| self.damaged(problem))
    }
}

fn open(path: &Path) -> Result<File, DatasetError> {
    File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => DatasetError::Damaged { path: path.into(), problem: "is missing".into() },
        _ => FileError::at("read", path)(error).into(),
    })
}

/// Maps a file for reading.
pub(crate) fn map(path: &Path, file: &File) -> Result<Buffer, DatasetError> {
    // SAFETY: a dataset is published whole under its name and replaced by renaming its folder; no file of it is ever
    // written again, so the mapped bytes do not change while they are borrowed.
    #[allow(unsafe_code)]
    let map = unsafe { Mmap::map(file) }.map_err(FileError::at("map", path))?;
    Ok(owned(Arc::new(map)))
}

/// The mapping as an Arrow buffer, without a copy.
fn owned(map: Arc<Mmap>) -> Buffer {
    let start = std::ptr::NonNull::from(&map[..]).cast::<u8>();
    let length = map.len();
    // SAFETY: the pointer and length are those of the mapping, which the buffer keeps alive as its owner.
    #[allow(unsafe_code)]
    unsafe {
        Buffer::from_custom_allocation(start, length, map)
    }
}
