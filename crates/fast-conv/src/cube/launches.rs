//! The kernels that a GPU is told to run, counted.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use burn_cubecl::cubecl::logging::{LaunchObservation, LaunchObserver};

/// How often each kernel was launched while `work` ran, by the name of its type, on whichever GPU and thread of this process.
///
/// Tuning launches kernels too, and so does what was asked for before and not waited for: sync the device first, and at the end of
/// `work`.
pub fn count_launches<T>(work: impl FnOnce() -> T) -> (T, BTreeMap<&'static str, usize>) {
    let counts = Arc::new(Counts::default());
    let observation = LaunchObservation::new(counts.clone());
    let result = work();
    drop(observation);
    let counts = std::mem::take(&mut *counts.0.lock().unwrap_or_else(PoisonError::into_inner));
    (result, counts)
}

#[derive(Default)]
struct Counts(Mutex<BTreeMap<&'static str, usize>>);

impl LaunchObserver for Counts {
    fn launched(&self, kernel: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(kernel).or_default() += 1;
    }
}
