//! The sites that can be crawled: a row of data each.

use contracts::id::SiteName;

use crate::dialect::{Dialect, danbooru::Danbooru, folder::Folder, gelbooru::Gelbooru, moebooru::Moebooru};

/// What a crawler must know of a site.
#[derive(Debug)]
pub(crate) struct Site {
    /// Its name in pipeline.toml and in post ids.
    pub(crate) name: &'static str,
    /// Where it is; `None` for the stand-in, whose address is given at run time.
    pub(crate) address: Option<&'static str>,
    /// The hosts that its listings and pictures come from.
    pub(crate) hosts: &'static [&'static str],
    /// How the software that it runs is spoken to.
    pub(crate) dialect: &'static dyn Dialect,
    /// Whether the same id may stand for another post tomorrow, so that nothing remembered of its listing holds.
    pub(crate) post_ids: PostIds,
}

/// Whether a site's earlier listings still hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostIds {
    /// Ids are never used again: only what is newer needs to be listed.
    Permanent,
    /// It may be another site behind the same name each time: everything is listed again.
    Reused,
}

const SITES: &[Site] = &[
    Site {
        name: "konachan",
        address: Some("https://konachan.net"),
        hosts: &["konachan.net", "konachan.com"],
        dialect: &Moebooru,
        post_ids: PostIds::Permanent,
    },
    Site {
        name: "konachan-com",
        address: Some("https://konachan.com"),
        hosts: &["konachan.com", "konachan.net"],
        dialect: &Moebooru,
        post_ids: PostIds::Permanent,
    },
    Site {
        name: "yandere",
        address: Some("https://yande.re"),
        hosts: &["yande.re", "files.yande.re", "assets.yande.re"],
        dialect: &Moebooru,
        post_ids: PostIds::Permanent,
    },
    Site {
        name: "danbooru",
        address: Some("https://danbooru.donmai.us"),
        hosts: &["danbooru.donmai.us", "cdn.donmai.us"],
        dialect: &Danbooru,
        post_ids: PostIds::Permanent,
    },
    Site {
        name: "safebooru",
        address: Some("https://safebooru.donmai.us"),
        hosts: &["safebooru.donmai.us", "cdn.donmai.us"],
        dialect: &Danbooru,
        post_ids: PostIds::Permanent,
    },
    Site {
        name: "gelbooru",
        address: Some("https://gelbooru.com"),
        hosts: &["gelbooru.com", "img1.gelbooru.com", "img2.gelbooru.com", "img3.gelbooru.com", "img4.gelbooru.com"],
        dialect: &Gelbooru,
        post_ids: PostIds::Permanent,
    },
    Site {
        name: "safebooru-org",
        address: Some("https://safebooru.org"),
        hosts: &["safebooru.org", "www.safebooru.org"],
        dialect: &Gelbooru,
        post_ids: PostIds::Permanent,
    },
    Site {
        name: "folder",
        // Where nobody is: the ledger wants a name for what its entries belong to.
        address: Some("https://folder.invalid"),
        hosts: &["folder.invalid"],
        dialect: &Folder,
        post_ids: PostIds::Reused,
    },
    Site { name: "mini", address: None, hosts: &[], dialect: &Moebooru, post_ids: PostIds::Reused },
];

/// The row of that name.
pub(crate) fn find(name: &SiteName) -> Option<&'static Site> {
    SITES.iter().find(|site| site.name == name.as_str())
}

/// All names, for messages.
pub(crate) fn names() -> String {
    SITES.iter().map(|site| site.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_site_is_found_by_its_name_and_asks_only_its_own_hosts() {
        for site in SITES {
            let found = find(&site.name.parse().unwrap()).unwrap();
            assert_eq!(found.name, site.name);
            if let Some(address) = site.address {
                let host = address.trim_start_matches("https://");
                assert!(site.hosts.contains(&host), "{host}");
            }
        }
        assert!(find(&"nowhere".parse().unwrap()).is_none());
    }
}
