//! The native engine against OpenCV: from the same grey bytes the same windows, in the same order, to the last bit.
#![cfg(feature = "opencv")]
#![allow(clippy::unwrap_used)]

mod material;

use contracts::config::{Alpha, Engine as Kind};
use face_cropper::{
    cascade::Cascade,
    engine::{self, Engine},
};
use lbp_cascade::SearchSizes;
use material::cascades::{self, Random};
use pictures::{Grey, Rgb};
use proptest::prelude::*;

/// Both engines with the same cascade.
struct Pair([Box<dyn Engine>; 2]);

impl Pair {
    fn start(cascade: &Cascade) -> Self {
        Self([Kind::Opencv, Kind::Native].map(|kind| engine::start(kind, cascade).unwrap()))
    }

    /// Checks that the windows are the same, and returns how many there are.
    fn check(&mut self, grey: &Grey, search: &SearchSizes, what: &str) -> usize {
        let [expected, found] = self.0.each_mut().map(|engine| engine.windows(grey, search).unwrap());
        assert_eq!(found, expected, "{what}, {}×{}, {search:?}", grey.width(), grey.height());
        found.len()
    }
}

fn searches() -> impl Strategy<Value = SearchSizes> {
    let sizes = (1..200i32, prop_oneof![Just(0), 0..300i32]);
    (1.01..2.5f64, sizes).prop_map(|(scale_factor, (min_size, wider))| SearchSizes {
        scale_factor,
        min_size,
        // Also sizes that no scale hits, and such that only one is left.
        max_size: if wider == 0 { 0 } else { min_size + wider / 2 },
    })
}

#[test]
fn at_any_setting_real_pictures_give_the_windows_of_opencv() {
    let Some(shared) = material::shared("the native engine at random settings") else { return };
    let published = Cascade::read(&shared.join("lbpcascade_animeface.xml")).unwrap();
    let mut pairs = [published, Cascade::find(contracts::cascade::EMBEDDED).unwrap()].map(|c| Pair::start(&c));
    let pictures: Vec<Grey> = material::pictures(&shared)
        .iter()
        .filter(|path| path.metadata().unwrap().len() < 100_000)
        .take(12)
        .map(|path| material::grey(&mut *pairs[0].0[0], path))
        .filter(|grey| grey.area() < 600_000)
        .collect();
    assert!(!pictures.is_empty());
    let pairs = std::cell::RefCell::new(&mut pairs);
    proptest!(ProptestConfig::with_cases(16), |(search in searches(), picture in 0..pictures.len())| {
        for pair in pairs.borrow_mut().iter_mut() {
            pair.check(&pictures[picture], &search, "a real picture");
        }
    });
}

#[test]
fn any_cascade_on_any_picture_gives_the_windows_of_opencv() {
    let windows = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(200), |(seed in any::<u64>(), search in searches(), depth in 1..4usize)| {
        let mut random = Random(seed);
        let cascade = Cascade::of_text("a random cascade".into(), cascades::text(&mut random, depth));
        let grey = cascades::grey(&mut random);
        windows.set(windows.get() + Pair::start(&cascade).check(&grey, &search, "a random cascade"));
    });
    assert!(windows.get() > 1000, "random cascades accept something: {}", windows.get());
}

#[test]
fn flat_and_tiny_pictures_give_the_windows_of_opencv() {
    let mut random = Random(7);
    let cascade = Cascade::of_text("a random cascade".into(), cascades::text(&mut random, 1));
    let mut pair = Pair::start(&cascade);
    for (width, height) in [(1, 1), (24, 24), (23, 90), (90, 23), (25, 24), (57, 31)] {
        for level in [0, 200] {
            let grey = Grey::new(width, height, vec![level; (width * height) as usize]).unwrap();
            for (min_size, max_size) in [(1, 0), (24, 24), (48, 0), (100, 100)] {
                pair.check(&grey, &SearchSizes { scale_factor: 1.1, min_size, max_size }, "a flat picture");
            }
        }
    }
}

#[test]
fn greys_are_those_of_opencv() {
    let mut random = Random(3);
    let cascade = Cascade::of_text("a random cascade".into(), cascades::text(&mut random, 1));
    let mut pair = Pair::start(&cascade);
    let bytes = (0..3 * 300 * 200).map(|_| random.below(256) as u8).collect();
    let picture = Rgb::new(300, 200, bytes).unwrap();
    let [expected, found] = pair.0.each_mut().map(|engine| engine.grey(&picture).unwrap());
    assert_eq!(found, expected);
}

#[test]
fn crops_are_those_of_opencv_to_within_a_level() {
    let mut random = Random(5);
    let cascade = Cascade::of_text("a random cascade".into(), cascades::text(&mut random, 1));
    let mut pair = Pair::start(&cascade);
    let bytes = (0..3 * 300 * 200).map(|_| random.below(256) as u8).collect();
    let picture = Rgb::new(300, 200, bytes).unwrap();
    for (left, top, own, side) in [(3, 5, 190, 96), (10, 0, 97, 96), (10, 9, 61, 96), (-5, 180, 96, 96)] {
        let crop = |engine: &mut Box<dyn Engine>| {
            let face = engine.scale(&picture.cropped((left, top), (own, own)), side).unwrap();
            let file = engine.encode(&face, contracts::config::CropFormat::Png).unwrap();
            assert_eq!(engine.decode(&material::opened(&file), Alpha::Drop).unwrap(), face);
            face
        };
        let [expected, found] = pair.0.each_mut().map(crop);
        let furthest = expected.bytes().iter().zip(found.bytes()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(furthest <= Some(1), "{own} to {side}: {furthest:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn strips_that_lie_and_stand_take_no_memory_for_the_sides_of_both() {
    // Address space in KiB, as memory that OpenCV asks for and does not touch ends a program under a limit, too.
    let peak = || -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmPeak:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let mut engine = engine::start(Kind::Opencv, &Cascade::find(contracts::cascade::EMBEDDED).unwrap()).unwrap();
    let sizes = SearchSizes { scale_factor: 1.1, min_size: 48, max_size: 0 };
    let before = peak();
    for (width, height) in [(40_000, 60), (60, 40_000), (300, 200)] {
        let grey = Grey::new(width, height, vec![7; (width * height) as usize]).unwrap();
        engine.windows(&grey, &sizes).unwrap();
    }
    assert!(peak() - before < 500 << 10, "{} MiB", (peak() - before) >> 10);
}
