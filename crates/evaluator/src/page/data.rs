//! What was trained on: the crops, the dataset, who the pictures come from.

use std::collections::BTreeMap;

use dataset::Colours;
use maud::{Markup, html};

use super::elements::{cell, counted, fact, figure, image, link, missing, per_cent, table, tile, tiles_source};
use crate::page_content::{Author, Doubtful, Faces, Packed, Pages, Sources};

/// What the page calls the sheets that tiles are cut from.
const DOUBTFUL: &str = "doubtful-sheet";
const KEPT: &str = "kept-sheet";

/// The most tags that are listed.
const MAX_TAGS: usize = 40;

/// Crops that were kept, and those that were nearly left out.
pub(super) fn crops(faces: Option<&Faces>, pages: &Pages) -> Markup {
    let Some(faces) = faces else {
        return missing("there are no crops here: the images come from folders or archives");
    };
    html! {
        p.lead { (counted(faces.count)) " faces were kept: some from all over, then those that were nearly left out, the most doubtful first." }
        @if let Some(kept) = &faces.kept {
            h3 { "Kept" }
            (tiles_source(KEPT, kept))
            (figure(&kept.sheet, "Faces that were kept"))
        }
        h3 { "Nearly left out" }
        @match &faces.doubtful {
            Some((tiles, doubtful)) => {
                (tiles_source(DOUBTFUL, tiles))
                ul.tiles {
                    @for (index, face) in doubtful.iter().enumerate() {
                        li {
                            (tile(DOUBTFUL, tiles, index, &format!("Face {}", face.file)))
                            (reasons(&face.reasons)) (turn(face.angle)) br;
                            (post(face, pages))
                        }
                    }
                }
            }
            None => (missing("none was doubtful")),
        }
    }
}

fn post(face: &Doubtful, pages: &Pages) -> Markup {
    let Some(post) = &face.post else { return html! {} };
    link(pages.get(post).map_or("", String::as_str), &post.to_string())
}

/// The letters of the cropper's list in words.
fn reasons(letters: &str) -> String {
    let words = |letter| match letter {
        'N' => "few neighbours",
        'W' => "low level weight",
        'G' => "flat greys",
        'B' => "blurred",
        'S' => "small",
        _ => "doubtful",
    };
    letters.chars().map(words).collect::<Vec<_>>().join(", ")
}

/// How far a face is turned, behind its reasons; nothing of one that is not.
fn turn(angle: f64) -> String {
    if angle == 0.0 { String::new() } else { format!(", turned by {angle:+}°") }
}

/// The dataset in figures and pictures.
pub(super) fn dataset(packed: Option<&Packed>) -> Markup {
    let Some(Packed { side, statistics, sheet, mean, .. }) = packed else {
        return missing("the dataset that the run was trained on is not here");
    };
    let rows: Vec<String> =
        statistics.splits.iter().map(|(split, rows)| format!("{} {split}", counted(*rows as u64))).collect();
    html! {
        p.lead { (rows.join(" and ")) " rows of " (side) " × " (side) " pixels." }
        @if let Some(sheet) = sheet { (figure(sheet, "Training images from all over the dataset")) }
        div.pictures {
            figure {
                h3 { "Hue and brightness" }
                (histograms(&statistics.colours))
                figcaption { "Hues weighted by how colourful they are, above; pixels from black to white, below." }
            }
            @if let Some(mean) = mean {
                figure { h3 { "The mean image" } (image(mean, "The mean of the images", "small")) }
            }
        }
        div.counts {
            (counts("Ratings", &statistics.ratings))
            (counts("Faces by their side in the picture", &statistics.face_sides))
            (counts("Faces by how they were turned", &statistics.face_turns))
            (counts("Classes", &statistics.labels))
        }
        @if !statistics.tags.is_empty() { (tags(&statistics.tags, rows_in_all(packed))) }
    }
}

fn rows_in_all(packed: Option<&Packed>) -> u64 {
    packed.map_or(0, |packed| packed.statistics.splits.iter().map(|(_, rows)| *rows as u64).sum())
}

fn counts(name: &str, counts: &BTreeMap<String, u64>) -> Markup {
    // A single class that stands for "none" says nothing.
    if counts.len() <= 1 && counts.contains_key("none") {
        return html! {};
    }
    html! {
        div {
            h3 { (name) }
            dl { @for (what, count) in counts.iter().take(MAX_TAGS) { (fact(what.trim(), &cell(counted(*count)))) } }
        }
    }
}

