//! Reasons in the ledger: JSON with a tag since version 4, sentences before that.

use contracts::config::Variant;
use rusqlite::{Connection, Row, params, types::Type};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    reason::{FailureReason, FilterReason},
    store::Rejection,
};

/// A reason as it is written down.
pub(super) fn write(reason: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(reason).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// The reason in a column.
pub(super) fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// Turns the sentences of an older ledger into reasons. Nowhere else is a sentence ever read.
pub(super) fn migrate_sentences(connection: &Connection) -> rusqlite::Result<()> {
    let query = "SELECT DISTINCT state, reason FROM pictures WHERE reason IS NOT NULL";
    let sentences: Vec<(String, String)> =
        connection.prepare(query)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (state, sentence) in sentences {
        let reason = match state.as_str() {
            "filtered" => write(&filter_reason(&sentence))?,
            _ => write(&failure_reason(&sentence))?,
        };
        let update = "UPDATE pictures SET reason = ?3 WHERE state = ?1 AND reason = ?2";
        connection.execute(update, params![state, sentence, reason])?;
    }
    Ok(())
}

fn filter_reason(sentence: &str) -> FilterReason {
    let variant = [Variant::Preview, Variant::Sample, Variant::Original]
        .into_iter()
        .find(|variant| sentence == FilterReason::NotListed(*variant).to_string());
    if let Some(variant) = variant {
        return FilterReason::NotListed(variant);
    }
    let after = |start: &str| sentence.strip_prefix(start).map(str::to_owned);
    match sentence {
        "not on the site's own hosts" => FilterReason::ForeignHost,
        _ => (after("robots.txt: ").map(FilterReason::RobotsTxt))
            .or_else(|| after("X-Robots-Tag: ").map(FilterReason::XRobotsTag))
            .or_else(|| after("no picture: ").map(FilterReason::OtherMedium))
            .unwrap_or_else(|| FilterReason::Other(sentence.to_owned())),
    }
}

fn failure_reason(sentence: &str) -> FailureReason {
    let status = sentence.strip_prefix("status ").and_then(|status| status.parse().ok());
    if let Some(status) = status {
        return FailureReason::Status(status);
    }
    let rejected = Rejection::ALL.into_iter().map(FailureReason::Rejected);
    let others = [
        FailureReason::Unreachable,
        FailureReason::BrokenOff,
        FailureReason::Cooldown,
        FailureReason::Redirect,
        FailureReason::TooLong,
        FailureReason::NoRobots,
    ];
    rejected
        .chain(others)
        .find(|reason| reason.to_string() == sentence)
        .unwrap_or_else(|| FailureReason::Other(sentence.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_of_an_older_ledger_keeps_its_meaning() {
        let filtered = |sentence: &str, tag: &str| {
            let reason = filter_reason(sentence);
            assert_eq!((reason.to_string().as_str(), reason.tag()), (sentence, tag));
        };
        filtered("no sample listed", "not_listed");
        filtered("no picture: webm", "other_medium");
        filtered("not on the site's own hosts", "foreign_host");
        filtered("robots.txt: Disallow: /image", "robots_txt");
        filtered("X-Robots-Tag: noai", "x_robots_tag");
        filtered("words of another version", "other");
        let failed = |sentence: &str, tag: &str| {
            let reason = failure_reason(sentence);
            assert_eq!((reason.to_string().as_str(), reason.tag()), (sentence, tag));
        };
        failed("status 404", "status");
        failed("no connection", "unreachable");
        failed("the connection broke off", "broken_off");
        failed("the site wants a pause", "cooldown");
        failed("a redirect elsewhere", "redirect");
        failed("an answer without end", "too_long");
        failed("no robots.txt", "no_robots");
        failed("no bytes", "empty");
        failed("a web page instead of a picture", "web_page");
        failed("no picture format that is known", "unknown_format");
        failed("cut off", "cut_off");
        failed("too large to decode", "too_large");
        failed("cannot be decoded", "undecodable");
        failed("another length than the site states", "other_length");
        failed("another MD5 than the site states", "other_md5");
        failed("other dimensions than the site states", "other_dimensions");
        failed("words of another version", "other");
    }
}
