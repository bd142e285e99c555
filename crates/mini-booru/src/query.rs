//! Search terms, as far as crawlers use them: ids, changes, ratings, tags, order.

use crate::{
    catalogue::Catalogue,
    dialect::Dialect,
    numbers::Numbers,
    post::{Post, Status},
};

/// What a `tags=` parameter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    ids: Option<Numbers>,
    changes: Option<Numbers>,
    dialect: Dialect,
    /// Letters of the dialect.
    ratings: Option<String>,
    refused_ratings: String,
    deleted: DeletedPosts,
    tags: Vec<String>,
    refused_tags: Vec<String>,
    order: Order,
    /// `limit:N`, which overrides the parameter.
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeletedPosts {
    /// Moebooru hides them, unless a term by id or change brings them along. Danbooru lists them, and leaves it to
    /// its pages to hide them.
    Unsaid,
    Hidden,
    Shown,
    Only,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The front of the list first, where bumped posts go.
    Front,
    IdAscending,
    IdDescending,
    ChangeAscending,
    ChangeDescending,
    ScoreAscending,
    ScoreDescending,
}

impl Query {
    /// Reads terms separated by blanks. Like the sites, it takes every input: an unknown term is a tag that no post has.
    pub(crate) fn parse(terms: &str, dialect: Dialect) -> Self {
        let mut query = Self {
            ids: None,
            changes: None,
            dialect,
            ratings: None,
            refused_ratings: String::new(),
            deleted: DeletedPosts::Unsaid,
            tags: Vec::new(),
            refused_tags: Vec::new(),
            // Posts are bumped on Moebooru only.
            order: if dialect == Dialect::Moebooru { Order::Front } else { Order::IdDescending },
            limit: None,
        };
        for term in terms.split_whitespace() {
            if !query.take_term(term) {
                query.take_tag(term);
            }
        }
        query
    }

    /// The posts that match, in the order asked for.
    pub(crate) fn run<'a>(&self, catalogue: &'a Catalogue) -> Vec<&'a Post> {
        let mut posts: Vec<&Post> = catalogue.posts().filter(|post| self.matches(post)).collect();
        match self.order {
            Order::Front => posts.sort_by_key(|post| std::cmp::Reverse(post.index_order)),
            Order::IdAscending => posts.sort_by_key(|post| post.id),
            Order::IdDescending => posts.sort_by_key(|post| std::cmp::Reverse(post.id)),
            Order::ChangeAscending => posts.sort_by_key(|post| post.change),
            Order::ChangeDescending => posts.sort_by_key(|post| std::cmp::Reverse(post.change)),
            Order::ScoreAscending => posts.sort_by_key(|post| (post.score, post.id)),
            Order::ScoreDescending => posts.sort_by_key(|post| std::cmp::Reverse((post.score, post.id))),
        }
        posts
    }

    /// Whether a post is among the results.
    pub(crate) fn matches(&self, post: &Post) -> bool {
        let rating = post.rating.letter(self.dialect);
        let within = |numbers: &Option<Numbers>, number| numbers.as_ref().is_none_or(|set| set.contains(number));
        within(&self.ids, post.id)
            && within(&self.changes, post.change)
            && self.ratings.as_ref().is_none_or(|letters| letters.contains(rating))
            && !self.refused_ratings.contains(rating)
            && self.shows(post.status)
            && self.tags.iter().all(|tag| self.has(post, tag))
            && !self.refused_tags.iter().any(|tag| self.has(post, tag))
    }

    /// Danbooru knows artists by tags.
    fn has(&self, post: &Post, tag: &String) -> bool {
        post.tags.contains(tag) || (self.dialect == Dialect::Danbooru && post.artist_tag() == *tag)
    }

    /// Whether the search says that deleted posts are wanted.
    pub(crate) fn names_deleted(&self) -> bool {
        matches!(self.deleted, DeletedPosts::Shown | DeletedPosts::Only)
    }

    fn shows(&self, status: Status) -> bool {
        match self.deleted {
            DeletedPosts::Unsaid if self.dialect == Dialect::Danbooru => true,
            DeletedPosts::Unsaid if self.dialect == Dialect::Gelbooru => status == Status::Active,
            DeletedPosts::Unsaid => status == Status::Active || self.ids.is_some() || self.changes.is_some(),
            DeletedPosts::Hidden => status == Status::Active,
            DeletedPosts::Shown => true,
            DeletedPosts::Only => status == Status::Deleted,
        }
    }

    /// A term with a colon that means something; false where it is to be read as a tag.
    fn take_term(&mut self, term: &str) -> bool {
        let Some((key, value)) = term.split_once(':') else { return false };
        match key {
            "id" => set(&mut self.ids, Numbers::parse(value)),
            "change" => set(&mut self.changes, Numbers::parse(value)),
            "rating" => set(&mut self.ratings, ratings(value, self.dialect)),
            "-rating" => ratings(value, self.dialect).map(|letters| self.refused_ratings.push_str(&letters)).is_some(),
            "sort" if self.dialect == Dialect::Gelbooru => sort(value).map(|order| self.order = order).is_some(),
            "order" if self.dialect != Dialect::Gelbooru => {
                order(value, self.dialect).map(|order| self.order = order).is_some()
            }
            "deleted" if self.dialect == Dialect::Moebooru => {
                deleted(value).map(|deleted| self.deleted = deleted).is_some()
            }
            "status" if self.dialect == Dialect::Danbooru => {
                status(value).map(|deleted| self.deleted = deleted).is_some()
            }
            "-status" if self.dialect == Dialect::Danbooru && value == "deleted" => {
                self.deleted = DeletedPosts::Hidden;
                true
            }
            "limit" => set(&mut self.limit, value.parse().ok()),
            // Nothing here is ever held or pending.
            "holds" | "pending" => true,
            _ => false,
        }
    }

    fn take_tag(&mut self, term: &str) {
        match term.strip_prefix('-') {
            Some(tag) if !tag.is_empty() => self.refused_tags.push(tag.to_lowercase()),
            _ => self.tags.push(term.to_lowercase()),
        }
    }
}

