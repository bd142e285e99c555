//! Sets of numbers in search terms.

/// A set of numbers: `5`, `<5`, `>=5`, `3..9`, `1,2,3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// From `least` to `most`, both included.
    Range { least: u64, most: u64 },
    /// These and no others.
    OneOf(Vec<u64>),
}

impl Numbers {
    /// Reads a term's value.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| digits.parse::<u64>().ok();
        if let Some(rest) = text.strip_prefix("<=") {
            return Some(Self::Range { least: 0, most: number(rest)? });
        }
        if let Some(rest) = text.strip_prefix(">=") {
            return Some(Self::Range { least: number(rest)?, most: u64::MAX });
        }
        if let Some(rest) = text.strip_prefix('<') {
            return Some(
                number(rest)?.checked_sub(1).map_or(Self::OneOf(Vec::new()), |most| Self::Range { least: 0, most }),
            );
        }
        if let Some(rest) = text.strip_prefix('>') {
            return Some(
                number(rest)?
                    .checked_add(1)
                    .map_or(Self::OneOf(Vec::new()), |least| Self::Range { least, most: u64::MAX }),
            );
        }
        if let Some((least, most)) = text.split_once("..") {
            let least = if least.is_empty() { 0 } else { number(least)? };
            let most = if most.is_empty() { u64::MAX } else { number(most)? };
            return Some(Self::Range { least, most });
        }
        text.split(',').map(number).collect::<Option<Vec<u64>>>().map(Self::OneOf)
    }

    /// Whether a number is in the set.
    pub(crate) fn holds(&self, number: u64) -> bool {
        match self {
            Self::Range { least, most } => (*least..=*most).contains(&number),
            Self::OneOf(numbers) => numbers.contains(&number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_hold_what_arithmetic_says(least in 0u64..50, most in 0u64..50, number in 0u64..50) {
            let holds = |text: String| Numbers::parse(&text).unwrap().holds(number);
            prop_assert_eq!(holds(format!("{least}..{most}")), least <= number && number <= most);
            prop_assert_eq!(holds(format!("<{most}")), number < most);
            prop_assert_eq!(holds(format!(">{least}")), number > least);
            prop_assert_eq!(holds(format!("{least},{most}")), number == least || number == most);
        }
    }
}
