//! Where the cascade comes from: what the runner asks to know whether it is missing, and the cropper to read it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::hash::ContentHash;

/// nagadomi's anime face detector, which is published under the MIT licence and downloaded once.
pub const NAME: &str = "lbpcascade_animeface";

/// The name of the project's own cascade, which is part of the cropper's program.
pub const EMBEDDED: &str = "nijigen";

/// Where [`NAME`] is published.
pub const UPSTREAM_URL: &str =
    "https://raw.githubusercontent.com/nagadomi/lbpcascade_animeface/master/lbpcascade_animeface.xml";

/// The SHA-256 of the file that is published there.
pub const SHA256: &str = "9376d30ac38db6bda2a68b88b3b76bbd7e6aa33af47f7f5c76bc88ca75f1ce30";

/// The environment variable that names a cascade file to take instead.
pub const ENVIRONMENT_VARIABLE: &str = "NIJIGEN_CASCADE";

/// Whether the cropper's judge knows how a cascade of this name frames a face: then faces have a confidence.
pub fn is_judged(name: &str) -> bool {
    [NAME, EMBEDDED].contains(&name)
}

/// A cascade that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CascadeSource {
    /// The project's own, in the cropper's program.
    Embedded,
    /// The file that [`ENVIRONMENT_VARIABLE`] names: any cascade, taken as it is.
    Environment(PathBuf),
    /// The published file, downloaded once and checked.
    Cache(PathBuf),
    /// The file that `crop.cascade` names: any cascade, taken as it is.
    Path(PathBuf),
}

impl CascadeSource {
    /// The file; `None` for the one that needs none.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Embedded => None,
            Self::Environment(path) | Self::Cache(path) | Self::Path(path) => Some(path),
        }
    }
}

/// A cascade that is not there, or not what it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CascadeError {
    /// The name is known, but no file was found for it.
    #[error(
        "there is no {NAME} cascade yet ({} does not exist); do one of these: run `cargo xtask setup`, which downloads \
         it; put {UPSTREAM_URL} there by hand; or give {ENVIRONMENT_VARIABLE} (or crop.cascade) the path of a cascade file; \
         crop.cascade = \"{EMBEDDED}\" needs none",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file in the cache is another than the one published.
    #[error(
        "the cascade at {} is not the published one (its SHA-256 is {found}, not {SHA256}); remove it and run \
         `cargo xtask setup`, or give {ENVIRONMENT_VARIABLE} its path if it is what you want",
        path.display()
    )]
    Altered {
        /// The file in the cache.
        path: PathBuf,
        /// What it has instead of [`SHA256`].
        found: ContentHash,
    },
    /// A file was named, and is not there.
    #[error("there is no cascade at {}, which {key} names; correct the path, or leave {key} out to use {NAME}", path.display())]
    NoSuchFile {
        /// The path that was given.
        path: PathBuf,
        /// Which setting gave it: [`ENVIRONMENT_VARIABLE`] or "crop.cascade".
        key: &'static str,
    },
    /// It is there, but cannot be read.
    #[error("cannot read the cascade at {}: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in the words of the system.
        problem: String,
    },
    /// Nothing says where the user's cache is.
    #[error("there is no folder to look for the {NAME} cascade in; set HOME, XDG_CACHE_HOME or {ENVIRONMENT_VARIABLE}")]
    NoCacheFolder,
}

/// Finds the cascade for `crop.cascade = name`. The name of the published one resolves to the environment's file, else
/// to the one in `cache` (the user's cache folder, see [`cache_folder`]); [`EMBEDDED`] needs no file; anything else is a
/// path.
///
/// # Errors
/// When there is none, or the cached one is not the published one.
pub fn resolve(name: &str, environment: Option<OsString>, cache: Option<&Path>) -> Result<CascadeSource, CascadeError> {
    if name == EMBEDDED {
        return Ok(CascadeSource::Embedded);
    }
    if name != NAME {
        return existing(name.into(), "crop.cascade").map(CascadeSource::Path);
    }
    if let Some(path) = environment.filter(|path| !path.is_empty()) {
        return existing(path.into(), ENVIRONMENT_VARIABLE).map(CascadeSource::Environment);
    }
    let path = cached_file(cache.ok_or(CascadeError::NoCacheFolder)?);
    if !path.exists() {
        return Err(CascadeError::Missing(path));
    }
    check_published(&path)?;
    Ok(CascadeSource::Cache(path))
}

