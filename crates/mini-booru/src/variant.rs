//! Previews and samples: rendered from originals when first asked for, then cache.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use image::{
    DynamicImage, ExtendedColorType, RgbImage,
    codecs::{jpeg::JpegEncoder, webp::WebPEncoder},
};
use pictures::{lanczos_rgb, whole};

use crate::post::{Format, Original, Post, SMALLEST_SIDE, Size, THUMBNAIL_SIDE};

/// A smaller picture made from an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Variant {
    /// JPEG, 300 pixels at most.
    Preview,
    /// JPEG, 1500 pixels at most.
    Sample,
    /// Danbooru's smallest: JPEG, 180 pixels at most.
    Within180,
    /// Gelbooru's thumbnail: JPEG, 250 pixels at most.
    Within250,
    /// Danbooru's middle one: JPEG, 360 pixels at most.
    Within360,
    /// Danbooru's largest preview: WebP, 720 pixels at most.
    Within720,
    /// Danbooru's and Gelbooru's sample: JPEG, 850 pixels wide at most.
    Wide850,
}

impl Variant {
    /// As sites' paths and records name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Sample | Self::Wide850 => "sample",
            Self::Within180 => "180x180",
            Self::Within250 => "thumbnail",
            Self::Within360 => "360x360",
            Self::Within720 => "720x720",
        }
    }

    /// The sides of this variant of a post's picture, never enlarged.
    pub(crate) fn size(self, post: &Post) -> Size {
        match self {
            Self::Preview => post.preview_size(),
            Self::Sample => post.sample_size(),
            Self::Within180 => post.size.within(SMALLEST_SIDE),
            Self::Within250 => post.size.within(THUMBNAIL_SIDE),
            Self::Within360 => post.size.within(360),
            Self::Within720 => post.size.within(720),
            Self::Wide850 => post.size.no_wider_than(850),
        }
    }

    /// The format of its file.
    pub(crate) fn format(self) -> Format {
        if self == Self::Within720 { Format::Webp } else { Format::Jpeg }
    }

    /// How well JPEG keeps it, in hundredths.
    fn quality(self) -> u8 {
        match self {
            Self::Preview => 87,
            Self::Sample => 92,
            _ => 85,
        }
    }
}

/// Beyond so many bytes the kept renderings are dropped and made again.
const MAX_CACHE_BYTES: usize = 256 << 20;

/// Renders variants and keeps them.
#[derive(Default)]
pub(crate) struct Renderer {
    cache: Mutex<RenderCache>,
}

#[derive(Default)]
struct RenderCache {
    pictures: HashMap<(String, Variant), Arc<[u8]>>,
    sample_lengths: HashMap<String, u64>,
    bytes: usize,
}

impl Renderer {
    /// The variant's file. `None` where the original is gone or cannot be decoded.
    pub(crate) fn render(&self, post: &Post, variant: Variant) -> Option<Arc<[u8]>> {
        let key = (post.md5.clone(), variant);
        if let Some(picture) = self.lock().pictures.get(&key) {
            return Some(picture.clone());
        }
        // Rendered outside the lock: two requests may do the same work once, but none waits for another's picture.
        let picture: Arc<[u8]> = rendered(post, variant)?.into();
        self.remember(key, picture.clone());
        Some(picture)
    }

    /// How long the sample's file is: 0 where the post has none of its own.
    pub(crate) fn sample_length(&self, post: &Post) -> u64 {
        if !post.has_sample() {
            return 0;
        }
        if let Some(length) = self.lock().sample_lengths.get(&post.md5) {
            return *length;
        }
        let length = self.render(post, Variant::Sample).map_or(0, |bytes| bytes.len() as u64);
        self.lock().sample_lengths.insert(post.md5.clone(), length);
        length
    }

