//! The files of a folder or an archive, before it is known what they are.

use crate::location::Location;

/// A file that a folder or an archive holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its path from the folder or within the archive, with forward slashes.
    pub(super) name: String,
    /// Where its bytes are.
    pub(super) location: Location,
}

/// Whether a path is passed over wherever it lies: hidden, or the leavings of an operating system or a file server.
pub(super) fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| {
        // A resource fork is named after its file, `._a.png`, and so is hidden too.
        (part.starts_with('.') && part != "." && part != "..")
            || LEAVINGS.iter().any(|leaving| part.eq_ignore_ascii_case(leaving))
            || part.starts_with("~$")
    })
}

/// Names in any case of what Windows, macOS and Synology's servers leave beside files.
const LEAVINGS: [&str; 9] = [
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "__MACOSX",
    "Icon\r",
    "@eaDir",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leavings_are_known_at_any_depth() {
        for name in [".a.png", "a/._b.png", ".git/a.png", "__MACOSX/a.png", "a/thumbs.db", "a/@eaDir/b.jpg", "~$a.doc"]
        {
            assert!(is_hidden(name), "{name}");
        }
        for name in ["a.png", "a/b.png", "../a.png", "./a.png", "thumbs.png", "a~/b.png"] {
            assert!(!is_hidden(name), "{name}");
        }
    }
}
