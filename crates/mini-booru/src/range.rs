//! Which bytes of a file a request wants.

/// What a `Range` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// The whole file: no range, or one that servers pass over.
    Whole,
    /// From `first` to `last`, both included.
    Slice {
        /// The first byte that is wanted, counted from 0.
        first: usize,
        /// The last byte that is wanted.
        last: usize,
    },
    /// None of the file's bytes are in the range.
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `length` bytes. Of several ranges, or other units, servers may give the
/// whole file, and this one does.
pub(crate) fn byte_range(range: &str, length: usize) -> ByteRange {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|bytes| bytes.split_once('-')) else {
        return ByteRange::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), _) if last.is_empty() => slice(first, usize::MAX, length),
        (Ok(first), Ok(last)) if first <= last => slice(first, last, length),
        (_, Ok(0)) if first.is_empty() => ByteRange::Unsatisfiable,
        (_, Ok(count)) if first.is_empty() => slice(length.saturating_sub(count), usize::MAX, length),
        _ => ByteRange::Whole,
    }
}

fn slice(first: usize, last: usize, length: usize) -> ByteRange {
    if first >= length { ByteRange::Unsatisfiable } else { ByteRange::Slice { first, last: last.min(length - 1) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_standard() {
        let check = |range: &str, expected| assert_eq!(byte_range(range, 10), expected, "for {range:?}");
        check("bytes=0-3", ByteRange::Slice { first: 0, last: 3 });
        check("bytes=4-", ByteRange::Slice { first: 4, last: 9 });
        check("bytes=4-99", ByteRange::Slice { first: 4, last: 9 });
        check("bytes=-3", ByteRange::Slice { first: 7, last: 9 });
        check("bytes=-30", ByteRange::Slice { first: 0, last: 9 });
        check("bytes=9-9", ByteRange::Slice { first: 9, last: 9 });
        check("bytes=10-", ByteRange::Unsatisfiable);
        check("bytes=-0", ByteRange::Unsatisfiable);
        check("bytes=5-2", ByteRange::Whole);
        check("bytes=0-1,3-4", ByteRange::Whole);
        check("bytes=-", ByteRange::Whole);
        check("bytes=a-b", ByteRange::Whole);
        check("lines=1-2", ByteRange::Whole);
        check("", ByteRange::Whole);
        assert_eq!(byte_range("bytes=0-", 0), ByteRange::Unsatisfiable);
    }
}
