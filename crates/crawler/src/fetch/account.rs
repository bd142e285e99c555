//! Who the user is to the site, taken from the environment: the configuration is shown and kept, secrets are not.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use reqwest::{RequestBuilder, cookie::Jar};
use url::Url;

use crate::{address::Address, dialect::Signing};

/// The environment variable with the path of a cookie file, in the form that browsers' exports and curl have.
const COOKIES_VARIABLE: &str = "NIJIGEN_COOKIES";
/// Parameters by which one site or another takes an account.
const SECRET_PARAMETERS: [&str; 3] = ["login", "password_hash", "api_key"];

/// What the user gave to be recognised by. Not a word of it is ever shown or written down.
#[derive(Default)]
pub(crate) struct Account {
    credentials: Option<Credentials>,
    cookies: Vec<Cookie>,
}

/// A name and an API key; for Moebooru, whose API has no keys, the hash of the password.
struct Credentials {
    signing: Signing,
    login: String,
    key: String,
}

/// A cookie in the words of a `Set-Cookie` header, and the address that it is from.
#[derive(Debug, PartialEq, Eq)]
struct Cookie {
    words: String,
    from: Url,
}

/// An account that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("{set} is set and {missing} is not; set both, or neither")]
    Half { set: String, missing: String },
    #[error("{variable} is set, and would go to {address} for everybody to read; use an https:// address")]
    Readable { variable: String, address: String },
    #[error("cannot read the cookies at {} ({COOKIES_VARIABLE}): {cause}", path.display())]
    CookieFile { path: PathBuf, cause: std::io::Error },
    #[error(
        "line {line} of the cookies at {} ({COOKIES_VARIABLE}) is none: it has {fields} fields where seven are due, \
         separated by tabs; export them in Netscape's format",
        path.display()
    )]
    CookieLine { path: PathBuf, line: usize, fields: usize },
}

impl Account {
    /// The account that the environment names for a site. Each site has variables of its own, so that no key goes to
    /// another one: `NIJIGEN_DANBOORU_LOGIN`, `NIJIGEN_DANBOORU_API_KEY`.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) fn from_environment(address: &Address) -> Result<Self, AccountError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let credentials = Credentials::read(address, variable)?;
        let cookies = variable(COOKIES_VARIABLE).map(|path| read_cookies(Path::new(&path))).transpose()?;
        Ok(Self { credentials, cookies: cookies.unwrap_or_default() })
    }

    /// A jar with the user's cookies in it; each is sent only to the hosts that it is from.
    pub(super) fn jar(&self) -> Jar {
        let jar = Jar::default();
        self.cookies.iter().for_each(|cookie| jar.add_cookie_str(&cookie.words, &cookie.from));
        jar
    }

    /// The address to really ask instead of one of the site's own listing.
    pub(super) fn signed_address(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if let Some(Credentials { signing, login, key }) = &self.credentials
            && let Signing::Parameters { login: login_name, key: key_name } = signing
        {
            url.query_pairs_mut().append_pair(login_name, login).append_pair(key_name, key);
        }
        url
    }

    /// A request for the site's own listing, with what the API wants in its head.
    pub(super) fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.credentials {
            Some(Credentials { signing: Signing::BasicAuthentication, login, key }) => {
                request.basic_auth(login, Some(key))
            }
            _ => request,
        }
    }

    /// An address that a site sends us to, without the account, should the site repeat it there.
    pub(super) fn unsigned(&self, url: Url) -> Url {
        let Some(credentials) = &self.credentials else { return url };
        if !url.query_pairs().any(|(name, _)| credentials.are_in(&name)) {
            return url;
        }
        let mut clean = url.clone();
        let others = url.query_pairs().filter(|(name, _)| !credentials.are_in(name));
        clean.query_pairs_mut().clear().extend_pairs(others);
        clean
    }
}

impl Credentials {
    fn read(address: &Address, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, AccountError> {
        let site = address.site().name.to_uppercase().replace('-', "_");
        let (login_name, key_name) = (format!("NIJIGEN_{site}_LOGIN"), format!("NIJIGEN_{site}_API_KEY"));
        let (login, key) = match (variable(&login_name), variable(&key_name)) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(AccountError::Half { set: login_name, missing: key_name }),
            (None, Some(_)) => return Err(AccountError::Half { set: key_name, missing: login_name }),
            (Some(login), Some(key)) => (login, key),
        };
        if !address.is_encrypted() && !address.is_loopback() {
            return Err(AccountError::Readable { variable: key_name, address: address.identity() });
        }
        Ok(Some(Self { signing: address.dialect().signing(), login, key }))
    }

