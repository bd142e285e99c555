//! OpenCV's exceptions as errors of ours.

use super::super::error::EngineError;

/// For `map_err`: an exception of the library as one of ours.
pub(super) fn library(doing: &'static str) -> impl Fn(opencv::Error) -> EngineError {
    move |error| EngineError::Library { doing, problem: error.message }
}
