//! Where the images come from, and what makes the run again.

use maud::{Markup, html};

use super::elements::{cell, counted, missing, table};
use crate::page_content::{DatasetFacts, PageContent};

/// Images by the site that they come from.
pub(super) fn sources(dataset: &DatasetFacts) -> Markup {
    let rows: Vec<_> = dataset
        .sources
        .iter()
        .map(|(site, count)| [site.clone(), counted(count.train), counted(count.holdout)].map(cell).to_vec())
        .collect();
    table(&["source", "training images", "kept out"].map(str::to_owned), &rows)
}

/// Hashes and seed, then the configuration and the provenance in full.
pub(super) fn facts(content: &PageContent) -> Markup {
    let generator = content.evaluation.as_ref().map(|found| found.evaluation.generator.to_string());
    html! {
        dl {
            (fact("run", &content.run.to_string()))
            (fact("recipe", &content.recipe))
            (fact("seed", &content.seed.to_string()))
            (fact("dataset", &content.dataset.hash.to_string()))
            @if let Some(generator) = generator { (fact("measured weights", &generator)) }
        }
        (folded("config.toml", &content.config))
        @match &content.provenance {
            Some(json) => (folded("provenance.json", json)),
            None => (missing("the run has no provenance.json yet")),
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { dt { (name) } dd { code { (value) } } }
}

fn folded(name: &str, text: &str) -> Markup {
    html! { details { summary { (name) } pre { (text) } } }
}
