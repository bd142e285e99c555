//! Where a site is, what of it is written down, and which addresses are its own.

use url::Url;

use crate::{
    base_url::{BaseUrl, Endpoint, NotWeb, is_web},
    dialect::Dialect,
    site::Site,
};

/// What stands in records for the stand-in's address, so that no port is ever recorded.
const MINI_RECORDED: &str = "http://mini.invalid";

/// The environment variable with the stand-in's address.
pub(crate) const MINI_VARIABLE: &str = "NIJIGEN_MINI_URL";

/// A site at the address where it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    site: &'static Site,
    base: BaseUrl,
    /// The live address is not the site's own: what lies on the site's hosts is asked there.
    replaced: bool,
}

/// An address that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum AddressError {
    #[error(
        "crawl.site is \"mini\" and nobody says where it is; start it through `cargo xtask`, or set crawl.base_url (or \
         {MINI_VARIABLE}) to the address of a running mini-booru"
    )]
    NoMini,
    #[error(transparent)]
    NotWeb(#[from] NotWeb),
}

/// A picture's address that the site has no say over.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{} is not on the site's own hosts", contracts::foreign::one_line(.0))]
pub(crate) struct Foreign(pub(crate) String);

impl Address {
    /// Where `site` is: at `base_url` if that is not empty, else at `mini` for the stand-in, else at its own address.
    ///
    /// # Errors
    /// When that is nowhere, or no web address.
    pub(crate) fn new(site: &'static Site, base_url: &str, mini: Option<&str>) -> Result<Self, AddressError> {
        let replaced = !base_url.is_empty();
        let live = if replaced { base_url } else { site.address.or(mini).ok_or(AddressError::NoMini)? };
        let recorded = site.address.is_none().then_some(MINI_RECORDED);
        Ok(Self { site, base: BaseUrl::new(live, recorded)?, replaced })
    }

