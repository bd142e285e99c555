//! Why one try to fetch a picture came to nothing, and whether another makes sense.

use pictures::Unread;

use crate::{
    fetch::FetchError,
    reason::{Absence, FailureReason, FilterReason},
    store::Rejection,
};

/// After how many tries in all a picture that is there, but wrong, is given up.
const MAX_CONTENT_TRIES: u32 = 12;
/// The same for one that the site does not give.
const MAX_REFUSED_TRIES: u32 = 4;

/// Why one try came to nothing.
#[derive(Debug)]
pub(super) enum AttemptError {
    /// No answer came that could be a picture.
    Fetch(FetchError),
    /// What came is not the picture that was asked for.
    Rejected(Rejection),
    /// The post's own page does not say where the picture is.
    NoDetails,
}

impl AttemptError {
    /// Whether another try may well succeed.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Fetch(error) => error.fault.is_transient(),
            // What is wrong with the bytes may have happened on the way; their number of pixels is no accident.
            Self::Rejected(rejection) => *rejection != Rejection::TooLarge,
            Self::NoDetails => false,
        }
    }

    /// Why there is no picture, if this try was the last.
    pub(super) fn reason(&self) -> Absence {
        match self {
            Self::Fetch(error) => error.fault.reason(),
            Self::Rejected(Rejection::OtherMedium(medium)) => Absence::Filtered(FilterReason::OtherMedium(
                medium.map_or("of no known format", Unread::tag).to_owned(),
            )),
            Self::NoDetails => Absence::Failed(FailureReason::NoDetails),
            Self::Rejected(rejection) => Absence::Failed(FailureReason::Rejected(*rejection)),
        }
    }

    /// After how many tries in all there is no point in another; `None` where there always is.
    pub(super) fn limit(&self) -> Option<u32> {
        match self {
            Self::Fetch(error) if error.fault.is_transient() => None,
            Self::Fetch(_) | Self::NoDetails => Some(MAX_REFUSED_TRIES),
            Self::Rejected(_) => Some(MAX_CONTENT_TRIES),
        }
    }
}
