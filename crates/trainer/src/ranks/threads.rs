//! Ranks that are threads of one process, for tests.

use std::{
    sync::{Arc, Barrier, Mutex},
    thread,
};

use super::{Collectives, Ranks};

/// What the threads of a job share.
struct Shared {
    /// What each has given, as bytes.
    given: Mutex<Vec<Vec<u8>>>,
    barrier: Barrier,
}

struct Thread {
    rank: usize,
    size: usize,
    shared: Arc<Shared>,
}

impl Thread {
    fn exchange(&self, own: Vec<u8>) -> Vec<Vec<u8>> {
        self.shared.given.lock().unwrap()[self.rank] = own;
        self.shared.barrier.wait();
        let all = self.shared.given.lock().unwrap().clone();
        // Nobody gives anew before all have read.
        self.shared.barrier.wait();
        all
    }
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

impl Collectives for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather_bytes(&self, own: &[u8]) -> Vec<u8> {
        self.exchange(own.to_vec()).concat()
    }

    fn all_gather(&self, own: &[f32]) -> Vec<f32> {
        numbers(&self.exchange(bytes(own)).concat())
    }

    fn all_to_all(&self, own: &[f32]) -> Vec<f32> {
        let all = self.exchange(bytes(own));
        let piece = own.len() / self.size;
        all.iter().flat_map(|given| numbers(given)[self.rank * piece..][..piece].to_vec()).collect()
    }
}

/// Runs `work` on so many ranks at once: what each returns, in their order. A panic of one ends the test, as the others wait.
pub(crate) fn run<T: Send>(size: usize, work: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    let shared = Arc::new(Shared { given: Mutex::new(vec![Vec::new(); size]), barrier: Barrier::new(size) });
    let ranks = (0..size).map(|rank| {
        // A few bytes a test, for a reference as long as the process lives.
        Ranks::new(Box::leak(Box::new(Thread { rank, size, shared: Arc::clone(&shared) })))
    });
    let ranks: Vec<Ranks> = ranks.collect();
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = ranks.into_iter().map(|ranks| scope.spawn(move || work(ranks))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
