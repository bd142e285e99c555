//! What shows that a run has gone on, without reading any of it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use contracts::layout::RunLayout;

/// The length and the time of change of each file that the page is made from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Traces(Vec<(PathBuf, Option<(u64, SystemTime)>)>);

impl Traces {
    /// Those of a run now. A folder changes when a file appears in it.
    pub(super) fn of(run: &RunLayout) -> Self {
        let files = [
            run.metrics(),
            run.samples(),
            run.config(),
            run.provenance(),
            run.generator(),
            run.best_generator_record(),
            run.evaluation_metrics(),
        ];
        Self(files.map(|path| (path.clone(), trace(&path))).into())
    }
}

fn trace(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use contracts::publish;

    use super::*;

    #[test]
    fn a_line_and_a_grid_leave_traces() {
        let root = tempfile::tempdir().unwrap();
        let run = RunLayout::at(root.path());
        let mut last = Traces::of(&run);
        let mut changes = |changed: bool| {
            let now = Traces::of(&run);
            assert_eq!(now != last, changed);
            last = now;
        };
        changes(false);
        publish::write_file(&run.metrics(), b"{}\n").unwrap();
        changes(true);
        changes(false);
        publish::write_file(&run.sample(0), b"grid").unwrap();
        changes(true);
    }
}
