//! Where Danbooru keeps its files.

use crate::{address::Address, post::Post, variant::Variant};

/// The original.
pub(super) fn original(post: &Post, address: &Address) -> String {
    in_folder("original", &format!("{}.{}", post.md5, post.format.extension()), post, address)
}

/// A variant.
pub(super) fn variant(variant: Variant, post: &Post, address: &Address) -> String {
    let extension = variant.format().extension();
    let prefix = if variant == Variant::Wide850 { "sample-" } else { "" };
    in_folder(variant.name(), &format!("{prefix}{}.{extension}", post.md5), post, address)
}

/// The large picture: the sample of wide originals, else the original itself.
pub(super) fn large(post: &Post, address: &Address) -> String {
    if has_large(post) { variant(Variant::Wide850, post, address) } else { original(post, address) }
}

/// Whether a sample exists.
pub(super) fn has_large(post: &Post) -> bool {
    Variant::Wide850.size(post) != post.size
}

fn in_folder(folder: &str, name: &str, post: &Post, address: &Address) -> String {
    format!("{}/{folder}/{}/{}/{name}", address.base(), &post.md5[..2], &post.md5[2..4])
}
