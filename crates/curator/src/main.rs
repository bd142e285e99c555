//! The program behind `cargo xtask curate`: a page of all faces, the doubtful first, from which a key throws out.

mod arguments;
mod choices;
mod doubt;
mod faces;
mod filter;
mod page;
mod scores;
mod shards;
mod thumbnails;

use std::{process::ExitCode, sync::Mutex};

use anyhow::bail;
use arguments::Arguments;
use choices::Choices;
use contracts::{Context, stdout};
use doubt::{Doubt, Evidence};
use page::Curation;
use thumbnails::Thumbnails;

fn main() -> ExitCode {
    stage::tool(run)
}

/// Serves the page until the interrupt.
fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<String> {
    let layout = context.layout;
    let faces = faces::read(layout)?;
    if faces.is_empty() {
        bail!("there are no faces in {} yet: `cargo xtask crop` cuts them", layout.faces().display());
    }
    let shards = shards::of(&faces);
    let thumbnails = Thumbnails::open(context, &faces, &shards)?;
    let scores = scores::of(context, arguments, &faces, &shards)?;
    let doubt = Doubt::of(&Evidence { faces: &faces, thumbnails: &thumbnails, scores: scores.as_deref() });
    let choices = Mutex::new(Choices::read(layout, &faces)?);
    let curation = Curation { faces, thumbnails, doubt, choices, layout: layout.clone() };
    let server = page::serve(curation)?;
    stdout::line(server.address())?;
    context.interrupt.wait();
    Ok(String::new())
}
