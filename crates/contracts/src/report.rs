//! What a stage says when it ends, and the reasons for which it left things out.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    hash::ContentHash,
    id::RunId,
    layout::Layout,
    publish::{self, FileError},
    stage_id::StageId,
};

/// What a stage did: shown as a table, kept as `data/reports/<stage>.json`, printed as one JSON line on stdout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The stage that reports.
    pub stage: StageId,
    /// Whether it came to its end.
    pub state: State,
    /// How many items it was given (posts, pictures, faces, images).
    pub taken: u64,
    /// How many things it kept of those, or made of them.
    pub kept: u64,
    /// What it left out, a reason each, sorted by their sentences. Together with `kept` they add up to what was judged.
    #[serde(deserialize_with = "dropped")]
    pub dropped: Vec<Dropped>,
    /// How many of those dropped were failures that trying again may fix: they make the exit code 3.
    pub failed: u64,
    /// How many bytes it wrote.
    pub bytes: u64,
    /// Wall-clock seconds; filled in by the harness.
    pub seconds: f64,
    /// What somebody should read, a sentence each.
    pub warnings: Vec<String>,
    /// Other figures worth keeping, by name with the unit in it.
    pub figures: BTreeMap<String, f64>,
    /// Identifies what the stage's folder now holds: the records' hash of its manifest, or the hash of its result.
    pub output: Option<ContentHash>,
    /// The training run that it worked on, for the stages that work on one.
    pub run: Option<RunId>,
}

/// Why a stage left something out: an enum of the stage's own, whose sentence is made when it is shown.
pub trait Reason: fmt::Display {
    /// The word that programs know the reason by, in snake case: it stays when the sentence is put better, and leaves out
    /// what the sentence names, such as the rating of a post.
    fn tag(&self) -> &'static str;
}

/// Things left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dropped {
    /// The reason's [tag](Reason::tag); empty in a report that was written before there were tags.
    pub tag: String,
    /// The reason's sentence, for people: no program compares it.
    pub reason: String,
    /// How many things were left out for it.
    pub count: u64,
}

/// Reads what was dropped, in reports of before there were tags too: those have a count by sentence.
fn dropped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Dropped>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Tagged(Vec<Dropped>),
        Counts(BTreeMap<String, u64>),
    }
    let untagged = |(reason, count)| Dropped { tag: String::new(), reason, count };
    Ok(match Either::deserialize(deserializer)? {
        Either::Tagged(dropped) => dropped,
        Either::Counts(counts) => counts.into_iter().map(untagged).collect(),
    })
}

/// Whether a stage came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All is done, and published.
    Complete,
    /// It was asked to stop; the same command resumes.
    Interrupted,
    /// Its share of the work is done; the whole is not put together.
    Share,
}

impl Report {
    /// An empty report, complete unless something says otherwise.
    pub fn new(stage: StageId) -> Self {
        Self {
            stage,
            state: State::Complete,
            taken: 0,
            kept: 0,
            dropped: Vec::new(),
            failed: 0,
            bytes: 0,
            seconds: 0.0,
            warnings: Vec::new(),
            figures: BTreeMap::new(),
            output: None,
            run: None,
        }
    }

    /// Counts `count` more things left out for `reason`; nothing for a count of zero.
    pub fn drop(&mut self, reason: &dyn Reason, count: u64) {
        let (tag, reason) = (reason.tag().to_owned(), reason.to_string());
        match self.dropped.binary_search_by(|dropped| dropped.reason.cmp(&reason)) {
            _ if count == 0 => {}
            Ok(index) => self.dropped[index].count += count,
            Err(index) => self.dropped.insert(index, Dropped { tag, reason, count }),
        }
    }

    /// How many things were left out, for whatever reason.
    pub fn dropped_in_all(&self) -> u64 {
        self.dropped.iter().map(|dropped| dropped.count).sum()
    }

    /// How many things were left out for the reasons with this [tag](Reason::tag).
    pub fn dropped_as(&self, tag: &str) -> u64 {
        self.dropped.iter().filter(|dropped| dropped.tag == tag).map(|dropped| dropped.count).sum()
    }

    /// How many things were left out for the reason that reads so: for tests of what people read.
    pub fn dropped_for(&self, sentence: &str) -> u64 {
        self.dropped.iter().filter(|dropped| dropped.reason == sentence).map(|dropped| dropped.count).sum()
    }

    /// What a stage reported when it last ended, if it ever did.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn read(layout: &Layout, stage: StageId) -> Result<Option<Self>, FileError> {
        let path = layout.report(stage);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = publish::read_file(&path)?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| FileError::at("read", &path)(error.into()))
    }

    /// Keeps the report for the runner and for `report`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, layout: &Layout) -> Result<(), FileError> {
        let path = layout.report(self.stage);
        let json = serde_json::to_vec_pretty(self).map_err(|error| FileError::at("write", &path)(error.into()))?;
        publish::write_file(&path, &json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PathsConfig;

    enum Rating {
        Questionable,
        Explicit,
    }

    impl fmt::Display for Rating {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::Questionable => "rating q",
                Self::Explicit => "rating e",
            })
        }
    }

    impl Reason for Rating {
        fn tag(&self) -> &'static str {
            "rating"
        }
    }

    #[test]
    fn reasons_are_counted_by_sentence_and_found_by_tag() {
        let mut report = Report::new(StageId::Crawl);
        report.drop(&Rating::Questionable, 2);
        report.drop(&Rating::Explicit, 1);
        report.drop(&Rating::Questionable, 3);
        report.drop(&Rating::Explicit, 0);
        let counts: Vec<_> = report.dropped.iter().map(|dropped| (dropped.reason.as_str(), dropped.count)).collect();
        assert_eq!(counts, [("rating e", 1), ("rating q", 5)]);
        assert_eq!((report.dropped_as("rating"), report.dropped_for("rating q"), report.dropped_in_all()), (6, 5, 6));
    }

    #[test]
    fn reports_are_read_back_and_so_are_those_without_tags() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let mut report = Report::new(StageId::Crop);
        report.drop(&Rating::Explicit, 7);
        report.write(&layout).unwrap();
        assert_eq!(Report::read(&layout, StageId::Crop).unwrap(), Some(report.clone()));

        let mut old = serde_json::to_value(&report).unwrap();
        old["dropped"] = serde_json::json!({ "rating e": 7 });
        publish::write_file(&layout.report(StageId::Crop), old.to_string().as_bytes()).unwrap();
        let old = Report::read(&layout, StageId::Crop).unwrap().unwrap();
        assert_eq!(old.dropped, [Dropped { tag: String::new(), reason: "rating e".into(), count: 7 }]);
    }
}
