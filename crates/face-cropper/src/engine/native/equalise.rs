//! Histogram equalisation as `cv2.equalizeHist` does it.

/// Spreads the levels of a grey plane over 0 to 255 so that each is about as frequent.
pub(super) fn equalise(grey: &[u8], equalised: &mut Vec<u8>) {
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
    if histogram[darkest] == total {
        return [darkest as u8; 256];
    }
    let scale = 255.0 / (total - histogram[darkest]) as f32;
    let mut table = [0; 256];
    let mut sum = 0;
    for level in darkest + 1..256 {
        sum += histogram[level];
        table[level] = (sum as f32 * scale).round_ties_even() as u8;
    }
    table
}
