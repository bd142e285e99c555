//! The names of what is not whole yet.

use std::path::{Path, PathBuf};

/// How the names of unfinished files and folders begin: hidden from listings, and no reader looks at them.
pub const PARTIAL_PREFIX: &str = ".partial-";

/// The name under which `path` is written until it is whole. It lies in the same folder, because only there a rename is
/// one step.
pub fn partial(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{PARTIAL_PREFIX}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_lies_beside_its_final_name() {
        let check = |path: &str, expected: &str| assert_eq!(partial(Path::new(path)), Path::new(expected));
        check("data/raw/manifest.jsonl", "data/raw/.partial-manifest.jsonl");
        check("artifacts/runs/a.old", "artifacts/runs/.partial-a.old");
        check("alone", ".partial-alone");
    }
}
