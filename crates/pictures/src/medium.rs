//! What files are, pictures and others, and what becomes of each: one decision a format.

use std::fmt;

use crate::format::Format;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    /// A picture of a format that is read.
    Picture(Format),
    /// Of a format that is known and not read.
    Unread(Unread),
}

/// A format that is known and not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unread {
    /// A still or a sequence in AV1.
    Avif,
    /// A still or a sequence in HEVC, as phones keep them.
    Heif,
    /// JPEG XL, bare or in a container.
    JpegXl,
    /// JPEG 2000.
    Jpeg2000,
    /// A Photoshop document.
    Photoshop,
    /// A drawing in XML.
    Svg,
    /// A film in an MP4 or QuickTime container.
    Mp4,
    /// A film in a Matroska container, WebM among them.
    Matroska,
    /// A film in a RIFF container.
    Avi,
    /// A Flash film or program.
    Flash,
    /// An archive: a ugoira's frames on boorus.
    Zip,
    /// A document of pages.
    Pdf,
    /// A page of the web, such as a site sends instead of a picture.
    WebPage,
}

/// What becomes of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It is decoded.
    Read,
    /// It may be animated; the first frame is decoded, of a PNG the default image.
    FirstFrame,
    /// It is a picture, and no well-kept decoder reads it that needs no system library and pays for its build: the smaller
    /// sample that a site offers is taken instead.
    NoDecoder,
    /// It is a film: frames of one are near duplicates, which a dataset leaves out anyway.
    Film,
    /// It holds something else, or pictures among other things.
    NoPicture,
}

impl Medium {
    /// What a file is that begins with `head`, of which [`Format::HEAD_BYTES`] suffice.
    pub fn of(head: &[u8]) -> Option<Self> {
        Format::of(head).map(Self::Picture).or_else(|| Unread::of(head).map(Self::Unread))
    }

    /// What a file should be whose name ends in this, without the dot and in any case. The content may be another.
    pub fn of_extension(extension: &str) -> Option<Self> {
        Format::of_extension(extension).map(Self::Picture).or_else(|| Unread::of_extension(extension).map(Self::Unread))
    }

    /// What becomes of such files.
    pub fn decision(self) -> Decision {
        match self {
            Self::Picture(Format::Png | Format::WebP | Format::Gif) => Decision::FirstFrame,
            Self::Picture(Format::Jpeg | Format::Bmp | Format::Pnm | Format::Tiff) => Decision::Read,
            Self::Unread(unread) => unread.decision(),
        }
    }
}

impl Unread {
    /// What becomes of such files.
    pub fn decision(self) -> Decision {
        match self {
            Self::Avif | Self::Heif | Self::JpegXl | Self::Jpeg2000 => Decision::NoDecoder,
            Self::Mp4 | Self::Matroska | Self::Avi | Self::Flash => Decision::Film,
            Self::Photoshop | Self::Svg | Self::Zip | Self::Pdf | Self::WebPage => Decision::NoPicture,
        }
    }

    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => Some(Self::of_brand(brand)),
            [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => Some(Self::JpegXl),
            [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Some(Self::Jpeg2000),
            [b'8', b'B', b'P', b'S', ..] => Some(Self::Photoshop),
            [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Self::Matroska),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => Some(Self::Avi),
            [b'F' | b'C' | b'Z', b'W', b'S', ..] => Some(Self::Flash),
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            [b'%', b'P', b'D', b'F', ..] => Some(Self::Pdf),
            _ => Self::of_text(head.trim_ascii_start()),
        }
    }

