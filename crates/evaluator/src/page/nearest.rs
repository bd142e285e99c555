//! Samples beside the training faces nearest to them, with the posts that these come from.

use maud::{Markup, html};

use super::elements::{link, missing, significant, tile, tiles_source};
use crate::{
    evaluation::{NearFace, Neighbours},
    page_content::{Embedded, Pages, Tiles},
};

/// What the page calls the sheet that tiles are cut from.
const SHEET: &str = "neighbours-sheet";

/// Samples that are shown at once; the others are folded.
const SHOWN: usize = 12;

/// A row a sample: the sample, then its nearest training faces.
pub(super) fn nearest(found: Option<&(Neighbours, Embedded)>, pages: &Pages) -> Markup {
    let Some((neighbours, sheet)) = found else { return missing("nothing was measured yet") };
    let columns = 1 + neighbours.samples.iter().map(|sample| sample.nearest.len()).max().unwrap_or(0);
    let tiles = Tiles { sheet: sheet.clone(), columns, rows: neighbours.samples.len() };
    let (first, rest) = (0..neighbours.samples.len().min(SHOWN), SHOWN..neighbours.samples.len());
    let rows = |range: std::ops::Range<usize>| {
        html! {
            ul.nearest { @for row in range { (sample(neighbours, row, &tiles, pages)) } }
        }
    };
    html! {
        p.lead {
            "The sample, then the training faces nearest to it, with their distance in grey levels as thumbnails of 16 × 16 pixels. \
             A copy is a face that one of these already is."
        }
        (tiles_source(SHEET, &tiles))
        (rows(first))
        @if !rest.is_empty() {
            details { summary { (rest.len()) " more samples" } (rows(rest)) }
        }
    }
}

fn sample(neighbours: &Neighbours, row: usize, tiles: &Tiles, pages: &Pages) -> Markup {
    let sample = &neighbours.samples[row];
    html! {
        li {
            ul {
                li { (tile(SHEET, tiles, row * tiles.columns, &format!("Sample {}", sample.sample))) "sample " (sample.sample) }
                @for (index, face) in sample.nearest.iter().enumerate() {
                    li {
                        (tile(SHEET, tiles, row * tiles.columns + 1 + index, &format!("Training face {}", face.row)))
                        (source(face, pages)) br;
                        (significant(face.distance, 3))
                    }
                }
            }
        }
    }
}

/// The post, linked to its page where the crawl noted one, else to the picture.
fn source(face: &NearFace, pages: &Pages) -> Markup {
    let text = face.post.as_ref().map_or_else(|| face.path.clone(), ToString::to_string);
    let page = face.post.as_ref().and_then(|post| pages.get(post)).or(face.source_url.as_ref());
    link(page.map_or("", String::as_str), &text)
}

#[cfg(test)]
mod tests {
    use contracts::{ContentHash, id::PostId};

    use super::*;
    use crate::evaluation::SampleNeighbours;

    #[test]
    fn each_face_leads_to_its_post() {
        let post: PostId = "konachan:7".parse().unwrap();
        let face = |post: Option<&PostId>, source_url: Option<&str>| NearFace {
            row: 3,
            distance: 12.345,
            path: "a/<b>.png".into(),
            post: post.cloned(),
            source_url: source_url.map(str::to_owned),
        };
        let nearest_faces =
            vec![face(Some(&post), Some("https://x.invalid/i.png")), face(None, Some("javascript:alert(1)"))];
        let neighbours = Neighbours {
            format: Neighbours::FORMAT.into(),
            version: Neighbours::VERSION,
            run: "r-1".parse().unwrap(),
            generator: ContentHash::of(b"g"),
            side: 32,
            samples: vec![SampleNeighbours { sample: 5, nearest: nearest_faces }],
        };
        let sheet = Embedded { uri: "data:image/png;base64,AA".into(), width: 96, height: 32 };
        let pages = Pages::from([(post, "https://konachan.invalid/post/show/7".to_owned())]);
        let html = nearest(Some(&(neighbours, sheet)), &pages).into_string();
        assert!(
            html.contains("href=\"https://konachan.invalid/post/show/7\"") && html.contains(">konachan:7</a>"),
            "{html}"
        );
        assert!(!html.contains("javascript") && html.contains("a/&lt;b&gt;.png"), "{html}");
        assert!(html.contains("viewBox=\"32 0 32 32\"") && html.contains("12.3"), "{html}");
    }
}
