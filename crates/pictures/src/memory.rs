//! How much memory all pictures together may take while they are decoded: workers share it.

use std::sync::{Condvar, Mutex, PoisonError};

/// What is there in any case: enough for one picture of the largest size that stages decode unless told otherwise.
const BASE_BYTES: u64 = 1 << 30;

/// What each worker adds: a picture of eleven million pixels.
const WORKER_BYTES: u64 = 128 << 20;

/// Bytes that pictures take in turn. A picture that is larger than all of it is decoded when no other is.
#[derive(Debug)]
pub struct MemoryBudget {
    total: u64,
    free: Mutex<u64>,
    returned: Condvar,
}

/// Bytes of a budget, given back when this is dropped.
#[derive(Debug)]
pub struct Reservation<'a> {
    budget: &'a MemoryBudget,
    bytes: u64,
}

impl MemoryBudget {
    /// A budget of this many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self { total: bytes, free: Mutex::new(bytes), returned: Condvar::new() }
    }

    /// The budget that so many workers share: 1 GiB, and 128 MiB for each.
    pub fn for_workers(workers: usize) -> Self {
        Self::new(BASE_BYTES + WORKER_BYTES * workers as u64)
    }

    /// Waits until so many bytes are free, or all of them where there are fewer. Whoever holds a reservation asks for no second one:
    /// two who did would wait for each other.
    pub fn reserve(&self, bytes: u64) -> Reservation<'_> {
        let bytes = bytes.min(self.total);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.returned.wait_while(free, |free| *free < bytes);
        *enough.unwrap_or_else(PoisonError::into_inner) -= bytes;
        Reservation { budget: self, bytes }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.budget.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn more_than_the_budget_is_never_held_and_giants_come_through() {
        let (budget, held, most) = (MemoryBudget::new(100), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for worker in 0..8_u64 {
                let (budget, held, most) = (&budget, &held, &most);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let bytes = if turn % 50 == worker { 1000 } else { (worker * 7 + turn) % 60 };
                        let reservation = budget.reserve(bytes);
                        most.fetch_max(
                            held.fetch_add(reservation.bytes, Ordering::SeqCst) + reservation.bytes,
                            Ordering::SeqCst,
                        );
                        held.fetch_sub(reservation.bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!((most.load(Ordering::SeqCst) <= 100, held.load(Ordering::SeqCst)), (true, 0));
        assert_eq!(*budget.free.lock().unwrap(), 100);
    }
}