    /// Whether a parameter of that name may hold them.
    fn are_in(&self, name: &str) -> bool {
        let own = matches!(self.signing, Signing::Parameters { login, key } if [login, key].contains(&name));
        own || SECRET_PARAMETERS.contains(&name)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

fn read_cookies(path: &Path) -> Result<Vec<Cookie>, AccountError> {
    let unreadable = |cause| AccountError::CookieFile { path: path.to_owned(), cause };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let cookies = parse_cookies(&text, now);
    cookies.map_err(|(line, fields)| AccountError::CookieLine { path: path.to_owned(), line, fields })
}

/// Reads a cookie file, without what has expired. An error tells the line, counted from 1, and its number of fields.
fn parse_cookies(text: &str, now: u64) -> Result<Vec<Cookie>, (usize, usize)> {
    let mut cookies = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [domain, for_subdomains, path, secure, expires, name, value] = fields[..] else {
            return Err((index + 1, fields.len()));
        };
        let expired = expires.parse().is_ok_and(|expires: u64| expires != 0 && expires < now);
        let (host, secure) = (domain.trim_start_matches('.'), secure == "TRUE");
        let scheme = if secure { "https" } else { "http" };
        let from = Url::parse(&format!("{scheme}://{host}/")).map_err(|_| (index + 1, fields.len()))?;
        let domain = if for_subdomains == "TRUE" { format!("; Domain={host}") } else { String::new() };
        let secure = if secure { "; Secure" } else { "" };
        if !expired {
            cookies.push(Cookie { words: format!("{name}={value}; Path={path}{domain}{secure}"), from });
        }
    }
    Ok(cookies)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::site;

    fn address(site: &str, base_url: &str) -> Address {
        Address::new(site::find(&site.parse().unwrap()).unwrap(), base_url, None).unwrap()
    }

    fn credentials(site: &str, base_url: &str, set: &[&str]) -> Result<bool, String> {
        let variable = |name: &str| set.contains(&name).then(|| format!("{name}'s value"));
        let read = Credentials::read(&address(site, base_url), variable);
        read.map(|credentials| credentials.is_some()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_site_has_variables_of_its_own() {
        let both = ["NIJIGEN_KONACHAN_COM_LOGIN", "NIJIGEN_KONACHAN_COM_API_KEY"];
        assert_eq!(credentials("konachan-com", "", &both), Ok(true));
        assert_eq!(credentials("konachan", "", &both), Ok(false));
        let half = credentials("konachan-com", "", &both[..1]).unwrap_err();
        assert_eq!(
            half,
            "NIJIGEN_KONACHAN_COM_LOGIN is set and NIJIGEN_KONACHAN_COM_API_KEY is not; set both, or neither"
        );
    }

    #[test]
    fn no_key_goes_over_a_wire_that_others_read() {
        let both = ["NIJIGEN_DANBOORU_LOGIN", "NIJIGEN_DANBOORU_API_KEY"];
        assert_eq!(credentials("danbooru", "http://127.0.0.1:9", &both), Ok(true));
        let error = credentials("danbooru", "http://mirror.example", &both).unwrap_err();
        assert!(error.contains("http://mirror.example for everybody to read") && !error.contains("value"), "{error}");
    }

    #[test]
    fn a_redirect_that_repeats_the_account_is_cleaned() {
        let (login, key) = ("me".to_owned(), "secret".to_owned());
        let signing = Signing::Parameters { login: "login", key: "password_hash" };
        let account = Account { credentials: Some(Credentials { signing, login, key }), cookies: Vec::new() };
        let plain = Url::parse("https://a.example/post.json?tags=x").unwrap();
        let signed = account.signed_address(&plain);
        assert_eq!(signed.as_str(), "https://a.example/post.json?tags=x&login=me&password_hash=secret");
        assert_eq!(account.unsigned(signed), plain);
        assert!(!format!("{account:?}").contains("secret"));
    }

    #[test]
    fn cookies_are_those_of_a_browser() {
        let text = "# Netscape HTTP Cookie File\n\n.a.example\tTRUE\t/\tTRUE\t0\tone\tv1\n\
            #HttpOnly_127.0.0.1\tFALSE\t/post\tFALSE\t2000\ttwo\tv2\nb.example\tFALSE\t/\tFALSE\t10\told\tv3\n";
        let cookie = |words: &str, from: &str| Cookie { words: words.into(), from: from.parse().unwrap() };
        let expected = [
            cookie("one=v1; Path=/; Domain=a.example; Secure", "https://a.example/"),
            cookie("two=v2; Path=/post", "http://127.0.0.1/"),
        ];
        assert_eq!(parse_cookies(text, 1000).unwrap(), expected);
        assert_eq!(parse_cookies("a.example TRUE / TRUE 0 one v1", 0), Err((1, 1)));
        assert_eq!(parse_cookies("\n \tTRUE\t/\tTRUE\t0\tone\tv1", 0), Err((2, 7)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\t|\n){0,80}") {
            let _ = parse_cookies(&text, 0);
        }
    }
}
