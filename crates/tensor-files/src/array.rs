//! A tensor of weights.

/// Numbers of a shape, the last dimension's beside one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The size of each dimension.
    pub shape: Vec<usize>,
    /// As many numbers as the sizes multiply to.
    pub values: Vec<f32>,
}

impl Array {
    /// Gathers a tensor from a storage in which it lies with an offset and strides; `None` where it reaches beyond.
    pub(crate) fn gather(storage: &[f32], offset: usize, shape: &[usize], strides: &[usize]) -> Option<Self> {
        let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
        if strides.len() != shape.len() || count > storage.len() {
            return None;
        }
        let at = |index: usize| {
            let (mut rest, mut position) = (index, offset);
            for (size, stride) in shape.iter().zip(strides).rev() {
                position = position.checked_add((rest % size).checked_mul(*stride)?)?;
                rest /= size;
            }
            storage.get(position).copied()
        };
        Some(Self { shape: shape.to_vec(), values: (0..count).map(at).collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_lie_within_their_storage() {
        let storage = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(Array::gather(&storage, 1, &[2, 2], &[3, 1]).unwrap().values, [1.0, 2.0, 4.0, 5.0]);
        assert_eq!(Array::gather(&storage, 0, &[], &[]).unwrap().values, [0.0]);
        assert_eq!(Array::gather(&storage, 2, &[2, 2], &[3, 1]), None);
        assert_eq!(Array::gather(&storage, 0, &[usize::MAX, 2], &[1, 1]), None);
    }
}
