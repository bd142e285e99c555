//! The formats that are read.

use image::ImageFormat;

/// A picture file's format, as its first bytes tell it: names and endings lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Joint Photographic Experts Group, baseline and progressive.
    Jpeg,
    /// Portable Network Graphics; of an animated one, the default image.
    Png,
    /// Google's, lossy and lossless; of an animation, the first frame.
    WebP,
    /// Graphics Interchange Format; of an animation, the first frame.
    Gif,
    /// Windows bitmap, plain or run-length encoded.
    Bmp,
    /// Netpbm's portable anymaps, P1 to P7: found in folders of data, not on the web.
    Pnm,
}

impl Format {
    /// How many bytes from a file's start tell its format.
    pub const HEAD_BYTES: usize = 16;

    /// The format of a file that begins with `head`.
    pub fn of(head: &[u8]) -> Option<Self> {
        match image::guess_format(head).ok()? {
            ImageFormat::Jpeg => Some(Self::Jpeg),
            ImageFormat::Png => Some(Self::Png),
            ImageFormat::WebP => Some(Self::WebP),
            ImageFormat::Gif => Some(Self::Gif),
            ImageFormat::Bmp => Some(Self::Bmp),
            ImageFormat::Pnm => Some(Self::Pnm),
            _ => None,
        }
    }

    /// The usual ending of its files' names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Pnm => "pnm",
        }
    }

    pub(crate) fn decoder(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::WebP => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
            Self::Bmp => ImageFormat::Bmp,
            Self::Pnm => ImageFormat::Pnm,
        }
    }
}
