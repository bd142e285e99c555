//! Everything that a run's page shows, gathered from the run's folder, the dataset, the crops and the stages' reports.

mod embedded;
mod faces;
mod film;
mod notice;
mod packed;
mod posts;
mod provenance;

use std::path::{Path, PathBuf};

use contracts::{
    ContentHash, Layout, Report, StageId, Voucher, checked,
    id::RunId,
    layout::RunLayout,
    manifest::ManifestError,
    publish::{self, FileError},
};
use dataset::Dataset;

pub use self::notice::Notice;
pub(crate) use self::{
    embedded::Embedded,
    faces::{Doubtful, Faces, Tiles},
    film::Frame,
    packed::Packed,
    posts::{Author, Pages, SourceCount, Sources},
    provenance::Provenance,
};
use crate::{
    error::ReportError,
    evaluation::{Evaluation, Neighbours},
    history::{self, Plot},
};

/// The most bytes of a run's film, of all frames together.
const MAX_FILM_BYTES: usize = 3_000_000;
/// The most bytes of each other picture of a run.
const MAX_PICTURE_BYTES: usize = 600_000;
/// The most bytes of the configuration and of the provenance: more than any that this program wrote.
const MAX_TEXT_BYTES: usize = 100_000;

/// How much of a run a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything, from the posts to the measures.
    Whole,
    /// What changes while it trains, and nothing that takes a look at the whole dataset.
    Training,
    /// What is held against other runs, of which there are so many in all.
    Beside(usize),
}

/// What a run's page is made of. What is `None` or empty is not there yet.
pub struct RunPage {
    pub(crate) title: String,
    pub(crate) run: RunId,
    pub(crate) scope: Scope,
    pub(crate) stages: Vec<(StageId, Option<Report>)>,
    pub(crate) film: Vec<Frame>,
    /// The newest samples in full, and how many images had been shown then.
    pub(crate) samples: Option<Frame>,
    pub(crate) reals: Option<Embedded>,
    pub(crate) walks: Option<Embedded>,
    /// Samples by class, and what the rows show.
    pub(crate) by_class: Option<(Vec<String>, Embedded)>,
    pub(crate) neighbours: Option<(Neighbours, Embedded)>,
    pub(crate) plots: Vec<Plot>,
    pub(crate) evaluation: Option<FoundEvaluation>,
    pub(crate) dataset: Option<Packed>,
    pub(crate) faces: Option<Faces>,
    pub(crate) sources: Option<Sources>,
    pub(crate) pages: Pages,
    pub(crate) config: Option<String>,
    pub(crate) provenance: Provenance,
    pub(crate) provenance_text: Option<String>,
    pub(crate) notices: Vec<Notice>,
}

/// An evaluation, and whether it is of the weights that are there now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoundEvaluation {
    pub(crate) evaluation: Evaluation,
    pub(crate) is_of_these_weights: bool,
}

impl RunPage {
    /// The most bytes of a page. Pictures are shrunk and frames left out to keep within it, and lists end with a count of the
    /// rest: a film of 3 MB, four pictures and four sheets of half a megabyte each, a third more as text, and 2 MB of markup.
    pub const MAX_BYTES: usize = 12_000_000;

    /// Gathers what there is of a run, which may be at any point: begun, trained, measured. What is missing or damaged becomes
    /// a [notice](Self::notices). Nothing is written.
    ///
    /// # Errors
    /// When there is no such run, or a folder cannot be read.
    pub fn gather(layout: &Layout, run: &RunId, title: &str, scope: Scope) -> Result<Self, ReportError> {
        let files = layout.run(run);
        if !files.root().is_dir() {
            return Err(ReportError::NoRun(files.root().into()));
        }
        let mut gatherer = Gatherer { layout, files: &files, notices: Vec::new() };
        let mut page = gatherer.training(run, title, scope)?;
        if scope != Scope::Training {
            gatherer.evaluation(&mut page);
        }
        if scope == Scope::Whole {
            gatherer.data(&mut page);
        }
        page.notices = gatherer.notices;
        Ok(page)
    }

    /// What the page does not show as it should.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }
}

struct Gatherer<'a> {
    layout: &'a Layout,
    files: &'a RunLayout,
    notices: Vec<Notice>,
}

