//! Which bytes of a file a request wants.

/// The answer to a `Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The whole file: no range, or one that servers pass over.
    Whole,
    /// From `first` to `last`, both included.
    Slice {
        /// The first byte.
        first: usize,
        /// The last byte.
        last: usize,
    },
    /// None of the file's bytes are in the range.
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `length` bytes. Of several ranges, or other units, servers may give the
/// whole file, and this one does.
pub(crate) fn part(range: &str, length: usize) -> Part {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|bytes| bytes.split_once('-')) else {
        return Part::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), _) if last.is_empty() => slice(first, usize::MAX, length),
        (Ok(first), Ok(last)) if first <= last => slice(first, last, length),
        (_, Ok(0)) if first.is_empty() => Part::Unsatisfiable,
        (_, Ok(count)) if first.is_empty() => slice(length.saturating_sub(count), usize::MAX, length),
        _ => Part::Whole,
    }
}

fn slice(first: usize, last: usize, length: usize) -> Part {
    if first >= length { Part::Unsatisfiable } else { Part::Slice { first, last: last.min(length - 1) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_standard() {
        let check = |range: &str, expected| assert_eq!(part(range, 10), expected, "for {range:?}");
        check("bytes=0-3", Part::Slice { first: 0, last: 3 });
        check("bytes=4-", Part::Slice { first: 4, last: 9 });
        check("bytes=4-99", Part::Slice { first: 4, last: 9 });
        check("bytes=-3", Part::Slice { first: 7, last: 9 });
        check("bytes=-30", Part::Slice { first: 0, last: 9 });
        check("bytes=9-9", Part::Slice { first: 9, last: 9 });
        check("bytes=10-", Part::Unsatisfiable);
        check("bytes=-0", Part::Unsatisfiable);
        check("bytes=5-2", Part::Whole);
        check("bytes=0-1,3-4", Part::Whole);
        check("bytes=-", Part::Whole);
        check("bytes=a-b", Part::Whole);
        check("lines=1-2", Part::Whole);
        check("", Part::Whole);
        assert_eq!(part("bytes=0-", 0), Part::Unsatisfiable);
    }
}
