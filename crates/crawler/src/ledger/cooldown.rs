//! The pause that a site has asked for: it outlives the process.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::{OptionalExtension as _, params};

use super::{Ledger, SearchState, schema, signed, unsigned};

/// A longer pause is taken for a mistake of the site's: it is kept for so long only.
const MAX_PAUSE: Duration = Duration::from_secs(7 * 86_400);

/// Keeps the pause of one site in the ledger, from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Cooldown {
    path: PathBuf,
    source: i64,
}

impl Ledger {
    /// The pause of a search's site.
    pub(crate) fn cooldown(&self, search: &SearchState) -> Cooldown {
        Cooldown { path: self.path.clone(), source: search.source }
    }
}

impl Cooldown {
    /// Writes down that the site wants a pause from now on; a longer one that runs already stays.
    pub(crate) fn begin(&self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let until = seconds(SystemTime::now()).saturating_add(pause.min(MAX_PAUSE).as_secs().max(1));
        let write = || -> Result<(), Box<dyn std::error::Error>> {
            schema::open(&self.path)?.execute(
                "INSERT INTO cooldowns (source, until) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET until = max(until, ?2)",
                params![self.source, signed(until)],
            )?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "the pause that the site wants could not be written down");
        }
    }

    /// What is left of the pause; `None` where there is none, or none can be read.
    pub(crate) fn remaining(&self, now: SystemTime) -> Option<Duration> {
        let query = "SELECT until FROM cooldowns WHERE source = ?1";
        let connection = schema::open(&self.path).ok()?;
        let until: i64 = connection.query_row(query, [self.source], |row| row.get(0)).optional().ok()??;
        let left = unsigned(until).checked_sub(seconds(now))?;
        (left > 0).then(|| Duration::from_secs(left))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use contracts::config::Listing;

    use super::*;
    use crate::ledger::SearchKey;

    #[test]
    fn a_pause_outlives_the_process_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let key = SearchKey { site: "mini", address: "http://a", listing: Listing::Json, tags: "" };
        let mut ledger = Ledger::open(&path).unwrap();
        let search = ledger.search(&key).unwrap();
        let now = SystemTime::now();
        assert_eq!(ledger.cooldown(&search).remaining(now), None);
        ledger.cooldown(&search).begin(Duration::from_secs(600));
        ledger.cooldown(&search).begin(Duration::from_secs(5));
        drop(ledger);
        let left = Ledger::open(&path).unwrap().cooldown(&search).remaining(now).unwrap();
        assert!((599..=602).contains(&left.as_secs()), "{left:?}");
        assert_eq!(Ledger::open(&path).unwrap().cooldown(&search).remaining(now + Duration::from_secs(700)), None);
    }
}
