//! ONNX Runtime for browsers, as npm packs it: fetched when it is needed, held against its hash, never part of this repository.

use std::{
    fs,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha512};

/// The package and its version, as npm names them.
pub(super) const PACKAGE: &str = "onnxruntime-web@1.30.0";

/// The SHA-512 of the package's file, as npm's lock files write it.
const INTEGRITY: &str = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==";

/// A build of the runtime: a module and the binary that it starts.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(super) struct Build {
    pub(super) script: &'static str,
    pub(super) binary: &'static str,
}

/// The processor's build.
pub(super) const WASM: Build = Build { script: "ort.wasm.bundle.min.mjs", binary: "ort-wasm-simd-threaded.wasm" };

/// The build for graphics cards, twice as large.
pub(super) const WEBGPU: Build =
    Build { script: "ort.webgpu.bundle.min.mjs", binary: "ort-wasm-simd-threaded.asyncify.wasm" };

/// The package's files that a page needs.
#[derive(Debug)]
pub(super) struct Runtime {
    pub(super) files: Vec<(&'static str, Vec<u8>)>,
}

impl Runtime {
    /// Reads the package from a file, or has npm fetch it.
    ///
    /// # Errors
    /// When there is neither, or it is another package than that of [`INTEGRITY`].
    pub(super) fn take(file: Option<&Path>) -> anyhow::Result<Self> {
        let package = match file {
            Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
            None => pack()?,
        };
        if STANDARD.encode(Sha512::digest(&package)) != INTEGRITY {
            let place = file.map_or_else(|| "what npm fetched".into(), |file| file.display().to_string());
            bail!("{place} is not {PACKAGE} as it was published: its SHA-512 is another");
        }
        Self::unpack(&package)
    }

    fn unpack(package: &[u8]) -> anyhow::Result<Self> {
        let wanted = [WASM.script, WASM.binary, WEBGPU.script, WEBGPU.binary];
        let mut files = Vec::new();
        for entry in tar::Archive::new(GzDecoder::new(package)).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let name = wanted.into_iter().find(|name| path == Path::new("package/dist").join(name));
            if let Some(name) = name {
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                files.push((name, content));
            }
        }
        match wanted.iter().find(|name| !files.iter().any(|(there, _)| there == *name)) {
            Some(missing) => bail!("{PACKAGE} has no dist/{missing}"),
            None => Ok(Self { files }),
        }
    }

    /// A file of the package.
    pub(super) fn file(&self, name: &str) -> &[u8] {
        self.files.iter().find(|(there, _)| *there == name).map_or(&[], |(_, content)| content)
    }
}

/// Has npm fetch the package, or take it from its own cache.
fn pack() -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("cannot make a folder for the package")?;
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.args(["pack", PACKAGE, "--silent"]).current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
    let elsewhere = format!("fetch the package elsewhere with `npm pack {PACKAGE}` and name its file with --runtime");
    match npm.status() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("npm, which fetches ONNX Runtime for the page, is not installed: install it, or {elsewhere}")
        }
        Err(error) => Err(error).context("cannot start npm"),
        Ok(status) if !status.success() => bail!("npm could not fetch {PACKAGE}: {elsewhere}"),
        Ok(_) => {
            let path = only_file(folder.path()).with_context(|| format!("npm left no package: {elsewhere}"))?;
            Ok(fs::read(&path)?)
        }
    }
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_package_is_refused_before_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("package.tgz");
        let error = Runtime::take(Some(&path)).unwrap_err();
        assert!(format!("{error:#}").contains("cannot read"), "{error:#}");
        fs::write(&path, b"not it").unwrap();
        let error = Runtime::take(Some(&path)).unwrap_err();
        assert!(error.to_string().ends_with("its SHA-512 is another"), "{error}");
    }
}