    /// The site's row in the table.
    pub(crate) fn site(&self) -> &'static Site {
        self.site
    }

    /// How the site is spoken to.
    pub(crate) fn dialect(&self) -> &'static dyn Dialect {
        self.site.dialect
    }

    /// Where the site is asked, and how that is written down.
    pub(crate) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// How the address is written down: what a ledger entry belongs to.
    pub(crate) fn identity(&self) -> String {
        self.base.identity()
    }

    /// An endpoint of the site, to be asked now.
    pub(crate) fn endpoint(&self, endpoint: &Endpoint) -> Url {
        self.base.url(endpoint)
    }

    /// Whether an address is that of the site's own listing, which is where accounts matter.
    pub(crate) fn is_listing(&self, url: &Url) -> bool {
        let mut listings = self.dialect().listing_paths().iter().map(|path| self.endpoint(&Endpoint::at(*path)));
        self.base.is_live(url) && listings.any(|listing| listing.path() == url.path())
    }

    /// The page of a post, as written down.
    pub(crate) fn post_page(&self, number: u64) -> String {
        self.base.recorded_url(&self.dialect().post_page(number)).into()
    }

    /// Where an address as written down is asked now.
    ///
    /// # Errors
    /// When the site has no say over it.
    pub(crate) fn live(&self, recorded: &str) -> Result<Url, Foreign> {
        let foreign = || Foreign(recorded.to_owned());
        let url = Url::parse(recorded).ok().filter(is_web).ok_or_else(foreign)?;
        if self.base.is_live(&url) {
            return Ok(url);
        }
        let stands_for_live = self.base.is_recorded(&url) || (self.replaced && self.is_own_host(&url));
        if stands_for_live {
            return Ok(self.base.moved_here(&url));
        }
        if self.owns(&url) { Ok(url) } else { Err(foreign()) }
    }

    /// Whether a request may go there: the address itself, or one of the site's hosts at its usual port.
    pub(crate) fn owns(&self, url: &Url) -> bool {
        self.base.is_live(url) || (!self.replaced && self.is_own_host(url))
    }

    /// Whether nobody on the way can read what goes there.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.base.live().scheme() == "https"
    }

    /// Whether the site runs on this very machine, where no proxy helps.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.base.live().host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    fn is_own_host(&self, url: &Url) -> bool {
        is_web(url) && url.port().is_none() && url.host_str().is_some_and(|host| self.site.hosts.contains(&host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site;

    fn address(site: &str, base_url: &str) -> Address {
        let site = site::find(&site.parse().unwrap()).unwrap();
        Address::new(site, base_url, Some("http://127.0.0.1:4321")).unwrap()
    }

    #[test]
    fn what_is_written_down_is_whole_and_has_no_port() {
        let check = |address: &Address, found: &str, expected: Option<&str>| {
            assert_eq!(address.base().recorded(found).as_deref(), expected, "{found}");
        };
        let mini = address("mini", "");
        check(&mini, "/data/a.jpg", Some("http://mini.invalid/data/a.jpg"));
        check(&mini, "//127.0.0.1:4321/a.jpg", Some("http://mini.invalid/a.jpg"));
        check(&mini, "http://127.0.0.1:4321/a%20b.jpg?1", Some("http://mini.invalid/a%20b.jpg?1"));
        check(&mini, "https://elsewhere.example/a.jpg", Some("https://elsewhere.example/a.jpg"));
        check(&mini, "file:///etc/passwd", None);
        check(&mini, "data:image/png;base64,AA", None);
        let konachan = address("konachan", "");
        check(&konachan, "//konachan.net/a.jpg", Some("https://konachan.net/a.jpg"));
        assert_eq!(konachan.post_page(7), "https://konachan.net/post/show/7");
        assert_eq!(address("mini", "http://127.0.0.1:9").post_page(7), "http://mini.invalid/post/show/7");
    }

    #[test]
    fn only_the_sites_own_hosts_are_asked() {
        let check = |address: &Address, recorded: &str, expected: Option<&str>| {
            assert_eq!(address.live(recorded).ok().as_ref().map(Url::as_str), expected, "{recorded}");
        };
        let mini = address("mini", "");
        check(&mini, "http://mini.invalid/a.jpg?1", Some("http://127.0.0.1:4321/a.jpg?1"));
        check(&mini, "http://127.0.0.1:22/a.jpg", None);
        let yandere = address("yandere", "");
        check(&yandere, "https://files.yande.re/a.jpg", Some("https://files.yande.re/a.jpg"));
        check(&yandere, "https://files.yande.re:8443/a.jpg", None);
        check(&yandere, "https://files.yande.re.evil.example/a.jpg", None);
        check(&yandere, "http://169.254.169.254/latest", None);
        check(&yandere, "http://localhost/a.jpg", None);
        let mirror = address("yandere", "http://localhost:8000/mirror/");
        check(&mirror, "https://files.yande.re/a.jpg", Some("http://localhost:8000/mirror/a.jpg"));
        check(&mirror, "http://localhost:8000/mirror/a.jpg", Some("http://localhost:8000/mirror/a.jpg"));
        check(&mirror, "http://localhost:8001/a.jpg", None);
        assert_eq!(mirror.endpoint(&Endpoint::at("post.json")).as_str(), "http://localhost:8000/mirror/post.json");
    }

    #[test]
    fn the_listing_is_told_from_files_and_from_other_hosts() {
        let check = |address: &Address, url: &str, expected| {
            assert_eq!(address.is_listing(&url.parse().unwrap()), expected, "{url}");
        };
        let danbooru = address("danbooru", "");
        check(&danbooru, "https://danbooru.donmai.us/posts.json?tags=a", true);
        check(&danbooru, "https://danbooru.donmai.us/posts?page=2", true);
        check(&danbooru, "https://danbooru.donmai.us/robots.txt", false);
        check(&danbooru, "https://cdn.donmai.us/posts.json", false);
        check(&danbooru, "http://danbooru.donmai.us/posts.json", false);
        check(&address("danbooru", "http://localhost:1/x"), "http://localhost:1/x/posts.json", true);
    }

    #[test]
    fn an_address_that_is_missing_or_none_is_refused() {
        let mini = site::find(&"mini".parse().unwrap()).unwrap();
        assert_eq!(Address::new(mini, "", None).unwrap_err(), AddressError::NoMini);
        for text in ["", "nonsense", "file:///tmp", "ftp://a.example"] {
            assert!(Address::new(mini, "", Some(text)).is_err(), "{text}");
        }
    }
}
