//! What rank 0 says before every step.

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A step.
    Step,
    /// The newest checkpoint, because the run has diverged.
    GoBack,
    /// The end.
    Stop,
}

impl From<Order> for u8 {
    fn from(order: Order) -> Self {
        match order {
            Order::Step => 0,
            Order::GoBack => 1,
            Order::Stop => 2,
        }
    }
}

/// What all do, of what each rank says.
pub(super) fn agreed(said: &[u8]) -> Order {
    let is = |said: u8, order: Order| said == u8::from(order);
    match said {
        // Who wants to stop says so again before the next step.
        [first, ..] if is(*first, Order::GoBack) => Order::GoBack,
        all if all.iter().any(|said| is(*said, Order::Stop)) => Order::Stop,
        _ => Order::Step,
    }
}

#[cfg(test)]
mod tests {
    use super::{Order::*, *};

    #[test]
    fn rank_0_leads_and_any_rank_can_stop() {
        let check = |said: &[Order], expected| {
            assert_eq!(agreed(&said.iter().map(|order| (*order).into()).collect::<Vec<u8>>()), expected, "{said:?}");
        };
        check(&[Step, Step], Step);
        check(&[Stop, Step], Stop);
        check(&[Step, Step, Stop, Step], Stop);
        check(&[GoBack, Stop], GoBack);
    }
}
