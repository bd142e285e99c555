//! Walking by post number: nothing that happens on the site meanwhile can make a page skip or repeat.

use crate::post::Post;

/// A way to walk a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the newest, or from below that number, to older ones.
    Down(Option<u64>),
    /// From above that number to newer ones.
    Up(u64),
}

impl Direction {
    /// Whether a page is what was asked for; what is wrong with it if not. A page in another order would leave holes.
    pub(crate) fn check(self, page: &[Post]) -> Result<(), String> {
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
