//! pipeline.toml as a list of assignments, each with its line.

use serde::Deserialize as _;
use toml::{
    Spanned, Value,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{
    problem::{Problem, nearest},
    section::key_path,
};

/// One `key = value` somewhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment {
    /// The section; empty above all sections.
    pub(super) section: String,
    /// The key within the section.
    pub(super) key: String,
    /// What it is set to.
    pub(super) value: Value,
    /// Where it is written: "pipeline.toml:12".
    pub(super) origin: String,
}

/// What a file says, still unchecked against the schema.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// What stands outside all profiles.
    pub(super) base: Vec<Assignment>,
    /// By profile, in the file's order.
    pub(super) profiles: Vec<(String, Vec<Assignment>)>,
    /// Lines that are no TOML, tables where none belong.
    pub(super) problems: Vec<Problem>,
}

/// Reads TOML text; `file` is how the file is called in messages, `sections` are the sections that exist.
pub(super) fn parse(text: &str, file: &str, sections: &[&str]) -> Document {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, file, sections, document: Document::default() };
    for error in errors {
        let origin = reader.origin(error.span().map_or(0, |span| span.start));
        reader.document.problems.push(Problem { origin, message: error.message().to_owned() });
    }
    for (key, value) in root.into_inner() {
        reader.top(key, value);
    }
    reader.document
}

struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    sections: &'a [&'a str],
    document: Document,
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;

impl Reader<'_> {
    fn top(&mut self, key: Key<'_>, value: Spanned<DeValue<'_>>) {
        if key.get_ref() == "profile" {
            self.profiles(key, value);
        } else {
            let assignments = self.section_or_key(key, value);
            self.document.base.extend(assignments);
        }
    }

    fn profiles(&mut self, key: Key<'_>, value: Spanned<DeValue<'_>>) {
        let DeValue::Table(profiles) = value.into_inner() else {
            return self.problem(&key, "profiles are tables: [profile.NAME.crawl]".into());
        };
        for (name, profile) in profiles {
            let DeValue::Table(sections) = profile.into_inner() else {
                self.problem(&name, format!("profile.{} must be a table: [profile.{0}.crawl]", name.get_ref()));
                continue;
            };
            let mut assignments = Vec::new();
            for (key, value) in sections {
                assignments.extend(self.section_or_key(key, value));
            }
            self.document.profiles.push((name.into_inner().into_owned(), assignments));
        }
    }

    fn section_or_key(&mut self, key: Key<'_>, value: Spanned<DeValue<'_>>) -> Vec<Assignment> {
        let known = self.sections.contains(&key.get_ref().as_ref());
        match value.get_ref() {
            DeValue::Table(_) if known => self.section(key.get_ref(), value),
            DeValue::Table(_) => {
                let meant = nearest(key.get_ref(), self.sections.iter().copied());
                let hint = meant.map_or_else(String::new, |name| format!("; did you mean [{name}]?"));
                self.problem(&key, format!("there is no section [{}]{hint}", key.get_ref()));
                Vec::new()
            }
            _ if known => {
                self.problem(&key, format!("{0} is a section: write [{0}] and its keys below", key.get_ref()));
                Vec::new()
            }
            _ => self.assignment("", key, value).into_iter().collect(),
        }
    }

    fn section(&mut self, name: &str, value: Spanned<DeValue<'_>>) -> Vec<Assignment> {
        let DeValue::Table(keys) = value.into_inner() else { return Vec::new() };
        let mut assignments = Vec::new();
        for (key, value) in keys {
            let inner = key_path(name, key.get_ref());
            match value.get_ref() {
                DeValue::Table(_) if self.sections.contains(&inner.as_str()) => {
                    assignments.extend(self.section(&inner, value));
                }
                _ => assignments.extend(self.assignment(name, key, value)),
            }
        }
        assignments
    }

    fn assignment(&mut self, section: &str, key: Key<'_>, value: Spanned<DeValue<'_>>) -> Option<Assignment> {
        let origin = self.origin(key.span().start);
        let key = key.into_inner().into_owned();
        match Value::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(Assignment { section: section.to_owned(), key, value, origin }),
            Err(error) => {
                let message = format!("{}: {}", key_path(section, &key), error.message());
                self.document.problems.push(Problem { origin, message });
                None
            }
        }
    }

    fn problem(&mut self, key: &Key<'_>, message: String) {
        let origin = self.origin(key.span().start);
        self.document.problems.push(Problem { origin, message });
    }

    fn origin(&self, offset: usize) -> String {
        let line = 1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        format!("{}:{line}", self.file)
    }
}
