//! The page that shows a run: one file without scripts, pictures inside, legible on a phone and in the dark.

mod chart;
mod distances;
mod markup;
mod provenance;
mod stages;

use crate::material::{Material, Sample};
use markup::{counted, escaped, missing, png_uri, section};

const STYLE: &str = include_str!("style.css");

/// Nothing but what is in the file is loaded or run, whatever ends up in it.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The page as HTML.
pub(crate) fn render(material: &Material) -> String {
    let title = escaped(&material.title);
    let sections = [
        section("Samples", &samples(material)),
        section("Losses", &curves(&material.history.losses, "loss over thousands of images shown")),
        section(
            "Scores",
            &curves(&material.history.scores, "the discriminator's mean score over thousands of images shown"),
        ),
        section("Distance to real images", &distances::table(material.evaluation.as_ref())),
        section("What it was made from", &stages::table(&material.stages)),
        section("Sources", &provenance::sources(&material.dataset)),
        section("Provenance", &provenance::facts(material)),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p>{}</p>\n</header>\n{}</main>\n</body>\n</html>\n",
        subtitle(material),
        sections.concat()
    )
}

fn subtitle(material: &Material) -> String {
    let train = material.dataset.sources.values().map(|count| count.train).sum();
    format!(
        "run <code>{}</code>: recipe {}, {} px, {} training images",
        escaped(material.run.to_string()),
        escaped(&material.recipe),
        material.dataset.side,
        counted(train)
    )
}

fn samples(material: &Material) -> String {
    let shown = |sample: &Sample, what: &str| {
        let images = counted(sample.images);
        picture(&sample.png, &format!("{what}, after {images} images shown"))
    };
    let mut figures = String::new();
    match (&material.first_sample, &material.newest_sample) {
        (Some(first), Some(newest)) => {
            figures += &shown(newest, "The newest samples");
            figures += &shown(first, "The first samples, of the same latents");
        }
        (Some(only), None) => figures += &shown(only, "Samples"),
        _ => figures += &missing("no samples were painted yet"),
    }
    match &material.reals {
        Some(png) => figures += &picture(png, "Real images"),
        None => figures += &missing("no real images to compare with: the evaluation was not run yet"),
    }
    format!("<div class=\"pictures\">\n{figures}</div>\n")
}

fn picture(png: &[u8], caption: &str) -> String {
    let caption = escaped(caption);
    format!("<figure><img src=\"{}\" alt=\"{caption}\"><figcaption>{caption}</figcaption></figure>\n", png_uri(png))
}

fn curves(curves: &[crate::history::Curve], caption: &str) -> String {
    match chart::lines(curves) {
        Some(svg) => format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escaped(caption)),
        None => missing("training has logged nothing yet"),
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Config, ContentHash, Report, StageId};

    use super::*;
    use crate::{
        history::History,
        material::{DatasetFacts, SourceCount},
    };

    fn bare(title: &str) -> Material {
        let hash = ContentHash::of(b"dataset");
        Material {
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
            "no samples were painted yet",
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
        let mut material = bare("<script>alert('1')</script> & \"co\"");
        let mut report = Report::new(StageId::Crawl);
        report.drop_one("<b>bad</b>");
        report.warnings.push("a < b".into());
        material.stages[0].1 = Some(report);
        let page = render(&material);
        assert!(!page.contains("<script") && !page.contains("<b>bad"), "{page}");
        for text in
            ["&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;co&quot;", "a &lt; b", "&lt;a &amp; b&gt;"]
        {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn one_sample_is_not_shown_twice() {
        let mut material = bare("t");
        material.first_sample = Some(Sample { images: 0, png: vec![1, 2, 3] });
        assert_eq!(render(&material).matches("AQID").count(), 1);
        material.newest_sample = Some(Sample { images: 1500, png: vec![3, 2, 1] });
        let page = render(&material);
        assert!(page.contains("data:image/png;base64,AwIB") && page.contains("after 1\u{202f}500 images"), "{page}");
    }
}
