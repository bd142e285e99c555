//! Faces that people threw away, remembered as picture and box so that changed parameters do not bring them back.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{
    id::{FaceId, PictureHash},
    layout::Layout,
    lock,
    publish::{self, FileError},
    record::PixelBox,
};

/// Two boxes of one picture whose intersection is at least this share of their union are the same face: the usual threshold for
/// detections. Faces side by side stay far below, and other parameters move a box by less.
const SAME_FACE_OVERLAP: f64 = 0.5;

/// A face that stays out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exclusion {
    /// The picture that it is in.
    pub picture: PictureHash,
    /// Its box in the picture.
    #[serde(rename = "box")]
    pub pixel_box: PixelBox,
}

/// Everything that the user wants kept out of the dataset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exclusions {
    boxes: HashMap<PictureHash, Vec<PixelBox>>,
    pictures: HashSet<PictureHash>,
    faces: HashSet<FaceId>,
    files: Vec<String>,
}

/// A line of exclude.txt.
#[derive(Clone, Debug, PartialEq)]
enum Listed {
    Picture(PictureHash),
    Face(FaceId),
    File(String),
}

impl Exclusions {
    /// Reads `excluded.jsonl` (faces found deleted) and `exclude.txt` (a face, a picture's SHA-256 or a face's file
    /// name a line, or that of a picture from elsewhere; `#` starts a comment). Neither has to exist.
    ///
    /// # Errors
    /// When one is there but cannot be read.
    pub fn read(layout: &Layout) -> Result<Self, FileError> {
        let mut all = Self::default();
        for exclusion in read_remembered(layout)? {
            all.boxes.entry(exclusion.picture).or_default().push(exclusion.pixel_box);
        }
        for listed in publish::read_text_or_empty(&layout.exclude_list())?.lines().filter_map(parse_listed) {
            match listed {
                Listed::Picture(picture) => _ = all.pictures.insert(picture),
                Listed::Face(face) => _ = all.faces.insert(face),
                Listed::File(name) => all.files.push(name),
            }
        }
        Ok(all)
    }

    /// Whether a face is to be left out: by its id, by its box in the picture, by the picture, or by its file's path.
    pub fn covers(&self, face: &FaceId, pixel_box: &PixelBox, file: &str) -> bool {
        let boxes = self.boxes.get(&face.picture).map_or(&[][..], Vec::as_slice);
        boxes.iter().any(|b| b.overlap(pixel_box) >= SAME_FACE_OVERLAP)
            || self.faces.contains(face)
            || self.covers_picture(&face.picture, file)
    }

    /// Whether a picture from elsewhere is to be left out, by its hash or by its name in its source.
    pub fn covers_picture(&self, picture: &PictureHash, name: &str) -> bool {
        self.pictures.contains(picture) || self.files.iter().any(|file| is_file(name, file))
    }
}

/// Whether a path ends in a file of that name.
fn is_file(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
}

/// Adds faces to `excluded.jsonl`; those that are there already are not repeated.
///
/// # Errors
/// When the file cannot be read or written.
pub fn remember(layout: &Layout, new: impl IntoIterator<Item = Exclusion>) -> Result<(), FileError> {
    let mut new = new.into_iter().peekable();
    if new.peek().is_none() {
        return Ok(());
    }
    let _lock = lock::wait_for(&layout.exclusions_lock())?;
    let mut all = read_remembered(layout)?;
    let before = all.len();
    all.extend(new);
    all.sort();
    all.dedup();
    if all.len() == before {
        return Ok(());
    }
    write(&layout.exclusions(), &all)
}

/// Adds faces to `exclude.txt`. When this returns they are on the disk, whatever happens next.
///
/// # Errors
/// When the file cannot be written.
pub fn exclude(layout: &Layout, faces: &[FaceId]) -> Result<(), FileError> {
    let _lock = lock::wait_for(&layout.exclusions_lock())?;
    let path = layout.exclude_list();
    let append = || -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        // A last line without its end is somebody else's, by hand.
        let mut lines = if is_ended(&mut file)? { String::new() } else { "\n".into() };
        faces.iter().for_each(|face| writeln!(lines, "{face}").expect("a string takes everything"));
        file.write_all(lines.as_bytes())?;
        file.sync_data()
    };
    append().map_err(FileError::at("write", &path))
}

