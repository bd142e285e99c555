//! What goes wrong with a request, in words that help.

use std::time::Duration;

use contracts::foreign::one_line;
use reqwest::StatusCode;
use url::Url;

use crate::reason::{Absence, FailureReason, FilterReason};

/// A request that did not end as it should.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.describe())]
pub(crate) struct FetchError {
    /// The address that was asked.
    pub(crate) url: String,
    pub(crate) fault: Fault,
}

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection came about.
    Unreachable(String),
    /// The connection broke, or nothing more came.
    BrokenOff(String),
    /// The site answered with an error, and said this of it, in one line.
    Status(StatusCode, Option<String>),
    /// What was asked for lies behind the end of a file, which is as long as this where the site says so.
    PastTheEnd(Option<u64>),
    /// A picture of this format came where a text was due.
    Picture(&'static str),
    /// The site wants to be left alone for longer than a run should wait.
    Cooldown(Duration),
    /// The site sent us elsewhere, where we do not go.
    Redirect(String),
    /// The answer does not end.
    TooLong,
    /// The site's robots.txt has a rule against it.
    Refused(String),
    /// The site's robots.txt wants so long a pause between requests that no crawl would end.
    CrawlDelay(Duration),
    /// The site's robots.txt could not be read, so that nothing may be asked.
    NoRobots(String),
    /// The answer says that it is not for machines to learn from.
    NotForAi(&'static str),
}

impl Fault {
    /// Whether the same request may well succeed a little later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::BrokenOff(_) | Self::Picture(_) => true,
            Self::Status(status, _) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::MISDIRECTED_REQUEST | StatusCode::REQUEST_TIMEOUT
                    )
            }
            Self::PastTheEnd(_) | Self::Cooldown(_) | Self::Redirect(_) | Self::TooLong => false,
            Self::Refused(_) | Self::CrawlDelay(_) | Self::NoRobots(_) | Self::NotForAi(_) => false,
        }
    }

    /// Whether the site understands the question and will not answer it.
    pub(crate) fn is_rejection(&self) -> bool {
        matches!(self, Self::Status(status, _) if status.is_client_error()) && !self.is_transient()
    }

    /// Whether there is no point in asking for anything else either.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Self::Cooldown(_) | Self::CrawlDelay(_) | Self::NoRobots(_))
    }

    /// Why there is no picture, the same for all addresses.
    pub(crate) fn reason(&self) -> Absence {
        Absence::Failed(match self {
            Self::Refused(rule) => return Absence::Filtered(FilterReason::RobotsTxt(rule.clone())),
            Self::NotForAi(directive) => return Absence::Filtered(FilterReason::XRobotsTag((*directive).to_owned())),
            Self::Unreachable(_) => FailureReason::Unreachable,
            Self::BrokenOff(_) => FailureReason::BrokenOff,
            Self::Status(status, _) => FailureReason::Status(status.as_u16()),
            Self::PastTheEnd(_) => FailureReason::Status(StatusCode::RANGE_NOT_SATISFIABLE.as_u16()),
            // Asked for as a text only: no post has such a reason.
            Self::Picture(format) => FailureReason::Other(format!("a picture ({format}) where a text was due")),
            Self::Cooldown(_) | Self::CrawlDelay(_) => FailureReason::Cooldown,
            Self::Redirect(_) => FailureReason::Redirect,
            Self::TooLong => FailureReason::TooLong,
            Self::NoRobots(_) => FailureReason::NoRobots,
        })
    }
}

impl From<&reqwest::Error> for Fault {
    fn from(error: &reqwest::Error) -> Self {
        let cause = root_cause(error);
        if error.is_redirect() {
            Self::Redirect(cause)
        } else if error.is_connect() {
            Self::Unreachable(cause)
        } else if error.is_timeout() {
            Self::BrokenOff("nothing came for as long as crawl.read_timeout_seconds".into())
        } else {
            Self::BrokenOff(cause)
        }
    }
}

impl FetchError {
    /// What went wrong with an address.
    pub(crate) fn at(url: &Url, fault: Fault) -> Self {
        Self { url: url.to_string(), fault }
    }

    /// Whether the site says that it is asked too much.
    pub(crate) fn is_ban(&self) -> bool {
        matches!(self.fault, Fault::Status(StatusCode::TOO_MANY_REQUESTS, _))
    }

    fn describe(&self) -> String {
        let url = &self.url;
        match &self.fault {
            Fault::Unreachable(cause) => format!(
                "cannot reach {url}: {cause}; see whether the site is up, whether the network is, and what crawl.base_url says"
            ),
            Fault::BrokenOff(cause) => {
                format!("the answer of {url} broke off: {cause}; run the same command again: finished work is kept")
            }
            Fault::Status(status, said) => {
                let said = said.as_ref().map_or_else(String::new, |said| format!(", saying \"{}\"", one_line(said)));
                format!("{url} answers {status}{said}{}", advice(*status))
            }
            Fault::PastTheEnd(_) => format!("{url} has no more than what is there"),
            Fault::Picture(format) => format!(
                "{url} gives a picture ({format}) where a text was due; see what crawl.site and crawl.base_url say"
            ),
            Fault::Cooldown(wanted) => format!(
                "the site wants to be left alone for {} ({url}); run the same command again after that: finished work is \
                 kept, and lower crawl.requests_per_second",
                minutes(*wanted)
            ),
            Fault::Redirect(cause) => {
                format!("{url} sends us elsewhere: {cause}; nothing is asked outside the site's own hosts")
            }
            Fault::Refused(rule) => format!("the site's robots.txt refuses {url} (\"{}\")", one_line(rule)),
            Fault::CrawlDelay(delay) => format!(
                "the site's robots.txt ({url}) wants {} between two requests, so that no crawl would end; ask its owner, or \
                 crawl another site",
                minutes(*delay)
            ),
            Fault::NoRobots(why) => format!("the site's robots.txt has to be read first: {why}"),
            Fault::NotForAi(directive) => {
                format!("{url} says \"X-Robots-Tag: {directive}\": it is not for machines to learn from")
            }
            Fault::TooLong => format!("the answer of {url} does not end; see what crawl.base_url points at"),
        }
    }
}

fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => {
            "; the site wants an account, or does not accept the one that NIJIGEN_<SITE>_LOGIN and NIJIGEN_<SITE>_API_KEY name"
        }
        403 => "; the site refuses programs, or this network: it has to be asked for permission",
        404 => "; see what crawl.base_url and crawl.site say",
        421 | 429 | 503 => {
            "; it is asked too much: lower crawl.requests_per_second and run the same command again later"
        }
        500.. => "; the site has trouble: run the same command again later",
        _ => "",
    }
}

fn minutes(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..=600 => format!("{seconds} s"),
        seconds if seconds > 7 * 86_400 => "more than a week".into(),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// The innermost cause, which is what people understand: "connection refused".
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
