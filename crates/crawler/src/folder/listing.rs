//! From files to posts: numbers that stay, and what the metadata says.

use std::collections::{HashMap, HashSet};

use super::{
    sidecar::{Sidecar, StatedRating},
    source::{Found, Place, Source, for_each_line},
};
use crate::{
    context::CrawlContext,
    error::{Cause, CrawlError},
    ledger::{Contiguity, Coverage, Ledger, LedgerError, SearchState},
    post::{Detail, Post, Rendering},
};

/// From here on numbers are given to pictures of which nothing tells one: higher than any site has come.
const FIRST_GIVEN: u64 = 1 << 40;
/// How many posts are written down together.
const PAGE_SIZE: usize = 1000;

/// What a folder has listed.
pub(super) struct Listed {
    /// Where each post's picture lies.
    pub(super) places: HashMap<u64, Place>,
    /// What somebody should read.
    pub(super) warnings: Vec<String>,
}

/// Lists the folder anew: what is there now, and nothing else, belongs to the search.
///
/// # Errors
/// When the folder cannot be read, holds no picture, or the ledger cannot be written.
pub(super) fn list(context: &mut CrawlContext<'_>, search: &mut SearchState) -> Result<Listed, CrawlError> {
    let root = &context.config().folder;
    let Source { pictures, lists, passed_over } = Source::list(root)?;
    if pictures.is_empty() {
        return Err(Cause::EmptyFolder { path: root.clone(), passed_over }.into());
    }
    let mut described = described(&pictures, &lists)?;
    let mut numbers = Numbers::of(&context.ledger, search)?;
    let (mut places, mut page, mut repeated) = (HashMap::new(), Vec::new(), 0);
    for found in pictures {
        let named = number_in(&found.name);
        let sidecar = found.sidecar.clone().or_else(|| described.remove(&named?)).unwrap_or_default();
        let wanted = sidecar.id.or(named);
        let number = numbers.take(wanted, &found.name);
        repeated += u64::from(wanted.is_some_and(|wanted| wanted != number));
        page.push(post(number, &found, sidecar));
        places.insert(number, found.place);
        if page.len() == PAGE_SIZE {
            commit(context, search, &std::mem::take(&mut page))?;
        }
    }
    commit(context, search, &page)?;
    let mut warnings = Vec::new();
    if passed_over > 0 {
        warnings.push(format!("{passed_over} files in {} are neither pictures nor their metadata", root.display()));
    }
    if repeated > 0 {
        warnings.push(format!("{repeated} pictures have the post id of another one, and got a number of their own"));
    }
    Ok(Listed { places, warnings })
}

/// Writes posts down, and forgets the pictures of those whose files are others now.
fn commit(context: &mut CrawlContext<'_>, search: &mut SearchState, page: &[Post]) -> Result<(), LedgerError> {
    let mut outdated = Vec::new();
    for post in page {
        let earlier = context.ledger.post(search, post.number)?;
        let file = |post: &Post| (post.original.clone(), post.change);
        if earlier.is_some_and(|earlier| file(&earlier) != file(post)) {
            outdated.push(post.number);
        }
    }
    context.ledger.commit_page(search, page, Coverage::default(), Contiguity::Settled)?;
    context.ledger.forget_stored(search, context.selection.variant, &outdated)
}

/// The metadata in lists of many posts, of those pictures whose names are numbers and beside which none lies.
fn described(pictures: &[Found], lists: &[std::path::PathBuf]) -> Result<HashMap<u64, Sidecar>, CrawlError> {
    let bare = pictures.iter().filter(|found| found.sidecar.is_none());
    let wanted: HashSet<u64> = bare.filter_map(|found| number_in(&found.name)).collect();
    let mut described = HashMap::new();
    for list in lists {
        for_each_line(list, |line| {
            let sidecar = Sidecar::parse(line);
            if let Some(id) = sidecar.id.filter(|id| wanted.contains(id)) {
                described.insert(id, sidecar);
            }
        })?;
    }
    Ok(described)
}

/// The number that a picture's name is, zeros in front or not.
fn number_in(name: &str) -> Option<u64> {
    let file = name.rsplit(['/', '!']).next()?;
    let stem = file.split('.').next()?;
    stem.parse().ok().filter(|number| *number < FIRST_GIVEN && !stem.starts_with('+'))
}

fn post(number: u64, found: &Found, sidecar: Sidecar) -> Post {
    let file = Rendering { url: Some(found.name.clone()), bytes: Some(found.place.length), dimensions: None };
    Post {
        number,
        md5: sidecar.md5,
        rating: match sidecar.rating {
            StatedRating::Unsaid => Some(String::new()),
            StatedRating::Known(letter) => Some(letter.to_owned()),
            StatedRating::Unknown => None,
        },
        tags: sidecar.tags,
        author: sidecar.author,
        original_source: sidecar.source.or(sidecar.url),
        change: Some(found.changed),
        status: sidecar.status,
        preview: file.clone(),
        sample: file.clone(),
        original: file,
        detail: Detail::Record,
    }
}

/// Gives numbers: to each picture the one that it names if that is free, else one that it keeps for good.
struct Numbers {
    taken: HashSet<u64>,
    given: HashMap<String, u64>,
    next: u64,
}

impl Numbers {
    fn of(ledger: &Ledger, search: &SearchState) -> Result<Self, LedgerError> {
        let (mut given, mut next) = (HashMap::new(), FIRST_GIVEN);
        for post in ledger.posts_from(search, FIRST_GIVEN)? {
            next = post.number + 1;
            given.extend(post.original.url.map(|name| (name, post.number)));
        }
        Ok(Self { taken: HashSet::new(), given, next })
    }

    fn take(&mut self, wanted: Option<u64>, name: &str) -> u64 {
        if let Some(wanted) = wanted.filter(|wanted| *wanted < FIRST_GIVEN && self.taken.insert(*wanted)) {
            return wanted;
        }
        *self.given.entry(name.to_owned()).or_insert_with(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_numbers_are_the_posts_numbers() {
        let check = |name: &str, expected| assert_eq!(number_in(name), expected, "{name}");
        check("0123/263167.jpg", Some(263_167));
        check("shard.tar!000000012.webp", Some(12));
        check("000000012", Some(12));
        check("+5.jpg", None);
        check("a5.jpg", None);
        check("99999999999999.jpg", None);
        check("", None);
    }

    #[test]
    fn a_number_is_given_once_and_stays() {
        let given = HashMap::from([("b.jpg".to_owned(), FIRST_GIVEN + 3)]);
        let mut numbers = Numbers { taken: HashSet::new(), given, next: FIRST_GIVEN + 4 };
        assert_eq!(numbers.take(Some(7), "7.jpg"), 7);
        assert_eq!(numbers.take(Some(7), "x/7.jpg"), FIRST_GIVEN + 4);
        assert_eq!(numbers.take(None, "b.jpg"), FIRST_GIVEN + 3);
        assert_eq!(numbers.take(None, "c.jpg"), FIRST_GIVEN + 5);
    }
}
