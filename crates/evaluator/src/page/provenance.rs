//! Where the images come from, and what makes the run again.

use super::markup::{counted, escaped, missing, table};
use crate::material::{DatasetFacts, Material};

/// Images by the site that they come from.
pub(super) fn sources(dataset: &DatasetFacts) -> String {
    let rows: Vec<_> = dataset
        .sources
        .iter()
        .map(|(site, count)| vec![escaped(site), counted(count.train), counted(count.holdout)])
        .collect();
    table(&["source", "training images", "kept out"], &rows)
}

/// Hashes and seed, then the configuration and the provenance in full.
pub(super) fn facts(material: &Material) -> String {
    let fact = |name: &str, value: &str| format!("<dt>{name}</dt><dd><code>{}</code></dd>\n", escaped(value));
    let facts = [
        fact("run", &material.run.to_string()),
        fact("recipe", &material.recipe),
        fact("seed", &material.seed.to_string()),
        fact("dataset", &material.dataset.hash.to_string()),
    ];
    let generator = material.evaluation.as_ref().map(|measured| measured.evaluation.generator.to_string());
    let generator = generator.map_or_else(String::new, |hash| fact("measured weights", &hash));
    let provenance = match &material.provenance {
        Some(json) => folded("provenance.json", json),
        None => missing("the run has no provenance.json yet"),
    };
    format!("<dl>\n{}{generator}</dl>\n{}{provenance}", facts.concat(), folded("config.toml", &material.config))
}

fn folded(name: &str, text: &str) -> String {
    format!("<details><summary>{}</summary><pre>{}</pre></details>\n", escaped(name), escaped(text))
}
