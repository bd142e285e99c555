//! Faults as data: which requests of which class of paths go wrong, and how.

use std::path::Path;

use serde::Deserialize;

use crate::{
    error::BooruError,
    fault::{Asked, Fault, Faults},
    path_class::PathClass,
};

/// Rules, of which the first that fits a request decides.
///
/// ```
/// let schedule: mini_booru::Schedule = mini_booru::Schedule::parse(r#"
///     [[rule]]
///     class = "image"
///     last = 1
///     per_path = true
///     fault = { truncated = { after = 300 } }
///
///     [[rule]]
///     class = "listing"
///     first = 3
///     last = 3
///     fault = { status = { code = 503, retry_after = "2" } }
/// "#)?;
/// assert_eq!(schedule.rules.len(), 2);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// In the order in which they are tried.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
}

/// One fault and the requests that it happens to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The class of the paths.
    pub class: PathClass,
    /// Only paths that hold this text.
    #[serde(default)]
    pub containing: String,
    /// Requests are counted for each path rather than over the whole class.
    #[serde(default)]
    pub per_path: bool,
    /// The first request that the fault happens to, counted from 1.
    #[serde(default = "one")]
    pub first: u64,
    /// The last request that it happens to.
    #[serde(default = "endless")]
    pub last: u64,
    /// Every so many requests from the first on.
    #[serde(default = "one")]
    pub every: u64,
    /// What goes wrong with these requests.
    pub fault: Fault,
}

impl Rule {
    /// The fault happens to every request of the class.
    pub fn always(class: PathClass, fault: Fault) -> Self {
        Self { class, containing: String::new(), per_path: false, first: one(), last: endless(), every: one(), fault }
    }

    /// The fault happens to the `nth` request of the class.
    pub fn nth(class: PathClass, nth: u64, fault: Fault) -> Self {
        Self { first: nth, last: nth, ..Self::always(class, fault) }
    }

    /// The fault happens to the first request for each path of the class.
    pub fn once_each(class: PathClass, fault: Fault) -> Self {
        Self { per_path: true, last: 1, ..Self::always(class, fault) }
    }

    fn fits(&self, asked: &Asked<'_>) -> bool {
        let count = if self.per_path { asked.occurrence } else { asked.in_class };
        asked.class == self.class
            && asked.path.contains(&self.containing)
            && (self.first..=self.last).contains(&count)
            && (count - self.first).is_multiple_of(self.every)
    }
}

impl Schedule {
    /// A schedule of these rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect() }
    }

    /// Reads a schedule from TOML.
    ///
    /// # Errors
    /// When the text is no schedule: what is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Reads a schedule from a TOML file.
    ///
    /// # Errors
    /// When the file cannot be read or is no schedule.
    pub fn load(path: &Path) -> Result<Self, BooruError> {
        let refused = |cause: String| BooruError::Schedule { path: path.to_owned(), cause };
        let text = std::fs::read_to_string(path).map_err(|cause| refused(cause.to_string()))?;
        Self::parse(&text).map_err(|cause| refused(cause.to_string()))
    }
}

impl Faults for Schedule {
    fn fault(&self, asked: &Asked<'_>) -> Option<Fault> {
        self.rules.iter().find(|rule| rule.fits(asked)).map(|rule| rule.fault.clone())
    }
}

fn one() -> u64 {
    1
}

fn endless() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The requests, of twelve for two paths in turn, that the rule fits.
    fn check(rule: &Rule, expected: &[u64]) {
        let hit: Vec<u64> = (1..=12u64)
            .filter(|count| {
                let path = if *count % 2 == 1 { "/image/odd" } else { "/image/even" };
                let (class, occurrence) = (PathClass::Image, (*count).div_ceil(2));
                rule.fits(&Asked { method: "GET", path, target: path, class, occurrence, in_class: *count })
            })
            .collect();
        assert_eq!(hit, expected, "for {rule:?}");
    }

    #[test]
    fn rules_count_by_class_or_by_path() {
        let always = Rule::always(PathClass::Image, Fault::Reset);
        check(&Rule { last: 3, ..always.clone() }, &[1, 2, 3]);
        check(&Rule { first: 2, every: 4, ..always.clone() }, &[2, 6, 10]);
        check(&Rule { containing: "odd".into(), last: 5, ..always.clone() }, &[1, 3, 5]);
        check(&Rule::nth(PathClass::Image, 7, Fault::Reset), &[7]);
        check(&Rule::once_each(PathClass::Image, Fault::Reset), &[1, 2]);
        check(&Rule::always(PathClass::Sample, Fault::Reset), &[]);
        check(&Rule { every: 0, ..always }, &[1]);
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let schedule =
            Schedule::new([Rule::nth(PathClass::Image, 2, Fault::Html), Rule::always(PathClass::Image, Fault::Reset)]);
        let fault = |in_class| {
            let path = "/image/x";
            schedule.fault(&Asked {
                method: "GET",
                path,
                target: path,
                class: PathClass::Image,
                occurrence: 1,
                in_class,
            })
        };
        assert_eq!([fault(1), fault(2)], [Some(Fault::Reset), Some(Fault::Html)]);
    }

    #[test]
    fn a_file_with_a_mistake_is_refused_with_its_place() {
        let check = |text: &str, part: &str| {
            let error = Schedule::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        };
        check("[[rule]]\nclass = \"picture\"\nfault = \"reset\"", "line 2");
        check("[[rule]]\nclass = \"image\"\nfault = \"resett\"", "unknown variant `resett`");
        check("[[rule]]\nclass = \"image\"\nfault = \"reset\"\nfirts = 2", "unknown field `firts`");
        check("[[rule]]\nclass = \"image\"", "missing field `fault`");
    }
}
