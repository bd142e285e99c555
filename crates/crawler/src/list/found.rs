//! What a step of a walk has found.

use std::ops::AddAssign;

/// What a step of a walk has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A page, or several; their posts may all have been known.
    Posts(NewPosts),
    /// The walk is at its end.
    Nothing,
}

/// Posts that a search did not have yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewPosts {
    /// How many.
    pub(crate) count: u64,
    /// The highest number among them.
    pub(crate) highest: Option<u64>,
}

impl NewPosts {
    /// The posts of these numbers.
    pub(super) fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut new = Self::default();
        numbers.into_iter().for_each(|number| new += Self { count: 1, highest: Some(number) });
        new
    }
}

impl AddAssign for NewPosts {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.highest = self.highest.max(other.highest);
    }
}
