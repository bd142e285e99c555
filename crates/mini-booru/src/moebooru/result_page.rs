//! One page of a search: the posts on it, its neighbours, and what is said about them.

use std::collections::HashSet;

use rayon::prelude::*;
use serde_json::Value;

use super::record::record;
use crate::{
    address::{Address, parameter},
    catalogue::Catalogue,
    dialect::Dialect,
    post::{Post, PostId},
    query::Query,
    variant::Renderer,
};

/// The documented most of one page.
const MAX_PAGE_LENGTH: usize = 100;

/// A page of a search.
pub(crate) struct ResultPage {
    /// Its number among the pages of the search, counted from 1.
    pub(crate) page: usize,
    /// As the request gave them.
    pub(crate) terms: String,
    /// The posts on this page.
    pub(crate) posts: Vec<Post>,
    /// The posts on the page before and the one after.
    pub(crate) neighbours: Vec<Post>,
    /// Whether a page follows.
    pub(crate) has_next: bool,
    parents: HashSet<PostId>,
}

impl ResultPage {
    /// The page that a query string (`tags=…&page=…&limit=…`) asks for, `usual` posts long where it names no limit.
    pub(crate) fn find(catalogue: &Catalogue, query_string: &str, usual: usize) -> Self {
        let terms = parameter(query_string, "tags").unwrap_or_default();
        let query = Query::parse(&terms, Dialect::Moebooru);
        let number = |name: &str| parameter(query_string, name).and_then(|text| text.trim().parse::<usize>().ok());
        let page = number("page").unwrap_or(1).max(1);
        let limit = query.limit.or_else(|| number("limit")).unwrap_or(usual).min(MAX_PAGE_LENGTH);
        let found = query.run(catalogue);
        let part = |page: usize| -> Vec<Post> {
            let start = (page - 1).saturating_mul(limit).min(found.len());
            let end = start.saturating_add(limit).min(found.len());
            found[start..end].iter().map(|post| (*post).clone()).collect()
        };
        let following = part(page.saturating_add(1));
        let mut neighbours = if page > 1 { part(page - 1) } else { Vec::new() };
        let has_next = !following.is_empty();
        neighbours.extend(following);
        let parents = catalogue.posts().filter_map(|post| post.parent_id).collect();
        Self { page, terms, posts: part(page), neighbours, has_next, parents }
    }

    /// A page that holds the one post.
    pub(crate) fn single(catalogue: &Catalogue, post: &Post) -> Self {
        let parents = catalogue.posts().filter_map(|post| post.parent_id).collect();
        let (terms, posts) = (String::new(), vec![post.clone()]);
        Self { page: 1, terms, posts, neighbours: Vec::new(), has_next: false, parents }
    }

    /// The API's records of the page. Samples that were never asked for are rendered to learn their lengths.
    pub(crate) fn records(&self, address: &Address, renderer: &Renderer) -> Vec<Value> {
        self.posts
            .par_iter()
            .map(|post| record(post, address, self.parents.contains(&post.id), renderer.sample_length(post)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, length: usize, neighbours: usize, has_next: bool) {
        let mut site = Catalogue::swatches(4, 120).unwrap();
        let ids: Vec<_> = site.posts().map(|post| post.id).collect();
        for id in ids {
            site.edit(id, |post| post.status = crate::post::Status::Active);
        }
        let page = ResultPage::find(&site, query, 16);
        let seen = (page.posts.len(), page.neighbours.len(), page.has_next);
        assert_eq!(seen, (length, neighbours, has_next), "for {query:?}");
    }

    #[test]
    fn pages_have_the_length_asked_for() {
        check("", 16, 16, true);
        check("page=2", 16, 32, true);
        check("page=8", 8, 16, false);
        check("page=9", 0, 8, false);
        check("page=0&limit=5", 5, 5, true);
        check("limit=1000", 100, 20, true);
        check("page=99999999999999999999&limit=x", 16, 16, true);
        check("page=18446744073709551615", 0, 0, false);
        check("limit=0", 0, 0, false);
        check("tags=limit:7&limit=3", 7, 7, true);
    }
}
