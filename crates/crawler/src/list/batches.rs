//! A search's posts, newest first, in batches: from the ledger as long as it has some, then from the site.

use super::{Found, ListError, NewPosts, Walk};
use crate::{
    ledger::{Batch, BatchLimits, Ledger},
    selection::Selection,
};

/// How many pictures are planned together.
const MAX_DUE: usize = 512;

/// How far a pass over a search's posts has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batches {
    max_pictures: u64,
    /// Pictures that are stored already, or were counted with [`Batches::count`].
    kept: u64,
    before: Option<u64>,
}

/// A step of a pass.
#[derive(Debug)]
pub(crate) enum Step {
    /// The next posts of the ledger.
    Batch(Batch),
    /// The ledger had no more: the site has listed others.
    Listed(NewPosts),
    /// The same, and some of them belong among those already passed: the pass has begun again.
    Restarted(NewPosts),
    /// There are pictures enough, or no more posts.
    End,
}

impl Batches {
    /// A pass that begins with the newest post.
    pub(crate) fn new(selection: &Selection) -> Self {
        Self { max_pictures: selection.max_pictures, kept: 0, before: None }
    }

    /// The next step. Posts that `skip` names are passed over.
    ///
    /// # Errors
    /// When the site cannot be listed, or the ledger not be used.
    pub(crate) async fn next(
        &mut self,
        walk: &mut Walk<'_>,
        ledger: &mut Ledger,
        selection: &Selection,
        skip: impl Fn(u64) -> bool,
    ) -> Result<Step, ListError> {
        if self.left() == 0 {
            return Ok(Step::End);
        }
        let limits = BatchLimits { before: self.before, max_pictures: self.left(), max_due: MAX_DUE };
        let batch = ledger.next_batch(&walk.search, selection, limits, skip)?;
        if let Some(last) = batch.last {
            self.before = Some(last);
            self.kept += batch.kept;
            return Ok(Step::Batch(batch));
        }
        match walk.next_page(ledger).await? {
            Found::Nothing => Ok(Step::End),
            // Only list pages bring such posts: what people bump moves to their front.
            Found::Posts(new) if self.before.is_some_and(|before| new.highest >= Some(before)) => {
                (self.kept, self.before) = (0, None);
                Ok(Step::Restarted(new))
            }
            Found::Posts(new) => Ok(Step::Listed(new)),
        }
    }

    /// Counts pictures of the last batch that its consumer has seen to.
    pub(crate) fn count(&mut self, pictures: u64) {
        self.kept += pictures;
    }

    /// How many pictures are still wanted.
    pub(crate) fn left(&self) -> u64 {
        self.max_pictures.saturating_sub(self.kept)
    }
}
