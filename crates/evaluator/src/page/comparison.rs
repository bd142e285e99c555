//! Several runs side by side on one page.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Config, config::key_path};
use maud::{Markup, html};
use metrics::{Best, Measurement, Metric};

use super::{
    chart, document,
    elements::{Section, cell, counted, missing, significant, table},
    film, measures,
};
use crate::{
    history::{Curve, Plot},
    page_content::{Frame, RunPage},
};

/// The page as HTML.
pub(crate) fn comparison(runs: &[RunPage]) -> String {
    let title = format!("{} runs compared", runs.len());
    let head = html! { h1 { (title) } (overview(runs)) };
    let notices: Vec<_> = runs.iter().flat_map(|run| run.notices()).cloned().collect();
    let section = |heading, content| Section { heading, content };
    let sections = [
        section("Samples", samples(runs)),
        section("Measures", metrics_table(runs)),
        section("Settings that differ", settings(runs)),
        section("Training", chart::charts(&overlaid(runs))),
    ];
    document(&title, &head, &notices, &sections)
}

/// A run's name with its colour.
fn name(index: usize, run: &RunPage) -> Markup {
    html! { span class={ "swatch " (chart::colour(index)) } {} code { (run.run) } }
}

fn overview(runs: &[RunPage]) -> Markup {
    let text = |value: Option<String>| cell(value.unwrap_or_else(|| "–".into()));
    let row = |(index, run): (usize, &RunPage)| {
        let provenance = &run.provenance;
        let shown = run.film.last().map_or(0, |frame| frame.images).max(provenance.images_shown);
        vec![
            name(index, run),
            text(provenance.recipe_name().map(str::to_owned)),
            text(provenance.dataset.resolution.map(|side| format!("{side} px"))),
            cell(significant(shown as f64 / 1000.0, 5)),
            text(provenance.seed.map(|seed| seed.to_string())),
            text(provenance.device.clone()),
            text(provenance.dataset.hash.map(|hash| hash.short())),
            text(provenance.dataset.train_rows.map(counted)),
        ]
    };
    let rows: Vec<_> = runs.iter().enumerate().map(row).collect();
    table(&["run", "recipe", "side", "kimg", "seed", "device", "dataset", "training images"], &rows)
}

/// The grids of the same latents, under one slider.
fn samples(runs: &[RunPage]) -> Markup {
    let reels: Vec<(Markup, &[Frame])> =
        runs.iter().enumerate().map(|(index, run)| (name(index, run), &run.film[..])).collect();
    let latents: BTreeSet<_> = runs.iter().map(|run| (run.provenance.seed, latent_size(run))).collect();
    html! {
        @if latents.len() > 1 {
            p.note { "The runs have different seeds or latents, so their grids do not show the same ones." }
        }
        (film::film(&reels))
    }
}

fn latent_size(run: &RunPage) -> Option<u32> {
    run.provenance.recipe().map(|recipe| recipe.latent.size)
}

/// A row a metric, a column a run; the best is marked where there is one.
fn metrics_table(runs: &[RunPage]) -> Markup {
    let found: Vec<BTreeMap<(Metric, String), &Measurement>> = runs.iter().map(measured).collect();
    let names: BTreeSet<&(Metric, String)> = found.iter().flat_map(BTreeMap::keys).collect();
    let distances = distance_row(runs);
    if names.is_empty() && distances.is_none() {
        return missing("nothing was measured of these runs yet");
    }
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "metric" }
                        @for (index, run) in runs.iter().enumerate() { th scope="col" { (name(index, run)) } }
                        th scope="col" { "better" }
                    }
                }
                tbody {
                    @for key in names {
                        @let row: Vec<Option<&Measurement>> = found.iter().map(|run| run.get(key).copied()).collect();
                        @let best = best_of(&row);
                        tr {
                            th scope="row" { (key.0) small { (key.1) } }
                            @for (index, measurement) in row.iter().enumerate() {
                                td.best[best == Some(index)] { (measurement_cell(*measurement)) }
                            }
                            td { (measures::best(key.0)) }
                        }
                    }
                    @if let Some(distances) = distances {
                        tr {
                            th scope="row" { "sliced-wasserstein" small { "± between pairs of sets" } }
                            @for distance in distances { td { (distance) } }
                            td { "lower" }
                        }
                    }
                }
            }
        }
        p.note { "In the second line the interval that holds a value in 95 of 100 resamples. Values of different numbers of images are not comparable." }
    }
}

