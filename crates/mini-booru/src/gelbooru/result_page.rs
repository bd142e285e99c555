//! One page of a search, counted from 0.

use crate::{address::parameter, catalogue::Catalogue, dialect::Dialect, post::Post, query::Query};

/// The most posts on one page, and how many there are where the request does not say.
const MAX_PAGE_LENGTH: usize = 100;
/// Posts further from the front are shown on no page.
const LAST_POST: usize = 20_000;

/// A page of a search.
pub(super) struct ResultPage {
    /// The posts on this page.
    pub(super) posts: Vec<Post>,
    /// How many posts a page has.
    pub(super) limit: usize,
    /// How many posts are on the pages before.
    pub(super) offset: usize,
    /// How many posts the search finds.
    pub(super) count: usize,
}

impl ResultPage {
    /// The page that a query string (`tags=…&pid=…&limit=…`) asks for; `None` where that is too far from the front.
    pub(super) fn find(catalogue: &Catalogue, query_string: &str) -> Option<Self> {
        let terms = parameter(query_string, "tags").unwrap_or_default();
        let number = |name: &str| parameter(query_string, name).and_then(|text| text.trim().parse::<usize>().ok());
        let limit = number("limit").unwrap_or(MAX_PAGE_LENGTH).clamp(1, MAX_PAGE_LENGTH);
        let offset = number("pid").unwrap_or(0).saturating_mul(limit);
        if offset > LAST_POST {
            return None;
        }
        let found = Query::parse(&terms, Dialect::Gelbooru).run(catalogue);
        let posts = found.iter().skip(offset).take(limit).map(|post| (*post).clone()).collect();
        Some(Self { posts, limit, offset, count: found.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::{PostId, Status};

    /// The positions of a page's posts, by ascending id.
    fn check(query: &str, expected: &[usize]) {
        let mut site = Catalogue::swatches(4, 30).unwrap();
        let ids: Vec<PostId> = site.posts().map(|post| post.id).collect();
        for id in &ids {
            site.edit(*id, |post| post.status = Status::Active);
        }
        site.delete_post(ids[28]);
        site.bump(ids[0]);
        let query = query.replace('#', &ids[10].to_string());
        let page = ResultPage::find(&site, &query).unwrap();
        let found: Vec<_> = page.posts.iter().map(|post| ids.iter().position(|id| *id == post.id).unwrap()).collect();
        assert_eq!(found, expected, "for {query:?}");
    }

    #[test]
    fn pages_are_counted_from_0_and_hide_what_is_deleted() {
        check("limit=3", &[29, 27, 26]);
        check("limit=3&pid=1", &[25, 24, 23]);
        check("limit=3&tags=id%3A%3C#", &[9, 8, 7]);
        check("limit=3&tags=id%3A%3E#+sort%3Aid%3Aasc", &[11, 12, 13]);
        check("limit=2&pid=99", &[]);
    }

    #[test]
    fn far_pages_are_refused() {
        let site = Catalogue::swatches(4, 3).unwrap();
        assert!(ResultPage::find(&site, "pid=200").is_some() && ResultPage::find(&site, "pid=201").is_none());
    }
}
