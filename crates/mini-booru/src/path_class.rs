//! Kinds of paths: what sites set limits for, what schedules of faults pick, what the log is asked about.

use serde::Deserialize;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathClass {
    /// `/robots.txt`, which crawlers ask for first.
    Robots,
    /// A page of posts, as JSON or HTML.
    Listing,
    /// The page or record of one post.
    Post,
    /// The file of an original.
    Image,
    /// The file of a sample.
    Sample,
    /// A preview, or the placeholder of a deleted post's.
    Preview,
    /// Whatever is none of these.
    Other,
}

impl PathClass {
    /// The class of a decoded path without its query, of any dialect. Gelbooru asks one path for everything but files.
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["robots.txt"] => Self::Robots,
            ["post" | "post.json" | "posts" | "posts.json" | "index.php"] | ["post", "" | "index" | "index.json"] => {
                Self::Listing
            }
            ["post", "show", ..] | ["posts", _] => Self::Post,
            ["image" | "original" | "images", ..] => Self::Image,
            ["sample" | "samples", ..] => Self::Sample,
            ["data", "preview", ..]
            | ["180x180" | "360x360" | "720x720" | "thumbnails", ..]
            | ["deleted-preview.png"] => Self::Preview,
            _ => Self::Other,
        }
    }

    /// Whether such paths lead to pictures' files.
    pub fn is_file(self) -> bool {
        matches!(self, Self::Image | Self::Sample | Self::Preview)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_all_dialects_have_a_class() {
        let check = |path, expected| assert_eq!(PathClass::of(path), expected, "for {path:?}");
        check("/robots.txt", PathClass::Robots);
        check("/post", PathClass::Listing);
        check("/post.json", PathClass::Listing);
        check("/posts.json", PathClass::Listing);
        check("/post/show/7", PathClass::Post);
        check("/posts/7.json", PathClass::Post);
        check("/image/abc/x.jpg", PathClass::Image);
        check("/original/ab/cd/abcd.jpg", PathClass::Image);
        check("/sample/abc/x.jpg", PathClass::Sample);
        check("/data/preview/ab/cd/abcd.jpg", PathClass::Preview);
        check("/180x180/ab/cd/abcd.jpg", PathClass::Preview);
        check("/index.php", PathClass::Listing);
        check("/images/ab/cd/abcd.jpg", PathClass::Image);
        check("/samples/ab/cd/sample_abcd.jpg", PathClass::Sample);
        check("/thumbnails/ab/cd/thumbnail_abcd.jpg", PathClass::Preview);
        check("", PathClass::Other);
        check("/banned", PathClass::Other);
    }
}
