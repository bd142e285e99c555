//! Many overlapping windows to one box an object: OpenCV's rectangle grouping, restated.
//!
//! OpenCV returns either the neighbour counts or the level weights, from different calls. Grouping the raw windows
//! here gives both, with the boxes of a plain `detectMultiScale`.

use crate::rect::Rect;

/// How far two windows may lie apart, and a box stick out of a larger one, as a share of the side.
const TOLERANCE: f64 = 0.2;

/// A window in which every stage of the cascade said yes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Where it is in the picture; it may stick out by a pixel.
    pub rect: Rect,
    /// The sum of the last stage: its level weight.
    pub weight: f64,
}

/// An object that windows agree on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// The mean of the windows that agree on it.
    pub rect: Rect,
    /// How many windows those are.
    pub neighbours: i32,
    /// The greatest of their level weights.
    pub score: f64,
}

/// Groups windows, in the order in which they were found.
///
/// Windows are joined that are similar, directly or through others; a group needs more than `min_neighbors` windows;
/// and of two nested boxes the clearly weaker inner one goes. With `min_neighbors` 0 every window is its own box.
pub fn group(windows: &[Window], min_neighbors: i32) -> Vec<Detection> {
    if min_neighbors <= 0 {
        return windows.iter().map(single).collect();
    }
    // First the weak groups go, then what is nested: a weak group hides nothing.
    let strong: Vec<Detection> =
        groups(windows).iter().map(mean_of).filter(|found| found.neighbours > min_neighbors).collect();
    let hidden = |i: usize| (0..strong.len()).any(|j| i != j && hides(&strong[j], &strong[i]));
    (0..strong.len()).filter(|i| !hidden(*i)).map(|i| strong[i]).collect()
}

fn single(window: &Window) -> Detection {
    Detection { rect: window.rect, neighbours: 1, score: window.weight }
}

/// The windows by group, groups in the order of their first windows, as OpenCV numbers them.
fn groups(windows: &[Window]) -> Vec<Vec<&Window>> {
    let mut parents: Vec<usize> = (0..windows.len()).collect();
    for (i, a) in windows.iter().enumerate() {
        for (j, b) in windows.iter().enumerate().skip(i + 1) {
            if similar(&a.rect, &b.rect) {
                let (a, b) = (root(&mut parents, i), root(&mut parents, j));
                // The earlier window stays on top, so that groups keep the order of their first windows.
                parents[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: Vec<Vec<&Window>> = vec![Vec::new(); windows.len()];
    for (i, window) in windows.iter().enumerate() {
        groups[root(&mut parents, i)].push(window);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The top of the tree that `i` belongs to; halves the way there for the next time.
fn root(parents: &mut [usize], mut i: usize) -> usize {
    while parents[i] != i {
        parents[i] = parents[parents[i]];
        i = parents[i];
    }
    i
}

fn similar(a: &Rect, b: &Rect) -> bool {
    // The mean of the shorter sides; all four edges must be near.
    let slack = TOLERANCE * f64::from(a.width.min(b.width) + a.height.min(b.height)) * 0.5;
    let near = |a: i32, b: i32| f64::from((a - b).abs()) <= slack;
    near(a.x, b.x) && near(a.y, b.y) && near(a.x + a.width, b.x + b.width) && near(a.y + a.height, b.y + b.height)
}

/// The mean box, in single precision and rounded half to even as OpenCV does it.
fn mean_of(group: &Vec<&Window>) -> Detection {
    let share = 1.0 / group.len() as f32;
    let mean = |edge: fn(&Rect) -> i32| {
        // Summed in whole numbers; only the product with 1 / n is rounded.
        let sum: i32 = group.iter().map(|window| edge(&window.rect)).sum();
        (sum as f32 * share).round_ties_even() as i32
    };
    Detection {
        rect: Rect { x: mean(|b| b.x), y: mean(|b| b.y), width: mean(|b| b.width), height: mean(|b| b.height) },
        neighbours: group.len() as i32,
        score: group.iter().map(|window| window.weight).fold(f64::NEG_INFINITY, f64::max),
    }
}

/// Whether `inner` lies within `outer`, give or take, and is clearly the weaker.
fn hides(outer: &Detection, inner: &Detection) -> bool {
    let (o, i) = (&outer.rect, &inner.rect);
    let slack = |length: i32| (f64::from(length) * TOLERANCE).round_ties_even() as i32;
    let (across, down) = (slack(o.width), slack(o.height));
    i.x >= o.x - across
        && i.y >= o.y - down
        && i.x + i.width <= o.x + o.width + across
        && i.y + i.height <= o.y + o.height + down
        // OpenCV's own threshold: fewer than three windows are always weak.
        && (outer.neighbours > inner.neighbours.max(3) || inner.neighbours < 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(rect: [i32; 4], weight: f64) -> Window {
        Window { rect: rect.into(), weight }
    }

    fn check(windows: &[Window], min_neighbors: i32, expected: &[([i32; 4], i32, f64)]) {
        let found: Vec<([i32; 4], i32, f64)> =
            group(windows, min_neighbors).iter().map(|d| (d.rect.into(), d.neighbours, d.score)).collect();
        assert_eq!(found, expected, "{windows:?}");
    }

    #[test]
    fn a_group_is_its_mean_its_count_and_its_best_weight() {
        let windows = [window([10, 10, 50, 50], -0.5), window([12, 10, 50, 50], 1.5), window([13, 11, 51, 51], 0.5)];
        // Means: 35/3 = 11.67, 31/3 = 10.33, 151/3 = 50.33.
        check(&windows, 2, &[([12, 10, 50, 50], 3, 1.5)]);
        check(&windows, 3, &[]);
        check(&windows[..2], 1, &[([11, 10, 50, 50], 2, 1.5)]);
        check(&[], 5, &[]);
    }

    #[test]
    fn without_neighbours_every_window_stands_alone() {
        let windows = [window([10, 10, 50, 50], 1.0), window([10, 10, 50, 50], 2.0)];
        check(&windows, 0, &[([10, 10, 50, 50], 1, 1.0), ([10, 10, 50, 50], 1, 2.0)]);
    }

    #[test]
    fn similarity_is_handed_on() {
        // Neighbours are 8 apart, within the slack of 10; the first and the last are 16 apart.
        let chain = [window([0, 0, 50, 50], 1.0), window([16, 0, 50, 50], 1.0), window([8, 0, 50, 50], 1.0)];
        check(&chain, 1, &[([8, 0, 50, 50], 3, 1.0)]);
        check(&chain[..2], 1, &[]);
    }

    #[test]
    fn halves_round_to_even() {
        let pair = [window([0, 1, 50, 50], 1.0), window([1, 2, 51, 51], 1.0)];
        check(&pair, 1, &[([0, 2, 50, 50], 2, 1.0)]);
    }

    #[test]
    fn a_weak_box_within_a_strong_one_goes() {
        let outer = |n| vec![window([0, 0, 200, 200], 1.0); n];
        let inner = |n| vec![window([60, 60, 50, 50], 2.0); n];
        let both = |o, i| [outer(o), inner(i)].concat();
        check(&both(5, 4), 1, &[([0, 0, 200, 200], 5, 1.0)]);
        check(&both(4, 4), 1, &[([0, 0, 200, 200], 4, 1.0), ([60, 60, 50, 50], 4, 2.0)]);
        check(&both(3, 2), 1, &[([0, 0, 200, 200], 3, 1.0)]); // fewer than three is always weak
        check(&both(2, 8), 1, &[([0, 0, 200, 200], 2, 1.0), ([60, 60, 50, 50], 8, 2.0)]);
    }
}
