//! One picture of the user's: copied, checked, put into the store.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
};

use contracts::{config::Variant, publish::FileError};
use pictures::{Format, Medium, Unread};

use super::source::Place;
use crate::{
    context::CrawlContext,
    ledger::{PictureOutcome, Stored},
    post::Post,
    reason::{FailureReason, FilterReason},
    store::{CheckedPicture, Claim, Digests, PictureStore, Rejection, check_picture},
};

/// The longest file that is copied.
const MAX_BYTES: u64 = 512 << 20;

/// Copies pictures, from any thread.
pub(super) struct Importer {
    store: PictureStore,
    variant: Variant,
    /// Larger pictures are not decoded.
    max_pixels: u64,
}

impl Importer {
    /// What a configuration wants.
    pub(super) fn new(context: &CrawlContext<'_>) -> Self {
        let max_pixels = context.config().max_megapixels * 1_000_000;
        Self { store: context.store.clone(), variant: context.selection.variant, max_pixels }
    }

    /// Copies a picture and decodes it to its end. What is wrong with it is an outcome, and stays so until its file changes.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(super) fn import(&self, post: &Post, place: &Place) -> Result<PictureOutcome, FileError> {
        let unreadable = || FileError::at("read", &place.file);
        let mut file = File::open(&place.file).map_err(unreadable())?;
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(place.start)).map_err(unreadable())?;
        file.by_ref().take(place.length.min(Format::HEAD_BYTES as u64)).read_to_end(&mut head).map_err(unreadable())?;
        // A film is not copied to find that it is none.
        if let Some(Medium::Unread(unread)) = Medium::of(&head) {
            return Ok(no_picture(Rejection::OtherMedium(Some(unread))));
        }
        if place.length > MAX_BYTES {
            return Ok(failed(FailureReason::TooLong));
        }
        file.seek(SeekFrom::Start(place.start)).map_err(unreadable())?;
        let mut partial = self.store.resume(&format!("folder-{}", post.number))?;
        partial.begin(None)?;
        let (mut rest, mut buffer) = (file.take(place.length), vec![0; 1 << 16]);
        loop {
            match rest.read(&mut buffer).map_err(unreadable())? {
                0 => break,
                length => partial.write(&buffer[..length])?,
            }
        }
        let mut reader = partial.reader()?;
        let digests = Digests::of(&mut reader).map_err(partial.unreadable())?;
        let checked = check_picture(&mut reader, &digests, &Claim::default(), self.max_pixels);
        match checked.map_err(partial.unreadable())? {
            Ok(picture) => {
                self.store.put(partial, &picture)?;
                Ok(PictureOutcome::Ok(self.stored(post, picture)))
            }
            Err(rejection) => {
                self.store.discard(partial)?;
                Ok(no_picture(rejection))
            }
        }
    }

    fn stored(&self, post: &Post, picture: CheckedPicture) -> Stored {
        let CheckedPicture { sha256, extension, bytes, dimensions, stored } = picture;
        Stored {
            sha256,
            extension: extension.into(),
            bytes,
            dimensions,
            stored_dimensions: Some(stored).filter(|stored| *stored != dimensions),
            url: post.original.url.clone().unwrap_or_default(),
            // Whatever is asked for, there is but one.
            rendering: Some(Variant::Original).filter(|rendering| *rendering != self.variant),
        }
    }
}

fn no_picture(rejection: Rejection) -> PictureOutcome {
    match rejection {
        Rejection::OtherMedium(medium) => {
            let medium = medium.map_or("of no known format", Unread::tag);
            PictureOutcome::Filtered(FilterReason::OtherMedium(medium.to_owned()))
        }
        rejection => failed(FailureReason::Rejected(rejection)),
    }
}

/// One try is enough: what lies on a disk does not get better.
fn failed(reason: FailureReason) -> PictureOutcome {
    PictureOutcome::Failed { reason, attempts: 1, limit: Some(1) }
}
