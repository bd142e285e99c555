//! The HTTP client: how it introduces itself, and what it trusts.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, ClientBuilder, cookie::Jar, header::HeaderValue, redirect::Policy};

use crate::address::Address;

/// How the crawler introduces itself.
const INTRODUCTION: &str = concat!("nijigen/", env!("CARGO_PKG_VERSION"), " (reproducible dataset crawler)");
/// The environment variable with an address at which the person who crawls can be reached.
const CONTACT_VARIABLE: &str = "NIJIGEN_CONTACT";
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A client for a site, with the cookies that it begins with.
///
/// # Errors
/// When the machine lets none be made.
pub(super) fn client(address: &Address, cookies: Jar, read_timeout: Duration) -> Result<Client, reqwest::Error> {
    // Another part of the process may have chosen a provider already; that one serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cookies = Arc::new(cookies);
    match builder(address, &cookies, read_timeout).build() {
        Ok(client) => Ok(client),
        Err(error) => without_certificates(address, &cookies, read_timeout).unwrap_or(Err(error)),
    }
}

/// A machine without certificates can still speak plain HTTP. `None` where that is no help.
fn without_certificates(
    address: &Address,
    cookies: &Arc<Jar>,
    read_timeout: Duration,
) -> Option<Result<Client, reqwest::Error>> {
    if address.is_encrypted() {
        return None;
    }
    let provider = rustls::crypto::ring::default_provider().into();
    let trusting_nobody = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Some(builder(address, cookies, read_timeout).tls_backend_preconfigured(trusting_nobody).build())
}

fn builder(address: &Address, cookies: &Arc<Jar>, read_timeout: Duration) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(introduction())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(read_timeout)
        .cookie_provider(Arc::clone(cookies))
        .redirect(Policy::none());
    if address.is_loopback() { builder.no_proxy() } else { builder }
}

fn introduction() -> HeaderValue {
    let contact = std::env::var(CONTACT_VARIABLE).ok().filter(|contact| !contact.is_empty());
    let introduction = contact.map(|contact| format!("{} +{contact})", INTRODUCTION.trim_end_matches(')')));
    introduction.and_then(|text| text.parse().ok()).unwrap_or(HeaderValue::from_static(INTRODUCTION))
}
