//! The flags of DCGAN-tensorflow's main.py, answered with the key that replaces each.

use crate::bad_usage::BadUsage;

/// Each old flag with what to write instead.
const REPLACED: [(&str, &str); 22] = [
    ("epoch", "--set train.max_epochs=N"),
    (
        "learning_rate",
        "--set 'train.override={ generator.optimizer.learning_rate = 2e-4 }' (and the same for discriminator)",
    ),
    ("beta1", "--set 'train.override={ generator.optimizer.beta_1 = 0.5 }' (and the same for discriminator)"),
    ("train_size", "--set train.max_kimg=N (thousands of images shown)"),
    ("batch_size", "--set train.batch_size=N"),
    ("image_size", "--set crop.size=N (the side of the crops)"),
    ("input_height", "--set crop.size=N (the side of the crops)"),
    ("input_width", "--set crop.size=N (the side of the crops)"),
    ("output_size", "--set pack.resolution=N (the side that is trained on)"),
    ("output_height", "--set pack.resolution=N (the side that is trained on)"),
    ("output_width", "--set pack.resolution=N (the side that is trained on)"),
    ("c_dim", "nothing: pictures are trained on in colour"),
    ("dataset", "--set 'pack.sources=[\"data/anime/*.jpg\"]' (a folder, an archive or a glob), then pack"),
    ("input_fname_pattern", "--set 'pack.sources=[\"data/anime/*.jpg\"]' (globs work), then pack"),
    ("data_dir", "--set 'pack.sources=[\"data/anime/*.jpg\"]' (globs work), then pack"),
    ("checkpoint_dir", "--set paths.artifacts=FOLDER (a run's checkpoints lie in runs/<id>/checkpoints)"),
    ("sample_dir", "--set paths.artifacts=FOLDER (a run's samples lie in runs/<id>/samples)"),
    ("is_train", "nothing: `train` trains, and samples lie in artifacts/runs/latest/samples"),
    ("train", "nothing: `train` trains, and samples lie in artifacts/runs/latest/samples"),
    ("is_crop", "--set pack.fit=cover for True, --set pack.fit=stretch for False, then pack"),
    ("crop", "--set pack.fit=cover for True, --set pack.fit=stretch for False, then pack"),
    ("visualize", "nothing: samples lie in artifacts/runs/latest/samples"),
];

/// Refuses the old flags among the arguments of `train`, all of them at once.
pub(crate) fn refuse(words: impl IntoIterator<Item = String>) -> Result<(), BadUsage> {
    let mut words = words.into_iter();
    if words.next().as_deref() != Some("train") {
        return Ok(());
    }
    let answers: Vec<String> = words.filter_map(|word| answer(&word)).collect();
    if answers.is_empty() {
        return Ok(());
    }
    let all = answers.join("\n");
    Err(BadUsage(format!(
        "these are flags of DCGAN-tensorflow; here everything is a key of pipeline.toml:\n{all}\nits whole setting is \
         `cargo xtask pipeline --profile tutorial`"
    )))
}

fn answer(word: &str) -> Option<String> {
    let name = word.trim_start_matches('-').split('=').next()?;
    let plain = name.strip_prefix("no").filter(|rest| REPLACED.iter().any(|(old, _)| old == rest)).unwrap_or(name);
    let (old, instead) = REPLACED.iter().find(|(old, _)| word.starts_with("--") && *old == plain)?;
    Some(format!("  --{old}: {instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[&str]) {
        let refused = refuse(line.split(' ').map(str::to_owned)).err().map_or_else(String::new, |error| error.0);
        assert_eq!(refused.is_empty(), expected.is_empty(), "{line}: {refused}");
        expected.iter().for_each(|part| assert!(refused.contains(part), "{line}: {refused}"));
    }

    #[test]
    fn old_flags_are_answered_and_new_ones_pass() {
        check(
            "train --image_size 96 --output_size 48 --dataset anime --is_crop True --is_train True --epoch 300 --input_fname_pattern *.jpg",
            &["crop.size", "pack.resolution", "pack.sources", "pack.fit", "`train` trains", "max_epochs", "globs work"],
        );
        check("train --batch_size=64 --nocrop", &["train.batch_size", "pack.fit"]);
        check("train --set train.batch_size=64 --profile smoke --dry-run", &[]);
        check("train --set epoch", &[]);
        check("crop --image_size 96", &[]);
    }
}
