//! A pattern such as `data/anime/*.jpg`: whatever it matches, in order.

use std::path::{Path, PathBuf};

use contracts::Context;

use super::{
    Inventory, Source,
    folder::{Files, name_below},
    recognise_folder,
};

/// Adds what a pattern matches: pictures, and folders and archives of them.
///
/// Names start at the first part of the pattern that has a wildcard, so they say nothing of where the data lies.
pub(super) fn list(pattern: &str, context: &Context<'_>, inventory: &mut Inventory) -> Result<(), String> {
    let paths = glob::glob(pattern).map_err(|error| format!("it is no pattern: {error}"))?;
    let paths: Result<Vec<PathBuf>, _> = paths.collect();
    let mut paths = paths.map_err(|error| error.to_string())?;
    if paths.is_empty() {
        return Err("it matches nothing".into());
    }
    paths.sort();
    let fixed = fixed_part(pattern);
    let (mut files, mut entries) = (Files::default(), Vec::new());
    for path in paths {
        let name = name_below(&fixed, &path);
        match path.is_dir().then(|| recognise_folder(&path)) {
            Some(Source::Folder(path)) => files.walk(&path, &format!("{name}/"), inventory)?,
            Some(source) => source.list(&format!("{name}/"), context, inventory)?,
            None => files.file(path, "", name, &mut entries, inventory),
        }
    }
    files.add(entries);
    files.list(context, inventory)
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
