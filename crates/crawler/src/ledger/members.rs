//! What was listed: posts, and how far each search has come.

use contracts::config::Listing;
use rusqlite::{Transaction, params};

use super::{
    Ledger, LedgerError,
    posts::write_post,
    search::{Contiguity, Coverage, SearchKey, SearchState},
    signed, unsigned,
};
use crate::post::Post;

impl Ledger {
    /// Finds or begins a search.
    pub(crate) fn search(&mut self, key: &SearchKey<'_>) -> Result<SearchState, LedgerError> {
        let error = self.error();
        self.begin_search(key).map_err(error)
    }

    fn begin_search(&mut self, key: &SearchKey<'_>) -> rusqlite::Result<SearchState> {
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
                let coverage = Coverage { lowest, highest, exhausted: row.get(3)?, changes };
                Ok(SearchState { id: row.get(0)?, source, coverage })
            },
        )?;
        transaction.commit()?;
        Ok(search)
    }

    /// Forgets what a search has listed; posts and pictures stay known.
    pub(crate) fn restart(&mut self, search: &mut SearchState) -> Result<(), LedgerError> {
        let error = self.error();
        let mut run = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            transaction.execute("DELETE FROM members WHERE search = ?1", [search.id])?;
            transaction.execute("DELETE FROM odd_entries WHERE search = ?1", [search.id])?;
            write_coverage(&transaction, search.id, Coverage::default())?;
            transaction.commit()
        };
        run().map_err(error)?;
        search.coverage = Coverage::default();
        Ok(())
    }

    /// Takes in a page of a listing and how far it brings the search, in one step. Gives the numbers that the search
    /// did not have yet.
    pub(crate) fn commit_page(
        &mut self,
        search: &mut SearchState,
        posts: &[Post],
        coverage: Coverage,
        contiguity: Contiguity,
    ) -> Result<Vec<u64>, LedgerError> {
        let error = self.error();
        let added = self.write_page(search, posts, coverage, contiguity).map_err(error)?;
        search.coverage = coverage;
        Ok(added)
    }

    fn write_page(
        &mut self,
        search: &SearchState,
        posts: &[Post],
        coverage: Coverage,
        contiguity: Contiguity,
    ) -> rusqlite::Result<Vec<u64>> {
        let transaction = self.connection.transaction()?;
        let mut added = Vec::new();
        for post in posts {
            write_post(&transaction, search.source, post)?;
            let provisional = contiguity == Contiguity::Provisional;
            let inserted = transaction
                .prepare_cached("INSERT OR IGNORE INTO members (search, number, provisional) VALUES (?1, ?2, ?3)")?
                .execute(params![search.id, signed(post.number), provisional])?;
            if inserted > 0 {
                added.push(post.number);
            }
        }
        write_coverage(&transaction, search.id, coverage)?;
        if contiguity == Contiguity::Settled {
            let settle = "
                UPDATE members INDEXED BY provisional_members SET provisional = 0 WHERE search = ?1 AND provisional <> 0";
            transaction.prepare_cached(settle)?.execute([search.id])?;
        }
        transaction.commit()?;
        Ok(added)
    }

    /// Whether a page holds only posts below which nothing is missing: those that a finished walk has listed.
    pub(crate) fn is_settled(&self, search: &SearchState, posts: &[Post]) -> Result<bool, LedgerError> {
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
    pub(crate) fn has_members(&self, search: &SearchState) -> Result<bool, LedgerError> {
        let any = self.connection.prepare_cached("SELECT 1 FROM members WHERE search = ?1 LIMIT 1");
        any.and_then(|mut statement| statement.exists([search.id])).map_err(self.error())
    }
}

