//! Names that point at a neighbour, such as `latest` at the newest run.

use std::path::Path;

use super::FileError;
use crate::layout;

/// Makes `name` point at `neighbour`, an entry of the same folder, in one step.
///
/// # Errors
/// When the folder cannot be written; `name` then points where it did.
#[cfg(unix)]
pub fn point_at(name: &Path, neighbour: &str) -> Result<(), FileError> {
    use std::{fs, os::unix::fs::symlink};

    // A link cannot be changed in place, and a relative one survives when the folder is moved.
    let partial = layout::partial(name);
    let pointed = symlink(neighbour, &partial).and_then(|()| fs::rename(&partial, name));
    pointed.map_err(FileError::at("write", name))
}

/// Makes `name` point at `neighbour`, an entry of the same folder, in one step: where links need special rights, a file
/// that holds the neighbour's name has to do.
///
/// # Errors
/// When the folder cannot be written; `name` then points where it did.
#[cfg(not(unix))]
pub fn point_at(name: &Path, neighbour: &str) -> Result<(), FileError> {
    super::write_file(name, neighbour.as_bytes())
}

/// What [`point_at`] was last told for this name; `None` where it points nowhere.
pub fn pointed_at(name: &Path) -> Option<String> {
    #[cfg(unix)]
    let neighbour = std::fs::read_link(name).ok()?.to_str().map(str::to_owned);
    #[cfg(not(unix))]
    let neighbour = std::fs::read_to_string(name).ok();
    neighbour
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_name_points_at_the_newest() {
        let root = tempfile::tempdir().unwrap();
        let name = root.path().join("latest");
        assert_eq!(pointed_at(&name), None);
        for neighbour in ["first-1", "second-2"] {
            point_at(&name, neighbour).unwrap();
            assert_eq!(pointed_at(&name).as_deref(), Some(neighbour));
        }
        #[cfg(unix)]
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
