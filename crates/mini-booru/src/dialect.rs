//! The kinds of sites that the booru can pass for.

/// Whose paths, records, pages and search terms are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// As konachan and yande.re.
    #[default]
    Moebooru,
    /// As Danbooru 2.
    Danbooru,
}
