//! Questions about the dataset that is there: where something comes from, what it looks like, the same in another form.

use contracts::{Context, options::PackOptions};
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
    let dataset = Dataset::open(&context.layout.dataset())?;
    match (options.export, &options.out) {
        (Some(format), Some(out)) => export::export(&dataset, format, out, context),
        (Some(_), None) => Err(PackError::NoDestination),
        (None, _) => statistics::describe(&dataset, context),
    }
}
