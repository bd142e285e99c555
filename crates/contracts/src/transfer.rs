//! Weights of another run, at which training begins.

use std::path::{Path, PathBuf};

use crate::{
    find_run::{FindRunError, find_run},
    hash::ContentHash,
    layout::{Layout, RunLayout},
    publish::FileError,
    vouched::Voucher,
};

/// Where these weights are, and which they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferWeights {
    /// The generator's.
    pub generator: PathBuf,
    /// SHA-256 of the generator's, and after a space of the discriminator's where they lie beside them.
    pub hash: String,
}

/// Weights that are not found.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is neither such a file, nor such a folder, nor such a run.
    #[error("there are no weights at {}, and {problem}", path.display())]
    None {
        /// Where a file or a run's folder was looked for.
        path: PathBuf,
        /// Why there is no run.
        problem: FindRunError,
    },
    /// A name that means another run as soon as this one has begun.
    #[error(
        "\"latest\" is another run as soon as this one has begun; give that run's id (`cargo xtask runs` lists them)"
    )]
    Latest,
    /// They are not what their run's records state.
    #[error(
        "the weights at {} are not what {} states: one of both is damaged; take another run, or train that one again",
        path.display(), record.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The record beside it.
        record: PathBuf,
    },
    /// They cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl TransferWeights {
    /// The weights at `folder`/`name`, a file or a run's folder, or those of the run called `name`.
    ///
    /// # Errors
    /// When there are none, or they cannot be read.
    pub fn find(layout: &Layout, folder: &Path, name: &str) -> Result<Self, TransferError> {
        let path = folder.join(name);
        let in_folder = RunLayout::at(&path).generator();
        let there = [&path, &in_folder].into_iter().find(|path| path.is_file()).cloned();
        let generator = match there {
            Some(generator) => generator,
            None if name == "latest" => return Err(TransferError::Latest),
            None => match find_run(layout, name) {
                Ok(run) => layout.run(&run).generator(),
                Err(problem) => return Err(TransferError::None { path, problem }),
            },
        };
        let files = [Some(generator.clone()), Self::discriminator_beside(&generator)];
        let hash = |path: &PathBuf| {
            let hash = ContentHash::of_file(path).map_err(FileError::at("read", path))?;
            match Voucher::beside(path)?.filter(|voucher| voucher.hash != hash) {
                Some(Voucher { record, .. }) => Err(TransferError::Altered { path: path.clone(), record }),
                None => Ok(hash.to_string()),
            }
        };
        let hashes = files.iter().flatten().map(hash).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { generator, hash: hashes.join(" ") })
    }

    /// The discriminator's weights beside a generator's, where there are any.
    pub fn discriminator_beside(generator: &Path) -> Option<PathBuf> {
        Some(RunLayout::at(generator.parent()?).discriminator()).filter(|path| path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::PathsConfig, publish};

    #[test]
    fn weights_are_files_folders_or_runs() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let run = layout.run(&"dcgan-64px-0123abcd".parse().unwrap());
        publish::write_file(&run.generator(), b"generator").unwrap();
        let find = |name: &str| TransferWeights::find(&layout, root.path(), name);
        let alone = ContentHash::of(b"generator").to_string();
        for name in ["dcgan-64px-0123abcd", "dcgan", "artifacts/runs/dcgan-64px-0123abcd"] {
            let expected = TransferWeights { generator: run.generator(), hash: alone.clone() };
            assert_eq!(find(name).unwrap(), expected, "{name}");
        }
        let file = find("artifacts/runs/dcgan-64px-0123abcd/generator.safetensors").unwrap();
        assert_eq!((file.generator, file.hash), (run.generator(), alone.clone()));
        publish::write_file(&run.discriminator(), b"discriminator").unwrap();
        assert_eq!(find("dcgan").unwrap().hash, format!("{alone} {}", ContentHash::of(b"discriminator")));
        publish::write_file(
            &run.provenance(),
            format!(r#"{{"generator": "{}"}}"#, ContentHash::of(b"other")).as_bytes(),
        )
        .unwrap();
        let error = find("dcgan").unwrap_err().to_string();
        assert!(error.contains("provenance.json") && error.contains("damaged"), "{error}");
        let check = |name, part: &str| {
            let error = find(name).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        check("modern", "there are dcgan-64px-0123abcd");
        check("latest", "give that run's id");
    }
}
