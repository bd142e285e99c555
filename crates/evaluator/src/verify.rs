//! Whether an evaluation is of the weights and the dataset that are there, and is what was written.

use contracts::{
    ContentHash, Context, Report, StageId,
    verification::{Fault, Verification},
};
use dataset::Dataset;

use crate::{error::EvaluateError, evaluation::Evaluation};

/// What was compared.
///
/// # Errors
/// When something is damaged, or there is no dataset.
pub(crate) fn verify(context: &Context<'_>) -> Result<String, EvaluateError> {
    let Context { config, layout, .. } = *context;
    let dataset = Dataset::open(&layout.dataset())?;
    let run = config.run_id(&dataset.hash());
    let folder = layout.run(&run);
    let path = folder.evaluation_metrics();
    let mut verification = Verification::default();
    if let Ok(json) = std::fs::read(&path) {
        verification.compared(path.display().to_string());
        let reported = Report::read(layout, StageId::Evaluate)?.filter(|report| report.run.as_ref() == Some(&run));
        let written = reported.and_then(|report| report.output);
        match serde_json::from_slice::<Evaluation>(&json) {
            Ok(_) if written.is_some_and(|written| written != ContentHash::of(&json)) => {
                verification.damaged(&path, Fault::Altered, StageId::Evaluate);
            }
            Ok(found) => {
                if found.dataset != dataset.hash() {
                    verification.damaged(&path, Fault::Different, StageId::Evaluate);
                }
                verification.file(&folder.generator(), &found.generator, StageId::Train);
            }
            Err(_) => verification.damaged(&path, Fault::Altered, StageId::Evaluate),
        }
    } else {
        verification.compared(format!("nothing measured yet at {}", path.display()));
    }
    Ok(verification.conclude()?)
}
