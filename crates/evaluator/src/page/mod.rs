//! The page that shows a run: one file without scripts, pictures inside, legible on a phone and in the dark.

mod chart;
mod distances;
mod elements;
mod origins;
mod stages;

use elements::{counted, missing, png_uri, section};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    history::Curve,
    page_content::{PageContent, SampleFile},
};

const STYLE: &str = include_str!("style.css");

/// Nothing but what is in the file is loaded or run, whatever ends up in it.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The page as HTML.
pub(crate) fn render(content: &PageContent) -> String {
    let sections = [
        section("Samples", &samples(content)),
        section("Losses", &curves(&content.history.losses, "loss over thousands of images shown")),
        section(
            "Scores",
            &curves(&content.history.scores, "the discriminator's mean score over thousands of images shown"),
        ),
        section("Distance to real images", &distances::table(content.evaluation.as_ref())),
        section("What it was made from", &stages::table(&content.stages)),
        section("Sources", &origins::sources(&content.dataset)),
        section("Provenance", &origins::facts(content)),
    ];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (content.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header { h1 { (content.title) } p { (subtitle(content)) } }
                    @for section in sections { (section) }
                }
            }
        }
    };
    page.into_string()
}

fn subtitle(content: &PageContent) -> Markup {
    let train = content.dataset.sources.values().map(|count| count.train).sum();
    html! {
        "run " code { (content.run) } ": recipe " (content.recipe) ", " (content.dataset.side) " px, " (counted(train))
        " training images"
    }
}

fn samples(content: &PageContent) -> Markup {
    let shown = |sample: &SampleFile, what: &str| {
        let images = counted(sample.images);
        figure(&sample.png, &format!("{what}, after {images} images shown"))
    };
    html! {
        div.pictures {
            @match (&content.first_sample, &content.newest_sample) {
                (Some(first), Some(newest)) => {
                    (shown(newest, "The newest samples"))
                    (shown(first, "The first samples, of the same latents"))
                }
                (Some(only), None) => (shown(only, "Samples")),
                _ => (missing("no samples were made yet")),
            }
            @match &content.reals {
                Some(png) => (figure(png, "Real images")),
                None => (missing("no real images to compare with: the evaluation was not run yet")),
            }
        }
    }
}

fn figure(png: &[u8], caption: &str) -> Markup {
    html! { figure { img src=(png_uri(png)) alt=(caption); figcaption { (caption) } } }
}

fn curves(curves: &[Curve], caption: &str) -> Markup {
    match chart::lines(curves) {
        Some(svg) => html! { figure { (svg) figcaption { (caption) } } },
        None => missing("training has logged nothing yet"),
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Config, ContentHash, Report, StageId, report::Dropped};

    use super::*;
    use crate::{
        history::History,
        page_content::{DatasetFacts, SourceCount},
    };

    fn bare(title: &str) -> PageContent {
        let hash = ContentHash::of(b"dataset");
        PageContent {
            title: title.into(),
            run: Config::default().run_id(&hash),
            recipe: "dcgan".into(),
            seed: 7,
            dataset: DatasetFacts {
                hash,
                side: 64,
                sources: [("konachan".into(), SourceCount { train: 19_000, holdout: 1000 })].into(),
            },
            stages: StageId::ALL.map(|stage| (stage, None)).into(),
            first_sample: None,
            newest_sample: None,
            reals: None,
            history: History::default(),
            evaluation: None,
            config: "seed = 7 # <a & b>".into(),
            provenance: None,
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let page = render(&bare("Nijigen"));
        for text in [
            "no samples were made yet",
            "no real images to compare with",
            "training has logged nothing yet",
            "nothing was measured yet",
            "no report",
            "no provenance.json",
            "19\u{202f}000 training images",
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
        let page = render(&content);
        assert!(!page.contains("<script") && !page.contains("<b>bad"), "{page}");
        for text in ["&lt;script&gt;alert('1')&lt;/script&gt; &amp; &quot;co&quot;", "a &lt; b", "&lt;a &amp; b&gt;"] {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn one_sample_is_not_shown_twice() {
        let mut content = bare("t");
        content.first_sample = Some(SampleFile { images: 0, png: vec![1, 2, 3] });
        assert_eq!(render(&content).matches("AQID").count(), 1);
        content.newest_sample = Some(SampleFile { images: 1500, png: vec![3, 2, 1] });
        let page = render(&content);
        assert!(page.contains("data:image/png;base64,AwIB") && page.contains("after 1\u{202f}500 images"), "{page}");
    }
}