    /// By the first brand of an ISO base media file; what states none of a picture is a film.
    fn of_brand(brand: &[u8]) -> Self {
        match brand.first_chunk() {
            Some(b"avif" | b"avis") => Self::Avif,
            Some(b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1") => Self::Heif,
            _ => Self::Mp4,
        }
    }

    fn of_text(head: &[u8]) -> Option<Self> {
        let begins = |word: &[u8]| head.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        match () {
            () if begins(b"<svg") => Some(Self::Svg),
            () if begins(b"<!doctype html") || begins(b"<html") => Some(Self::WebPage),
            () => None,
        }
    }

    fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "avif" | "avifs" => Some(Self::Avif),
            "heic" | "heif" | "hif" => Some(Self::Heif),
            "jxl" => Some(Self::JpegXl),
            "jp2" | "j2k" | "jpx" => Some(Self::Jpeg2000),
            "psd" => Some(Self::Photoshop),
            "svg" => Some(Self::Svg),
            "mp4" | "m4v" | "mov" => Some(Self::Mp4),
            "webm" | "mkv" => Some(Self::Matroska),
            "avi" => Some(Self::Avi),
            "swf" => Some(Self::Flash),
            "zip" => Some(Self::Zip),
            "pdf" => Some(Self::Pdf),
            "html" | "htm" => Some(Self::WebPage),
            _ => None,
        }
    }

    /// The word that programs know it by.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::Heif => "heif",
            Self::JpegXl => "jpeg_xl",
            Self::Jpeg2000 => "jpeg_2000",
            Self::Photoshop => "photoshop",
            Self::Svg => "svg",
            Self::Mp4 => "mp4",
            Self::Matroska => "matroska",
            Self::Avi => "avi",
            Self::Flash => "flash",
            Self::Zip => "zip",
            Self::Pdf => "pdf",
            Self::WebPage => "web_page",
        }
    }
}

impl fmt::Display for Unread {
    /// Fits behind "the file is".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avif => "AVIF",
            Self::Heif => "HEIF",
            Self::JpegXl => "JPEG XL",
            Self::Jpeg2000 => "JPEG 2000",
            Self::Photoshop => "a Photoshop document",
            Self::Svg => "SVG",
            Self::Mp4 => "an MP4 film",
            Self::Matroska => "a Matroska film",
            Self::Avi => "an AVI film",
            Self::Flash => "Flash",
            Self::Zip => "a zip file",
            Self::Pdf => "PDF",
            Self::WebPage => "a web page",
        })
    }
}

impl fmt::Display for Decision {
    /// Fits behind the format's name and a colon.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "decoded",
            Self::FirstFrame => "decoded, of an animation the first frame",
            Self::NoDecoder => "no decoder for it is built in",
            Self::Film => "films are left out",
            Self::NoPicture => "no picture",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], expected: Option<Medium>) {
        assert_eq!(Medium::of(head), expected, "{head:?}");
    }

    #[test]
    fn first_bytes_tell_what_a_file_is() {
        let unread = |unread| Some(Medium::Unread(unread));
        check(b"\0\0\0\x1cftypavif\0\0\0\0", unread(Unread::Avif));
        check(b"\0\0\0\x1cftypheic\0\0\0\0", unread(Unread::Heif));
        check(b"\0\0\0\x18ftypmp42\0\0\0\0", unread(Unread::Mp4));
        check(b"\0\0\0\x14ftypqt  ", unread(Unread::Mp4));
        check(b"\xff\x0a\xfa\x7f\0", unread(Unread::JpegXl));
        check(b"\0\0\0\x0cJXL \r\n\x87\n", unread(Unread::JpegXl));
        check(b"\x1a\x45\xdf\xa3\x01\0", unread(Unread::Matroska));
        check(b"CWS\x0a", unread(Unread::Flash));
        check(b"PK\x03\x04\x14\0", unread(Unread::Zip));
        check(b"\n<!DOCTYPE html>", unread(Unread::WebPage));
        check(b"<svg xmlns=", unread(Unread::Svg));
        check(b"II*\0\x08\0\0\0", Some(Medium::Picture(Format::Tiff)));
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", Some(Medium::Picture(Format::Jpeg)));
        check(b"a letter", None);
        check(b"", None);
    }

    #[test]
    fn endings_are_read_in_any_case() {
        for name in ["jpg", "JPG", "jfif", "JPE", "jpeg"] {
            assert_eq!(Medium::of_extension(name), Some(Medium::Picture(Format::Jpeg)), "{name}");
        }
        assert_eq!(Medium::of_extension("TIF"), Some(Medium::Picture(Format::Tiff)));
        assert_eq!(Medium::of_extension("WebM"), Some(Medium::Unread(Unread::Matroska)));
        assert_eq!(Medium::of_extension("txt"), None);
    }

    #[test]
    fn each_format_has_its_decision() {
        let decision = |extension| Medium::of_extension(extension).map(Medium::decision);
        for (extension, expected) in [
            ("jpg", Decision::Read),
            ("apng", Decision::FirstFrame),
            ("webp", Decision::FirstFrame),
            ("gif", Decision::FirstFrame),
            ("avif", Decision::NoDecoder),
            ("jxl", Decision::NoDecoder),
            ("mp4", Decision::Film),
            ("zip", Decision::NoPicture),
        ] {
            assert_eq!(decision(extension), Some(expected), "{extension}");
        }
    }
}
