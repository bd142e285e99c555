//! Durations for people.

/// A duration in the two largest units that it has.
pub(crate) fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_largest_units_are_enough() {
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(350), "5 min 50 s");
        assert_eq!(duration(7265), "2 h 1 min");
    }
}
