//! One page of a search, counted from the front or from an id.

use std::collections::HashSet;

use crate::{
    address::parameter,
    catalogue::Catalogue,
    dialect::Dialect,
    post::{Post, PostId, Status},
    query::Query,
};

/// Posts on a page where the request does not say.
const DEFAULT_PAGE_LENGTH: usize = 20;
/// The most on one page.
const MAX_PAGE_LENGTH: usize = 200;
/// Pages beyond this number are refused; ids have no end.
const LAST_PAGE: usize = 1000;

/// A page of a search.
pub(super) struct ResultPage {
    /// As the request gave them.
    pub(super) terms: String,
    /// The posts on this page, newest first where the page goes by id.
    pub(super) posts: Vec<Post>,
    /// Whether HTML shows deleted posts; JSON always does.
    shows_deleted: bool,
    parents: HashSet<PostId>,
}

/// What `page=` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageParameter {
    Page(usize),
    Before(PostId),
    After(PostId),
}

impl PageParameter {
    fn parse(text: &str) -> Self {
        let number = |start: char| text.strip_prefix(start).and_then(|digits| digits.parse().ok());
        match (number('b'), number('a')) {
            (Some(id), _) => Self::Before(id),
            (_, Some(id)) => Self::After(id),
            _ => Self::Page(text.trim().parse().unwrap_or(1).max(1)),
        }
    }
}

impl ResultPage {
    /// The page that a query string (`tags=…&page=…&limit=…`) asks for; `None` beyond the last that is allowed.
    pub(super) fn find(catalogue: &Catalogue, query_string: &str) -> Option<Self> {
        let terms = parameter(query_string, "tags").unwrap_or_default();
        let query = Query::parse(&terms, Dialect::Danbooru);
        let limit = parameter(query_string, "limit").and_then(|text| text.trim().parse().ok());
        let limit = query.limit.or(limit).unwrap_or(DEFAULT_PAGE_LENGTH).clamp(1, MAX_PAGE_LENGTH);
        let page = PageParameter::parse(&parameter(query_string, "page").unwrap_or_default());
        if matches!(page, PageParameter::Page(page) if page > LAST_PAGE) {
            return None;
        }
        let posts = part(query.run(catalogue), page, limit).into_iter().cloned().collect();
        let parents = catalogue.posts().filter_map(|post| post.parent_id).collect();
        let shows_deleted = query.names_deleted();
        Some(Self { terms, posts, shows_deleted, parents })
    }

    /// Whether another post names this one as its parent.
    pub(super) fn has_children(&self, post: &Post) -> bool {
        self.parents.contains(&post.id)
    }

    /// The posts that the HTML of this page shows.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Post> {
        self.posts.iter().filter(|post| self.shows_deleted || post.status != Status::Deleted)
    }
}

/// Pages that go by id are in the order of ids, whatever the search says.
fn part(mut found: Vec<&Post>, page: PageParameter, limit: usize) -> Vec<&Post> {
    match page {
        PageParameter::Page(page) => found.into_iter().skip((page - 1) * limit).take(limit).collect(),
        PageParameter::Before(id) => {
            found.retain(|post| post.id < id);
            found.sort_by_key(|post| std::cmp::Reverse(post.id));
            found.truncate(limit);
            found
        }
        PageParameter::After(id) => {
            found.retain(|post| post.id > id);
            found.sort_by_key(|post| post.id);
            found.truncate(limit);
            found.reverse();
            found
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The positions of a page's posts, by ascending id.
    fn check(query: &str, expected: &[usize]) {
        let site = Catalogue::swatches(4, 30).unwrap();
        let ids: Vec<PostId> = site.posts().map(|post| post.id).collect();
        let query = query.replace('#', &ids[10].to_string());
        let page = ResultPage::find(&site, &query).unwrap();
        let found: Vec<_> = page.posts.iter().map(|post| ids.iter().position(|id| *id == post.id).unwrap()).collect();
        assert_eq!(found, expected, "for {query:?}");
    }

    #[test]
    fn pages_are_counted_or_go_by_id() {
        check("limit=3", &[29, 28, 27]);
        check("limit=3&page=2", &[26, 25, 24]);
        check("limit=3&page=b#", &[9, 8, 7]);
        check("limit=3&page=a#", &[13, 12, 11]);
        check("limit=3&page=a#&tags=order:id_desc", &[13, 12, 11]);
        check("limit=2&page=b1", &[]);
        check("limit=2&page=b", &[29, 28]);
        check("limit=0", &[29]);
        check("tags=limit:2+order:id", &[0, 1]);
        check("page=1000", &[]);
    }

    #[test]
    fn far_pages_are_refused() {
        let site = Catalogue::swatches(4, 3).unwrap();
        assert!(ResultPage::find(&site, "page=1001").is_none());
    }
}
