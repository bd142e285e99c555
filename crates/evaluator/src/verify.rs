//! Whether an evaluation is of the weights and the dataset that are there, and is what was written.

use std::path::Path;

use contracts::{
    ContentHash, Context, Report, Stage as _, StageId,
    options::EvaluateOptions,
    publish,
    report::State,
    verification::{Draw, Fault, Verification},
};
use dataset::Dataset;

use crate::{Evaluate, error::EvaluateError, evaluation::Evaluation};

/// What was compared.
///
/// # Errors
/// When something is damaged, or there is no dataset.
pub(crate) fn verify(context: &Context<'_>, draw: Draw) -> Result<String, EvaluateError> {
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
        match Evaluation::parse(&json) {
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
        if draw == Draw::All && verification.damaged.is_empty() {
            measure_again(context, &path, &json, &mut verification)?;
        }
    } else {
        verification.compared(format!("nothing measured yet at {}", path.display()));
    }
    Ok(verification.conclude()?)
}

/// Measures again, which makes the same file of the same weights; another one is put back, so that only a word is lost.
fn measure_again(
    context: &Context<'_>,
    path: &Path,
    json: &[u8],
    verification: &mut Verification,
) -> Result<(), EvaluateError> {
    let report = Evaluate::run(context, &EvaluateOptions::default())?;
    let again = publish::read_file(path)?;
    if report.state == State::Complete && again != json {
        publish::write_file(path, json)?;
        verification.damaged(path, Fault::Different, StageId::Evaluate);
    }
    verification.compared("the same measured again");
    Ok(())
}
