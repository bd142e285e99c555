//! The page: every experiment with its formulas, plots and numbers.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{experiment::Experiment, finding::number};

const STYLE: &str = "
body { margin: 2rem auto; max-width: 76rem; padding: 0 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: #1e1e22; }
h1 { font-size: 1.7rem; } h2 { margin-top: 3rem; font-size: 1.25rem; border-top: 1px solid #e4e4e8; padding-top: 1.5rem; }
p { max-width: 46rem; } nav a { margin-right: 1rem; } a { color: #0072b2; }
.formula { font: italic 1.1rem/1.6 'STIX Two Math', Cambria, Georgia, serif; margin-left: 1.5rem; white-space: pre-wrap; }
img { max-width: 100%; height: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .92rem; } th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #eeeef1; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; } .yes { color: #007a5a; } .no { color: #b3261e; font-weight: 600; }
";

/// The page of these experiments; `plot` names an experiment's plot, relative to the page.
pub(crate) fn of(experiments: &[Experiment], plot: impl Fn(&str) -> String) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Laboratory" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "What theory says of GANs, tried" }
                p {
                    "Each experiment calls the functions that recipes train with, takes seconds on a processor, and is held against what theory expects. "
                    code { "cargo xtask lab" } " makes this page; " code { "--check" } " fails where a number is not as expected."
                }
                nav { @for experiment in experiments { a href={ "#" (experiment.name) } { (experiment.title) } " " } }
                @for experiment in experiments { (section(experiment, &plot(experiment.name))) }
            }
        }
    };
    page.into_string()
}

fn section(experiment: &Experiment, plot: &str) -> Markup {
    let (width, height) = experiment.figure.size();
    html! {
        section id=(experiment.name) {
            h2 { (experiment.title) }
            (experiment.theory)
            img src=(plot) width=(width) height=(height) alt=(experiment.title);
            table {
                thead { tr { th { "measured" } th { "expected" } th { "found" } th {} } }
                tbody {
                    @for finding in &experiment.findings {
                        tr {
                            td { (finding.what) }
                            td class="number" { (finding.expected) }
                            td class="number" { (number(finding.found)) }
                            @if finding.holds() { td class="yes" { "as expected" } } @else { td class="no" { "not as expected" } }
                        }
                    }
                }
            }
        }
    }
}
