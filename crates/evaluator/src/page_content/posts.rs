//! The posts that a dataset's images come from: their sites, their authors, their pages.

use std::collections::BTreeMap;

use contracts::{
    Layout,
    id::PostId,
    manifest::{ManifestError, Records},
    record::PictureRecord,
};
use dataset::{Dataset, DatasetError, SplitName};

/// The most authors that are listed; the records name all of them.
const MAX_AUTHORS: usize = 300;

/// What the images count as whose picture is on no site.
const NO_SITE: &str = "folders and archives";

/// Images by where they come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sources {
    /// By site.
    pub(crate) sites: BTreeMap<String, SourceCount>,
    /// Those with the most images first.
    pub(crate) authors: Vec<Author>,
    /// How many there are in all.
    pub(crate) author_count: usize,
    /// Images whose author nothing tells.
    pub(crate) without_author: u64,
}

/// How many images of one source are in each split, and from how many posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceCount {
    pub(crate) train: u64,
    pub(crate) holdout: u64,
    pub(crate) posts: u64,
}

/// Someone who posted pictures that the images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) site: String,
    pub(crate) posts: u64,
    pub(crate) images: u64,
}

/// The addresses of some posts' pages.
pub(crate) type Pages = BTreeMap<PostId, String>;

/// Counts a dataset's images by site, and each post's.
pub(super) fn sites(dataset: &Dataset) -> Result<(Sources, BTreeMap<PostId, u64>), DatasetError> {
    let (mut sources, mut posts) = (Sources::default(), BTreeMap::new());
    for name in SplitName::ALL {
        for row in dataset.split(name).rows() {
            let post = row?.post;
            let site = post.as_ref().map_or_else(|| NO_SITE.to_owned(), |post| post.site.to_string());
            let count = sources.sites.entry(site).or_default();
            match name {
                SplitName::Train => count.train += 1,
                SplitName::Holdout => count.holdout += 1,
            }
            if let Some(post) = post {
                let images = posts.entry(post).or_insert(0);
                count.posts += u64::from(*images == 0);
                *images += 1;
            }
        }
    }
    sources.without_author = posts.values().sum();
    Ok((sources, posts))
}

/// Reads the crawl's records once: who posted the images (`posts`, with the number of each), and the pages of `pages`, whose
/// addresses are filled in.
pub(super) fn look_up(
    layout: &Layout,
    posts: &BTreeMap<PostId, u64>,
    sources: &mut Sources,
    pages: &mut Pages,
) -> Result<(), ManifestError> {
    let mut authors: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for record in Records::<PictureRecord>::open(&layout.raw_manifest())? {
        let PictureRecord { post, author, page_url, .. } = record?;
        if let (Some(images), Some(author)) = (posts.get(&post), author.filter(|author| !author.is_empty())) {
            let count = authors.entry((author, post.site.to_string())).or_default();
            *count = (count.0 + 1, count.1 + images);
            sources.without_author -= images;
        }
        if let Some(page) = pages.get_mut(&post) {
            *page = page_url;
        }
    }
    sources.author_count = authors.len();
    let author = |((name, site), (posts, images))| Author { name, site, posts, images };
    sources.authors = authors.into_iter().map(author).collect();
    sources.authors.sort_by(|a, b| b.images.cmp(&a.images).then_with(|| a.name.cmp(&b.name)));
    sources.authors.truncate(MAX_AUTHORS);
    Ok(())
}
