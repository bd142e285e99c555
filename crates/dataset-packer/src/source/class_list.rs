//! Lists that tell of many pictures: StyleGAN's `dataset.json`, and `metadata.jsonl` of the image folders of Python's `datasets`.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::{class::class_of, metadata, notes::Notes};
use crate::item::Item;

/// What StyleGAN's tools write beside the pictures.
pub(super) const DATASET_JSON: &str = "dataset.json";

/// What tells of the files beside and below it, a line a file.
pub(super) const METADATA_JSONL: &str = "metadata.jsonl";

/// Forms of the same that are not read.
pub(super) const OTHER_METADATA: [&str; 2] = ["metadata.csv", "metadata.parquet"];

/// The part of dataset.json that is read.
#[derive(Deserialize)]
struct DatasetJson {
    labels: Option<Labels>,
}

/// Classes by name, in either of the forms that are seen.
#[derive(Deserialize)]
#[serde(untagged)]
enum Labels {
    Pairs(Vec<(String, Value)>),
    Mapping(HashMap<String, Value>),
}

/// The pictures of a folder or an archive by name.
pub(super) struct ByName<'a> {
    pictures: &'a mut [(String, Item)],
    indices: HashMap<String, usize>,
}

impl<'a> ByName<'a> {
    /// Pictures, whose names within the source come with them.
    pub(super) fn new(pictures: &'a mut [(String, Item)]) -> Self {
        let indices = pictures.iter().enumerate().map(|(index, (name, _))| (name.clone(), index)).collect();
        Self { pictures, indices }
    }

    /// The picture that a list in `folder` means by `name`: relative to the list, else to the source, else to the one folder that
    /// all of the source is in.
    fn find(&mut self, folder: &str, name: &str) -> Option<&mut Item> {
        let name = name.replace('\\', "/");
        let name = name.trim_start_matches("./").trim_start_matches('/');
        let first = self.pictures.first().and_then(|(first, _)| first.split_once('/')).map_or("", |(first, _)| first);
        let candidates = [format!("{folder}{name}"), name.to_owned(), format!("{first}/{name}")];
        let index = candidates.iter().find_map(|candidate| self.indices.get(candidate))?;
        Some(&mut self.pictures[*index].1)
    }

    /// Takes in the classes of a dataset.json that lies in `folder`, which is empty or ends in a slash.
    ///
    /// # Errors
    /// When it is not JSON, or its labels are neither pairs nor a mapping.
    pub(super) fn add_dataset_json(&mut self, folder: &str, json: &[u8], notes: &mut Notes) -> Result<(), String> {
        let read: DatasetJson = serde_json::from_slice(json)
            .map_err(|error| format!("its {folder}{DATASET_JSON} cannot be read: {error}"))?;
        let labels: Vec<(String, Value)> = match read.labels {
            None => return Ok(()),
            Some(Labels::Pairs(pairs)) => pairs,
            Some(Labels::Mapping(mapping)) => mapping.into_iter().collect(),
        };
        for (name, value) in labels {
            let Some(item) = self.find(folder, &name) else {
                notes
                    .count(format!("classes in {folder}{DATASET_JSON} are of no picture here"), || format!("{name:?}"));
                continue;
            };
            match class_of(&value) {
                Ok(class) => item.label = class.or(item.label),
                Err(bad) => notes.count(format!("classes in {folder}{DATASET_JSON} are no classes"), || {
                    format!("that of {name:?}, which is {bad}")
                }),
            }
        }
        Ok(())
    }

    /// Takes in what a metadata.jsonl tells that lies in `folder`.
    ///
    /// # Errors
    /// When a line of it is not JSON.
    pub(super) fn add_metadata(&mut self, folder: &str, lines: &str, notes: &mut Notes) -> Result<(), String> {
        for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let unreadable = |error| format!("cannot read {folder}{METADATA_JSONL}: line {}: {error}", number + 1);
            let json: Value = serde_json::from_str(line).map_err(unreadable)?;
            let Some(name) = json.get("file_name").and_then(Value::as_str) else {
                notes.count(format!("lines of {folder}{METADATA_JSONL} have no file_name"), || {
                    format!("line {}", number + 1)
                });
                continue;
            };
            match self.find(folder, name) {
                Some(item) => metadata::add(&json, item, notes),
                None => {
                    notes.count(format!("lines of {folder}{METADATA_JSONL} are of no picture here"), || {
                        format!("{name:?}")
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::location::Location;

    fn labelled(names: &[&str], folder: &str, json: &str) -> (Vec<Option<i64>>, Vec<String>) {
        let item = |name: &&str| (name.to_string(), Item::foreign(name.to_string(), Location::File(PathBuf::new())));
        let mut pictures: Vec<_> = names.iter().map(item).collect();
        let mut notes = Notes::default();
        ByName::new(&mut pictures).add_dataset_json(folder, json.as_bytes(), &mut notes).unwrap();
        (pictures.iter().map(|(_, item)| item.label).collect(), notes.sentences("it").collect())
    }

    #[test]
    fn every_form_of_dataset_json_is_read() {
        let check = |names: &[&str], folder: &str, json: &str| {
            let (labels, notes) = labelled(names, folder, json);
            assert_eq!((labels, notes), (vec![Some(1), Some(2)], vec![]), "{json}");
        };
        let plain = r#"{"labels": [["0/a.png", 1], ["0/b.png", 2]]}"#;
        check(&["0/a.png", "0/b.png"], "", plain);
        check(&["root/0/a.png", "root/0/b.png"], "root/", plain);
        check(&["root/0/a.png", "root/0/b.png"], "", plain);
        check(&["0/a.png", "0/b.png"], "", r#"{"labels": [["0\\a.png", 1.0], ["./0/b.png", [0, 0, 1]]]}"#);
        check(&["0/a.png", "0/b.png"], "", r#"{"labels": {"0/a.png": 1, "0/b.png": "2"}}"#);
    }

    #[test]
    fn what_is_not_read_is_told() {
        let (labels, notes) =
            labelled(&["a.png", "b.png"], "", r#"{"labels": [["a.png", "cat"], ["c.png", 1], ["b.png", 4]]}"#);
        assert_eq!(labels, [None, Some(4)]);
        assert_eq!(
            notes,
            [
                "it: 1 classes in dataset.json are no classes, such as that of \"a.png\", which is the text \"cat\"",
                "it: 1 classes in dataset.json are of no picture here, such as \"c.png\"",
            ]
        );
        assert_eq!(labelled(&["a.png"], "", r#"{"labels": null, "more": 1}"#), (vec![None], vec![]));
        let mut pictures = [];
        let refused = ByName::new(&mut pictures).add_dataset_json("", b"{\"labels\": 5}", &mut Notes::default());
        assert!(refused.unwrap_err().contains("dataset.json cannot be read"));
    }
}