/// Takes faces out of `exclude.txt` again: the lines that name one of them and nothing else. What is excluded by its picture, its
/// file or its deletion stays out.
///
/// # Errors
/// When the file cannot be read or written.
pub fn include(layout: &Layout, faces: &[FaceId]) -> Result<(), FileError> {
    let _lock = lock::wait_for(&layout.exclusions_lock())?;
    let path = layout.exclude_list();
    let text = publish::read_text_or_empty(&path)?;
    let is_of_them = |line: &str| matches!(parse_listed(line), Some(Listed::Face(face)) if faces.contains(&face));
    let kept: String = text.split_inclusive('\n').filter(|line| !is_of_them(line)).collect();
    if kept.len() == text.len() { Ok(()) } else { publish::write_file(&path, kept.as_bytes()) }
}

fn is_ended(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Takes back what deletions excluded: those faces count as never deleted, and the crop stage cuts them again. Returns them.
///
/// # Errors
/// When the files cannot be read or written.
pub fn restore(layout: &Layout) -> Result<Vec<Exclusion>, FileError> {
    let _lock = lock::wait_for(&layout.exclusions_lock())?;
    let taken_back = read_remembered(layout)?;
    if !taken_back.is_empty() {
        let mut restored = read_lines(&layout.restored())?;
        restored.extend(taken_back.iter().cloned());
        restored.sort();
        restored.dedup();
        write(&layout.restored(), &restored)?;
        publish::remove_file(&layout.exclusions())?;
    }
    Ok(taken_back)
}

/// Says that what was taken back has been cut again.
///
/// # Errors
/// When the list cannot be removed.
pub fn restoration_done(layout: &Layout) -> Result<(), FileError> {
    publish::remove_file(&layout.restored())
}

/// Faces that were deleted, and that the user took back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restored(HashMap<PictureHash, Vec<PixelBox>>);

impl Restored {
    /// Reads what waits to be cut again; it need not exist.
    ///
    /// # Errors
    /// When it is there but cannot be read.
    pub fn read(layout: &Layout) -> Result<Self, FileError> {
        let mut boxes = HashMap::<_, Vec<_>>::new();
        for exclusion in read_lines(&layout.restored())? {
            boxes.entry(exclusion.picture).or_default().push(exclusion.pixel_box);
        }
        Ok(Self(boxes))
    }

    /// Whether a face is among them.
    pub fn covers(&self, picture: &PictureHash, pixel_box: &PixelBox) -> bool {
        self.0.get(picture).is_some_and(|boxes| boxes.iter().any(|b| b.overlap(pixel_box) >= SAME_FACE_OVERLAP))
    }
}

fn write(path: &Path, exclusions: &[Exclusion]) -> Result<(), FileError> {
    publish::write_with(path, |file| {
        exclusions.iter().try_for_each(|exclusion| writeln!(file, "{}", serde_json::to_string(exclusion)?))
    })
}

fn read_remembered(layout: &Layout) -> Result<Vec<Exclusion>, FileError> {
    read_lines(&layout.exclusions())
}

fn read_lines(path: &Path) -> Result<Vec<Exclusion>, FileError> {
    let text = publish::read_text_or_empty(path)?;
    let parse = |line| serde_json::from_str(line).map_err(|error| FileError::at("read", path)(error.into()));
    text.lines().map(parse).collect()
}

fn parse_listed(line: &str) -> Option<Listed> {
    let line = line.split('#').next()?.trim();
    let name = line.rsplit(['/', '\\']).next()?;
    let stem = name.split('.').next()?;
    match (stem.parse(), stem.parse()) {
        _ if line.is_empty() => None,
        (Ok(face), _) => Some(Listed::Face(face)),
        (_, Ok(picture)) => Some(Listed::Picture(picture)),
        _ => Some(Listed::File(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::PathsConfig, hash::ContentHash, record::FaceRecord};

    fn face(picture: &str, index: u32, pixel_box: [i32; 4]) -> FaceRecord {
        let picture = ContentHash::of(picture.as_bytes());
        FaceRecord {
            face: FaceId { picture, index },
            picture,
            post: "mini:1".parse().unwrap(),
            other_posts: Vec::new(),
            file: format!("mini-00000/{picture}-{index}.png"),
            pixel_box: pixel_box.into(),
            angle: 0.0,
            corners: None,
            neighbours: 5,
            score: 1.0,
            grey_std: 30.0,
            confidence: None,
            sharpness: 9.0,
            pixels_sha256: None,
            side: pixel_box[2] as u32,
            rating: "s".into(),
            tags: Vec::new(),
            source_url: String::new(),
        }
    }

    fn covers(exclusions: &Exclusions, face: &FaceRecord) -> bool {
        exclusions.covers(&face.face, &face.pixel_box, &face.file)
    }

    fn layout(root: &tempfile::TempDir) -> Layout {
        Layout::new(root.path(), &PathsConfig::default())
    }

    #[test]
    fn a_deleted_face_is_known_again_by_its_box() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(&root);
        let gone = face("a", 0, [10, 10, 100, 100]);
        let exclusion = Exclusion { picture: gone.picture, pixel_box: gone.pixel_box };
        remember(&layout, [exclusion.clone()]).unwrap();
        remember(&layout, [exclusion]).unwrap();
        let exclusions = Exclusions::read(&layout).unwrap();
        assert!(covers(&exclusions, &face("a", 3, [14, 8, 104, 104])), "another number, nearly the same box");
        assert!(!covers(&exclusions, &face("a", 0, [200, 10, 100, 100])), "elsewhere in the picture");
        assert!(!covers(&exclusions, &face("b", 0, [10, 10, 100, 100])), "another picture");
        assert_eq!(std::fs::read_to_string(layout.exclusions()).unwrap().lines().count(), 1);
    }

    #[test]
    fn what_was_deleted_can_be_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(&root);
        assert_eq!(restore(&layout).unwrap(), []);
        let deleted = face("a", 0, [10, 10, 100, 100]);
        let exclusion = Exclusion { picture: deleted.picture, pixel_box: deleted.pixel_box };
        remember(&layout, [exclusion.clone()]).unwrap();
        assert_eq!(restore(&layout).unwrap(), [exclusion]);
        assert!(!covers(&Exclusions::read(&layout).unwrap(), &deleted));
        assert!(Restored::read(&layout).unwrap().covers(&deleted.picture, &[12, 9, 101, 101].into()));
        restoration_done(&layout).unwrap();
        assert_eq!(Restored::read(&layout).unwrap(), Restored::default());
    }

    #[test]
    fn faces_are_listed_and_taken_back_without_touching_what_else_is_there() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(&root);
        let (one, two) = (face("a", 1, [0, 0, 50, 50]), face("b", 0, [0, 0, 50, 50]));
        publish::write_file(&layout.exclude_list(), b"# by hand\nbad.png").unwrap();
        exclude(&layout, std::slice::from_ref(&one.face)).unwrap();
        exclude(&layout, std::slice::from_ref(&two.face)).unwrap();
        let text = || std::fs::read_to_string(layout.exclude_list()).unwrap();
        assert_eq!(text(), format!("# by hand\nbad.png\n{}\n{}\n", one.face, two.face));
        let covered = || {
            let exclusions = Exclusions::read(&layout).unwrap();
            [covers(&exclusions, &one), covers(&exclusions, &two)]
        };
        assert_eq!(covered(), [true, true]);
        include(&layout, std::slice::from_ref(&one.face)).unwrap();
        assert_eq!(covered(), [false, true]);
        assert_eq!(text(), format!("# by hand\nbad.png\n{}\n", two.face));
    }

    #[test]
    fn the_list_names_faces_pictures_and_files() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(&root);
        let (one, two) = (face("a", 1, [0, 0, 50, 50]), face("b", 0, [0, 0, 50, 50]));
        let check = |list: String, expected: (bool, bool)| {
            publish::write_file(&layout.exclude_list(), list.as_bytes()).unwrap();
            let exclusions = Exclusions::read(&layout).unwrap();
            assert_eq!((covers(&exclusions, &one), covers(&exclusions, &two)), expected, "{list:?}");
        };
        check("# nothing\n\n".into(), (false, false));
        check(format!("{}  # closed eyes\n", one.face), (true, false));
        check(format!("data/faces/{}", two.file), (false, true));
        check(two.picture.to_string(), (false, true));
        let exclusions = Exclusions::read(&layout).unwrap();
        assert!(
            exclusions.covers_picture(&two.picture, "any.png") && !exclusions.covers_picture(&one.picture, "any.png")
        );
        publish::write_file(&layout.exclude_list(), b"bad.png").unwrap();
        let exclusions = Exclusions::read(&layout).unwrap();
        for (name, expected) in
            [("bad.png", true), ("folder/bad.png", true), ("not-bad.png", false), ("bad.png/x", false)]
        {
            assert_eq!(exclusions.covers_picture(&one.picture, name), expected, "{name}");
        }
    }
}
