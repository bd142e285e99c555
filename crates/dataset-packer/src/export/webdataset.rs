//! `webdataset`: tar files in which the files of a sample share a name: `.png`, `.json`, and `.cls` where there is a class.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use contracts::{Context, publish::FileError};
use dataset::{Dataset, SplitName};
use tar::{Builder, EntryType, Header};

use super::{Exported, for_each, foreign_name, json_line};
use crate::error::PackError;

/// Samples of a tar file: readers share the work tar by tar.
const SAMPLES: usize = 10_000;

/// Writes every split that has rows as `<split>-<number>.tar`.
pub(super) fn write(dataset: &Dataset, to: &Path, context: &Context<'_>) -> Result<(), PackError> {
    for split in SplitName::ALL.map(|name| dataset.split(name)) {
        let mut open: Option<Tar> = None;
        let mut written = 0;
        for_each(split, context, |sample| {
            if written % SAMPLES == 0 {
                open.take().map(Tar::finish).transpose()?;
            }
            let name = format!("{}-{:06}.tar", foreign_name(split.name()), written / SAMPLES);
            let tar = match open.take() {
                Some(tar) => open.insert(tar),
                None => open.insert(Tar::create(to.join(name))?),
            };
            written += 1;
            Ok(tar.push(&sample)?)
        })?;
        open.map(Tar::finish).transpose()?;
    }
    Ok(())
}

struct Tar {
    path: PathBuf,
    builder: Builder<BufWriter<File>>,
}

impl Tar {
    fn create(path: PathBuf) -> Result<Self, FileError> {
        let file = File::create(&path).map_err(FileError::at("write", &path))?;
        Ok(Self { path, builder: Builder::new(BufWriter::new(file)) })
    }

    fn push(&mut self, Exported { name, row, png }: &Exported) -> Result<(), FileError> {
        self.member(&format!("{name}.png"), png)?;
        self.member(&format!("{name}.json"), &json_line(row))?;
        match row.label {
            Some(label) => self.member(&format!("{name}.cls"), label.to_string().as_bytes()),
            None => Ok(()),
        }
    }

    fn member(&mut self, name: &str, content: &[u8]) -> Result<(), FileError> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        self.builder.append_data(&mut header, name, content).map_err(FileError::at("write", &self.path))
    }

    fn finish(self) -> Result<(), FileError> {
        let ended = self.builder.into_inner().and_then(|mut file| file.flush());
        ended.map_err(FileError::at("write", &self.path))
    }
}
