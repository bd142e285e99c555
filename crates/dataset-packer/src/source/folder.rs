//! A folder of pictures, with the folders in it.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Inventory, metadata, push_file, slashed};

/// What tells of the files beside and below it, a line a file, in the image folders of Python's `datasets`.
const METADATA: &str = "metadata.jsonl";

/// Adds the pictures of a folder, by name; `prefix` goes before each. Hidden files and links to other folders are passed over.
/// What a metadata.jsonl tells of a picture is kept.
pub(super) fn list(folder: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let mut metadata = HashMap::new();
    for file in files.iter().filter(|file| file.ends_with(METADATA)) {
        read_metadata(file, &mut metadata)?;
    }
    let name = |path: &Path| format!("{prefix}{}", slashed(path.strip_prefix(folder).unwrap_or(path)));
    let mut named: Vec<(String, PathBuf)> = files.into_iter().map(|path| (name(&path), path)).collect();
    named.sort();
    for (name, path) in named {
        let json = metadata.get(&path);
        if let (Some(item), Some(json)) = (push_file(inventory, path, name), json) {
            metadata::add(json, item);
        }
    }
    Ok(())
}

/// Adds what a metadata.jsonl tells, by the path of the file that it is about.
fn read_metadata(path: &Path, metadata: &mut HashMap<PathBuf, Value>) -> Result<(), String> {
    let unreadable = |problem: String| format!("cannot read {}: {problem}", path.display());
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    for (number, line) in text.lines().enumerate() {
        let json: Value =
            serde_json::from_str(line).map_err(|error| unreadable(format!("line {}: {error}", number + 1)))?;
        if let Some(name) = json.get("file_name").and_then(Value::as_str) {
            metadata.insert(path.with_file_name(name), json);
        }
    }
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("cannot read the folder {}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type().map_err(unreadable)?.is_dir() {
            true => walk(&entry.path(), files)?,
            false if entry.path().is_dir() => {}
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_sorted_from_all_depths() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("b/c")).unwrap();
        for name in ["z.png", "b/c/1.jpeg", "b/2.webp", "a.gif", "b/readme.md", ".hidden.png"] {
            fs::write(root.path().join(name), b"x").unwrap();
        }
        let mut inventory = Inventory::default();
        list(root.path(), "", &mut inventory).unwrap();
        let names: Vec<&str> = inventory.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["a.gif", "b/2.webp", "b/c/1.jpeg", "z.png"]);
        assert_eq!(inventory.other_files, 1);
    }

    #[test]
    fn an_image_folder_tells_of_its_pictures() {
        let root = tempfile::tempdir().unwrap();
        let metadata = |text: &str| {
            fs::create_dir_all(root.path().join("train/deep")).unwrap();
            fs::write(root.path().join("train/deep/a.png"), b"x").unwrap();
            fs::write(root.path().join("b.png"), b"x").unwrap();
            fs::write(root.path().join("train/metadata.jsonl"), text).unwrap();
            let mut inventory = Inventory::default();
            list(root.path(), "", &mut inventory)?;
            let facts =
                |item: &crate::item::Item| (item.name.clone(), item.post().map(ToString::to_string), item.label);
            Ok::<_, String>(inventory.items.iter().map(facts).collect::<Vec<_>>())
        };
        let found = metadata(
            "{\"file_name\": \"deep/a.png\", \"post\": \"mini:5\", \"label\": 2}\n{\"file_name\": \"none.png\"}\n",
        );
        let expected = [("b.png".into(), None, None), ("train/deep/a.png".into(), Some("mini:5".into()), Some(2))];
        assert_eq!(found.unwrap(), expected);
        let error = metadata("{\"file_name\": \"deep/a.png\"}\nnonsense\n").unwrap_err();
        assert!(error.contains("metadata.jsonl: line 2"), "{error}");
    }
}