/// Keeps a value that could be read; false where it could not.
fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let read = value.is_some();
    if read {
        *slot = value;
    }
    read
}

/// The letters that ratings are named by; sites read the first letter of each: `s`, `safe`, `Safe`, and Danbooru `g,s`.
fn ratings(value: &str, dialect: Dialect) -> Option<String> {
    let known = match dialect {
        Dialect::Moebooru => "sqe",
        Dialect::Danbooru | Dialect::Gelbooru => "gsqe",
    };
    let letter = |word: &str| word.chars().next().map(|letter| letter.to_ascii_lowercase());
    value.split(',').map(|word| letter(word).filter(|letter| known.contains(*letter))).collect()
}

/// Sites differ in the direction in which changes are listed where none is said.
fn order(value: &str, dialect: Dialect) -> Option<Order> {
    Some(match value {
        "change" if dialect == Dialect::Danbooru => Order::ChangeDescending,
        "id" | "id_asc" => Order::IdAscending,
        "id_desc" => Order::IdDescending,
        "change" | "change_asc" => Order::ChangeAscending,
        "change_desc" => Order::ChangeDescending,
        "score" | "score_desc" => Order::ScoreDescending,
        "score_asc" => Order::ScoreAscending,
        _ => return None,
    })
}

/// Gelbooru's word for an order: a field, and which end of it comes first.
fn sort(value: &str) -> Option<Order> {
    Some(match value {
        "id:asc" => Order::IdAscending,
        "id" | "id:desc" => Order::IdDescending,
        "updated" | "updated:desc" => Order::ChangeDescending,
        "score" | "score:desc" => Order::ScoreDescending,
        _ => return None,
    })
}

fn deleted(value: &str) -> Option<DeletedPosts> {
    Some(match value {
        "all" => DeletedPosts::Shown,
        "only" | "true" => DeletedPosts::Only,
        "false" => DeletedPosts::Hidden,
        _ => return None,
    })
}

