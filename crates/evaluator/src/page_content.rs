//! Everything that a run's page shows, gathered from the run's folder, the dataset and the stages' reports.

use std::{collections::BTreeMap, fs, path::Path};

use contracts::{
    Config, ContentHash, Layout, Report, StageId,
    id::RunId,
    layout::RunLayout,
    publish::{self, FileError},
};
use dataset::{Dataset, SplitName};

use crate::{error::ReportError, evaluation::Evaluation, history::History};

/// What the page is made of. What is `None` does not exist yet.
pub(crate) struct PageContent {
    pub(crate) title: String,
    pub(crate) run: RunId,
    pub(crate) recipe: String,
    pub(crate) seed: u64,
    pub(crate) dataset: DatasetFacts,
    pub(crate) stages: Vec<(StageId, Option<Report>)>,
    pub(crate) first_sample: Option<SampleFile>,
    pub(crate) newest_sample: Option<SampleFile>,
    pub(crate) reals: Option<Vec<u8>>,
    pub(crate) history: History,
    pub(crate) evaluation: Option<FoundEvaluation>,
    pub(crate) config: String,
    pub(crate) provenance: Option<String>,
}

/// What the page says of the dataset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DatasetFacts {
    pub(crate) hash: ContentHash,
    /// Pixels across, and down, of every image.
    pub(crate) side: u32,
    /// Images by where they come from.
    pub(crate) sources: BTreeMap<String, SourceCount>,
}

/// How many images of one source are in each split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceCount {
    pub(crate) train: u64,
    pub(crate) holdout: u64,
}

/// A grid of samples that training wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SampleFile {
    /// Real images shown until then.
    pub(crate) images: u64,
    /// The PNG file.
    pub(crate) png: Vec<u8>,
}

/// An evaluation, and whether it is of the weights that are there now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoundEvaluation {
    pub(crate) evaluation: Evaluation,
    pub(crate) is_of_these_weights: bool,
}

/// What the images count as whose picture is on no site.
const NO_SITE: &str = "folders and archives";

impl PageContent {
    /// Gathers what there is of the run that the configuration names.
    ///
    /// # Errors
    /// When there is no dataset or no run, or something that is there cannot be read.
    pub(crate) fn gather(config: &Config, layout: &Layout) -> Result<Self, ReportError> {
        let dataset = Dataset::open(&layout.dataset())?;
        let run = config.run_id(&dataset.hash());
        let folder = layout.run(&run);
        if !folder.root().is_dir() {
            return Err(ReportError::NoRun(folder.root().into()));
        }
        let (first_sample, newest_sample) = first_and_newest_sample(&folder)?;
        Ok(Self {
            title: config.report.title.clone(),
            recipe: config.train.recipe.clone(),
            seed: config.seed(),
            dataset: facts(&dataset)?,
            stages: reports(layout, &run)?,
            first_sample,
            newest_sample,
            reals: read_if_there(&folder.evaluation_reals())?,
            history: History::read(&text_if_there(&folder.metrics())?.unwrap_or_default()),
            evaluation: evaluation(&folder)?,
            config: text_if_there(&folder.config())?.unwrap_or_else(|| config.to_toml()),
            provenance: text_if_there(&folder.provenance())?,
            run,
        })
    }
}

fn facts(dataset: &Dataset) -> Result<DatasetFacts, ReportError> {
    let mut sources: BTreeMap<String, SourceCount> = BTreeMap::new();
    for name in SplitName::ALL {
        for row in dataset.split(name).rows() {
            let site = row?.post.map_or_else(|| NO_SITE.to_owned(), |post| post.site.to_string());
            let count = sources.entry(site).or_default();
            match name {
                SplitName::Train => count.train += 1,
                SplitName::Holdout => count.holdout += 1,
            }
        }
    }
    Ok(DatasetFacts { hash: dataset.hash(), side: dataset.shape().side(), sources })
}

/// What each stage before this one last reported, unless it was about another run.
fn reports(layout: &Layout, run: &RunId) -> Result<Vec<(StageId, Option<Report>)>, FileError> {
    let before = StageId::ALL.into_iter().filter(|stage| *stage != StageId::Report);
    let of_this_run = |report: &Report| report.run.as_ref().is_none_or(|other| other == run);
    before.map(|stage| Ok((stage, Report::read(layout, stage)?.filter(of_this_run)))).collect()
}

fn first_and_newest_sample(run: &RunLayout) -> Result<(Option<SampleFile>, Option<SampleFile>), FileError> {
    let folder = run.samples();
    if !folder.is_dir() {
        return Ok((None, None));
    }
    let mut written = Vec::new();
    for entry in fs::read_dir(&folder).map_err(FileError::at("read", &folder))? {
        let name = entry.map_err(FileError::at("read", &folder))?.file_name();
        let images = name.to_str().and_then(|name| name.strip_suffix(".png")).and_then(|stem| stem.parse().ok());
        written.extend(images.filter(|images: &u64| run.sample(*images).ends_with(&name)));
    }
    written.sort_unstable();
    let read = |images: &u64| Ok(SampleFile { images: *images, png: publish::read_file(&run.sample(*images))? });
    let first = written.first().map(read).transpose()?;
    let newest = written.get(1..).and_then(<[u64]>::last).map(read).transpose()?;
    Ok((first, newest))
}

fn evaluation(run: &RunLayout) -> Result<Option<FoundEvaluation>, ReportError> {
    let path = run.evaluation_metrics();
    let Some(json) = read_if_there(&path)? else { return Ok(None) };
    let evaluation: Evaluation =
        Evaluation::parse(&json).map_err(|error| ReportError::Evaluation { path, problem: error.to_string() })?;
    let generator = read_if_there(&run.generator())?.map(|bytes| ContentHash::of(&bytes));
    let is_of_these_weights = generator == Some(evaluation.generator);
    Ok(Some(FoundEvaluation { evaluation, is_of_these_weights }))
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    path.exists().then(|| publish::read_file(path)).transpose()
}

fn text_if_there(path: &Path) -> Result<Option<String>, FileError> {
    Ok(read_if_there(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
