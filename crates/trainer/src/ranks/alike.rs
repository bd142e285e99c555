//! What has to be alike on all ranks, lest they come to other bits each.

use std::env;

use burn::module::Module;
use contracts::ContentHash;

use super::Collectives;
use crate::{error::TrainError, state::TrainingState};

/// A thing that has to be alike, by its hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alike {
    /// What it is, as an error says it: "program".
    name: &'static str,
    hash: ContentHash,
}

/// A rank that differs from rank 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rank {rank} has another {} than rank 0", .things.join(" and another "))]
pub struct Unlike {
    /// Its number.
    rank: usize,
    /// What differs.
    things: Vec<&'static str>,
}

impl Alike {
    /// A thing of this name and content.
    pub(crate) fn new(name: &'static str, content: &[u8]) -> Self {
        Self { name, hash: ContentHash::of(content) }
    }

    /// A thing whose hash is known.
    pub(crate) fn hashed(name: &'static str, hash: ContentHash) -> Self {
        Self { name, hash }
    }

    /// Where a run goes on from: how far it is, and both networks.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn state(state: &TrainingState) -> Result<Self, TrainError> {
        let networks = &state.networks;
        let mut content = format!("{:?}", state.position).into_bytes();
        content.extend(networks.generator.valid().to_safetensors()?);
        content.extend(networks.discriminator.valid().to_safetensors()?);
        Ok(Self::new("checkpoint", &content))
    }

    /// The program that this process runs. Where it cannot be read, as if it were one of its own.
    pub(crate) fn program() -> Self {
        let hash = env::current_exe().ok().and_then(|path| ContentHash::of_file(&path).ok());
        Self { name: "program", hash: hash.unwrap_or_else(|| ContentHash::of(&std::process::id().to_le_bytes())) }
    }

    /// The processor, as far as kernels are chosen by it.
    pub(crate) fn processor() -> Self {
        Self::new("kind of processor", features().as_bytes())
    }

    /// How the system's mathematical functions round.
    pub(crate) fn mathematics() -> Self {
        let functions = [f32::exp, f32::ln, f32::tanh, f32::sin, f32::cos, f32::exp_m1, f32::ln_1p];
        let numbers = (1..2000).map(|number| number as f32 * 0.004_321);
        let values = numbers.flat_map(|number| functions.map(|function| function(number)));
        let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        Self::new("C library, by which exp and its like round otherwise,", &bytes)
    }
}

/// The instructions by which the libraries of a step choose their kernels.
fn features() -> String {
    let mut text = env::consts::ARCH.to_owned();
    #[cfg(target_arch = "x86_64")]
    {
        let all = [
            ("sse4.2", is_x86_feature_detected!("sse4.2")),
            ("avx", is_x86_feature_detected!("avx")),
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("f16c", is_x86_feature_detected!("f16c")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
            ("avx512bw", is_x86_feature_detected!("avx512bw")),
            ("avx512cd", is_x86_feature_detected!("avx512cd")),
            ("avx512dq", is_x86_feature_detected!("avx512dq")),
            ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ];
        all.iter().filter(|(_, there)| *there).for_each(|(name, _)| text.extend([" ", name]));
    }
    text
}

/// Compares these things with those of the other ranks, in the same order there.
pub(super) fn compare(collectives: &dyn Collectives, alike: &[Alike]) -> Result<(), Unlike> {
    let own: Vec<u8> = alike.iter().flat_map(|thing| thing.hash.to_string().into_bytes()).collect();
    let all = collectives.all_gather_bytes(&own);
    let width = own.len() / alike.len();
    let first: Vec<&[u8]> = all[..own.len()].chunks(width).collect();
    for (rank, of_rank) in all.chunks(own.len()).enumerate() {
        let differs = alike.iter().zip(of_rank.chunks(width)).zip(&first).filter(|((_, own), first)| own != *first);
        let things: Vec<&str> = differs.map(|((thing, _), _)| thing.name).collect();
        if !things.is_empty() {
            return Err(Unlike { rank, things });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::threads;

    #[test]
    fn who_differs_and_in_what_is_told_to_all() {
        let check = |texts: [[&'static str; 2]; 4], expected: Result<(), &str>| {
            let found = threads::run(4, |ranks| {
                let [program, dataset] = texts[ranks.rank()];
                ranks.compare(&[Alike::new("program", program.as_bytes()), Alike::new("dataset", dataset.as_bytes())])
            });
            for found in found {
                assert_eq!(found.map_err(|unlike| unlike.to_string()), expected.map_err(str::to_owned));
            }
        };
        check([["a", "x"]; 4], Ok(()));
        check([["a", "x"], ["a", "x"], ["b", "x"], ["c", "y"]], Err("rank 2 has another program than rank 0"));
        check(
            [["a", "x"], ["a", "x"], ["a", "x"], ["c", "y"]],
            Err("rank 3 has another program and another dataset than rank 0"),
        );
    }

    #[test]
    fn a_process_is_like_itself() {
        let own = || [Alike::program(), Alike::processor(), Alike::mathematics()].map(|thing| thing.hash);
        assert_eq!(own(), own());
    }
}
