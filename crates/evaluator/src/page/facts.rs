//! What a run is: its settings, its hashes, the versions that made it.

use contracts::{BestGenerator, hash::ContentHash};
use maud::{Markup, html};

use super::elements::{counted, duration, fact, folded, missing, significant};
use crate::page_content::RunPage;

/// The figures that people look for first.
pub(super) fn figures(page: &RunPage) -> Markup {
    let provenance = &page.provenance;
    let shown = page.film.last().map_or(0, |frame| frame.images).max(provenance.images_shown);
    let newest = |title: &str| page.plots.iter().find(|plot| plot.title == title)?.curves.first()?.points.last();
    let mut figures = vec![("images shown".to_owned(), counted(shown), epochs(provenance.epochs))];
    if let Some(rows) = provenance.dataset.train_rows {
        let posts = provenance.dataset.train_posts.filter(|posts| *posts > 0);
        let from = posts.map_or_else(String::new, |posts| format!("from {} posts", counted(posts)));
        figures.push(("training images".into(), counted(rows), from));
    }
    if let Some(first) = page.evaluation.as_ref().and_then(|found| found.evaluation.measurements().next()) {
        let (network, measurement) = first;
        let real =
            measurement.baseline.map_or_else(String::new, |real| format!("real images {}", significant(real, 3)));
        let name = format!("{} {}", measurement.metric, network.unwrap_or_default());
        figures.push((name, significant(measurement.value, 4), real));
    }
    if let Some((_, rate)) = newest("Throughput") {
        figures.push(("images a second".into(), significant(*rate, 3), provenance.device.clone().unwrap_or_default()));
    }
    if let Some((_, hours)) = newest("Time") {
        figures.push(("training time".into(), duration(hours * 3600.0), String::new()));
    }
    html! {
        dl.figures {
            @for (name, value, more) in figures {
                div { dt { (name) } dd { (value) @if !more.is_empty() { " " small { (more) } } } }
            }
        }
    }
}

fn epochs(epochs: f64) -> String {
    if epochs > 0.0 { format!("{} epochs", significant(epochs, 3)) } else { String::new() }
}

/// Hashes, versions and device, then the configuration and the provenance in full.
pub(super) fn facts(page: &RunPage) -> Markup {
    let provenance = &page.provenance;
    let text = |value: &Option<String>| value.clone().map(|value| html! { (value) });
    let number = |value: Option<u64>| value.map(|value| html! { (value) });
    let hash = |value: Option<ContentHash>| value.map(|hash| html! { code { (hash) } });
    let measured = page.evaluation.as_ref().map(|found| found.evaluation.generator);
    let all = [
        ("run", Some(html! { code { (page.run) } })),
        ("recipe", provenance.recipe_name().map(|name| html! { (name) })),
        ("seed", number(provenance.seed)),
        ("batch", number(provenance.batch_size)),
        ("device", text(&provenance.device)),
        ("trainer", text(&provenance.trainer_version)),
        ("report", Some(html! { (env!("CARGO_PKG_VERSION")) })),
        ("dataset", hash(provenance.dataset.hash.or(page.dataset.as_ref().map(|packed| packed.hash)))),
        ("generator", hash(provenance.generator)),
        ("measured weights", hash(measured)),
        ("best generator", provenance.best.as_ref().map(best)),
        ("rollbacks", number(Some(provenance.rollbacks))),
    ];
    html! {
        dl.facts { @for (name, value) in all { @if let Some(value) = value { (fact(name, &value)) } } }
        @match &page.config {
            Some(config) => (folded("config.toml", config)),
            None => (missing("the run has no config.toml")),
        }
        @match &page.provenance_text {
            Some(json) => (folded("provenance.json", json)),
            None => (missing("the run has no provenance.json yet")),
        }
    }
}

fn best(best: &BestGenerator) -> Markup {
    let method = &best.method;
    html! {
        code { "generator-best.safetensors" } ": after " (significant(best.kimg(), 5)) " kimg, " (method.metric) " "
        (significant(f64::from(best.value), 4)) " by " (method.network) ", " (counted(method.samples)) " samples against "
        (counted(method.real_images)) " of " (method.split) ", " code { (best.generator) }
    }
}
