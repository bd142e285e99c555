//! Why posts are left out: tags for programs, sentences made when they are shown.

use std::fmt;

use contracts::{config::Variant, foreign::one_line, report::Reason};
use serde::{Deserialize, Serialize};

use crate::store::Rejection;

/// Why a post is not wanted, or has no picture that may be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tag", content = "detail", rename_all = "snake_case")]
pub(crate) enum FilterReason {
    /// The site keeps it from all visitors.
    Banned,
    /// The site shows it to some accounts only.
    Withheld,
    /// Somebody has asked for it to be forgotten.
    Forgotten,
    /// `crawl.opt_out_posts` names it.
    OptOutPost,
    /// `crawl.opt_out_authors` names this one.
    OptOutAuthor(String),
    /// `crawl.opt_out_tags` names this one.
    OptOutTag(String),
    /// `crawl.ratings` does not name this letter.
    Rating(String),
    /// The site gives it no rating that is known.
    NoRating,
    /// Newer posts are enough.
    BeyondMaxPosts,
    /// The listing does not say where this rendering is.
    NotListed(Variant),
    /// It is a film or an archive, by this extension.
    OtherMedium(String),
    /// The listing names an address that the site has no say over.
    ForeignHost,
    /// This line of robots.txt refuses the picture.
    RobotsTxt(String),
    /// This directive of an `X-Robots-Tag` header keeps it from machines that learn.
    XRobotsTag(String),
    /// What an earlier version has written down, in its words.
    Other(String),
}

/// Why a picture could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tag", content = "detail", rename_all = "snake_case")]
pub(crate) enum FailureReason {
    /// No run has come to it yet.
    NotTried,
    /// No connection came about.
    Unreachable,
    /// The connection broke, or nothing more came.
    BrokenOff,
    /// The site answered with this status.
    Status(u16),
    /// The site wants to be left alone.
    Cooldown,
    /// The site sent us where we do not go.
    Redirect,
    /// The answer did not end.
    TooLong,
    /// The site's robots.txt could not be read.
    NoRobots,
    /// The post's own page does not say where the picture is.
    NoDetails,
    /// What came is not the picture that was asked for.
    Rejected(Rejection),
    /// What an earlier version has written down, in its words.
    Other(String),
}

/// Why there is no picture after an attempt to fetch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It is not to be fetched.
    Filtered(FilterReason),
    /// It could not be had.
    Failed(FailureReason),
}

/// Why a post has no record in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// The site took it away.
    Deleted,
    /// It is not wanted, or not to be fetched.
    Filtered(FilterReason),
    /// Its picture could not be had yet.
    Failed(FailureReason),
    /// Its picture could not be had, and is not asked for again.
    GivenUp(FailureReason),
    /// The listing has an entry without a number.
    OddEntry,
}

impl FilterReason {
    /// The word that programs know it by; it stays when the sentence is put better.
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Self::Banned => "banned",
            Self::Withheld => "withheld",
            Self::Forgotten => "forgotten",
            Self::OptOutPost => "opt_out_post",
            Self::OptOutAuthor(_) => "opt_out_author",
            Self::OptOutTag(_) => "opt_out_tag",
            Self::Rating(_) => "rating",
            Self::NoRating => "no_rating",
            Self::BeyondMaxPosts => "beyond_max_posts",
            Self::NotListed(_) => "not_listed",
            Self::OtherMedium(_) => "other_medium",
            Self::ForeignHost => "foreign_host",
            Self::RobotsTxt(_) => "robots_txt",
            Self::XRobotsTag(_) => "x_robots_tag",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for FilterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Banned => f.write_str("kept from visitors by the site"),
            Self::Withheld => f.write_str("shown to some accounts only"),
            Self::Forgotten => f.write_str("forgotten on request"),
            Self::OptOutPost => f.write_str("opt-out of the post"),
            Self::OptOutAuthor(author) => write!(f, "opt-out of the author {}", one_line(author)),
            Self::OptOutTag(tag) => write!(f, "opt-out of the tag {}", one_line(tag)),
            Self::Rating(letter) => write!(f, "rating {letter}"),
            Self::NoRating => f.write_str("no known rating"),
            Self::BeyondMaxPosts => f.write_str("beyond crawl.max_posts"),
            Self::NotListed(variant) => write!(f, "no {} listed", variant.name()),
            Self::OtherMedium(extension) => write!(f, "no picture: {extension}"),
            Self::ForeignHost => f.write_str("not on the site's own hosts"),
            Self::RobotsTxt(rule) => write!(f, "robots.txt: {}", one_line(rule)),
            Self::XRobotsTag(directive) => write!(f, "X-Robots-Tag: {directive}"),
            Self::Other(words) => f.write_str(&one_line(words)),
        }
    }
}

