//! Manifests: JSON lines, a header first, then a record an item, sorted by key, and a line that says what came before it.

mod end;
mod error;
mod header;
mod lines;
mod read;
mod spool;
mod write;

pub use error::ManifestError;
pub use header::Header;
pub use read::{Records, read, records_hash};
pub use spool::Spool;
pub use write::{write, write_in_order};

use crate::hash::ContentHash;

/// The version of all manifests. History: 1, the first; 2, the last line; 3, the header's hash in it.
const VERSION: u32 = 3;

/// The oldest version that is read.
const MIN_VERSION: u32 = 1;

/// A manifest in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest<R> {
    /// How the records came to be.
    pub header: Header,
    /// The records, sorted by key.
    pub records: Vec<R>,
    /// The hash of the record lines: what freshness is decided on.
    pub records_hash: ContentHash,
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, path::Path};

    use super::*;
    use crate::{publish::FileError, record::PictureRecord};

    fn picture(post: &str) -> PictureRecord {
        PictureRecord {
            sha256: ContentHash::of(post.as_bytes()),
            post: post.parse().unwrap(),
            md5_claimed: None,
            variant: "sample".into(),
            file: "pictures/aa/a.jpg".into(),
            bytes: 1,
            width: 2,
            height: 3,
            stored_sides: None,
            rating: "s".into(),
            tags: vec!["solo".into()],
            author: None,
            source_url: "http://mini.invalid/a.jpg".into(),
            page_url: "http://mini.invalid/post/show/1".into(),
            original_source: None,
        }
    }

    fn header(seed: u64) -> Header {
        Header::new::<PictureRecord>("0.1.0", None, BTreeMap::new(), seed)
    }

    #[test]
    fn records_are_sorted_by_number_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        let hash = write(&path, &header(1), &mut [picture("mini:10"), picture("mini:9")]).unwrap();
        let manifest = read::<PictureRecord>(&path).unwrap();
        assert_eq!(manifest.records, [picture("mini:9"), picture("mini:10")]);
        assert_eq!(manifest.records_hash, hash);
        assert_eq!(records_hash(&path).unwrap(), Some(hash));
    }

    #[test]
    fn records_in_order_make_the_same_bytes_and_out_of_order_they_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [sorted, streamed] = ["sorted", "streamed"].map(|name| folder.path().join(name));
        let mut records = [picture("mini:9"), picture("mini:10")];
        let hash = write(&sorted, &header(1), &mut records).unwrap();
        let stream = |records: &[PictureRecord]| {
            write_in_order::<_, ManifestError>(&streamed, &header(1), |write| {
                Ok(records.iter().try_for_each(&mut *write).map_err(FileError::at("write", &streamed))?)
            })
        };
        assert_eq!(stream(&records).unwrap(), hash);
        assert_eq!(fs::read(&sorted).unwrap(), fs::read(&streamed).unwrap());
        for wrong in [[picture("mini:10"), picture("mini:9")], [picture("mini:9"), picture("mini:9")]] {
            assert!(stream(&wrong).unwrap_err().to_string().contains("comes behind mini:"));
        }
        assert_eq!(fs::read(&sorted).unwrap(), fs::read(&streamed).unwrap(), "what was there stays");
    }

    #[test]
    fn the_header_does_not_enter_the_records_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        let hash = |seed| write(&path, &header(seed), &mut [picture("mini:1")]).unwrap();
        assert_eq!(hash(1), hash(2));
    }

    /// Writes pictures through a spool.
    fn spooled(path: &Path, posts: &[&str]) -> Result<ContentHash, ManifestError> {
        let mut spool = Spool::of(path);
        posts.iter().try_for_each(|post| spool.push(&picture(post)))?;
        spool.publish(&header(1))
    }

    #[test]
    fn spooled_records_make_the_same_manifest_and_leave_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name).join("manifest.jsonl");
        let (plain, through) = (path("plain"), path("spooled"));
        let hash = write(&plain, &header(1), &mut [picture("mini:9"), picture("b:3"), picture("mini:10")]).unwrap();
        assert_eq!(spooled(&through, &["mini:10", "mini:9", "b:3"]).unwrap(), hash);
        assert_eq!(fs::read(plain).unwrap(), fs::read(&through).unwrap());
        assert_eq!(fs::read_dir(through.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn repeats_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        assert!(write(&path, &header(1), &mut [picture("mini:1"), picture("mini:1")]).is_err());
        let error = spooled(&path, &["mini:1", "mini:2", "mini:1"]).unwrap_err();
        assert!(error.to_string().contains("two records are named mini:1"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_broken_manifest_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        write(&path, &header(1), &mut [picture("mini:1"), picture("mini:2")]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let check = |content: String, expected: &str| {
            fs::write(&path, content).unwrap();
            let error = read::<PictureRecord>(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(String::new(), "line 1: it is empty");
        check("{}\n".into(), "line 1: no header");
        check(whole.replace("nijigen-raw", "nijigen-faces"), "not nijigen-raw version 1 to 3");
        check(whole.replace("\"version\":3", "\"version\":4"), "it is nijigen-raw version 4");
        let other_header = "line 4: the header, line 1, is not the one that was written";
        check(whole.replace("\"version\":3", "\"version\":2"), other_header);
        check(whole.replace("\"seed\":1", "\"seed\":2"), other_header);
        check(whole.replace("\"version\":3", "\"version\":1"), other_header);
        check(whole[..whole.len() - 20].into(), "line 4: the line has no end");
        check(format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]), "line 3: mini:1 is out of order");
        check(format!("{}\nnonsense\n", lines[0]), "line 2: expected");
        let of = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        check(of(&lines[..3]), "line 4: no line ends the 2 records: the file was cut off");
        check(of(&lines[..1]), "line 2: no line ends the 0 records");
        check(of(&[lines[0], lines[1], lines[3]]), "line 3: the 1 records are not the 2 that were written");
        check(of(&[&lines[..], &lines[1..2]].concat()), "line 5: it goes on after its last line");
        check(whole.replace("\"solo\"", "\"duo\""), "line 4: the 2 records are not the 2 that were written");
        check(of(&[lines[0], &"x".repeat(5 << 20)]), "line 2: the line does not end");
    }

    #[test]
    fn manifests_of_earlier_versions_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.jsonl");
        let hash = write(&path, &header(1), &mut [picture("mini:1"), picture("mini:2")]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let (lines, end) = whole.trim_end().rsplit_once('\n').unwrap();
        let of = |version: u32| lines.replace("\"version\":3", &format!("\"version\":{version}")) + "\n";
        let (end_of_records, _) = end.split_once(",\"header\"").unwrap();
        let second = of(2) + end_of_records + "}}\n";
        let check = |content: &str| {
            fs::write(&path, content).unwrap();
            let manifest = read::<PictureRecord>(&path).unwrap();
            assert_eq!((manifest.records.len(), manifest.records_hash), (2, hash));
            assert_eq!(records_hash(&path).unwrap(), Some(hash));
        };
        check(&of(1));
        check(&second);
        // The third states the header's hash, whatever else was cut from its last line.
        fs::write(&path, of(3) + end_of_records + "}}\n").unwrap();
        assert!(read::<PictureRecord>(&path).unwrap_err().to_string().contains("the header, line 1, is not"));
    }
}