fn tags(tags: &BTreeMap<String, u64>, rows: u64) -> Markup {
    let mut common: Vec<_> = tags.iter().collect();
    common.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    html! {
        details {
            summary { "The most common of " (counted(tags.len() as u64)) " tags" }
            ul.authors {
                @for (tag, count) in common.into_iter().take(MAX_TAGS) {
                    li { (tag) " " small { (per_cent(*count as f64 / rows.max(1) as f64)) } }
                }
            }
        }
    }
}

/// Bars in their own colours, each histogram scaled to its tallest.
fn histograms(colours: &Colours) -> Markup {
    html! {
        svg.histogram viewBox="0 0 304 224" role="img" aria-label="Histograms of hue and brightness" {
            (bars(&colours.hues, 108.0, Colours::of_hue))
            (bars(&colours.levels, 216.0, Colours::of_level))
        }
    }
}

fn bars(counts: &[u64], base: f64, colour: impl Fn(usize) -> [u8; 3]) -> Markup {
    let tallest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let width = 288.0 / counts.len().max(1) as f64;
    html! {
        @for (bar, count) in counts.iter().enumerate() {
            @let height = 96.0 * *count as f64 / tallest;
            @let [red, green, blue] = colour(bar);
            rect x=(format!("{:.1}", 8.0 + bar as f64 * width)) y=(format!("{:.1}", base - height)) width=(format!("{:.1}", width - 0.8))
                height=(format!("{height:.1}")) fill={ "rgb(" (red) "," (green) "," (blue) ")" } {}
        }
    }
}

/// Images by site and author, and what may be done with them as far as anybody says.
pub(super) fn sources(sources: Option<&Sources>) -> Markup {
    let Some(sources) = sources else { return missing("the dataset that the run was trained on is not here") };
    let row = |(site, count): (&String, &crate::page_content::SourceCount)| {
        let licence = if count.posts > 0 { "none stated by the site" } else { "not known to the pipeline" };
        let counts = [count.posts, count.train, count.holdout].map(counted).map(cell);
        [vec![cell(site)], counts.to_vec(), vec![cell(licence)]].concat()
    };
    let rows: Vec<_> = sources.sites.iter().map(row).collect();
    html! {
        (table(&["source", "posts", "training images", "kept out", "licence"], &rows))
        p.note {
            "Boorus state no licences: pictures belong to those who drew them. See to it that you may use them, and forget a post \
             for good with " code { "cargo xtask forget" } "."
        }
        @if !sources.authors.is_empty() { (authors(sources)) }
    }
}

fn authors(sources: &Sources) -> Markup {
    let more = sources.author_count - sources.authors.len();
    html! {
        h3 { (counted(sources.author_count as u64)) " authors, as the sites name them" }
        ul.authors {
            @for Author { name, site, posts, images } in &sources.authors {
                li { (name) " " small { (site) ", " (counted(*images)) " images of " (counted(*posts)) " posts" } }
            }
        }
        @if more > 0 { p.note { "and " (counted(more as u64)) " more, in " code { "data/raw/manifest.jsonl" } } }
        @if sources.without_author > 0 { p.note { (counted(sources.without_author)) " images have no author that a site names." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page_content::{Embedded, SourceCount, Tiles};

    #[test]
    fn doubtful_faces_say_why_and_lead_to_their_posts() {
        let tiles = Tiles { sheet: Embedded { uri: "data:,".into(), width: 96, height: 96 }, columns: 1, rows: 1 };
        let face = Doubtful { file: "a/b.png".into(), reasons: "NB".into(), post: "mini:3".parse().ok(), angle: -15.0 };
        let faces = Faces { count: 9, kept: None, doubtful: Some((tiles, vec![face])) };
        let pages = Pages::from([("mini:3".parse().unwrap(), "http://mini.invalid/post/show/3".into())]);
        let html = crops(Some(&faces), &pages).into_string();
        assert!(
            html.contains("few neighbours, blurred, turned by -15°")
                && html.contains("href=\"http://mini.invalid/post/show/3\""),
            "{html}"
        );
    }

    #[test]
    fn authors_are_escaped_and_the_rest_is_counted() {
        let author = Author { name: "<img src=x>".into(), site: "mini".into(), posts: 2, images: 3 };
        let sites = BTreeMap::from([("mini".to_owned(), SourceCount { train: 4, holdout: 1, posts: 3 })]);
        let html = super::sources(Some(&Sources { sites, authors: vec![author], author_count: 5, without_author: 2 }))
            .into_string();
        assert!(html.contains("&lt;img src=x&gt;") && html.contains("and 4 more") && !html.contains("<img"), "{html}");
        assert!(html.contains("none stated by the site"), "{html}");
    }
}
