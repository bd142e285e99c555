//! Questions about the dataset that is there: where something comes from, what it looks like, the same in another form.

use std::fmt::Write as _;

use contracts::{Context, exclusion, options::PackOptions};
use dataset::Dataset;

use crate::{error::PackError, export, statistics, trace, verify::verify};

/// What the options ask, answered for stdout.
pub(crate) fn answer(context: &Context<'_>, options: &PackOptions) -> Result<String, PackError> {
    if let Some(draw) = options.verify {
        return verify(context, draw);
    }
    if let Some(id) = &options.trace {
        return trace::trace(id, context.layout);
    }
    if options.restore {
        return restore(context);
    }
    let dataset = Dataset::open(&context.layout.dataset())?;
    match (options.export, &options.out) {
        (Some(format), Some(out)) => export::export(&dataset, format, out, context),
        (Some(_), None) => Err(PackError::NoDestination),
        (None, _) => statistics::describe(&dataset, context),
    }
}

/// Takes back what deletions excluded, and names it, a face a line.
fn restore(context: &Context<'_>) -> Result<String, PackError> {
    let restored = exclusion::restore(context.layout)?;
    let mut text = String::new();
    for face in &restored {
        let [x, y, width, height] = face.pixel_box.into();
        let _ = writeln!(text, "{} {width}x{height}+{x}+{y}", face.picture);
    }
    let _ = match restored.len() {
        0 => writeln!(text, "no face is excluded because it was deleted"),
        count => writeln!(text, "{count} taken back: `cargo xtask crop` cuts what is gone again"),
    };
    Ok(text)
}
