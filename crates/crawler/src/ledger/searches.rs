//! What was listed: posts, and how far each search has come.

use contracts::config::{Listing, Variant};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Ledger, LedgerError, signed, unsigned};
use crate::post::Post;

/// What tells one search from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SearchKey<'a> {
    /// The site's name.
    pub(crate) site: &'a str,
    /// Its address as written down.
    pub(crate) address: &'a str,
    /// How it is listed.
    pub(crate) listing: Listing,
    /// The site's own search words.
    pub(crate) tags: &'a str,
}

/// A search that the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    pub(super) id: i64,
    pub(super) source: i64,
    /// How far it has come.
    pub(crate) reach: Reach,
}

/// How far a search has come: every post from `lowest` to `highest` that the site listed is in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The lowest post number covered.
    pub(crate) lowest: Option<u64>,
    /// The highest post number covered.
    pub(crate) highest: Option<u64>,
    /// Whether the site has nothing older.
    pub(crate) bottom: bool,
    /// The site's number of a change: the posts are up to date with it and with all before.
    pub(crate) changes: Option<u64>,
}

impl Reach {
    /// Whether a post of that number would be in the ledger if the site had listed it.
    pub(crate) fn covers(&self, number: u64) -> bool {
        self.highest.is_some_and(|highest| number <= highest)
            && (self.bottom || self.lowest.is_some_and(|lowest| number >= lowest))
    }
}

/// Whether the posts between a page and those listed before it are known to be listed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// They are.
    Settled,
    /// They may not be: should the run end here, the next one must look for them.
    Provisional,
}

impl Ledger {
    /// Finds or begins a search.
    pub(crate) fn search(&mut self, key: &SearchKey<'_>) -> Result<Search, LedgerError> {
        let error = self.error();
        self.begin_search(key).map_err(error)
    }

    fn begin_search(&mut self, key: &SearchKey<'_>) -> rusqlite::Result<Search> {
        let listing = match key.listing {
            Listing::Json => "json",
            Listing::Html => "html",
        };
        let transaction = self.connection.transaction()?;
        let named = params![key.site, key.address];
        transaction.execute("INSERT OR IGNORE INTO sources (site, address) VALUES (?1, ?2)", named)?;
        let source: i64 =
            transaction
                .query_row("SELECT id FROM sources WHERE site = ?1 AND address = ?2", named, |row| row.get(0))?;
        let named = params![source, listing, key.tags];
        transaction.execute("INSERT OR IGNORE INTO searches (source, listing, tags) VALUES (?1, ?2, ?3)", named)?;
        let search = transaction.query_row(
            "SELECT id, lowest, highest, bottom, changes FROM searches WHERE source = ?1 AND listing = ?2 AND tags = ?3",
            named,
            |row| {
                let number = |column| row.get::<_, Option<i64>>(column).map(|number| number.map(unsigned));
                let (lowest, highest, changes) = (number(1)?, number(2)?, number(4)?);
                let reach = Reach { lowest, highest, bottom: row.get(3)?, changes };
                Ok(Search { id: row.get(0)?, source, reach })
            },
        )?;
        transaction.commit()?;
        Ok(search)
    }

