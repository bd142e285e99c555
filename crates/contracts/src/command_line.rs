//! Command lines, whose help goes the way of all answers.

use clap::Parser;

use crate::{outcome::Outcome, stderr, stdout, tell};

/// Reads the command line; or how the program ends without one: with help told on stdout, or with what is wrong on stderr. Clap's
/// own way passes over a stdout that takes nothing more.
///
/// # Errors
/// When help was asked for, or the command line is wrong.
pub fn parse<A: Parser>() -> Result<A, Outcome> {
    A::try_parse().map_err(|said| {
        let text = said.render().to_string();
        if said.use_stderr() {
            stderr::text(&text);
            return Outcome::BadUsage;
        }
        stdout::write(&text).map_or_else(
            |error| {
                tell!("error: {error}");
                Outcome::Failed
            },
            |()| Outcome::Done,
        )
    })
}
