//! Whether what a stage made is still what it would make: a drawn part is made again and compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::{
    hash::{ContentHash, Hasher},
    id::text_conversions,
    stage_id::StageId,
};

/// How much is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Draw {
    /// Everything.
    All,
    /// A part, drawn by this number.
    Seed(u64),
}

impl Draw {
    /// Which of `count` parts are compared, as indices: all, or one of them, where there is any.
    pub fn indices(self, count: usize) -> Vec<usize> {
        match self {
            Self::All => (0..count).collect(),
            Self::Seed(_) if count == 0 => Vec::new(),
            Self::Seed(seed) => {
                let mut hasher = Hasher::default();
                hasher.field(&seed.to_le_bytes());
                let drawn = hasher.finish().bytes().iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
                vec![(drawn % count as u64) as usize]
            }
        }
    }
}

/// A text that says not how much is compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is neither \"all\" nor a number to draw by")]
pub struct BadDraw(String);

impl FromStr for Draw {
    type Err = BadDraw;

    fn from_str(text: &str) -> Result<Self, BadDraw> {
        match text {
            "all" => Ok(Self::All),
            number => number.parse().map(Self::Seed).map_err(|_| BadDraw(text.to_owned())),
        }
    }
}

impl fmt::Display for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Seed(seed) => seed.fmt(f),
        }
    }
}

text_conversions!(Draw);

/// What is wrong with a thing that was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there, or cannot be read.
    Unreadable,
    /// It is not what was written: its hash is another.
    Altered,
    /// What it says of itself does not follow from what it was made of.
    Different,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "cannot be read",
            Self::Altered => "is not what was written",
            Self::Different => "is not what would be made now",
        })
    }
}

/// Something damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
    /// How it is had anew.
    pub remedy: Remedy,
}

/// How something damaged is had anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What is removed first: the thing itself, or the folder that is only made as a whole.
    pub remove: PathBuf,
    /// The stage that then makes it.
    pub stage: StageId,
}

/// What was compared, and what of it is damaged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// What was compared, for people: "mini-00000: 12 pictures".
    pub compared: Vec<String>,
    /// What is damaged.
    pub damaged: Vec<Damage>,
}

/// Things that are not what they should be, each with the command that redoes it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", sentence(.0))]
pub struct Damaged(Verification);

impl Verification {
    /// Says what was compared.
    pub fn compared(&mut self, what: impl Into<String>) {
        self.compared.push(what.into());
    }

    /// Notes that something is damaged, which `stage` makes anew once it is removed.
    pub fn damaged(&mut self, path: &Path, fault: Fault, stage: StageId) {
        self.damaged_in(path, path, fault, stage);
    }

    /// Notes that something is damaged in a `folder` that `stage` only makes as a whole.
    pub fn damaged_in(&mut self, folder: &Path, path: &Path, fault: Fault, stage: StageId) {
        let remedy = Remedy { remove: folder.to_path_buf(), stage };
        self.damaged.push(Damage { path: path.to_path_buf(), fault, remedy });
    }

    /// Compares a file of a stage with the hash that vouches for it; one that cannot be read is damaged.
    pub fn file(&mut self, path: &Path, expected: &ContentHash, stage: StageId) {
        match ContentHash::of_file(path) {
            Ok(found) if found == *expected => {}
            Ok(_) => self.damaged(path, Fault::Altered, stage),
            Err(_) => self.damaged(path, Fault::Unreadable, stage),
        }
    }

    /// The text that says what was compared.
    ///
    /// # Errors
    /// When something is damaged.
    pub fn conclude(self) -> Result<String, Damaged> {
        if !self.damaged.is_empty() {
            return Err(Damaged(self));
        }
        let lines = self.compared.iter().map(|line| format!("{line}: as made\n"));
        Ok(lines.collect())
    }
}

/// What is damaged a line each, then a command for each stage that has to make something anew, first to last.
fn sentence(verification: &Verification) -> String {
    let Verification { compared, damaged } = verification;
    let mut lines = vec![format!("{} damaged among {}", damaged.len(), compared.join(", "))];
    let mut commands: BTreeMap<StageId, BTreeSet<&Path>> = BTreeMap::new();
    for Damage { path, fault, remedy } in damaged {
        lines.push(format!("  {} {fault}", path.display()));
        commands.entry(remedy.stage).or_default().insert(&remedy.remove);
    }
    for (stage, remove) in commands {
        let remove: Vec<String> = remove.iter().map(|path| format!("'{}'", path.display())).collect();
        lines.push(format!("made anew by: rm -r {} && cargo xtask {stage}", remove.join(" ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_draws_the_same_part_and_another_number_another() {
        assert_eq!(Draw::All.indices(3), [0, 1, 2]);
        assert_eq!(Draw::Seed(7).indices(0), Vec::<usize>::new());
        let drawn: Vec<usize> = (0..40).flat_map(|seed| Draw::Seed(seed).indices(5)).collect();
        assert_eq!(Draw::Seed(3).indices(5), [drawn[3]]);
        assert!((0..5).all(|index| drawn.contains(&index)), "{drawn:?}");
        assert!("some".parse::<Draw>().is_err() && "all".parse() == Ok(Draw::All) && "9".parse() == Ok(Draw::Seed(9)));
    }

    #[test]
    fn what_is_damaged_is_named_with_what_redoes_it() {
        let mut verification = Verification::default();
        verification.compared("mini-00000: 3 pictures");
        assert_eq!(verification.clone().conclude().unwrap(), "mini-00000: 3 pictures: as made\n");
        let shard = Path::new("faces/mini-00000");
        verification.damaged_in(shard, &shard.join("a.png"), Fault::Altered, StageId::Crop);
        verification.damaged_in(shard, &shard.join("b.png"), Fault::Different, StageId::Crop);
        verification.damaged(Path::new("raw/c.jpg"), Fault::Unreadable, StageId::Crawl);
        let said = verification.conclude().unwrap_err().to_string();
        let expected = "3 damaged among mini-00000: 3 pictures\n  faces/mini-00000/a.png is not what was written\n  \
                        faces/mini-00000/b.png is not what would be made now\n  raw/c.jpg cannot be read\nmade anew by: rm \
                        -r 'raw/c.jpg' && cargo xtask crawl\nmade anew by: rm -r 'faces/mini-00000' && cargo xtask crop";
        assert_eq!(said, expected);
    }
}