fn measured(run: &RunPage) -> BTreeMap<(Metric, String), &Measurement> {
    let all = run.evaluation.iter().flat_map(|found| found.evaluation.measurements());
    all.map(|(network, measurement)| ((measurement.metric, network.unwrap_or_default().to_owned()), measurement))
        .collect()
}

fn measurement_cell(measurement: Option<&Measurement>) -> Markup {
    let Some(measurement) = measurement else { return cell("–") };
    html! {
        (measures::value(measurement))
        small {
            (counted(measurement.counts[1] as u64)) " images"
            @if let Some(baseline) = measurement.baseline { ", real " (significant(baseline, 3)) }
        }
    }
}

/// The index of the best value, unless it is the only one or another is as good.
fn best_of(row: &[Option<&Measurement>]) -> Option<usize> {
    // How far a value is from the best that there could be.
    let lack = |measurement: &Measurement| match measurement.metric.best() {
        Best::Lowest => Some(measurement.value),
        Best::Highest => Some(-measurement.value),
        Best::Baseline => measurement.baseline.map(|baseline| (measurement.value - baseline).abs()),
    };
    let there = row.iter().enumerate().filter_map(|(index, measurement)| Some((index, lack((*measurement)?)?)));
    let mut lacks: Vec<(usize, f64)> = there.collect();
    lacks.sort_by(|a, b| a.1.total_cmp(&b.1));
    match lacks[..] {
        [first, second, ..] if first.1 < second.1 => Some(first.0),
        _ => None,
    }
}

fn distance_row(runs: &[RunPage]) -> Option<Vec<String>> {
    let distance = |run: &RunPage| {
        let distances = run.evaluation.as_ref()?.evaluation.sliced_wasserstein.as_ref()?;
        distances.holdout.as_ref().or(distances.train.as_ref()).map(measures::mean)
    };
    let all: Vec<Option<String>> = runs.iter().map(distance).collect();
    let any = all.iter().any(Option::is_some);
    any.then(|| all.into_iter().map(|distance| distance.unwrap_or_else(|| "–".into())).collect())
}

/// The keys of the configuration and of the recipe in which the runs differ.
fn settings(runs: &[RunPage]) -> Markup {
    let all: Vec<BTreeMap<String, String>> = runs.iter().map(keys).collect();
    let names: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    let value = |run: &BTreeMap<String, String>, name: &String| run.get(name).cloned();
    let differs = |name: &&String| all.iter().any(|run| value(run, name) != value(&all[0], name));
    let row = |name: &String| {
        let values =
            all.iter().map(|run| value(run, name).map_or_else(|| cell("–"), |value| html! { code { (value) } }));
        [html! { code { (name) } }].into_iter().chain(values).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<Markup>> = names.into_iter().filter(differs).map(row).collect();
    if rows.is_empty() {
        return missing("none: the runs have the same settings");
    }
    let ids: Vec<String> = runs.iter().map(|run| run.run.to_string()).collect();
    let headings: Vec<&str> = ["key"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    table(&headings, &rows)
}

/// Every key that says how a run came to be, with its value: the configuration's, where one that a run of an earlier version
/// lacks has its default, and the recipe's.
fn keys(run: &RunPage) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    if let Some(config) = run.config.as_ref().and_then(|text| text.parse::<toml::Table>().ok()) {
        for section in Config::default().sections() {
            for key in section.keys() {
                let default = section.get(key.name).map(|value| value.to_string());
                keys.extend(default.map(|value| (key_path(section.name(), key.name), value)));
            }
        }
        // A table is given key by key, and so has no default.
        keys.remove("train.override");
        flatten("", &toml::Value::Table(config), &mut keys);
    }
    let recipe = run.provenance.recipe().and_then(|recipe| recipe.to_toml().parse::<toml::Table>().ok());
    if let Some(recipe) = recipe {
        flatten("recipe", &toml::Value::Table(recipe), &mut keys);
    }
    keys.insert("dataset".into(), run.provenance.dataset.hash.map_or_else(|| "–".into(), |hash| hash.short()));
    keys.retain(|name, _| !name.starts_with("paths.") && !name.starts_with("cluster."));
    keys
}

fn flatten(path: &str, value: &toml::Value, keys: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, value)| flatten(&key_path(path, key), value, keys)),
        other => drop(keys.insert(path.to_owned(), other.to_string())),
    }
}

