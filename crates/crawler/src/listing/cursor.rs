//! Walking by post number: nothing that happens on the site meanwhile can make a page skip or repeat.

use crate::{post::Post, site::Flavour};

/// A way to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the newest, or from below that number, to older ones.
    Down(Option<u64>),
    /// From above that number to newer ones.
    Up(u64),
}

impl Direction {
    /// The parameters that make the site list the results of a search so.
    pub(super) fn parameters(self, flavour: Flavour, tags: &str) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("limit", flavour.page_size().to_string())];
        let tags = tags.trim();
        match flavour {
            Flavour::Moebooru => {
                let terms = match self {
                    Self::Down(None) => "order:id_desc".into(),
                    Self::Down(Some(lowest)) => format!("id:<{lowest} order:id_desc"),
                    Self::Up(highest) => format!("id:>{highest} order:id"),
                };
                parameters.push(("tags", format!("{tags} {terms}").trim().to_owned()));
            }
            Flavour::Danbooru => {
                parameters.push(("tags", tags.to_owned()));
                match self {
                    Self::Down(None) => {}
                    Self::Down(Some(lowest)) => parameters.push(("page", format!("b{lowest}"))),
                    Self::Up(highest) => parameters.push(("page", format!("a{highest}"))),
                }
            }
        }
        parameters
    }

    /// A page as the site gives it, in the order of the walk: Danbooru gives the next higher posts highest first.
    pub(super) fn arranged(self, flavour: Flavour, mut page: Vec<Post>) -> Vec<Post> {
        if matches!((self, flavour), (Self::Up(_), Flavour::Danbooru)) {
            page.reverse();
        }
        page
    }

    /// Whether a page is what was asked for; what is wrong with it if not. A page in another order would leave holes.
    pub(super) fn check(self, page: &[Post]) -> Result<(), String> {
        let mut last = match self {
            Self::Down(start) => start.unwrap_or(u64::MAX),
            Self::Up(start) => start,
        };
        for post in page {
            let follows = match self {
                Self::Down(_) => post.number < last,
                Self::Up(_) => post.number > last,
            };
            if !follows {
                let side = if matches!(self, Self::Up(_)) { "above" } else { "below" };
                return Err(format!("it has post {} where one {side} {last} was due", post.number));
            }
            last = post.number;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(direction: Direction, numbers: &[u64], expected: Result<(), &str>) {
        let page: Vec<Post> = numbers.iter().map(|number| Post { number: *number, ..Post::default() }).collect();
        assert_eq!(direction.check(&page), expected.map_err(str::to_owned), "{direction:?} {numbers:?}");
    }

    #[test]
    fn each_kind_of_site_is_asked_in_its_own_words() {
        let check = |direction: Direction, flavour, tags: &str, expected: &[(&str, &str)]| {
            let parameters = direction.parameters(flavour, tags);
            let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(parameters, expected);
        };
        use Direction::{Down, Up};
        use Flavour::{Danbooru, Moebooru};
        check(Down(None), Moebooru, "", &[("limit", "100"), ("tags", "order:id_desc")]);
        check(Down(Some(9)), Moebooru, " a b ", &[("limit", "100"), ("tags", "a b id:<9 order:id_desc")]);
        check(Up(3), Moebooru, "a", &[("limit", "100"), ("tags", "a id:>3 order:id")]);
        check(Down(None), Danbooru, "a", &[("limit", "200"), ("tags", "a")]);
        check(Down(Some(9)), Danbooru, "a", &[("limit", "200"), ("tags", "a"), ("page", "b9")]);
        check(Up(3), Danbooru, "", &[("limit", "200"), ("tags", ""), ("page", "a3")]);
    }

    #[test]
    fn only_pages_in_order_are_taken() {
        check(Direction::Down(None), &[9, 7, 2], Ok(()));
        check(Direction::Down(Some(9)), &[], Ok(()));
        check(Direction::Down(Some(9)), &[9, 8], Err("it has post 9 where one below 9 was due"));
        check(Direction::Down(None), &[7, 7], Err("it has post 7 where one below 7 was due"));
        check(Direction::Up(3), &[4, 9], Ok(()));
        check(Direction::Up(3), &[9, 4], Err("it has post 4 where one above 9 was due"));
        check(Direction::Up(3), &[3], Err("it has post 3 where one above 3 was due"));
    }
}
