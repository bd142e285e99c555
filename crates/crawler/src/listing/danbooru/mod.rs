//! What Danbooru 2 sites answer.

pub(super) mod page;
pub(super) mod record;
