//! One post of the booru: what its site knows about a picture.

use std::{fmt, path::PathBuf, sync::Arc};

use crate::dialect::Dialect;

/// A post's number: ascending, with gaps, never used twice.
pub type PostId = u64;

/// How fit for work a post is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rating {
    /// Moebooru's safe, Danbooru's general.
    Safe,
    /// Danbooru's sensitive, which Moebooru counts as questionable.
    Sensitive,
    /// Questionable to both.
    Questionable,
    /// Explicit to both.
    Explicit,
}

impl Rating {
    /// The word of a dialect, whose first letter is what its API says.
    pub fn word(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Safe, Dialect::Moebooru) => "safe",
            (Self::Safe, Dialect::Danbooru | Dialect::Gelbooru) => "general",
            (Self::Sensitive, Dialect::Danbooru | Dialect::Gelbooru) => "sensitive",
            (Self::Sensitive, Dialect::Moebooru) | (Self::Questionable, _) => "questionable",
            (Self::Explicit, _) => "explicit",
        }
    }

    /// The letter of a dialect's API.
    pub fn letter(self, dialect: Dialect) -> &'static str {
        &self.word(dialect)[..1]
    }
}

/// Whether a post's picture can still be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It can be seen and fetched.
    Active,
    /// Only the record is left.
    Deleted,
}

impl Status {
    /// The word that the API has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

/// A picture's file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG; files end in `jpg`.
    Jpeg,
    /// PNG; files end in `png`.
    Png,
    /// WebP; files end in `webp`.
    Webp,
    /// GIF; files end in `gif`.
    Gif,
}

impl Format {
    /// The ending of file names, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }

    /// What the `Content-Type` header says of such files.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

/// Where a post's original lies.
#[derive(Clone)]
pub enum Original {
    /// In memory, as painted or handed over.
    Memory(Arc<[u8]>),
    /// In a file, read each time it is asked for.
    File(PathBuf),
}

impl fmt::Debug for Original {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(formatter, "Memory({} bytes)", bytes.len()),
            Self::File(path) => write!(formatter, "File({})", path.display()),
        }
    }
}

/// A picture's sides in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many pixels a row has.
    pub width: u32,
    /// How many rows there are.
    pub height: u32,
}

impl Size {
    /// The same shape with its longer side at most `longest`, never enlarged.
    pub fn within(self, longest: u32) -> Self {
        self.scaled(longest, self.width.max(self.height))
    }

    /// The same shape at most `widest` across, never enlarged.
    pub fn no_wider_than(self, widest: u32) -> Self {
        self.scaled(widest, self.width)
    }

    /// Scaled so that what is `now` becomes `most`, where it is more.
    fn scaled(self, most: u32, now: u32) -> Self {
        if now <= most {
            return self;
        }
        let scaled = |side: u32| {
            let rounded = (u64::from(side) * u64::from(most) * 2 + u64::from(now)) / (2 * u64::from(now));
            (rounded as u32).max(1)
        };
        Self { width: scaled(self.width), height: scaled(self.height) }
    }
}

/// A post and its original.
#[derive(Debug, Clone)]
pub struct Post {
    /// The number that the site knows the post by.
    pub id: PostId,
    /// MD5 of the original, 32 hexadecimal digits.
    pub md5: String,
    /// Words that describe it, sorted.
    pub tags: Vec<String>,
    /// How fit for work it is said to be.
    pub rating: Rating,
    /// The name of the user who posted it.
    pub author: String,
    /// Where it is said to come from.
    pub source: String,
    /// How many votes it has, those against subtracted.
    pub score: i32,
    /// When it was posted, in seconds since 1970.
    pub created_at: u64,
    /// The site's counter of edits at this post's last one.
    pub change: u64,
    /// The list pages' order: grows with the id until a post is bumped.
    pub index_order: u64,
    /// Whether its picture can still be had.
    pub status: Status,
    /// Whether it is kept from visitors, as Danbooru does at an artist's wish: its record names no file.
    pub banned: bool,
    /// The post that this one is a version of.
    pub parent_id: Option<PostId>,
    /// The sides of the original in pixels.
    pub size: Size,
    /// The original's length in bytes.
    pub file_size: u64,
    /// The format of the original's file.
    pub format: Format,
    /// Where the original's bytes are.
    pub original: Original,
}

/// The longest side of a preview.
pub const PREVIEW_SIDE: u32 = 300;
/// The longest side of Gelbooru's preview.
pub const THUMBNAIL_SIDE: u32 = 250;
/// The longest side of Danbooru's smallest preview.
pub const SMALLEST_SIDE: u32 = 180;
/// The longest side of a sample.
pub const SAMPLE_SIDE: u32 = 1500;

impl Post {
    /// The sides of the preview as it is stored.
    pub fn preview_size(&self) -> Size {
        self.size.within(PREVIEW_SIDE)
    }

    /// The sides that pages show the preview at: half the real ones.
    pub fn shown_size(&self) -> Size {
        let real = self.preview_size();
        Size { width: real.width.div_ceil(2), height: real.height.div_ceil(2) }
    }

    /// The sides of the sample, which are the original's where that is small.
    pub fn sample_size(&self) -> Size {
        self.size.within(SAMPLE_SIDE)
    }

    /// The number of the uploader: any that stays the same will do.
    pub(crate) fn uploader_id(&self) -> u32 {
        self.author.bytes().fold(1_000, |sum, byte| (sum * 31 + u32::from(byte)) % 200_000)
    }

    /// The tag of the artist, as which the uploader passes on Danbooru.
    pub(crate) fn artist_tag(&self) -> String {
        self.author.to_lowercase()
    }

    /// All tags as Danbooru lists them: the artist's too, in alphabetical order.
    pub(crate) fn danbooru_tags(&self) -> String {
        let mut tags = self.tags.clone();
        tags.push(self.artist_tag());
        tags.sort();
        tags.join(" ")
    }

    /// Whether a sample of its own exists; where not, the original stands in for it.
    pub fn has_sample(&self) -> bool {
        self.sample_size() != self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(size: (u32, u32), longest: u32, expected: (u32, u32)) {
        let made = Size { width: size.0, height: size.1 }.within(longest);
        assert_eq!((made.width, made.height), expected);
    }

    #[test]
    fn sizes_shrink_in_proportion_as_on_real_sites() {
        check((3000, 1957), 1500, (1500, 979));
        check((3000, 1957), 300, (300, 196));
        check((3049, 5330), 300, (172, 300));
        check((3049, 5330), 1500, (858, 1500));
        check((640, 480), 1500, (640, 480));
        check((5000, 1), 300, (300, 1));
    }
}