impl FailureReason {
    /// The word that programs know it by; it stays when the sentence is put better.
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Self::NotTried => "not_tried",
            Self::Unreachable => "unreachable",
            Self::BrokenOff => "broken_off",
            Self::Status(_) => "status",
            Self::Cooldown => "cooldown",
            Self::Redirect => "redirect",
            Self::TooLong => "too_long",
            Self::NoRobots => "no_robots",
            Self::NoDetails => "no_details",
            Self::Rejected(rejection) => rejection.tag(),
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTried => f.write_str("not tried yet"),
            Self::Unreachable => f.write_str("no connection"),
            Self::BrokenOff => f.write_str("the connection broke off"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Cooldown => f.write_str("the site wants a pause"),
            Self::Redirect => f.write_str("a redirect elsewhere"),
            Self::TooLong => f.write_str("an answer without end"),
            Self::NoRobots => f.write_str("no robots.txt"),
            Self::NoDetails => f.write_str("its page does not say where the picture is"),
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Other(words) => f.write_str(&one_line(words)),
        }
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filtered(reason) => reason.fmt(f),
            Self::Failed(reason) => reason.fmt(f),
        }
    }
}

impl Reason for DropReason {
    fn tag(&self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Filtered(reason) => reason.tag(),
            Self::Failed(reason) | Self::GivenUp(reason) => reason.tag(),
            Self::OddEntry => "odd_entry",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted => f.write_str("deleted"),
            Self::Filtered(reason) => write!(f, "filtered: {reason}"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::GivenUp(reason) => write!(f, "failed for good: {reason}"),
            Self::OddEntry => f.write_str("listed without a post id"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_reason_is_written_with_its_tag() {
        let check = |reason: FilterReason, expected: Value| {
            assert_eq!((serde_json::to_value(&reason).unwrap(), reason.tag()), (expected.clone(), tag(&expected)));
            assert_eq!(serde_json::from_value::<FilterReason>(expected).unwrap(), reason);
        };
        check(FilterReason::Banned, json!({"tag": "banned"}));
        check(FilterReason::NotListed(Variant::Sample), json!({"tag": "not_listed", "detail": "sample"}));
        check(FilterReason::OptOutPost, json!({"tag": "opt_out_post"}));
        let robots = json!({"tag": "robots_txt", "detail": "Disallow: /image"});
        check(FilterReason::RobotsTxt("Disallow: /image".into()), robots);
        let failure = FailureReason::Status(404);
        assert_eq!(serde_json::to_value(&failure).unwrap(), json!({"tag": "status", "detail": 404}));
    }

    fn tag(value: &Value) -> &str {
        value["tag"].as_str().unwrap()
    }

    #[test]
    fn sentences_begin_with_the_state() {
        let check = |reason: DropReason, expected: &str| assert_eq!(reason.to_string(), expected);
        check(DropReason::Deleted, "deleted");
        check(DropReason::Filtered(FilterReason::Rating("q".into())), "filtered: rating q");
        check(DropReason::Failed(FailureReason::Status(404)), "failed: status 404");
        let rejected = FailureReason::Rejected(Rejection::WebPage);
        check(DropReason::GivenUp(rejected), "failed for good: a web page instead of a picture");
    }
}
