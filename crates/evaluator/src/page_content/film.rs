//! The fixed latents through training, as the frames of a film.

use std::fs;

use contracts::{
    layout::RunLayout,
    publish::{self, FileError},
};
use dataset::evenly;

use super::{
    embedded::{Embedded, decode},
    notice::Notice,
};

/// The most frames of a film.
const MAX_FRAMES: usize = 24;

/// A grid of samples, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Real images shown until then.
    pub(crate) images: u64,
    /// The grid.
    pub(crate) picture: Embedded,
}

/// The frames of a run in order: the first, the newest, and others between them, evenly chosen. Together they have at most
/// `max_bytes`. What cannot be read is left out and noticed.
pub(super) fn film(run: &RunLayout, max_bytes: usize, notices: &mut Vec<Notice>) -> Vec<Frame> {
    let written = match written(run) {
        Ok(written) => written,
        Err(error) => {
            notices.push(unreadable(run, 0, &error));
            return Vec::new();
        }
    };
    let chosen: Vec<u64> = chosen(&written);
    let share = max_bytes / chosen.len().max(1);
    let frame = |images: u64| {
        let file = publish::read_file(&run.sample(images)).map_err(|error| error.to_string())?;
        let image = decode(&file).map_err(|error| error.to_string())?;
        let picture = Embedded::jpeg(&image, share).map_err(|error| error.to_string())?;
        Ok::<_, String>(Frame { images, picture })
    };
    let mut frames = Vec::new();
    for images in chosen {
        match frame(images) {
            Ok(frame) => frames.push(frame),
            Err(problem) => notices.push(unreadable(run, images, &problem)),
        }
    }
    frames
}

fn unreadable(run: &RunLayout, images: u64, problem: &dyn ToString) -> Notice {
    let problem = problem.to_string();
    Notice::Unreadable { what: "samples", path: run.sample(images), problem, mend: "train" }
}

/// The file of the newest grid.
pub(super) fn newest(run: &RunLayout) -> Option<u64> {
    written(run).ok()?.last().copied()
}

/// When grids were written, ascending.
fn written(run: &RunLayout) -> Result<Vec<u64>, FileError> {
    let folder = run.samples();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut written = Vec::new();
    for entry in fs::read_dir(&folder).map_err(FileError::at("read", &folder))? {
        let name = entry.map_err(FileError::at("read", &folder))?.file_name();
        let images = name.to_str().and_then(|name| name.strip_suffix(".png")).and_then(|stem| stem.parse().ok());
        written.extend(images.filter(|images: &u64| run.sample(*images).ends_with(&name)));
    }
    written.sort_unstable();
    Ok(written)
}

fn chosen(written: &[u64]) -> Vec<u64> {
    let Some((newest, before)) = written.split_last() else { return Vec::new() };
    let before = evenly(before.len(), MAX_FRAMES - 1).map(|index| before[index]);
    before.chain([*newest]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_newest_are_always_shown() {
        assert_eq!(chosen(&[]), Vec::<u64>::new());
        assert_eq!(chosen(&[7]), [7]);
        assert_eq!(chosen(&[0, 5, 9]), [0, 5, 9]);
        let many: Vec<u64> = (0..1000).collect();
        let frames = chosen(&many);
        assert_eq!((frames.len(), frames[0], frames[MAX_FRAMES - 1]), (MAX_FRAMES, 0, 999));
    }
}
