//! A sum along a balanced binary tree.

use std::ops::Range;

/// Adds up `leaf` of all numbers of a range that is not empty: the sum of its first half and the sum of its second.
///
/// The subtree over the r-th of R equal shares of the numbers, R being a power of two, is a subtree of the whole: who knows the
/// shares' sums adds those along the tree over 0..R, and comes to the same bits. So many sums are held at a time as the tree is
/// deep.
///
/// # Errors
/// The first that a leaf returns.
pub(crate) fn tree_sum<T, E>(
    numbers: Range<usize>,
    leaf: &mut impl FnMut(usize) -> Result<T, E>,
    add: &impl Fn(T, T) -> T,
) -> Result<T, E> {
    if numbers.len() <= 1 {
        return leaf(numbers.start);
    }
    let middle = numbers.start + numbers.len() / 2;
    let left = tree_sum(numbers.start..middle, leaf, add)?;
    let right = tree_sum(middle..numbers.end, leaf, add)?;
    Ok(add(left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_added_to_halves() {
        let check = |count, expected: &str| {
            let sum = tree_sum(0..count, &mut |number| Ok::<_, ()>(number.to_string()), &|left, right| {
                format!("({left} {right})")
            });
            assert_eq!(sum.unwrap(), expected);
        };
        check(1, "0");
        check(2, "(0 1)");
        check(3, "(0 (1 2))");
        check(4, "((0 1) (2 3))");
        check(6, "((0 (1 2)) (3 (4 5)))");
        check(8, "(((0 1) (2 3)) ((4 5) (6 7)))");
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut seen = Vec::new();
        let leaf = &mut |number| {
            seen.push(number);
            if number == 1 { Err("one") } else { Ok(number) }
        };
        assert_eq!(tree_sum(0..4, leaf, &|left, right| left + right), Err("one"));
        assert_eq!(seen, [0, 1]);
    }
}
