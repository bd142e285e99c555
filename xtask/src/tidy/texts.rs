//! What no source file may say.

use std::collections::BTreeSet;

use super::sources::Source;

/// The module that alone joins the pipeline's paths.
const LAYOUT: &str = "crates/contracts/src/layout/";

/// How texts are compared: a reason travels as an enum, and its sentence is for people.
const COMPARISONS: [&str; 6] = [".starts_with(", ".ends_with(", ".contains(", "== \"", "!= \"", " LIKE "];

/// What is spoken of where a reason is compared.
const SUBJECT: &str = "reason";

/// Modules that do not begin by saying what they are.
pub(super) fn without_a_heading(sources: &[Source]) -> Vec<String> {
    let bare = sources.iter().filter(|source| !source.text.starts_with("//! "));
    bare.map(|source| format!("{} does not begin with a `//!` line", source.name)).collect()
}

/// Lines that join, or keep as a constant, a name that layout gives to a file or a folder.
pub(super) fn that_join_paths(sources: &[Source]) -> Vec<String> {
    let (layout, others): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.name.starts_with(LAYOUT));
    let names: BTreeSet<&str> =
        layout.iter().flat_map(|source| source.code()).filter_map(|(_, line)| joined(line)).collect();
    let is_file = |name: &str| name.contains('.');
    let keeps =
        |line: &str, name: &str| line.contains("const ") && is_file(name) && line.contains(&format!("\"{name}\""));
    let breaks = |line: &str| names.iter().any(|name| joined(line) == Some(*name) || keeps(line, name));
    lines(&others, breaks)
        .map(|at| format!("{at} names a path of the pipeline: ask contracts::layout for it"))
        .collect()
}

/// The name in `join("name")`.
fn joined(line: &str) -> Option<&str> {
    Some(line.split_once("join(\"")?.1.split_once('"')?.0)
}

/// Lines that compare the words of a reason.
pub(super) fn that_compare_reasons(sources: &[Source]) -> Vec<String> {
    let all: Vec<&Source> = sources.iter().collect();
    let breaks = |line: &str| line.contains(SUBJECT) && COMPARISONS.iter().any(|comparison| line.contains(comparison));
    lines(&all, breaks).map(|at| format!("{at} compares the words of a reason: compare the enum")).collect()
}

/// Where the lines of programs are that break a rule: "crates/a/src/lib.rs:12".
fn lines<'a>(sources: &'a [&Source], breaks: impl Fn(&str) -> bool + Copy + 'a) -> impl Iterator<Item = String> + 'a {
    sources.iter().flat_map(move |source| {
        let lines = source.code().filter(move |(_, line)| breaks(line));
        lines.map(move |(number, _)| format!("{}:{number}", source.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.into(), text: text.into() }
    }

    #[test]
    fn a_module_says_what_it_is() {
        let sources = [source("a/src/good.rs", "//! Good.\n"), source("a/tests/bad.rs", "fn bad() {}\n")];
        assert_eq!(without_a_heading(&sources), ["a/tests/bad.rs does not begin with a `//!` line"]);
    }

    #[test]
    fn only_layout_joins_its_names() {
        let check = |text: &str, found: usize| {
            let layout =
                source(&format!("{LAYOUT}mod.rs"), "self.raw().join(\"ledger.sqlite\")\nself.data.join(\"raw\")");
            let problems = that_join_paths(&[layout, source("crates/crawler/src/lib.rs", text)]);
            assert_eq!(problems.len(), found, "{text}: {problems:?}");
        };
        check("data.join(\"raw\")", 1);
        check("const LEDGER: &str = \"ledger.sqlite\";", 1);
        check("const RAW: &str = \"raw\"; // a word, as it may be", 0);
        check("// data.join(\"raw\")", 0);
        check("words.join(\"; \")", 0);
        check("#[cfg(test)]\nfolder.join(\"raw\")", 0);
    }

    #[test]
    fn reasons_are_not_told_apart_by_their_words() {
        let check = |text: &str, found: usize| {
            assert_eq!(that_compare_reasons(&[source("crates/a/src/lib.rs", text)]).len(), found, "{text}");
        };
        check("if reason.starts_with(\"filtered\") {", 1);
        check("Some(reason) if reason == \"deleted\" => {}", 1);
        check("WHERE reason LIKE 'robots.txt:%'", 1);
        check("if reason == Reason::Deleted {", 0);
        check("format!(\"{count} {reason}\")", 0);
    }
}
