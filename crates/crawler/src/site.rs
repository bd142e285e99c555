//! The sites that can be crawled: a row of data each.

use contracts::id::SiteName;

/// What a crawler must know of a site.
#[derive(Debug)]
pub(crate) struct Site {
    /// Its name in pipeline.toml and in post ids.
    pub(crate) name: &'static str,
    /// Where it is; `None` for the stand-in, whose address is given at run time.
    pub(crate) address: Option<&'static str>,
    /// The hosts that its listings and pictures come from.
    pub(crate) hosts: &'static [&'static str],
    /// The software that it runs.
    pub(crate) flavour: Flavour,
    /// Whether the same id may stand for another post tomorrow, so that nothing remembered of its listing holds.
    pub(crate) memory: Memory,
}

/// Whether a site's earlier listings still hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Ids are never used again: only what is newer needs to be listed.
    Lasting,
    /// It may be another site behind the same name each time: everything is listed again.
    Fresh,
}

/// The software that a site runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// konachan, yande.re.
    Moebooru,
    /// Danbooru 2, whose sites share one set of posts.
    Danbooru,
}

/// A rating: the letter that records have, and the word that pages show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rating {
    /// As in records and in `crawl.ratings`.
    pub(crate) letter: &'static str,
    /// As in the titles of list pages, in lower case.
    pub(crate) word: &'static str,
}

const SITES: &[Site] = &[
    Site {
        name: "konachan",
        address: Some("https://konachan.net"),
        hosts: &["konachan.net", "konachan.com"],
        flavour: Flavour::Moebooru,
        memory: Memory::Lasting,
    },
    Site {
        name: "konachan-com",
        address: Some("https://konachan.com"),
        hosts: &["konachan.com", "konachan.net"],
        flavour: Flavour::Moebooru,
        memory: Memory::Lasting,
    },
    Site {
        name: "yandere",
        address: Some("https://yande.re"),
        hosts: &["yande.re", "files.yande.re", "assets.yande.re"],
        flavour: Flavour::Moebooru,
        memory: Memory::Lasting,
    },
    Site {
        name: "danbooru",
        address: Some("https://danbooru.donmai.us"),
        hosts: &["danbooru.donmai.us", "cdn.donmai.us"],
        flavour: Flavour::Danbooru,
        memory: Memory::Lasting,
    },
    Site {
        name: "safebooru",
        address: Some("https://safebooru.donmai.us"),
        hosts: &["safebooru.donmai.us", "cdn.donmai.us"],
        flavour: Flavour::Danbooru,
        memory: Memory::Lasting,
    },
    Site { name: "mini", address: None, hosts: &[], flavour: Flavour::Moebooru, memory: Memory::Fresh },
];

/// The row of that name.
pub(crate) fn find(name: &SiteName) -> Option<&'static Site> {
    SITES.iter().find(|site| site.name == name.as_str())
}

/// All names, for messages.
pub(crate) fn names() -> String {
    SITES.iter().map(|site| site.name).collect::<Vec<_>>().join(", ")
}

impl Flavour {
    /// The ratings that such sites give, from safe to explicit.
    pub(crate) fn ratings(self) -> &'static [Rating] {
        match self {
            Self::Moebooru => &[
                Rating { letter: "s", word: "safe" },
                Rating { letter: "q", word: "questionable" },
                Rating { letter: "e", word: "explicit" },
            ],
            Self::Danbooru => &[
                Rating { letter: "g", word: "general" },
                Rating { letter: "s", word: "sensitive" },
                Rating { letter: "q", word: "questionable" },
                Rating { letter: "e", word: "explicit" },
            ],
        }
    }

    /// The letter for a letter or word in any case; `None` for what is no rating of such sites.
    pub(crate) fn rating(self, text: &str) -> Option<&'static str> {
        let text = text.trim().to_ascii_lowercase();
        self.ratings().iter().find(|rating| rating.letter == text || rating.word == text).map(|rating| rating.letter)
    }

    /// The path of the listing that programs read.
    pub(crate) fn json_path(self) -> &'static str {
        match self {
            Self::Moebooru => "post.json",
            Self::Danbooru => "posts.json",
        }
    }

    /// The path of the list pages that people read.
    pub(crate) fn html_path(self) -> &'static str {
        match self {
            Self::Moebooru => "post",
            Self::Danbooru => "posts",
        }
    }

    /// The path of a post's own page.
    pub(crate) fn post_path(self, number: u64) -> String {
        match self {
            Self::Moebooru => format!("post/show/{number}"),
            Self::Danbooru => format!("posts/{number}"),
        }
    }

    /// The most posts that one listing request may ask for.
    pub(crate) fn page_size(self) -> usize {
        match self {
            Self::Moebooru => 100,
            Self::Danbooru => 200,
        }
    }

    /// The last list page that visitors are shown.
    pub(crate) fn last_page(self) -> Option<u64> {
        match self {
            Self::Moebooru => None,
            Self::Danbooru => Some(1000),
        }
    }
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

    #[test]
    fn ratings_are_letters_or_words() {
        let check = |text: &str, moebooru: Option<&str>, danbooru: Option<&str>| {
            let letters = (Flavour::Moebooru.rating(text), Flavour::Danbooru.rating(text));
            assert_eq!(letters, (moebooru, danbooru), "{text}");
        };
        check("s", Some("s"), Some("s"));
        check("Safe", Some("s"), None);
        check("sensitive", None, Some("s"));
        check(" Explicit ", Some("e"), Some("e"));
        check("g", None, Some("g"));
        check("", None, None);
    }
}