fn status(value: &str) -> Option<DeletedPosts> {
    Some(match value {
        "any" | "all" => DeletedPosts::Shown,
        "deleted" => DeletedPosts::Only,
        "active" => DeletedPosts::Hidden,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::post::Rating;

    fn site() -> Catalogue {
        let mut site = Catalogue::swatches(2, 12).unwrap();
        let ids: Vec<_> = site.posts().map(|post| post.id).collect();
        for (index, id) in ids.iter().enumerate() {
            site.edit(*id, |post| {
                post.status = if index == 4 { Status::Deleted } else { Status::Active };
                post.rating = [Rating::Safe, Rating::Questionable, Rating::Explicit][index % 3];
                post.tags = vec!["all".to_owned(), if index < 6 { "low" } else { "high" }.to_owned()];
                post.score = index as i32 % 5;
            });
        }
        site
    }

    /// The results' positions among the posts by ascending id.
    fn check(terms: &str, expected: &[usize]) {
        let site = site();
        let ids: Vec<_> = site.posts().map(|post| post.id).collect();
        let terms = (0..12)
            .rev()
            .fold(terms.to_owned(), |text, index| text.replace(&format!("#{index}"), &ids[index].to_string()));
        let found: Vec<_> = Query::parse(&terms, Dialect::Moebooru)
            .run(&site)
            .iter()
            .map(|post| ids.iter().position(|id| *id == post.id).unwrap())
            .collect();
        assert_eq!(found, expected, "for {terms:?}");
    }

    #[test]
    fn terms_select_and_order() {
        check("", &[11, 10, 9, 8, 7, 6, 5, 3, 2, 1, 0]);
        check("id:<#3", &[2, 1, 0]);
        check("id:<=#3 order:id", &[0, 1, 2, 3]);
        check("id:>#8 order:id", &[9, 10, 11]);
        check("id:>=#10", &[11, 10]);
        check("id:#3..#5", &[5, 4, 3]);
        check("id:#4", &[4]);
        check("id:#2,#7", &[7, 2]);
        check("id:<#6 order:id_desc deleted:false", &[5, 3, 2, 1, 0]);
        check("deleted:all low", &[5, 4, 3, 2, 1, 0]);
        check("deleted:only", &[4]);
        check("rating:s", &[9, 6, 3, 0]);
        check("rating:safe", &[9, 6, 3, 0]);
        check("rating:Questionable", &[10, 7, 1]);
        check("-rating:e -rating:q", &[9, 6, 3, 0]);
        check("HIGH -rating:s", &[11, 10, 8, 7]);
        check("all -high", &[5, 3, 2, 1, 0]);
        check("order:score_asc id:<#5", &[0, 1, 2, 3, 4]);
        check("no_such_tag", &[]);
        check("user:somebody", &[]);
        check("id:<0", &[]);
        check("id:>18446744073709551615", &[]);
    }

    #[test]
    fn changes_are_a_feed() {
        let mut site = site();
        let mark = site.posts().map(|post| post.change).max().unwrap();
        let ids: Vec<_> = site.posts().map(|post| post.id).collect();
        site.edit(ids[7], |post| post.score += 1);
        site.delete_post(ids[2]);
        let feed = Query::parse(&format!("change:>{mark} order:change deleted:all"), Dialect::Moebooru);
        let found: Vec<_> = feed.run(&site).iter().map(|post| post.id).collect();
        assert_eq!(found, [ids[7], ids[2]]);
    }

    #[test]
    fn a_bumped_post_comes_first_in_the_list_but_not_by_id() {
        let mut site = site();
        let oldest = site.posts().next().unwrap().id;
        site.bump(oldest);
        assert_eq!(Query::parse("", Dialect::Moebooru).run(&site)[0].id, oldest);
        assert_ne!(Query::parse("order:id_desc", Dialect::Moebooru).run(&site)[0].id, oldest);
    }

    proptest! {
        #[test]
        fn any_text_is_a_query(terms in "\\PC*") {
            Query::parse(&terms, Dialect::Moebooru).run(&site());
        }

        #[test]
        fn walking_down_by_id_meets_each_post_once(step in 1usize..6) {
            let site = site();
            let mut seen = Vec::new();
            let mut below = u64::MAX;
            loop {
                let page: Vec<_> = Query::parse(&format!("id:<{below} order:id_desc"), Dialect::Moebooru).run(&site).iter().take(step).map(|post| post.id).collect();
                let Some(last) = page.last() else { break };
                below = *last;
                seen.extend(page);
            }
            let all: Vec<_> = site.posts().map(|post| post.id).rev().collect();
            prop_assert_eq!(seen, all);
        }
    }
}
