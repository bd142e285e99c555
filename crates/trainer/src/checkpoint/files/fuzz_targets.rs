//! Damaged checkpoints: `state.json`, without which no tensor is looked at.

use std::collections::BTreeMap;

use contracts::{BestGenerator, Config, ContentHash, MeasuringMethod};
use fuzz::Target;

use super::{CheckpointState, Envelope, FORMAT, VERSION};
use crate::{plan::Plan, position::Position};

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

#[test]
fn checkpoints() {
    let plan = Plan::new(&Config::default(), &ContentHash::of(b"dataset"), 64, 1000).unwrap();
    let method = MeasuringMethod {
        metric: "frechet".into(),
        network: "random-1".into(),
        split: "holdout".into(),
        real_images: 200,
        samples: 1000,
    };
    let state = CheckpointState {
        format: FORMAT.into(),
        version: VERSION,
        run: plan.run.clone(),
        identity: plan.identity.clone(),
        position: Position { step: 5, images: 320, attempt: 1 },
        origin: None,
        augmentation: None,
        best: Some(BestGenerator { images: 320, value: 31.5, method, generator: ContentHash::of(b"weights") }),
        files: BTreeMap::from([("generator.bpk".to_owned(), ContentHash::of(b"tensors"))]),
    };
    let read = |bytes: &[u8]| {
        let state = CheckpointState::open(bytes).map_err(|error| error.to_string())?;
        state.identity.differences(&state.identity);
        Ok(())
    };
    let seal_again = |bytes: &mut Vec<u8>| {
        if let Ok(Envelope { state, .. }) = serde_json::from_slice(bytes) {
            *bytes = state.seal().unwrap();
        }
    };
    let words = ["null", "-1", "1e999", "\"version\": 2", "../../x"];
    Target::new("checkpoints", &[state.seal().unwrap()], read).words(&words).repair(seal_again).executions(1500).run();
}
