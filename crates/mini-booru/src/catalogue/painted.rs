//! Catalogues whose pictures are painted, with the variety of posts that a real site has.

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};
use rayon::prelude::*;

use super::{Catalogue, md5_hex};
use crate::{
    error::BooruError,
    painter::{Painting, paint},
    post::{Format, Original, Post, PostId, Rating, Size, Status},
    random::Random,
};

/// The first post is said to be from December 2015.
const FIRST_DAY: u64 = 1_450_000_000;

pub(super) fn illustrations(seed: u64, count: usize) -> Result<Catalogue, BooruError> {
    collect(seed, count, |index, id| {
        let painting = paint(seed, index);
        let (format, bytes) = encoded_painting(seed, index, &painting)?;
        Ok(post(seed, id, &painting, format, bytes))
    })
}

/// The painted original as a file: JPEG mostly, PNG now and then.
pub(crate) fn encoded_painting(seed: u64, index: u64, painting: &Painting) -> Result<(Format, Vec<u8>), BooruError> {
    let format = if Random::keyed(seed, &[2, index]).chance(0.1) { Format::Png } else { Format::Jpeg };
    Ok((format, encode(painting, format)?))
}

pub(super) fn swatches(seed: u64, count: usize) -> Result<Catalogue, BooruError> {
    collect(seed, count, |index, id| swatch(seed, index, id))
}

/// A tiny picture: two colours that no other index has, blended.
pub(super) fn swatch(seed: u64, index: u64, id: PostId) -> Result<Post, BooruError> {
    let mut random = Random::keyed(seed, &[3, index]);
    let (width, height) = (random.whole(48, 96), random.whole(48, 96));
    let corners = [random.next().to_le_bytes(), random.next().to_le_bytes()];
    let mut rgb = Vec::with_capacity((3 * width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let share = (x + y) * 255 / (width + height);
            let mix = |channel: usize| {
                (u32::from(corners[0][channel]) * (255 - share) + u32::from(corners[1][channel]) * share) / 255
            };
            rgb.extend([mix(0) as u8, mix(1) as u8, mix(2) as u8]);
        }
    }
    let painting = Painting { width, height, rgb, faces: Vec::new(), tags: vec!["gradient"] };
    let bytes = encode(&painting, Format::Jpeg)?;
    Ok(post(seed, id, &painting, Format::Jpeg, bytes))
}

fn collect(
    seed: u64,
    count: usize,
    make: impl Fn(u64, PostId) -> Result<Post, BooruError> + Sync,
) -> Result<Catalogue, BooruError> {
    let ids = ids(seed, count);
    let posts: Result<Vec<Post>, BooruError> =
        ids.par_iter().enumerate().map(|(index, &id)| make(index as u64, id)).collect();
    let mut catalogue = Catalogue::default();
    for post in posts? {
        catalogue.insert_post(post);
    }
    Ok(catalogue)
}

/// From 1 upwards, with a gap now and then.
fn ids(seed: u64, count: usize) -> Vec<PostId> {
    let mut random = Random::keyed(seed, &[1]);
    let mut next = 1;
    (0..count)
        .map(|_| {
            let id = next;
            next += if random.chance(0.15) { u64::from(random.whole(2, 5)) } else { 1 };
            id
        })
        .collect()
}

/// The picture as a file.
fn encode(painting: &Painting, format: Format) -> Result<Vec<u8>, BooruError> {
    let mut bytes = Vec::new();
    let (width, height) = (painting.width, painting.height);
    match format {
        Format::Png => {
            PngEncoder::new(&mut bytes).write_image(&painting.rgb, width, height, ExtendedColorType::Rgb8)?;
        }
        _ => JpegEncoder::new_with_quality(&mut bytes, 92).encode(
            &painting.rgb,
            width,
            height,
            ExtendedColorType::Rgb8,
        )?,
    }
    Ok(bytes)
}

fn post(seed: u64, id: PostId, painting: &Painting, format: Format, bytes: Vec<u8>) -> Post {
    let mut random = Random::keyed(seed, &[4, id]);
    let authors = ["hazuki", "RyuZU", "momoko_fan", "kotori", "saiko", "tetsu"];
    let mut tags: Vec<String> = painting.tags.iter().map(|tag| (*tag).to_owned()).collect();
    tags.push("original".to_owned());
    tags.sort();
    Post {
        id,
        md5: md5_hex(&bytes),
        tags,
        rating: rating(&mut random),
        author: random.pick(&authors).to_owned(),
        source: format!("https://www.pixiv.net/artworks/{}", 50_000_000 + random.whole(0, 40_000_000)),
        score: random.whole(0, 60) as i32 - 3,
        created_at: FIRST_DAY + id * 3_600 + u64::from(random.whole(0, 3_000)),
        change: 0,
        index_order: 0,
        status: if random.chance(0.06) { Status::Deleted } else { Status::Active },
        banned: false,
        parent_id: (id > 1 && random.chance(0.08)).then(|| u64::from(random.whole(1, (id - 1) as u32))),
        size: Size { width: painting.width, height: painting.height },
        file_size: bytes.len() as u64,
        format,
        original: Original::Memory(bytes.into()),
    }
}

fn rating(random: &mut Random) -> Rating {
    match random.unit() {
        draw if draw < 0.88 => Rating::Safe,
        draw if draw < 0.92 => Rating::Sensitive,
        draw if draw < 0.96 => Rating::Questionable,
        _ => Rating::Explicit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_have_the_variety_of_a_site() {
        let site = swatches(1, 400).unwrap();
        let share = |holds: &dyn Fn(&Post) -> bool| site.posts().filter(|post| holds(post)).count();
        assert_eq!(site.len(), 400);
        assert!((320..=380).contains(&share(&|post| post.rating == Rating::Safe)));
        assert!((8..=45).contains(&share(&|post| post.status == Status::Deleted)));
        assert!(share(&|post| post.parent_id.is_some()) > 5);
        let last = site.posts().last().unwrap().id;
        assert!(last > 440, "no gaps: the last id is {last}");
        let pictures: std::collections::BTreeSet<_> = site.posts().map(|post| &post.md5).collect();
        assert_eq!(pictures.len(), 400);
    }

    #[test]
    fn the_same_seed_gives_the_same_site() {
        let facts = |seed| -> Vec<_> {
            let site = swatches(seed, 20).unwrap();
            site.posts().map(|post| (post.id, post.md5.clone(), post.tags.clone(), post.change)).collect()
        };
        assert_eq!(facts(5), facts(5));
        assert_ne!(facts(5), facts(6));
    }
}