    /// Forgets what a search has listed; posts and pictures stay known.
    pub(crate) fn restart(&mut self, search: &mut Search) -> Result<(), LedgerError> {
        let error = self.error();
        let mut run = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            transaction.execute("DELETE FROM members WHERE search = ?1", [search.id])?;
            write_reach(&transaction, search.id, Reach::default())?;
            transaction.commit()
        };
        run().map_err(error)?;
        search.reach = Reach::default();
        Ok(())
    }

    /// Takes in a page of a listing and how far it brings the search, in one step. Gives the numbers that the search
    /// did not have yet.
    pub(crate) fn commit_page(
        &mut self,
        search: &mut Search,
        posts: &[Post],
        reach: Reach,
        certainty: Certainty,
    ) -> Result<Vec<u64>, LedgerError> {
        let error = self.error();
        let added = self.write_page(search, posts, reach, certainty).map_err(error)?;
        search.reach = reach;
        Ok(added)
    }

    fn write_page(
        &mut self,
        search: &Search,
        posts: &[Post],
        reach: Reach,
        certainty: Certainty,
    ) -> rusqlite::Result<Vec<u64>> {
        let transaction = self.connection.transaction()?;
        let mut added = Vec::new();
        for post in posts {
            write_post(&transaction, search.source, post)?;
            let provisional = certainty == Certainty::Provisional;
            let inserted = transaction
                .prepare_cached("INSERT OR IGNORE INTO members (search, number, provisional) VALUES (?1, ?2, ?3)")?
                .execute(params![search.id, signed(post.number), provisional])?;
            if inserted > 0 {
                added.push(post.number);
            }
        }
        write_reach(&transaction, search.id, reach)?;
        if certainty == Certainty::Settled {
            let settle = "
                UPDATE members INDEXED BY provisional_members SET provisional = 0 WHERE search = ?1 AND provisional <> 0";
            transaction.prepare_cached(settle)?.execute([search.id])?;
        }
        transaction.commit()?;
        Ok(added)
    }

    /// Whether a page holds only posts below which nothing is missing: those that a finished walk has listed.
    pub(crate) fn is_settled(&self, search: &Search, posts: &[Post]) -> Result<bool, LedgerError> {
        let known = |post: &Post| {
            self.connection
                .prepare_cached("SELECT 1 FROM members WHERE search = ?1 AND number = ?2 AND provisional = 0")?
                .exists(params![search.id, signed(post.number)])
        };
        for post in posts {
            if !known(post).map_err(self.error())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the search has listed anything yet.
    pub(crate) fn has_members(&self, search: &Search) -> Result<bool, LedgerError> {
        let any = self.connection.prepare_cached("SELECT 1 FROM members WHERE search = ?1 LIMIT 1");
        any.and_then(|mut statement| statement.exists([search.id])).map_err(self.error())
    }

    /// What the site last said of a post.
    pub(crate) fn post(&self, search: &Search, number: u64) -> Result<Option<Post>, LedgerError> {
        read_post(&self.connection, search.source, number).map_err(self.error())
    }
}

pub(super) fn write_reach(transaction: &Transaction<'_>, search: i64, reach: Reach) -> rusqlite::Result<()> {
    let [lowest, highest, changes] = [reach.lowest, reach.highest, reach.changes].map(|number| number.map(signed));
    transaction
        .prepare_cached("UPDATE searches SET lowest = ?2, highest = ?3, bottom = ?4, changes = ?5 WHERE id = ?1")?
        .execute(params![search, lowest, highest, reach.bottom, changes])?;
    Ok(())
}

pub(super) fn write_post(transaction: &Transaction<'_>, source: i64, post: &Post) -> rusqlite::Result<()> {
    let earlier = read_post(transaction, source, post.number)?;
    let post = match &earlier {
        Some(earlier) => post.clone().completed_by(earlier),
        None => post.clone(),
    };
    if let Some(earlier) = &earlier {
        forget_outdated(transaction, source, &post, earlier)?;
    }
    let record = serde_json::to_string(&post).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO posts (source, number, rating, status, record) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![source, signed(post.number), post.rating, post.status.name(), record])?;
    Ok(())
}

/// Drops what became of pictures that the site has since replaced.
fn forget_outdated(transaction: &Transaction<'_>, source: i64, post: &Post, earlier: &Post) -> rusqlite::Result<()> {
    for variant in [Variant::Preview, Variant::Sample, Variant::Original] {
        let delete = match (post.same_picture(earlier, variant), post.same_prospects(earlier, variant)) {
            (false, _) => "DELETE FROM pictures WHERE source = ?1 AND number = ?2 AND variant = ?3",
            (true, false) => {
                "DELETE FROM pictures WHERE source = ?1 AND number = ?2 AND variant = ?3 AND state <> 'ok'"
            }
            (true, true) => continue,
        };
        transaction.prepare_cached(delete)?.execute(params![source, signed(post.number), variant.name()])?;
    }
    Ok(())
}

pub(super) fn read_post(connection: &rusqlite::Connection, source: i64, number: u64) -> rusqlite::Result<Option<Post>> {
    let record: Option<String> = connection
        .prepare_cached("SELECT record FROM posts WHERE source = ?1 AND number = ?2")?
        .query_row(params![source, signed(number)], |row| row.get(0))
        .optional()?;
    record.map(|text| parse_post(0, &text)).transpose()
}

