//! The fixed latents through training: frames that a slider runs through.

use maud::{Markup, html};

use super::elements::{counted, missing};
use crate::page_content::Frame;

/// The frames of one run, or of several side by side under one slider, each with its caption.
pub(super) fn film(reels: &[(Markup, &[Frame])]) -> Markup {
    if reels.iter().all(|(_, frames)| frames.is_empty()) {
        return missing("no samples were made yet");
    }
    html! {
        div.film.many[reels.len() > 1] {
            div.reels { @for (caption, frames) in reels { (reel(caption, frames)) } }
            // Shown by the script, which gives the slider its stops; without it the newest frames are seen.
            div.controls hidden {
                button type="button" { "Play" }
                input type="range" min="0" max="0" step="1" aria-label="images shown until then";
                output {}
            }
        }
    }
}

fn reel(caption: &Markup, frames: &[Frame]) -> Markup {
    let newest = frames.len().saturating_sub(1);
    html! {
        figure.reel {
            @for (index, Frame { images, picture }) in frames.iter().enumerate() {
                @let alt = format!("Samples after {} images", counted(*images));
                img data-images=(images) src=(picture.uri) width=(picture.width) height=(picture.height) alt=(alt) hidden[index != newest];
            }
            @if frames.is_empty() { (missing("no samples were made yet")) }
            figcaption { (caption) }
        }
    }
}
