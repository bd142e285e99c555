//! Histogram equalisation as `cv2.equalizeHist` does it.

/// The grey values spread over 0 to 255 so that each is about as frequent: what a [`Detector`](crate::Detector) does to a
/// picture first, and a trainer has to do to what it learns from.
pub fn equalise(grey: &[u8]) -> Vec<u8> {
    let mut equalised = Vec::new();
    equalise_into(grey, &mut equalised);
    equalised
}

/// [`equalise`] in memory that is used again and again.
pub(crate) fn equalise_into(grey: &[u8], equalised: &mut Vec<u8>) {
    let table = table(&histogram(grey));
    equalised.clear();
    equalised.extend(grey.iter().map(|level| table[usize::from(*level)]));
}

/// Counted in four parts, because a run of equal pixels would wait on one counter.
fn histogram(grey: &[u8]) -> [u32; 256] {
    let mut parts = [[0u32; 256]; 4];
    let quads = grey.chunks_exact(4);
    for level in quads.remainder() {
        parts[0][usize::from(*level)] += 1;
    }
    for quad in quads {
        for (part, level) in parts.iter_mut().zip(quad) {
            part[usize::from(*level)] += 1;
        }
    }
    std::array::from_fn(|level| parts.iter().map(|part| part[level]).sum())
}

/// The new value of each level: how many pixels lie between the darkest level and it, in single precision.
fn table(histogram: &[u32; 256]) -> [u8; 256] {
    let total: u32 = histogram.iter().sum();
    let Some(darkest) = histogram.iter().position(|count| *count > 0) else { return [0; 256] };
    // A picture of one level stays as it is: there is nothing to spread.
    if histogram[darkest] == total {
        return [darkest as u8; 256];
    }
    // The factor first and then the product, each rounded to single precision, as OpenCV has it.
    let scale = 255.0 / (total - histogram[darkest]) as f32;
    let mut table = [0; 256];
    let mut sum = 0;
    for level in darkest + 1..256 {
        sum += histogram[level];
        table[level] = (sum as f32 * scale).round_ties_even() as u8;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equalisation_worked_by_hand() {
        let check = |grey: &[u8], expected: &[u8]| assert_eq!(equalise(grey), expected, "{grey:?}");
        check(&[100, 101, 101, 103], &[0, 170, 170, 255]);
        check(&[7; 9], &[7; 9]);
        check(&[], &[]);
    }
}
