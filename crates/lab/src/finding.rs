//! What an experiment found, held against what theory expects of it.

use std::fmt;

/// A number that was measured, and what it should be.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// What was measured.
    pub(crate) what: String,
    /// What it should be.
    pub(crate) expected: Expectation,
    /// What it is.
    pub(crate) found: f64,
}

/// What a number should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Expectation {
    /// A value, but for a tolerance.
    Near(f64, f64),
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Finding {
    /// A number that should be near a value.
    pub(crate) fn near(what: impl Into<String>, found: f64, value: f64, tolerance: f64) -> Self {
        Self { what: what.into(), expected: Expectation::Near(value, tolerance), found }
    }

    /// A number that should be this or more.
    pub(crate) fn at_least(what: impl Into<String>, found: f64, bound: f64) -> Self {
        Self { what: what.into(), expected: Expectation::AtLeast(bound), found }
    }

    /// A number that should be this or less.
    pub(crate) fn at_most(what: impl Into<String>, found: f64, bound: f64) -> Self {
        Self { what: what.into(), expected: Expectation::AtMost(bound), found }
    }

    /// Whether it is as expected. What is no number never is.
    pub(crate) fn holds(&self) -> bool {
        match self.expected {
            Expectation::Near(value, tolerance) => (self.found - value).abs() <= tolerance,
            Expectation::AtLeast(bound) => self.found >= bound,
            Expectation::AtMost(bound) => self.found <= bound,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Near(value, tolerance) => write!(f, "{} ± {}", number(*value), number(*tolerance)),
            Self::AtLeast(bound) => write!(f, "≥ {}", number(*bound)),
            Self::AtMost(bound) => write!(f, "≤ {}", number(*bound)),
        }
    }
}

/// A number with four digits behind the point at most.
pub(crate) fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 {
        return format!("{value:.1e}");
    }
    let digits = format!("{value:.4}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_held_against_expectations() {
        assert!(Finding::near("", 0.46, 0.45, 0.011).holds() && !Finding::near("", 0.47, 0.45, 0.01).holds());
        assert!(Finding::at_least("", 8.0, 8.0).holds() && !Finding::at_least("", 7.0, 8.0).holds());
        assert!(Finding::at_most("", 0.0, 0.0).holds() && !Finding::at_most("", f64::NAN, 1.0).holds());
        assert!(!Finding::near("", f64::NAN, 0.0, 1.0).holds() && !Finding::at_least("", f64::NAN, 0.0).holds());
    }

    #[test]
    fn numbers_are_short() {
        let check = |value, expected: &str| assert_eq!(number(value), expected);
        check(8.0, "8");
        check(0.45, "0.45");
        check(-1.129_94, "-1.1299");
        check(0.0, "0");
        check(0.000_012, "1.2e-5");
        assert_eq!(Expectation::Near(0.45, 0.01).to_string(), "0.45 ± 0.01");
    }
}
