//! The processes that train a run together. Each computes its own parts of every batch; all that a step adds up over parts is added
//! along one balanced tree over the parts' numbers, so that the bits do not depend on how many processes there are.
//!
//! Rank 0 leads: it alone writes, observes and decides, and before every step says what comes next. The others follow it with the
//! same networks.

mod alike;
#[cfg(feature = "mpi")]
mod mpi;
mod order;
mod tree;

use std::{
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use burn::tensor::{Tensor, TensorData};
use generator::{ReadbackError, read_values};

pub use self::alike::Unlike;
#[cfg(feature = "mpi")]
pub(crate) use self::mpi::Job;
pub(crate) use self::{alike::Alike, order::Order, tree::tree_sum};

/// What the processes of a job exchange, every one of them taking part in every exchange.
pub(crate) trait Collectives: Send + Sync {
    /// This process's number, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn size(&self) -> usize;

    /// What all ranks give, in their order; each gives as many bytes.
    fn all_gather_bytes(&self, own: &[u8]) -> Vec<u8>;

    /// What all ranks give, in their order; each gives as many numbers.
    fn all_gather(&self, own: &[f32]) -> Vec<f32>;

    /// Gives each rank its piece of `own`, which has an equal one for each in their order: the pieces that the ranks have for this
    /// one, in their order.
    fn all_to_all(&self, own: &[f32]) -> Vec<f32>;
}

/// The ranks of a job as one of them sees them.
#[derive(Clone, Copy)]
pub(crate) struct Ranks {
    /// `None` where this process trains alone.
    collectives: Option<&'static dyn Collectives>,
}

/// The ranks of the job that this process is of.
static OF_THIS_PROCESS: OnceLock<Ranks> = OnceLock::new();

/// Whether all ranks know that there is nothing more to exchange.
static ENDED: AtomicBool = AtomicBool::new(false);

impl Ranks {
    /// A process that trains alone.
    pub(crate) const ALONE: Self = Self { collectives: None };

    /// The ranks that exchange by these means.
    #[cfg(any(test, feature = "mpi"))]
    pub(crate) fn new(collectives: &'static dyn Collectives) -> Self {
        Self { collectives: Some(collectives).filter(|collectives| collectives.size() > 1) }
    }

    /// The ranks of the job that this process is of: alone, unless it was told of others when it started.
    pub(crate) fn of_this_process() -> Self {
        *OF_THIS_PROCESS.get().unwrap_or(&Self::ALONE)
    }

    /// Tells this process of the ranks that it was started with.
    #[cfg(feature = "mpi")]
    pub(crate) fn set(self) {
        OF_THIS_PROCESS.get_or_init(|| self);
    }

    /// Whether the ranks have come to an end that all know of, so that none waits for another.
    #[cfg(feature = "mpi")]
    pub(crate) fn have_ended() -> bool {
        ENDED.load(Ordering::Relaxed)
    }

    /// This process's number, from 0.
    pub(crate) fn rank(self) -> usize {
        self.collectives.map_or(0, Collectives::rank)
    }

    /// How many there are.
    pub(crate) fn size(self) -> usize {
        self.collectives.map_or(1, Collectives::size)
    }

    /// The parts, of so many, that this rank computes.
    pub(crate) fn own(self, parts: usize) -> Range<usize> {
        let each = parts / self.size();
        self.rank() * each..(self.rank() + 1) * each
    }

    /// Adds up what each rank has summed over its own parts, along the rest of the tree: `groups` of tensors that are alike in number
    /// and shape on every rank, off the tape. All ranks get the same.
    ///
    /// Each rank adds a slice of what all have, and hands it to all: whatever the number of ranks, a rank receives each number
    /// about twice.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn sum<const N: usize>(self, groups: [Vec<Tensor<1>>; N]) -> Result<[Vec<Tensor<1>>; N], ReadbackError> {
        let Some(collectives) = self.collectives else { return Ok(groups) };
        let mut own = Vec::new();
        for tensor in groups.iter().flatten() {
            own.extend(read_values("what the parts add up", tensor.clone())?);
        }
        let sum = sum_of_all(collectives, own);
        let mut rest = &sum[..];
        Ok(groups.map(|group| {
            let summed = group.into_iter().map(|tensor| {
                let (values, after) = rest.split_at(tensor.dims()[0]);
                rest = after;
                Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &tensor.device())
            });
            summed.collect()
        }))
    }

    /// What comes next, the same for all: what rank 0 says, unless it would step on and another was asked to stop.
    pub(crate) fn agree(self, own: Order) -> Order {
        let Some(collectives) = self.collectives else { return own };
        let order = order::agreed(&collectives.all_gather_bytes(&[own.into()]));
        if order == Order::Stop {
            ENDED.store(true, Ordering::Relaxed);
        }
        order
    }

    /// An error that all ranks come to alike: none waits for another any more.
    pub(crate) fn refused<T>(self, error: T) -> T {
        ENDED.store(true, Ordering::Relaxed);
        error
    }

    /// Refuses ranks that differ in what has to be alike.
    ///
    /// # Errors
    /// On every rank alike, where one differs from rank 0.
    pub(crate) fn compare(self, alike: &[Alike]) -> Result<(), Unlike> {
        let compared = self.collectives.map_or(Ok(()), |collectives| alike::compare(collectives, alike));
        compared.map_err(|unlike| self.refused(unlike))
    }
}