impl Gatherer<'_> {
    /// What training leaves.
    fn training(&mut self, run: &RunId, title: &str, scope: Scope) -> Result<RunPage, FileError> {
        let provenance_text = self.text("provenance", self.files.provenance(), "train");
        let provenance: Provenance = provenance_text.as_ref().map(|json| self.parsed(json)).unwrap_or_default();
        self.weights();
        let film_bytes = MAX_FILM_BYTES / if let Scope::Beside(runs) = scope { runs.max(1) } else { 1 };
        let film = film::film(self.files, film_bytes, &mut self.notices);
        if film.is_empty() {
            self.missing("samples", "train");
        }
        let samples = film::newest(self.files).and_then(|images| {
            let picture = self.picture("samples", self.files.sample(images), "train")?;
            Some(Frame { images, picture })
        });
        let log = publish::read_text_or_empty(&self.files.metrics())?;
        Ok(RunPage {
            title: title.into(),
            run: run.clone(),
            scope,
            stages: self.reports(run),
            film,
            samples,
            reals: None,
            walks: None,
            by_class: None,
            neighbours: None,
            plots: history::plots(&log, provenance.recipe().as_ref()),
            evaluation: None,
            dataset: None,
            faces: None,
            sources: None,
            pages: Pages::new(),
            config: self.text("configuration", self.files.config(), "train"),
            provenance,
            provenance_text,
            notices: Vec::new(),
        })
    }

    /// Whether the weights are what the run's records state.
    fn weights(&mut self) {
        for path in [self.files.generator(), self.files.discriminator(), self.files.best_generator()] {
            // A record that cannot be read is said where it is shown.
            let Some(voucher) = Voucher::beside(&path).ok().flatten() else { continue };
            match checked::sha256(&path) {
                Ok(found) if found == voucher.hash => {}
                Ok(_) => self.notice(Notice::Altered { what: "weights", path, mend: "train" }),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.missing("weights", "train"),
                Err(error) => self.unreadable("weights", path, &error, "train"),
            }
        }
    }

    /// What the evaluator leaves.
    fn evaluation(&mut self, page: &mut RunPage) {
        let path = self.files.evaluation_metrics();
        let Some(json) = self.bytes("metrics", &path, "evaluate") else { return };
        let reported = page.stages.iter().filter(|(stage, _)| *stage == StageId::Evaluate);
        let stated =
            reported.filter_map(|(_, report)| report.as_ref().filter(|report| report.run.as_ref() == Some(&page.run)));
        if stated.filter_map(|report| report.output).any(|stated| stated != ContentHash::of(&json)) {
            self.notice(Notice::Altered { what: "metrics", path: path.clone(), mend: "evaluate" });
        }
        let evaluation = match Evaluation::parse(&json) {
            Ok(evaluation) => evaluation,
            Err(error) => return self.unreadable("metrics", path, &error, "evaluate"),
        };
        let generator = checked::sha256(&self.files.generator()).ok();
        let is_of_these_weights = generator == Some(evaluation.generator);
        if !is_of_these_weights {
            self.notice(Notice::OtherWeights { what: "metrics" });
        }
        page.reals = self.picture("real images", self.files.evaluation_reals(), "evaluate");
        if evaluation.walks.is_some() {
            page.walks = self.picture("walks", self.files.evaluation_walks(), "evaluate");
        }
        if !evaluation.classes.is_empty() {
            let sheet = self.picture("samples by class", self.files.evaluation_classes(), "evaluate");
            page.by_class = sheet.map(|sheet| (evaluation.classes.clone(), sheet));
        }
        // The first version had none, and what is measured can be chosen.
        if self.files.evaluation_neighbours().exists() {
            page.neighbours = self.neighbours();
        }
        page.evaluation = Some(FoundEvaluation { evaluation, is_of_these_weights });
    }

    fn neighbours(&mut self) -> Option<(Neighbours, Embedded)> {
        let path = self.files.evaluation_neighbours();
        let json = self.bytes("neighbours", &path, "evaluate")?;
        let sheet = self.picture("neighbours", self.files.evaluation_neighbours_sheet(), "evaluate")?;
        match Neighbours::parse(&json) {
            Ok(neighbours) => {
                if checked::sha256(&self.files.generator()).ok() != Some(neighbours.generator) {
                    self.notice(Notice::OtherWeights { what: "nearest faces" });
                }
                Some((neighbours, sheet))
            }
            Err(error) => {
                self.unreadable("neighbours", path, &error, "evaluate");
                None
            }
        }
    }

    /// What the stages before training leave, if it is still what the run was trained on.
    fn data(&mut self, page: &mut RunPage) {
        let folder = self.layout.dataset();
        let dataset = match Dataset::open(&folder) {
            Ok(dataset) => dataset,
            Err(error) => return self.unreadable("dataset", folder, &error, "pack"),
        };
        if let Some(trained_on) = page.provenance.dataset.hash.filter(|hash| *hash != dataset.hash()) {
            return self.notice(Notice::OtherDataset { trained_on, there: dataset.hash() });
        }
        match Packed::read(&dataset) {
            Ok(packed) => page.dataset = Some(packed),
            Err(error) => self.unreadable("dataset", folder.clone(), &error, "pack"),
        }
        match Faces::read(self.layout) {
            Ok(faces) => page.faces = Some(faces),
            // Folders and archives have no crops.
            Err(faces::FacesError::Manifest(ManifestError::Missing(_))) => {}
            Err(error) => self.unreadable("crops", self.layout.faces_manifest(), &error, "crop"),
        }
        self.sources(&dataset, page);
    }

    fn sources(&mut self, dataset: &Dataset, page: &mut RunPage) {
        let (mut sources, posts) = match posts::sites(dataset) {
            Ok(counted) => counted,
            Err(error) => return self.unreadable("dataset", self.layout.dataset(), &error, "pack"),
        };
        let nearest = page.neighbours.iter().flat_map(|(neighbours, _)| &neighbours.samples);
        let nearest = nearest.flat_map(|sample| &sample.nearest).filter_map(|face| face.post.clone());
        let doubtful = page.faces.iter().flat_map(|faces| &faces.doubtful).flat_map(|(_, doubtful)| doubtful);
        let shown = nearest.chain(doubtful.filter_map(|face| face.post.clone()));
        page.pages = shown.map(|post| (post, String::new())).collect();
        if !posts.is_empty() {
            match posts::look_up(self.layout, &posts, &mut sources, &mut page.pages) {
                Ok(()) => {}
                Err(ManifestError::Missing(_)) => self.missing("records of the posts", "crawl"),
                Err(error) => self.unreadable("records of the posts", self.layout.raw_manifest(), &error, "crawl"),
            }
        }
        page.pages.retain(|_, page| !page.is_empty());
        page.sources = Some(sources);
    }

    /// What each stage before the report last reported, unless it was about another run.
    fn reports(&mut self, run: &RunId) -> Vec<(StageId, Option<Report>)> {
        let mut reports = Vec::new();
        for stage in StageId::ALL.into_iter().filter(|stage| *stage != StageId::Report) {
            let report = Report::read(self.layout, stage).unwrap_or_else(|error| {
                self.unreadable("report", self.layout.report(stage), &error.source, stage.name());
                None
            });
            reports.push((stage, report.filter(|report| report.run.as_ref().is_none_or(|other| other == run))));
        }
        reports
    }

    fn parsed(&mut self, json: &str) -> Provenance {
        serde_json::from_str(json).unwrap_or_else(|error| {
            self.unreadable("provenance", self.files.provenance(), &error, "train");
            Provenance::default()
        })
    }

    fn picture(&mut self, what: &'static str, path: PathBuf, mend: &'static str) -> Option<Embedded> {
        let file = self.bytes(what, &path, mend)?;
        let embedded = Embedded::png(&file, MAX_PICTURE_BYTES);
        embedded.map_err(|error| self.unreadable(what, path, &error, mend)).ok()
    }

    fn text(&mut self, what: &'static str, path: PathBuf, mend: &'static str) -> Option<String> {
        let mut bytes = self.bytes(what, &path, mend)?;
        bytes.truncate(MAX_TEXT_BYTES);
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn bytes(&mut self, what: &'static str, path: &Path, mend: &'static str) -> Option<Vec<u8>> {
        if !path.exists() {
            self.missing(what, mend);
            return None;
        }
        publish::read_file(path).map_err(|error| self.unreadable(what, path.into(), &error.source, mend)).ok()
    }

    /// Takes a notice down, once: two parts of the page may show what the same file says.
    fn notice(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    fn missing(&mut self, what: &'static str, mend: &'static str) {
        self.notice(Notice::Missing { what, mend });
    }

    fn unreadable(&mut self, what: &'static str, path: PathBuf, problem: &dyn ToString, mend: &'static str) {
        self.notice(Notice::Unreadable { what, path, problem: problem.to_string(), mend });
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use pictures::Rgb;

    use super::*;

    /// A picture of one grey.
    pub(crate) fn grid(grey: u8) -> Embedded {
        Embedded::jpeg(&Rgb::filled(8, 8, [grey; 3]), 1000).unwrap()
    }
}