/// Reads a record out of a column.
pub(super) fn parse_post(column: usize, text: &str) -> rusqlite::Result<Post> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{Entry, Outcome, PictureState, Stored},
        post::{Rendering, md5_claim},
    };

    const KEY: SearchKey<'static> =
        SearchKey { site: "mini", address: "http://mini.invalid", listing: Listing::Json, tags: "rating:s" };

    fn post(number: u64, md5: &str) -> Post {
        let sample = Rendering::at(Some(format!("http://mini.invalid/{number}.jpg")));
        Post { number, md5: md5_claim(&md5.repeat(16)), rating: Some("s".into()), sample, ..Post::default() }
    }

    fn stored() -> Outcome {
        let sha256 = contracts::ContentHash::of(b"picture");
        Outcome::Ok(Stored { sha256, extension: "jpg".into(), bytes: 7, dimensions: (3, 4), url: "http://a".into() })
    }

    fn with_ledger(run: impl FnOnce(&mut Ledger, &std::path::Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw").join("ledger.sqlite");
        run(&mut Ledger::open(&path).unwrap(), &path);
    }

    fn states(ledger: &Ledger, search: &Search) -> Vec<(u64, PictureState)> {
        let mut states = Vec::new();
        let look = |entry: Entry| states.push((entry.post.number, entry.picture));
        ledger.for_each_member(search, Variant::Sample, look).unwrap();
        states
    }

    #[test]
    fn posts_and_reach_outlive_the_process() {
        with_ledger(|ledger, path| {
            let mut search = ledger.search(&KEY).unwrap();
            assert_eq!(search.reach, Reach::default());
            let reach = Reach { lowest: Some(3), highest: Some(9), bottom: true, changes: Some(5) };
            let page = [post(9, "aa"), post(3, "bb")];
            assert_eq!(ledger.commit_page(&mut search, &page, reach, Certainty::Settled).unwrap(), [9, 3]);
            let mut again = Ledger::open(path).unwrap();
            let found = again.search(&KEY).unwrap();
            assert_eq!((found.reach, &found), (reach, &search));
            assert_eq!(again.post(&found, 3).unwrap(), Some(post(3, "bb")));
            let other = again.search(&SearchKey { tags: "solo", ..KEY }).unwrap();
            assert_eq!((other.reach, states(&again, &other).len()), (Reach::default(), 0));
        });
    }

    #[test]
    fn outcomes_last_as_long_as_the_site_speaks_of_the_same_picture() {
        with_ledger(|ledger, _| {
            let mut search = ledger.search(&KEY).unwrap();
            let mut list = |ledger: &mut Ledger, posts: &[Post]| {
                ledger.commit_page(&mut search, posts, Reach::default(), Certainty::Settled).unwrap();
                search.clone()
            };
            let search = list(ledger, &[post(1, "aa"), post(2, "aa"), post(3, "aa")]);
            let failed = Outcome::Failed { reason: "status 404".into(), attempts: 1, limit: Some(2) };
            ledger.record(&search, 1, Variant::Sample, &stored()).unwrap();
            ledger.record(&search, 2, Variant::Sample, &failed).unwrap();
            ledger.record(&search, 3, Variant::Sample, &failed).unwrap();
            ledger.record(&search, 3, Variant::Sample, &failed).unwrap();
            use PictureState::{Failed, GivenUp, Ok, Unknown};
            assert_eq!(states(ledger, &search), [(3, GivenUp), (2, Failed), (1, Ok)]);
            let retagged = Post { tags: vec!["new".into()], change: Some(5), ..post(1, "aa") };
            list(ledger, &[retagged, post(2, "bb"), post(3, "aa")]);
            // Another picture has another chance, and an edit of tags fetches nothing.
            assert_eq!(states(ledger, &search), [(3, GivenUp), (2, Unknown), (1, Ok)]);
        });
    }

    #[test]
    fn a_page_is_settled_only_when_a_finished_walk_has_listed_it() {
        with_ledger(|ledger, _| {
            let mut search = ledger.search(&KEY).unwrap();
            let mut commit = |ledger: &mut Ledger, number, certainty| {
                ledger.commit_page(&mut search, &[post(number, "aa")], Reach::default(), certainty).unwrap();
                search.clone()
            };
            let search = commit(ledger, 1, Certainty::Settled);
            commit(ledger, 2, Certainty::Provisional);
            let settled = |ledger: &Ledger, number| ledger.is_settled(&search, &[post(number, "aa")]).unwrap();
            assert_eq!([1, 2, 3].map(|number| settled(ledger, number)), [true, false, false]);
            commit(ledger, 1, Certainty::Settled);
            assert_eq!([1, 2, 3].map(|number| settled(ledger, number)), [true, true, false]);
        });
    }

    #[test]
    fn a_restarted_search_lists_nothing_and_posts_stay_known() {
        with_ledger(|ledger, _| {
            let mut search = ledger.search(&KEY).unwrap();
            let reach = Reach { lowest: Some(1), highest: Some(1), bottom: true, changes: None };
            ledger.commit_page(&mut search, &[post(1, "aa")], reach, Certainty::Settled).unwrap();
            ledger.record(&search, 1, Variant::Sample, &stored()).unwrap();
            ledger.restart(&mut search).unwrap();
            assert_eq!((search.reach, ledger.has_members(&search).unwrap()), (Reach::default(), false));
            ledger.commit_page(&mut search, &[post(1, "aa")], reach, Certainty::Settled).unwrap();
            assert_eq!(states(ledger, &search), [(1, PictureState::Ok)]);
        });
    }
}