pub(super) fn write_coverage(transaction: &Transaction<'_>, search: i64, coverage: Coverage) -> rusqlite::Result<()> {
    let [lowest, highest, changes] =
        [coverage.lowest, coverage.highest, coverage.changes].map(|number| number.map(signed));
    transaction
        .prepare_cached("UPDATE searches SET lowest = ?2, highest = ?3, bottom = ?4, changes = ?5 WHERE id = ?1")?
        .execute(params![search, lowest, highest, coverage.exhausted, changes])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use contracts::config::Variant;

    use super::*;
    use crate::{
        ledger::{KnownPicture, LedgerEntry, PictureOutcome, Stored},
        post::{Rendering, md5_claim},
        reason::FailureReason,
    };

    const KEY: SearchKey<'static> =
        SearchKey { site: "mini", address: "http://mini.invalid", listing: Listing::Json, tags: "rating:s" };

    fn post(number: u64, md5: &str) -> Post {
        let sample = Rendering::at(Some(format!("http://mini.invalid/{number}.jpg")));
        Post { number, md5: md5_claim(&md5.repeat(16)), rating: Some("s".into()), sample, ..Post::default() }
    }

    fn stored() -> Stored {
        let sha256 = contracts::ContentHash::of(b"picture");
        Stored {
            sha256,
            extension: "jpg".into(),
            bytes: 7,
            dimensions: (3, 4),
            stored_dimensions: Some((4, 3)),
            url: "http://a".into(),
            rendering: Some(Variant::Preview),
        }
    }

    fn with_ledger(run: impl FnOnce(&mut Ledger, &std::path::Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw").join("ledger.sqlite");
        run(&mut Ledger::open(&path).unwrap(), &path);
    }

    fn states(ledger: &Ledger, search: &SearchState) -> Vec<(u64, KnownPicture)> {
        let mut states = Vec::new();
        let look = |entry: LedgerEntry| states.push((entry.post.number, entry.picture));
        ledger.for_each_member(search, Variant::Sample, look).unwrap();
        states
    }

    #[test]
    fn posts_and_reach_outlive_the_process() {
        with_ledger(|ledger, path| {
            let mut search = ledger.search(&KEY).unwrap();
            assert_eq!(search.coverage, Coverage::default());
            let coverage = Coverage { lowest: Some(3), highest: Some(9), exhausted: true, changes: Some(5) };
            let page = [post(9, "aa"), post(3, "bb")];
            assert_eq!(ledger.commit_page(&mut search, &page, coverage, Contiguity::Settled).unwrap(), [9, 3]);
            let mut again = Ledger::open(path).unwrap();
            let found = again.search(&KEY).unwrap();
            assert_eq!((found.coverage, &found), (coverage, &search));
            assert_eq!(again.post(&found, 3).unwrap(), Some(post(3, "bb")));
            let other = again.search(&SearchKey { tags: "solo", ..KEY }).unwrap();
            assert_eq!((other.coverage, states(&again, &other).len()), (Coverage::default(), 0));
        });
    }

    #[test]
    fn outcomes_last_as_long_as_the_site_speaks_of_the_same_picture() {
        with_ledger(|ledger, _| {
            let mut search = ledger.search(&KEY).unwrap();
            let mut list = |ledger: &mut Ledger, posts: &[Post]| {
                ledger.commit_page(&mut search, posts, Coverage::default(), Contiguity::Settled).unwrap();
                search.clone()
            };
            let search = list(ledger, &[post(1, "aa"), post(2, "aa"), post(3, "aa")]);
            let failed = PictureOutcome::Failed { reason: FailureReason::Status(404), attempts: 1, limit: Some(2) };
            ledger.record(&search, 1, Variant::Sample, &PictureOutcome::Ok(stored())).unwrap();
            ledger.record(&search, 2, Variant::Sample, &failed).unwrap();
            ledger.record(&search, 3, Variant::Sample, &failed).unwrap();
            ledger.record(&search, 3, Variant::Sample, &failed).unwrap();
            let (failed, given_up) =
                (KnownPicture::Failed(FailureReason::Status(404)), KnownPicture::GivenUp(FailureReason::Status(404)));
            let ok = KnownPicture::Ok(stored());
            assert_eq!(states(ledger, &search), [(3, given_up.clone()), (2, failed), (1, ok.clone())]);
            let retagged = Post { tags: vec!["new".into()], change: Some(5), ..post(1, "aa") };
            list(ledger, &[retagged, post(2, "bb"), post(3, "aa")]);
            // Another picture has another chance, and an edit of tags fetches nothing.
            assert_eq!(states(ledger, &search), [(3, given_up), (2, KnownPicture::Unknown), (1, ok)]);
        });
    }

    #[test]
    fn a_page_is_settled_only_when_a_finished_walk_has_listed_it() {
        with_ledger(|ledger, _| {
            let mut search = ledger.search(&KEY).unwrap();
            let mut commit = |ledger: &mut Ledger, number, contiguity| {
                ledger.commit_page(&mut search, &[post(number, "aa")], Coverage::default(), contiguity).unwrap();
                search.clone()
            };
            let search = commit(ledger, 1, Contiguity::Settled);
            commit(ledger, 2, Contiguity::Provisional);
            let settled = |ledger: &Ledger, number| ledger.is_settled(&search, &[post(number, "aa")]).unwrap();
            assert_eq!([1, 2, 3].map(|number| settled(ledger, number)), [true, false, false]);
            commit(ledger, 1, Contiguity::Settled);
            assert_eq!([1, 2, 3].map(|number| settled(ledger, number)), [true, true, false]);
        });
    }

    #[test]
    fn a_restarted_search_lists_nothing_and_posts_stay_known() {
        with_ledger(|ledger, _| {
            let mut search = ledger.search(&KEY).unwrap();
            let coverage = Coverage { lowest: Some(1), highest: Some(1), exhausted: true, changes: None };
            ledger.commit_page(&mut search, &[post(1, "aa")], coverage, Contiguity::Settled).unwrap();
            ledger.record(&search, 1, Variant::Sample, &PictureOutcome::Ok(stored())).unwrap();
            ledger.restart(&mut search).unwrap();
            assert_eq!((search.coverage, ledger.has_members(&search).unwrap()), (Coverage::default(), false));
            ledger.commit_page(&mut search, &[post(1, "aa")], coverage, Contiguity::Settled).unwrap();
            assert_eq!(states(ledger, &search), [(1, KnownPicture::Ok(stored()))]);
        });
    }
}
