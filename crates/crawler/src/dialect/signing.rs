//! How a site takes an account.

/// Where a name and a key go in a request for a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    /// Into the address, as parameters of these names.
    Parameters {
        /// The name's.
        login: &'static str,
        /// The key's.
        key: &'static str,
    },
    /// Into the head, as HTTP has it.
    BasicAuthentication,
}
