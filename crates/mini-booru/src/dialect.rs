//! The kinds of sites that the booru can pass for.

/// Whose paths, records, pages and search terms are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Moebooru, as konachan and yande.re speak it.
    #[default]
    Moebooru,
    /// Danbooru 2, as danbooru.donmai.us speaks it.
    Danbooru,
    /// Gelbooru 0.2, as gelbooru.com speaks it.
    Gelbooru,
}
