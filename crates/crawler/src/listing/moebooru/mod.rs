//! What Moebooru sites answer.

pub(super) mod page;
pub(super) mod record;