/// [`resolve`] with this process's own environment.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_here(name: &str) -> Result<CascadeSource, CascadeError> {
    let cache = cache_folder(|key| std::env::var_os(key));
    resolve(name, std::env::var_os(ENVIRONMENT_VARIABLE), cache.as_deref())
}

/// The user's cache folder, by the environment that `variable` looks things up in.
pub fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG base directory specification wants relative paths ignored.
    let folder = |key| variable(key).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || folder("HOME").or_else(|| folder("USERPROFILE"));
    folder("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
}

/// Where the published cascade lies in a cache folder: what a download has to write.
pub fn cached_file(cache: &Path) -> PathBuf {
    cache.join("nijigen").join(format!("{NAME}.xml"))
}

/// Checks that a file is the published cascade, byte for byte.
///
/// # Errors
/// When it cannot be read, or is another.
pub fn check_published(path: &Path) -> Result<(), CascadeError> {
    let found = ContentHash::of_file(path)
        .map_err(|error| CascadeError::Unreadable { path: path.into(), problem: error.to_string() })?;
    if found.to_string() == SHA256 { Ok(()) } else { Err(CascadeError::Altered { path: path.into(), found }) }
}

fn existing(path: PathBuf, key: &'static str) -> Result<PathBuf, CascadeError> {
    if path.is_file() { Ok(path) } else { Err(CascadeError::NoSuchFile { path, key }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_before_the_cache_and_a_path_before_both() {
        let cache = tempfile::tempdir().unwrap();
        let file = cache.path().join("own.xml");
        std::fs::write(&file, "anything").unwrap();
        let environment = || Some(file.clone().into_os_string());
        let found = resolve(NAME, environment(), Some(cache.path()));
        assert_eq!(found, Ok(CascadeSource::Environment(file.clone())));
        assert_eq!(resolve(EMBEDDED, environment(), None), Ok(CascadeSource::Embedded));
        let found = resolve(&file.to_string_lossy(), environment(), None);
        assert_eq!(found, Ok(CascadeSource::Path(file.clone())));
    }

    #[test]
    fn a_missing_one_names_the_ways_out() {
        let cache = tempfile::tempdir().unwrap();
        let message = resolve(NAME, Some("".into()), Some(cache.path())).unwrap_err().to_string();
        for way in ["cargo xtask setup", UPSTREAM_URL, ENVIRONMENT_VARIABLE, "crop.cascade"] {
            assert!(message.contains(way), "{message}");
        }
    }

    #[test]
    fn a_damaged_download_is_not_taken() {
        let cache = tempfile::tempdir().unwrap();
        crate::publish::write_file(&cached_file(cache.path()), b"<html>404</html>").unwrap();
        let error = resolve(NAME, None, Some(cache.path())).unwrap_err();
        assert!(matches!(error, CascadeError::Altered { .. }), "{error}");
    }

    #[test]
    fn a_named_file_that_is_not_there_is_said_with_its_key() {
        let check = |name: &str, environment: Option<&str>, expected: &str| {
            let error = resolve(name, environment.map(OsString::from), None).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("models/none.xml", None, "models/none.xml, which crop.cascade names");
        check(NAME, Some("none.xml"), "none.xml, which NIJIGEN_CASCADE names");
        check(NAME, None, "no folder to look for");
    }

    #[test]
    fn the_cache_folder_follows_the_environment() {
        let check = |variables: &[(&str, &str)], expected: Option<&str>| {
            let lookup = |key: &str| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| value.into());
            assert_eq!(cache_folder(lookup), expected.map(PathBuf::from), "{variables:?}");
        };
        check(&[("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/a")], Some("/cache"));
        check(&[("XDG_CACHE_HOME", "relative"), ("HOME", "/home/a")], Some("/home/a/.cache"));
        check(&[("XDG_CACHE_HOME", "")], None);
    }

    #[test]
    fn the_published_hash_is_a_hash() {
        assert!(SHA256.parse::<ContentHash>().is_ok());
    }
}
