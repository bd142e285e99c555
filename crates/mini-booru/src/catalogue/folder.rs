//! A catalogue from a folder of pictures.

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use image::ImageReader;
use rayon::prelude::*;

use super::{Catalogue, PassedOver, format_of, md5_hex};
use crate::{
    error::BooruError,
    post::{Original, Post, PostId, Rating, Size, Status},
};

pub(super) fn catalogue(folder: &Path) -> Result<Catalogue, BooruError> {
    let files = files(folder).map_err(|cause| BooruError::Folder { path: folder.to_owned(), cause })?;
    let looked_at: Vec<Result<Post, PassedOver>> = files.into_par_iter().map(look_at).collect();
    let mut catalogue = Catalogue::default();
    for found in looked_at {
        match found {
            Ok(post) => {
                let id = next_id(&catalogue);
                catalogue.insert_post(Post { id, created_at: 1_450_000_000 + id * 3_600, ..post });
            }
            Err(passed_over) => catalogue.passed_over.push(passed_over),
        }
    }
    if catalogue.is_empty() {
        let passed_over = catalogue.passed_over.len();
        return Err(BooruError::NoPictures { path: folder.to_owned(), passed_over });
    }
    Ok(catalogue)
}

/// Each tenth number is left out, as deleted-for-good posts leave gaps on real sites.
fn next_id(catalogue: &Catalogue) -> PostId {
    let count = catalogue.len() as PostId;
    1 + count + count / 9
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn look_at(path: PathBuf) -> Result<Post, PassedOver> {
    let fault = |reason: String| PassedOver { path: path.clone(), reason };
    let bytes = fs::read(&path).map_err(|cause| fault(cause.to_string()))?;
    let format = format_of(&bytes).ok_or_else(|| fault("neither jpg, png, webp nor gif".to_owned()))?;
    let (width, height) = ImageReader::new(Cursor::new(&bytes))
        .with_guessed_format()
        .map_err(|cause| fault(cause.to_string()))?
        .into_dimensions()
        .map_err(|cause| fault(cause.to_string()))?;
    Ok(Post {
        id: 0,
        md5: md5_hex(&bytes),
        tags: vec!["found".to_owned(), format.extension().to_owned()],
        rating: Rating::Safe,
        author: "folder".to_owned(),
        source: String::new(),
        score: 0,
        created_at: 0,
        change: 0,
        index_order: 0,
        status: Status::Active,
        banned: false,
        parent_id: None,
        size: Size { width, height },
        file_size: bytes.len() as u64,
        format,
        original: Original::File(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn png() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::new(5, 4).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_are_posted_by_name_and_the_rest_is_reported() {
        let picture = png();
        let folder = folder_with(&[
            ("b.png", &picture),
            ("a.jpg", &picture),
            ("notes.txt", b"hello"),
            ("torn.png", &picture[..20]),
        ]);
        let site = catalogue(folder.path()).unwrap();
        let posts: Vec<_> = site.posts().map(|post| (post.id, post.size, post.format.extension())).collect();
        let size = Size { width: 5, height: 4 };
        assert_eq!(posts, [(1, size, "png"), (2, size, "png")]);
        let passed: Vec<_> = site.passed_over().iter().map(|file| file.path.file_name().unwrap().to_owned()).collect();
        assert_eq!(passed, ["notes.txt", "torn.png"]);
    }

    #[test]
    fn a_folder_without_pictures_is_an_error() {
        let folder = folder_with(&[("notes.txt", b"hello")]);
        assert!(matches!(catalogue(folder.path()), Err(BooruError::NoPictures { passed_over: 1, .. })));
        assert!(matches!(catalogue(&folder.path().join("missing")), Err(BooruError::Folder { .. })));
    }

    #[test]
    fn ids_have_gaps() {
        let picture = png();
        let names: Vec<String> = (0..20).map(|index| format!("{index:02}.png")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), picture.as_slice())).collect();
        let site = catalogue(folder_with(&files).path()).unwrap();
        let ids: Vec<_> = site.posts().map(|post| post.id).collect();
        assert_eq!(ids[..11], [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]);
    }
}
