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
    /// Tagged Image File Format; of many pages, the first. Found in folders of scans, not on the web.
    Tiff,
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
            ImageFormat::Tiff => Some(Self::Tiff),
            _ => None,
        }
    }

    /// The format that a file's name ends in, without the dot and in any case. The content may be another.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" | "pjpeg" | "pjp" => Some(Self::Jpeg),
            "png" | "apng" => Some(Self::Png),
            "webp" => Some(Self::WebP),
            "gif" => Some(Self::Gif),
            "bmp" | "dib" => Some(Self::Bmp),
            "pnm" | "pbm" | "pgm" | "ppm" | "pam" => Some(Self::Pnm),
            "tif" | "tiff" => Some(Self::Tiff),
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
            Self::Tiff => "tiff",
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
            Self::Tiff => ImageFormat::Tiff,
        }
    }
}
