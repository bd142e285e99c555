//! Whether a stage has to run, and the exact reasons.

use std::{collections::BTreeMap, fmt};

use contracts::{ContentHash, StageId, spec::NewCode};

use crate::{
    build, code, inputs,
    lock::{Entry, Fingerprint, Lock},
    project::Project,
    workspace::Workspace,
};

/// What is to be done about a stage.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Freshness {
    /// Its outputs are what it would make now.
    Fresh,
    /// Only its code changed, and repeating it is expensive: it is left alone unless asked for.
    OldCode(Vec<Reason>),
    /// It has to run: something that its output depends on is not what it was.
    Stale(Vec<Reason>),
}

impl Freshness {
    /// Why it is not fresh.
    pub(crate) fn reasons(&self) -> &[Reason] {
        match self {
            Self::Fresh => &[],
            Self::OldCode(reasons) | Self::Stale(reasons) => reasons,
        }
    }
}

/// One reason to run a stage again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reason {
    /// It never came to its end here.
    NeverRun,
    /// Its output is gone, or is not what it wrote.
    Output(&'static str),
    /// A share of it was begun, and the whole was not put together since.
    SharesBegun,
    /// Some items failed last time.
    Failures(u64),
    /// Something that it reads changed.
    Input(Change),
    /// A configuration key changed.
    Key(Change),
    /// Its code, or that of what it is built with, changed.
    Code(Change),
}

/// A named thing that changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    name: String,
    before: Option<String>,
    now: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => write!(f, "it has not run to its end yet"),
            Self::Output(what) => write!(f, "its output {what}"),
            Self::SharesBegun => {
                f.write_str("a share of it was begun; `cargo xtask` without --shard puts the whole together")
            }
            Self::Failures(count) => write!(f, "{count} items failed last time"),
            Self::Input(change) => write!(f, "{change}"),
            Self::Key(change) => write!(f, "key {change}"),
            Self::Code(change) => write!(f, "code: {change}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| match value {
            None => "nothing".to_owned(),
            Some(hash) if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => hash[..8].to_owned(),
            // A recipe's whole text, say, which would hide everything else.
            Some(text) if text.len() > 100 => {
                format!("a text with SHA-256 {}", ContentHash::of(text.as_bytes()).short())
            }
            Some(text) => text.clone(),
        };
        write!(f, "{} changed: {} -> {}", self.name, shown(&self.before), shown(&self.now))
    }
}

/// What a stage would be made from, if it ran now.
pub(crate) fn fingerprint(workspace: &Workspace, project: &Project, stage: StageId) -> anyhow::Result<Fingerprint> {
    let feature = build::feature(stage, &project.config);
    Ok(Fingerprint {
        inputs: inputs::of(stage, project)?,
        config: project.config.output_keys(stage),
        code: code::parts(workspace, stage.spec().package, feature.as_slice())?,
    })
}

/// Judges a stage by what the lock remembers and what is there.
pub(crate) fn judge(
    workspace: &Workspace,
    project: &Project,
    lock: &Lock,
    stage: StageId,
) -> anyhow::Result<Freshness> {
    let now = fingerprint(workspace, project, stage)?;
    let output = inputs::output(stage, project)?;
    Ok(match lock.entry(&project.lock_name(), stage) {
        None => Freshness::Stale(vec![Reason::NeverRun]),
        Some(entry) => {
            let mut reasons = reasons(entry, &now);
            if project.layout.share_marker(stage).is_some_and(|marker| marker.exists()) {
                reasons.insert(0, Reason::SharesBegun);
            }
            match output {
                None => reasons.insert(0, Reason::Output("is missing")),
                Some(hash) if hash != entry.output => reasons.insert(0, Reason::Output("was changed since")),
                Some(_) => {}
            }
            verdict(stage, reasons)
        }
    })
}

fn verdict(stage: StageId, reasons: Vec<Reason>) -> Freshness {
    let only_code = reasons.iter().all(|reason| matches!(reason, Reason::Code(_)));
    match reasons.is_empty() {
        true => Freshness::Fresh,
        false if only_code && stage.spec().new_code == NewCode::Keep => Freshness::OldCode(reasons),
        false => Freshness::Stale(reasons),
    }
}

fn reasons(entry: &Entry, now: &Fingerprint) -> Vec<Reason> {
    let before = &entry.fingerprint;
    let mut reasons = Vec::new();
    if entry.failed > 0 {
        reasons.push(Reason::Failures(entry.failed));
    }
    reasons.extend(changes(&before.inputs, &now.inputs).map(Reason::Input));
    reasons.extend(changes(&before.config, &now.config).map(Reason::Key));
    reasons.extend(changes(&before.code, &now.code).map(Reason::Code));
    reasons
}

fn changes<'a>(
    before: &'a BTreeMap<String, String>,
    now: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = Change> + 'a {
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    now.keys().chain(gone).filter(|name| before.get(*name) != now.get(*name)).map(|name| Change {
        name: name.clone(),
        before: before.get(name).cloned(),
        now: now.get(name).cloned(),
    })
}

#[cfg(test)]
mod tests {

    use super::*;

    fn fingerprint(key: &str, code: &str) -> Fingerprint {
        let one = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
        Fingerprint { inputs: BTreeMap::new(), config: one("crop.size", key), code: one("crate stage", code) }
    }

    fn check(stage: StageId, failed: u64, now: &Fingerprint, expected: &[&str]) -> Freshness {
        let entry = Entry { output: ContentHash::of(b""), failed, fingerprint: fingerprint("96", "a") };
        let verdict = verdict(stage, reasons(&entry, now));
        let said: Vec<String> = verdict.reasons().iter().map(ToString::to_string).collect();
        assert_eq!(said, expected);
        verdict
    }

    #[test]
    fn each_reason_is_named() {
        assert_eq!(check(StageId::Crop, 0, &fingerprint("96", "a"), &[]), Freshness::Fresh);
        check(StageId::Crop, 0, &fingerprint("64", "a"), &["key crop.size changed: 96 -> 64"]);
        check(
            StageId::Crop,
            2,
            &fingerprint("96", "b"),
            &["2 items failed last time", "code: crate stage changed: a -> b"],
        );
    }

    #[test]
    fn a_code_change_alone_does_not_repeat_a_training() {
        let train = |now| check_verdict(StageId::Train, now);
        assert!(matches!(train(fingerprint("96", "b")), Freshness::OldCode(_)));
        assert!(matches!(train(fingerprint("64", "b")), Freshness::Stale(_)));
        assert!(matches!(check_verdict(StageId::Crop, fingerprint("96", "b")), Freshness::Stale(_)));
    }

    fn check_verdict(stage: StageId, now: Fingerprint) -> Freshness {
        let entry = Entry { output: ContentHash::of(b""), failed: 0, fingerprint: fingerprint("96", "a") };
        verdict(stage, reasons(&entry, &now))
    }
}