    fn remember(&self, key: (String, Variant), picture: Arc<[u8]>) {
        let mut cache = self.lock();
        if cache.bytes + picture.len() > MAX_CACHE_BYTES {
            cache.pictures.clear();
            cache.bytes = 0;
        }
        cache.bytes += picture.len();
        cache.pictures.insert(key, picture);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RenderCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The original's bytes; `None` where its file is gone.
pub(crate) fn original(post: &Post) -> Option<Arc<[u8]>> {
    match &post.original {
        Original::Memory(bytes) => Some(bytes.clone()),
        Original::File(path) => std::fs::read(path).ok().map(Into::into),
    }
}

fn rendered(post: &Post, variant: Variant) -> Option<Vec<u8>> {
    let size = variant.size(post);
    let decoded = image::load_from_memory(&original(post)?).ok()?;
    let picture = scaled(on_white(decoded), size);
    let mut bytes = Vec::new();
    let (width, height, colour) = (size.width, size.height, ExtendedColorType::Rgb8);
    let encoded = match variant.format() {
        Format::Webp => WebPEncoder::new_lossless(&mut bytes).encode(&picture, width, height, colour),
        _ => JpegEncoder::new_with_quality(&mut bytes, variant.quality()).encode(&picture, width, height, colour),
    };
    encoded.ok().map(|()| bytes)
}

/// JPEG has no transparency: what shines through is white.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let with_alpha = picture.into_rgba8();
    RgbImage::from_fn(with_alpha.width(), with_alpha.height(), |x, y| {
        let [red, green, blue, alpha] = with_alpha.get_pixel(x, y).0;
        let over = |channel: u8| {
            let alpha = u32::from(alpha);
            ((u32::from(channel) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

fn scaled(picture: RgbImage, size: Size) -> Vec<u8> {
    let (sides, new_sides) = (picture.dimensions(), (size.width, size.height));
    if sides == new_sides { picture.into_raw() } else { lanczos_rgb(&picture, sides, whole(sides), new_sides) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::catalogue::Catalogue;

    fn large_post(width: u32, height: u32) -> Post {
        let template = Catalogue::swatches(1, 1).unwrap().posts().next().unwrap().clone();
        let mut bytes = Cursor::new(Vec::new());
        image::RgbaImage::from_pixel(width, height, image::Rgba([200, 30, 30, 0]))
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        let bytes = bytes.into_inner();
        Post { size: Size { width, height }, original: Original::Memory(bytes.into()), ..template }
    }

    fn check(variant: Variant, expected: (u32, u32)) {
        let post = large_post(2000, 1000);
        let renderer = Renderer::default();
        let file = renderer.render(&post, variant).unwrap();
        let picture = image::load_from_memory(&file).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), expected);
        assert_eq!(picture.get_pixel(10, 10).0, [255, 255, 255], "transparent parts are white");
        let expected = if variant == Variant::Within720 { image::ImageFormat::WebP } else { image::ImageFormat::Jpeg };
        assert_eq!(image::guess_format(&file).unwrap(), expected);
        assert!(Arc::ptr_eq(&file, &renderer.render(&post, variant).unwrap()), "the second time it is kept");
    }

    #[test]
    fn variants_have_their_sizes() {
        check(Variant::Preview, (300, 150));
        check(Variant::Sample, (1500, 750));
        check(Variant::Within180, (180, 90));
        check(Variant::Within360, (360, 180));
        check(Variant::Within720, (720, 360));
        check(Variant::Wide850, (850, 425));
    }

    #[test]
    fn the_sample_length_is_that_of_the_file() {
        let renderer = Renderer::default();
        let post = large_post(1600, 20);
        let length = renderer.render(&post, Variant::Sample).unwrap().len() as u64;
        assert_eq!(renderer.sample_length(&post), length);
        assert_eq!(renderer.sample_length(&large_post(1500, 20)), 0);
    }

    #[test]
    fn a_vanished_original_renders_nothing() {
        let post = Post { original: Original::File("/nowhere/at/all.png".into()), ..large_post(20, 20) };
        assert!(Renderer::default().render(&post, Variant::Preview).is_none());
    }
}
