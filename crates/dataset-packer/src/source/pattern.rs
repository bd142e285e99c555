//! A pattern such as `data/anime/*.jpg`: whatever it matches, in order.

use std::path::{Path, PathBuf};

use super::{Inventory, Source, file_kind, folder, push_file, slashed};

/// Adds what a pattern matches: pictures, and folders and archives of them.
///
/// Names start at the first part of the pattern that has a wildcard, so they say nothing of where the data lies.
pub(super) fn list(pattern: &str, inventory: &mut Inventory) -> Result<(), String> {
    let paths = glob::glob(pattern).map_err(|error| format!("it is no pattern: {error}"))?;
    let paths: Result<Vec<PathBuf>, _> = paths.collect();
    let mut paths = paths.map_err(|error| error.to_string())?;
    if paths.is_empty() {
        return Err("it matches nothing".into());
    }
    paths.sort();
    let fixed = fixed_part(pattern);
    for path in paths {
        let name = slashed(path.strip_prefix(&fixed).unwrap_or(&path));
        if path.is_dir() {
            folder::list(&path, &format!("{name}/"), inventory)?;
        } else {
            match file_kind(path.clone()) {
                Ok(Source::Picture(_)) | Err(_) => drop(push_file(inventory, path, name)),
                Ok(archive) => archive.list(&format!("{name}/"), inventory)?,
            }
        }
    }
    Ok(())
}

/// The folders before the first wildcard.
fn fixed_part(pattern: &str) -> PathBuf {
    let has_wildcard = |part: &std::path::Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    Path::new(pattern).components().take_while(|part| !has_wildcard(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_part_ends_before_the_first_wildcard() {
        let check = |pattern: &str, expected: &str| assert_eq!(fixed_part(pattern), Path::new(expected));
        check("data/anime/*.jpg", "data/anime");
        check("/pool/[ab]*/x/*.png", "/pool");
        check("*.png", "");
    }
}
