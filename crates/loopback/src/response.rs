//! What a browser gets.

use std::{
    borrow::Cow,
    io::{self, Write},
    sync::Arc,
};

use crate::channel::Subscription;

/// What a page may do unless it says otherwise itself: nothing but show what it holds.
const DEFAULT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'; base-uri 'none'; \
                              form-action 'none'; frame-ancestors 'none'";

/// An answer, ready to be sent.
#[derive(Debug)]
pub struct Response {
    pub(crate) status: u16,
    content_type: Cow<'static, str>,
    policy: Cow<'static, str>,
    pub(crate) body: Body,
}

/// What follows the head.
#[derive(Debug)]
pub(crate) enum Body {
    /// Bytes that are there.
    Whole(Cow<'static, [u8]>),
    /// Bytes that all who are sent them have together.
    Shared(Arc<[u8]>),
    /// Events, as they come, until the browser goes.
    Events(Subscription),
}

impl Response {
    /// Something of a media type, such as `image/png`.
    pub fn new(content_type: impl Into<Cow<'static, str>>, body: impl Into<Cow<'static, [u8]>>) -> Self {
        let (content_type, body) = (content_type.into(), Body::Whole(body.into()));
        Self { status: 200, content_type, policy: DEFAULT_POLICY.into(), body }
    }

    /// The same of what many may ask for at a time: it is in memory once, however slowly they take it.
    pub fn shared(content_type: impl Into<Cow<'static, str>>, body: Arc<[u8]>) -> Self {
        Self { body: Body::Shared(body), ..Self::new(content_type, &[][..]) }
    }

    /// A page.
    pub fn html(page: impl Into<String>) -> Self {
        Self::new("text/html; charset=utf-8", page.into().into_bytes())
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new("text/plain; charset=utf-8", text.into().into_bytes())
    }

    /// That there is nothing of that name.
    pub fn not_found() -> Self {
        Self::refusal(404, "there is nothing here")
    }

    /// Events as they come (server-sent events, as the HTML standard has them).
    pub fn events(subscription: Subscription) -> Self {
        let body = Body::Events(subscription);
        Self { status: 200, content_type: "text/event-stream".into(), policy: DEFAULT_POLICY.into(), body }
    }

    /// The same under another content security policy, such as one that knows the page's own script by its
    /// [hash](crate::hash_source).
    #[must_use]
    pub fn with_policy(mut self, policy: impl Into<Cow<'static, str>>) -> Self {
        self.policy = policy.into();
        self
    }

    /// A status other than 200, with a sentence.
    pub fn refusal(status: u16, sentence: &'static str) -> Self {
        Self { status, ..Self::text(format!("{sentence}\n")) }
    }

    /// Sends the head; a connection serves one request.
    pub(crate) fn write_head(&self, connection: &mut impl Write) -> io::Result<()> {
        let Self { status, content_type, policy, body } = self;
        let length = match body {
            Body::Whole(bytes) => format!("Content-Length: {}\r\n", bytes.len()),
            Body::Shared(bytes) => format!("Content-Length: {}\r\n", bytes.len()),
            Body::Events(_) => String::new(),
        };
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: {content_type}\r\n{length}Content-Security-Policy: {policy}\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n",
            reason(*status)
        );
        connection.write_all(head.as_bytes())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Other",
    }
}
