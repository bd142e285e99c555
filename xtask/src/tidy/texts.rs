//! What no source file may say.

use std::collections::BTreeSet;

use super::sources::Source;

/// The module that alone joins the pipeline's paths.
const LAYOUT: &str = "crates/contracts/src/layout/";

/// How texts are compared: a reason travels as an enum, and its sentence is for people.
const COMPARISONS: [&str; 6] = [".starts_with(", ".ends_with(", ".contains(", "== \"", "!= \"", " LIKE "];

/// What is spoken of where a reason is compared.
const SUBJECT: &str = "reason";

/// How a program prints that panics where nobody reads.
const PRINTS: [&str; 3] = ["println!(", "print!(", "stdout().lock("];

/// Who prints for all others, and the stand-in booru, which knows none of us.
const PRINTERS: [&str; 4] =
    ["crates/contracts/src/stdout.rs", "crates/contracts/src/stderr.rs", "crates/mini-booru/", "crates/chromium/"];

/// The folder of a crate as it was when it was built, which may be another checkout's.
const BUILT_IN: &str = "env!(\"CARGO_MANIFEST_DIR\")";

/// Who asks which checkout built the runner, and who looks for others that do.
const MAY_ASK: [&str; 2] = ["xtask/src/own_build.rs", "xtask/src/tidy/texts.rs"];

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

/// Lines that print past the one writer.
pub(super) fn that_print(sources: &[Source]) -> Vec<String> {
    let all: Vec<&Source> =
        sources.iter().filter(|source| !PRINTERS.iter().any(|printer| source.name.starts_with(printer))).collect();
    // The words stand in this file too.
    let breaks = |line: &str| PRINTS.iter().any(|print| line.contains(print)) && !line.contains("const PRINTS");
    lines(&all, breaks)
        .map(|at| format!("{at} prints by itself: use contracts::stdout for answers, contracts::tell for people"))
        .collect()
}

/// Files, tests too, that look for others where the crate lay when it was built.
pub(super) fn that_keep_the_checkout(sources: &[Source]) -> Vec<String> {
    let keep = |source: &&Source| source.text.contains(BUILT_IN) && !MAY_ASK.contains(&source.name.as_str());
    let told = |source: &Source| {
        format!("{} keeps the folder that it was built in: ask for CARGO_MANIFEST_DIR when it runs", source.name)
    };
    sources.iter().filter(keep).map(told).collect()
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
    fn one_writer_prints() {
        let check = |name: &str, text: &str, found: usize| {
            assert_eq!(that_print(&[source(name, text)]).len(), found, "{text}");
        };
        check("crates/a/src/lib.rs", "println!(\"x\");", 1);
        check("crates/a/src/lib.rs", "    eprint!(\"x\");", 1);
        check("crates/a/src/lib.rs", "let mut out = io::stdout().lock();", 1);
        check("crates/a/src/lib.rs", "command.stdout(Stdio::piped());\n// println!(", 0);
        check("crates/a/benches/a.rs", "println!(\"x\");", 0);
        check("crates/contracts/src/stdout.rs", "io::stdout().lock()", 0);
    }

    #[test]
    fn nobody_keeps_the_checkout_that_it_was_built_in() {
        let text = format!("Path::new({BUILT_IN})");
        let check = |name: &str, found| assert_eq!(that_keep_the_checkout(&[source(name, &text)]).len(), found);
        check("crates/a/tests/a.rs", 1);
        check(MAY_ASK[0], 0);
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
