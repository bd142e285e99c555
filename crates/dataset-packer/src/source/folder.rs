//! A folder of pictures, with the folders in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Listing, push_file, slashed};

/// Adds the pictures of a folder, by name; `prefix` goes before each. Hidden files and links to other folders are passed over.
pub(super) fn list(folder: &Path, prefix: &str, listing: &mut Listing) -> Result<(), String> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let name = |path: &Path| format!("{prefix}{}", slashed(path.strip_prefix(folder).unwrap_or(path)));
    let mut named: Vec<(String, PathBuf)> = files.into_iter().map(|path| (name(&path), path)).collect();
    named.sort();
    for (name, path) in named {
        push_file(listing, path, name);
    }
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("cannot read the folder {}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type().map_err(unreadable)?.is_dir() {
            true => walk(&entry.path(), files)?,
            false if entry.path().is_dir() => {}
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_sorted_from_all_depths() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("b/c")).unwrap();
        for name in ["z.png", "b/c/1.jpeg", "b/2.webp", "a.gif", "b/readme.md", ".hidden.png"] {
            fs::write(root.path().join(name), b"x").unwrap();
        }
        let mut listing = Listing::default();
        list(root.path(), "", &mut listing).unwrap();
        let names: Vec<&str> = listing.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["a.gif", "b/2.webp", "b/c/1.jpeg", "z.png"]);
        assert_eq!(listing.other_files, 1);
    }
}
