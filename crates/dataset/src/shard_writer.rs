//! Writes one Arrow IPC stream file and notes where everything lies in it.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use arrow_array::RecordBatch;
use arrow_ipc::{
    root_as_message,
    writer::{DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteOptions, write_message},
};
use arrow_schema::ArrowError;
use contracts::publish::FileError;

use crate::{
    error::DatasetError,
    features::schema,
    index::{BatchIndex, FileIndex, RowGroup, ShardIndex},
};

/// The stream's last eight bytes: a message of no length.
const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// The first buffers of a batch belong to the image column: the struct's nulls, the bytes' nulls, offsets, values.
const IMAGE_OFFSETS_BUFFER: usize = 2;
const IMAGES_BUFFER: usize = 3;

/// A shard being written; what it holds is hashed on its way to the disk.
pub(crate) struct ShardWriter {
    path: PathBuf,
    file: HashedFile,
    generator: IpcDataGenerator,
    dictionaries: DictionaryTracker,
    schema_bytes: u64,
    batches: Vec<BatchIndex>,
}

impl ShardWriter {
    pub(crate) fn create(path: PathBuf) -> Result<Self, DatasetError> {
        let file = File::create(&path).map_err(FileError::at("write", &path))?;
        let mut shard = Self {
            path,
            file: HashedFile { file: BufWriter::new(file), hasher: blake3::Hasher::new(), written: 0 },
            generator: IpcDataGenerator::default(),
            dictionaries: DictionaryTracker::new(false),
            schema_bytes: 0,
            batches: Vec::new(),
        };
        let message = shard.generator.schema_to_bytes_with_dictionary_tracker(
            &schema(),
            &mut shard.dictionaries,
            &IpcWriteOptions::default(),
        );
        shard.write(message)?;
        shard.schema_bytes = shard.file.written;
        Ok(shard)
    }

    /// How long the file would be if it ended now.
    pub(crate) fn bytes(&self) -> u64 {
        self.file.written + END_OF_STREAM.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Encodes a batch without writing it.
    pub(crate) fn encode(&mut self, batch: &RecordBatch) -> Result<EncodedData, DatasetError> {
        let options = IpcWriteOptions::default();
        let (_, message) = self.generator.encode(batch, &mut self.dictionaries, &options, &mut Default::default())?;
        Ok(message)
    }

    /// Writes an encoded batch of `rows` rows.
    pub(crate) fn push(&mut self, rows: usize, message: EncodedData) -> Result<(), DatasetError> {
        let [image_offsets, images] = image_buffers(&message.ipc_message)?;
        let offset = self.file.written;
        let body = offset + self.write(message)?;
        self.batches.push(BatchIndex {
            rows: rows as u64,
            offset,
            bytes: self.file.written - offset,
            image_offsets: body + image_offsets,
            images: body + images,
        });
        Ok(())
    }

    /// Ends the stream; the shard will be known as `name`, relative to the dataset's folder.
    pub(crate) fn finish(mut self, name: String, group: RowGroup) -> Result<ShardIndex, DatasetError> {
        let ended = self.file.write_all(&END_OF_STREAM).and_then(|()| self.file.flush());
        ended.map_err(FileError::at("write", &self.path))?;
        let blake3 = self.file.hasher.finalize().to_hex().to_string();
        Ok(ShardIndex {
            file: FileIndex { name, bytes: self.file.written, blake3 },
            group,
            rows: self.batches.iter().map(|batch| batch.rows).sum(),
            schema_bytes: self.schema_bytes,
            batches: self.batches,
        })
    }

    /// Writes a message and returns the length of its head: where its body begins.
    fn write(&mut self, message: EncodedData) -> Result<u64, DatasetError> {
        match write_message(&mut self.file, message, &IpcWriteOptions::default()) {
            Ok((head, _)) => Ok(head as u64),
            Err(ArrowError::IoError(_, error)) => Err(FileError::at("write", &self.path)(error).into()),
            Err(other) => Err(other.into()),
        }
    }
}

/// Where the image offsets and the image bytes begin within the message's body.
fn image_buffers(message: &[u8]) -> Result<[u64; 2], DatasetError> {
    let message = root_as_message(message).map_err(|error| ArrowError::IpcError(error.to_string()))?;
    let buffers = message.header_as_record_batch().and_then(|batch| batch.buffers());
    let buffers = buffers.filter(|buffers| buffers.len() > IMAGES_BUFFER);
    let buffers = buffers.ok_or_else(|| ArrowError::IpcError("a record batch without an image column".into()))?;
    Ok([IMAGE_OFFSETS_BUFFER, IMAGES_BUFFER].map(|buffer| buffers.get(buffer).offset() as u64))
}

/// A file that knows its length and hash so far.
struct HashedFile {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    written: u64,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
