//! What a source states and this program does not understand: told once a kind, with how often and an example.

use std::collections::BTreeMap;

use contracts::foreign::one_line;

/// Counts by kind.
#[derive(Debug, Default)]
pub(super) struct Notes {
    kinds: BTreeMap<String, (u64, String)>,
}

impl Notes {
    /// Counts one thing of a kind, such as "classes that are no whole numbers", with an example for the first of them.
    pub(super) fn count(&mut self, kind: impl Into<String>, example: impl FnOnce() -> String) {
        self.kinds.entry(kind.into()).or_insert_with(|| (0, example())).0 += 1;
    }

    /// A sentence a kind.
    pub(super) fn sentences(self, of: &str) -> impl Iterator<Item = String> {
        self.kinds
            .into_iter()
            .map(move |(kind, (count, example))| format!("{of}: {count} {kind}, such as {}", one_line(&example)))
    }
}
