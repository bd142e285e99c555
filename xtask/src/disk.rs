//! How much room things take.

use std::{fs, io, path::Path};

/// The length of a file, or of all files below a folder; links count nothing. 0 where there is nothing.
pub(crate) fn bytes(path: &Path) -> io::Result<u64> {
    let metadata = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        other => other?,
    };
    match metadata.is_dir() {
        true => fs::read_dir(path)?.map(|entry| bytes(&entry?.path())).sum(),
        false => Ok(if metadata.is_file() { metadata.len() } else { 0 }),
    }
}

/// A size for people: "1.2 GB".
pub(crate) fn shown(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1e3, 0);
    // As it would be rounded: 999.96 MB are 1.0 GB.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1e3, unit + 1);
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_of_all_files_and_read_well() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), b"12345").unwrap();
        fs::write(folder.path().join("c"), b"123").unwrap();
        assert_eq!(bytes(folder.path()).unwrap(), 8);
        assert_eq!(bytes(&folder.path().join("none")).unwrap(), 0);
        let check = |bytes, expected| assert_eq!(shown(bytes), expected);
        check(999, "999 B");
        check(1000, "1.0 kB");
        check(999_949, "999.9 kB");
        check(999_960, "1.0 MB");
        check(5_250_000_000_000_000, "5250.0 TB");
    }
}
