//! Where a site is, what of it is written down, and which addresses are its own.

use url::Url;

use crate::site::{Memory, Site};

/// What stands in records for the stand-in's address, so that no port is ever recorded.
const MINI_RECORDED: &str = "http://mini.invalid";

/// The environment variable with the stand-in's address.
pub(crate) const MINI_VARIABLE: &str = "NIJIGEN_MINI_URL";

/// A site at the address where it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    site: &'static Site,
    live: Url,
    recorded: Url,
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
    #[error("{0:?} is no web address; give one such as http://127.0.0.1:8080")]
    NotWeb(String),
}

/// A picture's address that the site has no say over.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is not on the site's own hosts")]
pub(crate) struct Foreign(pub(crate) String);

impl Address {
    /// Where `site` is: at `base_url` if that is not empty, else at `mini` for the stand-in, else at its own address.
    pub(crate) fn new(site: &'static Site, base_url: &str, mini: Option<&str>) -> Result<Self, AddressError> {
        let replaced = !base_url.is_empty();
        let live = if replaced { base_url } else { site.address.or(mini).ok_or(AddressError::NoMini)? };
        let live = web(live)?;
        let recorded = if site.memory == Memory::Fresh { web(MINI_RECORDED)? } else { live.clone() };
        Ok(Self { site, live, recorded, replaced })
    }

    /// The site's row.
    pub(crate) fn site(&self) -> &'static Site {
        self.site
    }

    /// How the address is written down: what a ledger entry belongs to.
    pub(crate) fn identity(&self) -> String {
        self.recorded.as_str().trim_end_matches('/').to_owned()
    }

    /// A path of the site, to be asked now.
    pub(crate) fn endpoint(&self, path: &str) -> Url {
        below(&self.live, &format!("/{path}"))
    }

    /// Whether an address is that of the site's own listing, which is where accounts matter.
    pub(crate) fn is_listing(&self, url: &Url) -> bool {
        let flavour = self.site.flavour;
        let listings = [flavour.json_path(), flavour.html_path()].map(|path| self.endpoint(path));
        same_authority(url, &self.live) && listings.iter().any(|listing| listing.path() == url.path())
    }

    /// The page of a post, as written down.
    pub(crate) fn post_page(&self, number: u64) -> String {
        below(&self.recorded, &format!("/{}", self.site.flavour.post_path(number))).into()
    }

    /// An address found in a listing, made whole and as it is written down. `None` when it is no web address.
    pub(crate) fn recorded(&self, found: &str) -> Option<String> {
        let url = self.live.join(found.trim()).ok().filter(is_web)?;
        let live = same_authority(&url, &self.live);
        Some(if live && self.recorded != self.live { moved(&url, &self.recorded) } else { url }.into())
    }

    /// Where an address as written down is asked now.
    pub(crate) fn live(&self, recorded: &str) -> Result<Url, Foreign> {
        let foreign = || Foreign(recorded.to_owned());
        let url = Url::parse(recorded).ok().filter(is_web).ok_or_else(foreign)?;
        if same_authority(&url, &self.live) {
            return Ok(url);
        }
        let stands_for_live = same_authority(&url, &self.recorded) || (self.replaced && self.is_own_host(&url));
        if stands_for_live {
            return Ok(moved(&url, &self.live));
        }
        if self.owns(&url) { Ok(url) } else { Err(foreign()) }
    }

    /// Whether a request may go there: the address itself, or one of the site's hosts at its usual port.
    pub(crate) fn owns(&self, url: &Url) -> bool {
        same_authority(url, &self.live) || (!self.replaced && self.is_own_host(url))
    }

    /// Whether the site runs on this very machine, where no proxy helps.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.live.host() {
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

fn web(text: &str) -> Result<Url, AddressError> {
    let not_web = || AddressError::NotWeb(text.to_owned());
    let url = Url::parse(text).map_err(|_| not_web())?;
    if is_web(&url) && url.has_host() { Ok(url) } else { Err(not_web()) }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn same_authority(a: &Url, b: &Url) -> bool {
    is_web(a)
        && a.scheme() == b.scheme()
        && a.host_str() == b.host_str()
        && a.port_or_known_default() == b.port_or_known_default()
}

/// The path and query of `url` at another address.
fn moved(url: &Url, to: &Url) -> Url {
    let mut moved = below(to, url.path());
    moved.set_query(url.query());
    moved
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    url
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
            assert_eq!(address.recorded(found).as_deref(), expected, "{found}");
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
        assert_eq!(mirror.endpoint("post.json").as_str(), "http://localhost:8000/mirror/post.json");
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
