//! That shares of a stage were begun, so that nobody takes the whole as it was for what they make of it.

use contracts::{
    Layout, StageId,
    publish::{self, FileError},
};

/// Marks the stage's folder before a share changes anything in it.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn begin(layout: &Layout, stage: StageId) -> Result<(), FileError> {
    layout.share_marker(stage).map_or(Ok(()), |marker| publish::write_file(&marker, b""))
}

/// Takes the mark away: the whole is put together.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn end(layout: &Layout, stage: StageId) -> Result<(), FileError> {
    layout.share_marker(stage).map_or(Ok(()), |marker| publish::remove_file(&marker))
}

#[cfg(test)]
mod tests {
    use contracts::config::PathsConfig;

    use super::*;

    #[test]
    fn stages_with_shares_are_marked_until_the_whole_is_there() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        for stage in StageId::ALL {
            begin(&layout, stage).unwrap();
            assert!(layout.share_marker(stage).is_none_or(|marker| marker.exists()));
            end(&layout, stage).unwrap();
            assert!(layout.share_marker(stage).is_none_or(|marker| !marker.exists()));
        }
    }
}
