//! The pages that show runs: one file each, pictures and the one script inside, legible on a phone and in the dark.

mod axis;
mod chart;
mod comparison;
mod data;
mod elements;
mod facts;
mod film;
mod funnel;
mod measures;
mod nearest;

use contracts::foreign::escaped;
use elements::{Section, counted, figure, missing};
use loopback::hash_source;
use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use self::comparison::comparison;
use crate::page_content::{Embedded, Frame, Notice, RunPage, Scope};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

impl RunPage {
    /// The page as HTML: a function of what was gathered, and of nothing else.
    pub fn render(&self) -> String {
        let head = html! {
            h1 { (self.title) }
            p { (subtitle(self)) }
            (facts::figures(self))
        };
        document(&self.title, &head, &self.notices, &sections(self))
    }
}

fn sections(page: &RunPage) -> Vec<Section> {
    let section = |heading, content| Section { heading, content };
    let mut sections = vec![section("Samples", samples(page))];
    if page.scope != Scope::Training {
        if let Some((classes, sheet)) = &page.by_class {
            sections.push(section("Samples by class", elements::rows(classes, sheet)));
        }
        sections.push(section("Measures", measures::measures(page.evaluation.as_ref())));
        if page.neighbours.is_some() {
            sections.push(section("Nearest faces", nearest::nearest(page.neighbours.as_ref(), &page.pages)));
        }
        if let Some(walks) = &page.walks {
            sections.push(section("Latent walks", figure(walks, "Each row walks from one latent to the next.")));
        }
    }
    sections.push(section("Training", training(page)));
    if page.scope == Scope::Whole {
        sections.push(section("From posts to rows", funnel::funnel(&page.stages)));
        sections.push(section("Crops", data::crops(page.faces.as_ref(), &page.pages)));
        sections.push(section("Dataset", data::dataset(page.dataset.as_ref())));
        sections.push(section("Sources", data::sources(page.sources.as_ref())));
        sections.push(section("Time", funnel::times(&page.stages)));
    }
    sections.push(section("Provenance", facts::facts(page)));
    sections
}

/// A page of ours, self-contained.
fn document(title: &str, head: &Markup, notices: &[Notice], sections: &[Section]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    (head)
                    @if !notices.is_empty() { ul.notices { @for notice in notices { li { (notice.to_string()) } } } }
                }
                nav aria-label="Contents" {
                    ul { @for section in sections { li { a href={ "#" (section.anchor()) } { (section.heading) } } } }
                }
                main {
                    @for section in sections { (section.markup()) }
                    footer { "Made by Nijigen " (env!("CARGO_PKG_VERSION")) ". This file is complete in itself: it loads nothing." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    // Names and tags of strangers are in it: whatever steers how text is shown would steer ours too.
    escaped(&page.into_string())
}

/// Nothing but what is in the file is loaded, and nothing runs or styles the page but our own, whatever ends up in it.
fn policy() -> String {
    let (script, style) = (hash_source(SCRIPT), hash_source(STYLE));
    format!(
        "default-src 'none'; img-src data:; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    )
}

fn subtitle(page: &RunPage) -> Markup {
    let provenance = &page.provenance;
    html! {
        "Run " code { (page.run) }
        @if let Some(recipe) = provenance.recipe_name() { ": recipe " (recipe) }
        @if let Some(side) = provenance.dataset.resolution { ", " (side) " px" }
        @if let Some(rows) = provenance.dataset.train_rows { ", " (counted(rows)) " training images" }
    }
}

fn samples(page: &RunPage) -> Markup {
    let caption = html! { "The same latents through training." };
    html! {
        (film::film(&[(caption, &page.film)]))
        div.pictures {
            @if let Some(Frame { images, picture }) = &page.samples {
                (headed("Final samples", picture, &format!("The newest, in full: after {} images shown.", counted(*images))))
            }
            @match &page.reals {
                Some(reals) => (headed("Real images", reals, "Drawn from those that were kept out of training, then from the others.")),
                None if page.scope == Scope::Training => {}
                None => (missing("no real images to compare with: the evaluation was not run yet")),
            }
        }
    }
}

fn headed(heading: &str, picture: &Embedded, caption: &str) -> Markup {
    html! { div { h3 { (heading) } (figure(picture, caption)) } }
}

fn training(page: &RunPage) -> Markup {
    if page.plots.is_empty() {
        return missing("training has logged nothing yet");
    }
    html! {
        p.lead { "Over thousands of real images shown. Point at a curve, or choose it and use the arrow keys, to read its values." }
        (chart::charts(&page.plots))
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Report, StageId, report::Dropped};

    use super::*;
    use crate::page_content::{Pages, Provenance, tests::grid};

    /// A run of which nothing is there but its name.
    pub(in crate::page) fn bare(title: &str) -> RunPage {
        RunPage {
            title: title.into(),
            run: "dcgan-64px-00000001".parse().unwrap(),
            scope: Scope::Whole,
            stages: StageId::ALL.map(|stage| (stage, None)).into(),
            film: vec![],
            samples: None,
            reals: None,
            walks: None,
            by_class: None,
            neighbours: None,
            plots: vec![],
            evaluation: None,
            dataset: None,
            faces: None,
            sources: None,
            pages: Pages::new(),
            config: Some("seed = 7 # <a & b>".into()),
            provenance: Provenance::default(),
            provenance_text: None,
            notices: vec![],
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let page = bare("Nijigen").render();
        for text in [
            "no samples were made yet",
            "no real images to compare with",
            "training has logged nothing yet",
            "nothing was measured yet",
            "no report",
            "no provenance.json",
            "there are no crops here",
        ] {
            assert!(page.contains(text), "{text:?} is not in {page}");
        }
    }

    #[test]
    fn no_text_becomes_markup() {
        let mut content = bare("<script>alert('1')</script> & \"co\"");
        let mut report = Report::new(StageId::Crawl);
        report.dropped.push(Dropped { tag: "bad".into(), reason: "<b>bad</b>".into(), count: 1 });
        report.warnings.push("a < b".into());
        content.stages[0].1 = Some(report);
        content.notices.push(Notice::Missing { what: "<i>", mend: "&" });
        let page = content.render();
        assert_eq!(page.matches("<script").count(), 1, "our own");
        assert!(!page.contains("<b>bad") && !page.contains("<i>:"), "{page}");
        for text in ["&lt;script&gt;alert('1')&lt;/script&gt; &amp; &quot;co&quot;", "a &lt; b", "&lt;a &amp; b&gt;"] {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn the_policy_allows_what_the_page_has_and_nothing_else() {
        let page = bare("t").render();
        assert!(!page.contains(" style=\"") && !page.contains("javascript:"), "the policy forbids both");
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'; img-src data:; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && page.contains(&policy), "maud escapes no single quotes");
    }

    #[test]
    fn the_newest_frame_is_seen_without_the_script() {
        let mut content = bare("t");
        let frame = |images| Frame { images, picture: grid(images as u8) };
        content.film = vec![frame(0), frame(1500)];
        let page = content.render();
        assert!(page.contains("alt=\"Samples after 0 images\" hidden>"), "{page}");
        assert!(page.contains("alt=\"Samples after 1\u{202f}500 images\">"), "{page}");
    }
}
