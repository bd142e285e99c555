//! Those who do not want to be in a dataset: tags, authors and posts that are never fetched.

use std::collections::HashSet;

use contracts::{config::CrawlConfig, id::PostId};

use crate::{post::Post, reason::FilterReason};

/// The lists of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OptOuts {
    /// In lower case.
    tags: HashSet<String>,
    /// In lower case.
    authors: HashSet<String>,
    /// Numbers on the site that is crawled.
    posts: HashSet<u64>,
}

impl OptOuts {
    /// The lists in `[crawl]`.
    pub(crate) fn of(config: &CrawlConfig) -> Self {
        let lower = |texts: &[String]| texts.iter().map(|text| folded(text.trim())).collect();
        let number = |text: &String| match text.parse::<PostId>() {
            Ok(post) => (post.site == config.site).then_some(post.number),
            Err(_) => text.parse().ok(),
        };
        let posts = config.opt_out_posts.iter().filter_map(number).collect();
        Self { tags: lower(&config.opt_out_tags), authors: lower(&config.opt_out_authors), posts }
    }

    /// Whether a post's number alone does not tell.
    pub(crate) fn need_records(&self) -> bool {
        !(self.tags.is_empty() && self.authors.is_empty())
    }

    /// Why a post is left alone; `None` where it is not.
    pub(crate) fn reason(&self, number: u64, record: Option<&Post>) -> Option<FilterReason> {
        if self.posts.contains(&number) {
            return Some(FilterReason::OptOutPost);
        }
        let record = record?;
        let author = record.author.as_ref().filter(|author| self.authors.contains(&folded(author)));
        if let Some(author) = author {
            return Some(FilterReason::OptOutAuthor(author.clone()));
        }
        // Artists are tags of their own; whoever uploads their works may be somebody else.
        let artist = record.tags.iter().find(|tag| self.authors.contains(&folded(tag)));
        if let Some(artist) = artist {
            return Some(FilterReason::OptOutAuthor(artist.clone()));
        }
        let tag = record.tags.iter().find(|tag| self.tags.contains(&folded(tag)))?;
        Some(FilterReason::OptOutTag(tag.clone()))
    }
}

fn folded(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(tags: &[&str], authors: &[&str], posts: &[&str]) -> OptOuts {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let (opt_out_tags, opt_out_authors, opt_out_posts) = (owned(tags), owned(authors), owned(posts));
        OptOuts::of(&CrawlConfig { opt_out_tags, opt_out_authors, opt_out_posts, ..CrawlConfig::default() })
    }

    #[test]
    fn a_post_is_left_alone_for_its_number_its_author_or_a_tag() {
        let post = Post { tags: vec!["cat_ears".into(), "solo".into()], author: Some("Ame".into()), ..Post::default() };
        let check = |lists: OptOuts, expected: Option<&str>| {
            let reason = lists.reason(7, Some(&post)).map(|reason| reason.to_string());
            assert_eq!(reason.as_deref(), expected, "{lists:?}");
        };
        check(lists(&[], &[], &[]), None);
        check(lists(&["Solo"], &[], &[]), Some("opt-out of the tag solo"));
        check(lists(&["ears", "cat"], &[], &[]), None);
        check(lists(&["solo"], &[" aME "], &[]), Some("opt-out of the author Ame"));
        check(lists(&[], &["Solo"], &[]), Some("opt-out of the author solo"));
        check(lists(&[], &[], &["7"]), Some("opt-out of the post"));
        check(lists(&[], &[], &["konachan:7"]), Some("opt-out of the post"));
        check(lists(&[], &[], &["yandere:7", "70"]), None);
    }

    #[test]
    fn records_are_needed_for_tags_and_authors_only() {
        let check = |lists: OptOuts, expected| assert_eq!(lists.need_records(), expected, "{lists:?}");
        check(lists(&[], &[], &["1"]), false);
        check(lists(&["a"], &[], &[]), true);
        check(lists(&[], &["a"], &[]), true);
    }
}
