//! Where a site is asked, and what stands for that address in records.

use url::Url;

/// A base address twice: as it is asked now, and as it is written down, where no port of a stand-in may appear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    live: Url,
    recorded: Url,
}

/// A path below a base address, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Without a slash in front.
    pub(crate) path: String,
    /// Names and values, not yet escaped.
    pub(crate) query: Vec<(&'static str, String)>,
}

/// A text that is no web address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no web address; give one such as http://127.0.0.1:8080")]
pub(crate) struct NotWeb(String);

impl Endpoint {
    /// A path without a query.
    pub(crate) fn at(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: Vec::new() }
    }

    /// A path with a query.
    pub(crate) fn with(path: &str, query: Vec<(&'static str, String)>) -> Self {
        Self { path: path.to_owned(), query }
    }
}

impl BaseUrl {
    /// The address `live`, written down as `recorded`, or as it is where that is `None`.
    ///
    /// # Errors
    /// When one of them is no web address.
    pub(crate) fn new(live: &str, recorded: Option<&str>) -> Result<Self, NotWeb> {
        let live = web(live)?;
        let recorded = recorded.map_or_else(|| Ok(live.clone()), web)?;
        Ok(Self { live, recorded })
    }

    /// The address that requests go to.
    pub(crate) fn live(&self) -> &Url {
        &self.live
    }

    /// The address as written down, without a slash at its end.
    pub(crate) fn identity(&self) -> String {
        self.recorded.as_str().trim_end_matches('/').to_owned()
    }

    /// An endpoint, to be asked now.
    pub(crate) fn url(&self, endpoint: &Endpoint) -> Url {
        at(&self.live, endpoint)
    }

    /// An endpoint, to be written down.
    pub(crate) fn recorded_url(&self, endpoint: &Endpoint) -> Url {
        at(&self.recorded, endpoint)
    }

    /// An address found in a listing, made whole and as it is written down. `None` when it is no web address.
    pub(crate) fn recorded(&self, found: &str) -> Option<String> {
        let url = self.live.join(found.trim()).ok().filter(is_web)?;
        let moves = self.is_live(&url) && self.recorded != self.live;
        Some(if moves { moved(&url, &self.recorded) } else { url }.into())
    }

    /// Whether an address lies where requests go to.
    pub(crate) fn is_live(&self, url: &Url) -> bool {
        same_authority(url, &self.live)
    }

    /// Whether an address lies where records point.
    pub(crate) fn is_recorded(&self, url: &Url) -> bool {
        same_authority(url, &self.recorded)
    }

    /// The path and query of another address, to be asked here.
    pub(crate) fn moved_here(&self, url: &Url) -> Url {
        moved(url, &self.live)
    }
}

/// Whether an address is one of the web's.
pub(crate) fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn web(text: &str) -> Result<Url, NotWeb> {
    let not_web = || NotWeb(text.to_owned());
    let url = Url::parse(text).map_err(|_| not_web())?;
    if is_web(&url) && url.has_host() { Ok(url) } else { Err(not_web()) }
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

fn at(base: &Url, endpoint: &Endpoint) -> Url {
    let mut url = below(base, &format!("/{}", endpoint.path));
    // Taking the pairs of an address adds a question mark to it, even where there are none.
    if !endpoint.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&endpoint.query);
    }
    url
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

    #[test]
    fn endpoints_lie_below_the_base_with_their_query_escaped() {
        let base = BaseUrl::new("http://localhost:8000/mirror/", Some("http://mini.invalid")).unwrap();
        let check = |endpoint: Endpoint, live: &str, recorded: &str| {
            assert_eq!((base.url(&endpoint).as_str(), base.recorded_url(&endpoint).as_str()), (live, recorded));
        };
        check(Endpoint::at("post.json"), "http://localhost:8000/mirror/post.json", "http://mini.invalid/post.json");
        let endpoint = Endpoint::with("index.php", vec![("page", "post".into()), ("tags", "a b".into())]);
        let query = "index.php?page=post&tags=a+b";
        check(endpoint, &format!("http://localhost:8000/mirror/{query}"), &format!("http://mini.invalid/{query}"));
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for text in ["", "nonsense", "file:///tmp", "ftp://a.example"] {
            assert_eq!(BaseUrl::new(text, None), Err(NotWeb(text.into())));
        }
    }
}