/// The sums, element by element, of what all ranks have, added along the tree.
fn sum_of_all(collectives: &dyn Collectives, mut own: Vec<f32>) -> Vec<f32> {
    let (size, len) = (collectives.size(), own.len());
    own.resize(len.next_multiple_of(size), 0.0);
    let received = collectives.all_to_all(&own);
    let piece = own.len() / size;
    drop(own);
    let sum = tree_sum(
        0..size,
        &mut |rank| Ok::<_, std::convert::Infallible>(received[rank * piece..(rank + 1) * piece].to_vec()),
        &|mut left: Vec<f32>, right| {
            left.iter_mut().zip(right).for_each(|(left, right)| *left += right);
            left
        },
    );
    let Ok(sum) = sum;
    let mut all = collectives.all_gather(&sum);
    all.truncate(len);
    all
}

#[cfg(test)]
pub(crate) mod threads;

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// A part's numbers: spread over many magnitudes, so that every other order of addition rounds otherwise.
    fn leaf(part: usize) -> Vec<f32> {
        (0..37)
            .map(|index| ((part * 37 + index) as f32 * 1.618).sin() * 10f32.powi((part * 7 + index) as i32 % 9))
            .collect()
    }

    fn added(parts: Range<usize>) -> Vec<f32> {
        let sum = tree_sum(parts, &mut |part| Ok::<_, ()>(leaf(part)), &|left, right| {
            left.iter().zip(&right).map(|(left, right)| left + right).collect()
        });
        sum.unwrap()
    }

    #[test]
    fn sums_do_not_depend_on_the_number_of_ranks() {
        for parts in [8, 16, 24] {
            let alone = added(0..parts);
            let one_by_one =
                (1..parts).map(leaf).fold(leaf(0), |sum, part| sum.iter().zip(&part).map(|(a, b)| a + b).collect());
            assert_ne!(alone, one_by_one, "no order is told from another by these numbers");
            for size in [1, 2, 4, 8] {
                let summed = threads::run(size, |ranks| {
                    let tensor = |values: &[f32]| Tensor::<1>::from_floats(values, &Device::flex());
                    let own = added(ranks.own(parts));
                    let groups = [vec![tensor(&own[..5]), tensor(&own[5..20])], vec![tensor(&own[20..])]];
                    let [first, second] = ranks.sum(groups).unwrap();
                    let all = first.into_iter().chain(second);
                    all.flat_map(|tensor| tensor.into_data().try_to_vec::<f32>().unwrap()).collect::<Vec<_>>()
                });
                assert!(summed.iter().all(|summed| *summed == alone), "{size} ranks, {parts} parts");
            }
        }
    }

    #[test]
    fn parts_are_shared_out_in_order() {
        let own = threads::run(4, |ranks| ranks.own(8));
        assert_eq!(own, [0..2, 2..4, 4..6, 6..8]);
        assert_eq!(Ranks::ALONE.own(3), 0..3);
    }
}
