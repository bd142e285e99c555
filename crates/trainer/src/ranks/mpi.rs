//! Ranks that MPI has started, and their exchanges.

use contracts::Outcome;
use mpi::{
    environment::Universe,
    topology::SimpleCommunicator,
    traits::{Communicator as _, CommunicatorCollectives as _},
};

use super::{Collectives, Ranks};

/// All that `mpirun`, or its like, has started together. No two threads of a process exchange at a time.
struct World {
    rank: usize,
    size: usize,
}

impl Collectives for World {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather_bytes(&self, own: &[u8]) -> Vec<u8> {
        let mut all = vec![0; own.len() * self.size];
        SimpleCommunicator::world().all_gather_into(own, &mut all[..]);
        all
    }

    fn all_gather(&self, own: &[f32]) -> Vec<f32> {
        let mut all = vec![0.0; own.len() * self.size];
        SimpleCommunicator::world().all_gather_into(own, &mut all[..]);
        all
    }

    fn all_to_all(&self, own: &[f32]) -> Vec<f32> {
        let mut received = vec![0.0; own.len()];
        SimpleCommunicator::world().all_to_all_into(own, &mut received[..]);
        received
    }
}

/// This process's part in an MPI job. Where it ends in a panic, the job does.
pub(crate) struct Job {
    universe: Option<Universe>,
}

impl Job {
    /// Takes part in the job that this process was started for; one of its own where it was started by itself.
    ///
    /// # Errors
    /// When the MPI library lets no thread but the first one exchange.
    pub(crate) fn join() -> Result<(Self, Ranks), String> {
        let (universe, threading) =
            mpi::initialize_with_threading(mpi::Threading::Serialized).ok_or("MPI was started before")?;
        if threading < mpi::Threading::Serialized {
            return Err(
                "this MPI library was built without support for threads: take one that has MPI_THREAD_SERIALIZED"
                    .into(),
            );
        }
        let world = universe.world();
        let world = World { rank: world.rank() as usize, size: world.size() as usize };
        // As long as the process lives.
        Ok((Self { universe: Some(universe) }, Ranks::new(Box::leak(Box::new(world)))))
    }

    /// Leaves the job, as all its ranks do. None goes before all are done: a launcher may take one's exit code for a reason to end the
    /// others.
    pub(crate) fn leave(mut self) {
        if let Some(universe) = self.universe.take() {
            universe.world().barrier();
        }
    }

    /// Ends the job, all its ranks, with an exit code.
    pub(crate) fn end(self, outcome: Outcome) -> ! {
        SimpleCommunicator::world().abort(outcome.code().into())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(universe) = self.universe.take() {
            // Others may wait for this rank, and would for ever.
            universe.world().abort(Outcome::Failed.code().into());
        }
    }
}