/// A plot for each curve that any run has, with a curve a run.
fn overlaid(runs: &[RunPage]) -> Vec<Plot> {
    let mut plots: Vec<Plot> = Vec::new();
    for (colour, run) in runs.iter().enumerate() {
        for plot in &run.plots {
            for curve in &plot.curves {
                let title = format!("{}: {}", plot.title, curve.name);
                let index = plots.iter().position(|plot| plot.title == title).unwrap_or_else(|| {
                    plots.push(Plot { title, note: plot.note.clone(), curves: Vec::new() });
                    plots.len() - 1
                });
                let of_run = Curve { name: run.run.to_string(), colour, points: curve.points.clone() };
                plots[index].curves.push(of_run);
            }
        }
    }
    plots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{measures::tests::found, tests::bare};

    fn run(id: &str, frechet: f64, config: &str) -> RunPage {
        let mut run = bare(id);
        run.run = id.parse().unwrap();
        run.config = Some(config.into());
        let mut evaluation = found(true);
        evaluation.evaluation.features[0].measurements[0].value = frechet;
        run.evaluation = Some(evaluation);
        let points = vec![(0.0, 1.0), (1.0, frechet)];
        let curves = vec![Curve { name: "generator".into(), colour: 1, points }];
        run.plots = vec![Plot { title: "Loss".into(), note: String::new(), curves }];
        run
    }

    #[test]
    fn what_differs_is_told_and_what_is_alike_is_not() {
        let runs = [
            run("a-1", 41.25, "[train]\nbatch_size = 16\n"),
            run("b-2", 30.5, "[train]\nbatch_size = 16\nmax_kimg = 7.0\n"),
        ];
        let html = settings(&runs).into_string();
        assert!(html.contains("train.max_kimg") && html.contains("2000.0") && html.contains("7.0"), "{html}");
        assert!(!html.contains("batch_size"), "{html}");
        assert!(settings(&[run("a-1", 1.0, ""), run("b-2", 2.0, "")]).into_string().contains("the same settings"));
    }

    #[test]
    fn the_best_is_marked_and_intervals_stand_below() {
        let html = comparison(&[run("a-1", 41.25, ""), run("b-2", 30.5, "")]);
        assert!(html.contains("<td class=\"best\">30.5<small class=\"number\">39.5"), "{html}");
        assert_eq!(html.matches("class=\"best\"").count(), 1);
        assert!(html.contains("Loss: generator") && html.contains("<li class=\"c1\"><i></i>b-2<b></b>"), "{html}");
    }

    #[test]
    fn equals_have_no_best() {
        let page = run("a-1", 41.25, "");
        let measurement = &page.evaluation.as_ref().unwrap().evaluation.features[0].measurements[0];
        assert_eq!(best_of(&[Some(measurement), Some(measurement)]), None);
        assert_eq!(best_of(&[Some(measurement), None]), None);
    }
}
