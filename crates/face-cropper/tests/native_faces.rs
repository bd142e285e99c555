//! The native engine's faces against OpenCV's own functions, grouping included: boxes, neighbours and level weights.
#![cfg(feature = "opencv")]
#![allow(clippy::unwrap_used)]

mod material;

use std::{
    cell::{Cell, RefCell},
    path::Path,
};

use contracts::config::{CropConfig, Engine as Kind};

use face_cropper::{
    cascade::Cascade,
    detect::detect,
    engine::{self, Engine},
    turned::detect_turned,
};
use lbp_cascade::SearchSizes;
use material::cascades::{self, Random};
use opencv::{
    core::{FileStorage, FileStorage_MEMORY, FileStorage_READ, Mat, Rect, Size, Vector},
    imgproc, objdetect,
    prelude::*,
};
use pictures::Grey;
use proptest::prelude::*;

/// A box with what is known of it.
type Found<T> = ([i32; 4], T);

/// OpenCV's classifier, called as its users call it, beside both engines.
struct Trio {
    classifier: objdetect::CascadeClassifier,
    opencv: Box<dyn Engine>,
    native: Box<dyn Engine>,
}

impl Trio {
    fn start(cascade: &Cascade) -> Self {
        let storage = FileStorage::new(cascade.text(), FileStorage_READ | FileStorage_MEMORY, "").unwrap();
        let mut classifier = objdetect::CascadeClassifier::default().unwrap();
        assert!(classifier.read(&storage.get_first_top_level_node().unwrap()).unwrap());
        let [opencv, native] = [Kind::Opencv, Kind::Native].map(|kind| engine::start(kind, cascade).unwrap());
        Self { classifier, opencv, native }
    }

    /// Checks the faces at one setting, and returns how many there are.
    fn check(&mut self, grey: &Grey, config: &CropConfig) -> usize {
        let found = detect(&mut *self.native, grey, config).unwrap();
        let what = format!("{}×{}, {config:?}", grey.width(), grey.height());
        assert_eq!(
            sorted(found.iter().map(|face| (face.rect.into(), face.neighbours))),
            self.counted(grey, config),
            "{what}"
        );
        let weighed = self.weighed(grey, config);
        for face in &found {
            assert!(weighed.contains(&(face.rect.into(), face.score)), "{face:?} is not among {weighed:?}, {what}");
        }
        found.len()
    }

    /// Checks that both engines find the same faces at every angle, to the bit; returns how many of them are turned.
    fn check_turned(&mut self, grey: &Grey, config: &CropConfig) -> usize {
        let [native, opencv] =
            [&mut self.native, &mut self.opencv].map(|engine| detect_turned(&mut **engine, grey, config).unwrap());
        assert_eq!(native, opencv, "{}×{}, {config:?}", grey.width(), grey.height());
        native.iter().filter(|face| face.angle != 0.0).count()
    }

    /// `detectMultiScale2`: boxes and neighbours.
    fn counted(&mut self, grey: &Grey, config: &CropConfig) -> Vec<Found<i32>> {
        let (mut boxes, mut counts) = (Vector::<Rect>::new(), Vector::<i32>::new());
        let side = |side| Size::new(side, side);
        let (smallest, largest) = (side(config.min_size), side(config.max_size));
        let equalised = equalised(grey);
        self.classifier
            .detect_multi_scale2(
                &equalised,
                &mut boxes,
                &mut counts,
                config.scale_factor,
                config.min_neighbors,
                0,
                smallest,
                largest,
            )
            .unwrap();
        sorted(boxes.iter().map(edges).zip(counts))
    }

    /// Every group of windows with its greatest level weight.
    ///
    /// OpenCV's grouping of weights goes by how many stages a window passed. They all passed all of them here; a number
    /// so large that no group is too weak keeps every one.
    fn weighed(&mut self, grey: &Grey, config: &CropConfig) -> Vec<Found<f64>> {
        let search =
            SearchSizes { scale_factor: config.scale_factor, min_size: config.min_size, max_size: config.max_size };
        let windows = self.opencv.windows(grey, &search).unwrap();
        let mut boxes: Vector<Rect> =
            windows.iter().map(|w| w.rect).map(|b| Rect::new(b.x, b.y, b.width, b.height)).collect();
        let mut levels: Vector<i32> = windows.iter().map(|_| 1000).collect();
        let mut weights: Vector<f64> = windows.iter().map(|window| window.weight).collect();
        let threshold = i32::from(config.min_neighbors > 0);
        objdetect::group_rectangles_levels(&mut boxes, &mut levels, &mut weights, threshold, 0.2).unwrap();
        boxes.iter().map(|b| clipped(edges(b), grey)).zip(weights).collect()
    }
}

fn equalised(grey: &Grey) -> Mat {
    let plane = Mat::from_slice(grey.bytes()).unwrap().reshape(1, grey.height() as i32).unwrap().try_clone().unwrap();
    let mut equalised = Mat::default();
    imgproc::equalize_hist(&plane, &mut equalised).unwrap();
    equalised
}

fn edges(b: Rect) -> [i32; 4] {
    [b.x, b.y, b.width, b.height]
}

fn clipped([x, y, width, height]: [i32; 4], grey: &Grey) -> [i32; 4] {
    let (left, top) = (x.max(0), y.max(0));
    [left, top, (x + width).min(grey.width() as i32) - left, (y + height).min(grey.height() as i32) - top]
}

fn sorted(faces: impl Iterator<Item = Found<i32>>) -> Vec<Found<i32>> {
    let mut faces: Vec<_> = faces.collect();
    faces.sort_unstable();
    faces
}

fn settings() -> impl Strategy<Value = CropConfig> {
    let sizes = (1..150i32, prop_oneof![2 => Just(None), 1 => (0..200i32).prop_map(Some)]);
    (1.02..2.0f64, 0..=6i32, sizes).prop_map(|(scale_factor, min_neighbors, (min_size, wider))| CropConfig {
        scale_factor,
        min_neighbors,
        min_size,
        max_size: wider.map_or(0, |wider| min_size + wider),
        ..CropConfig::reference()
    })
}

/// The same, with up to three angles.
fn turned_settings() -> impl Strategy<Value = CropConfig> {
    let angles = prop::collection::btree_set(-179..=180i32, 1..4);
    (settings(), angles)
        .prop_map(|(config, angles)| CropConfig { rotations: angles.into_iter().map(f64::from).collect(), ..config })
}

/// Real pictures that are small enough to be searched often.
fn small_pictures(shared: &Path, engine: &mut dyn Engine) -> Vec<Grey> {
    let paths = material::pictures(shared).into_iter().filter(|path| path.metadata().unwrap().len() < 150_000);
    paths.map(|path| material::grey(engine, &path)).filter(|grey| grey.area() < 800_000).collect()
}

#[test]
fn at_any_setting_real_pictures_give_the_faces_of_opencv() {
    let Some(shared) = material::shared("the native engine's faces at random settings") else { return };
    let published = Cascade::read(&shared.join("lbpcascade_animeface.xml")).unwrap();
    let mut trios = [published, Cascade::find(contracts::cascade::EMBEDDED).unwrap()].map(|c| Trio::start(&c));
    let pictures = small_pictures(&shared, &mut *trios[0].opencv);
    let (trios, faces) = (RefCell::new(&mut trios), Cell::new(0));
    proptest!(ProptestConfig::with_cases(48), |(config in settings(), picture in 0..pictures.len())| {
        for trio in trios.borrow_mut().iter_mut() {
            faces.set(faces.get() + trio.check(&pictures[picture], &config));
        }
    });
    assert!(faces.get() > 5, "the pictures hold faces: {}", faces.get());
}

#[test]
fn any_cascade_on_any_picture_gives_the_faces_of_opencv() {
    let faces = RefCell::new([0; 7]);
    proptest!(ProptestConfig::with_cases(300), |(seed in any::<u64>(), config in settings(), depth in 1..4usize)| {
        let mut random = Random(seed);
        let cascade = Cascade::of_text("a random cascade".into(), cascades::text(&mut random, depth));
        let grey = cascades::grey(&mut random);
        faces.borrow_mut()[config.min_neighbors as usize] += Trio::start(&cascade).check(&grey, &config);
    });
    let faces = faces.into_inner();
    assert!(faces.iter().all(|count| *count > 10), "faces at each number of neighbours: {faces:?}");
}

#[test]
fn turned_real_pictures_give_both_engines_the_same_faces() {
    let Some(shared) = material::shared("both engines on turned pictures") else { return };
    let published = Cascade::read(&shared.join("lbpcascade_animeface.xml")).unwrap();
    let trio = RefCell::new(Trio::start(&published));
    let pictures = small_pictures(&shared, &mut *trio.borrow_mut().opencv);
    // Random settings seldom find a face in so few pictures; those of the defaults do.
    let tilted = CropConfig { rotations: vec![-20.0, 0.0, 20.0], ..CropConfig::reference() };
    let faces: usize = pictures.iter().map(|picture| trio.borrow_mut().check_turned(picture, &tilted)).sum();
    assert!(faces > 3, "the pictures hold turned faces: {faces}");
    proptest!(ProptestConfig::with_cases(24), |(config in turned_settings(), picture in 0..pictures.len())| {
        trio.borrow_mut().check_turned(&pictures[picture], &config);
    });
}

#[test]
fn turned_by_any_angle_any_cascade_gives_both_engines_the_same_faces() {
    let faces = Cell::new(0);
    proptest!(ProptestConfig::with_cases(200), |(seed in any::<u64>(), config in turned_settings(), depth in 1..4usize)| {
        let mut random = Random(seed);
        let cascade = Cascade::of_text("a random cascade".into(), cascades::text(&mut random, depth));
        let grey = cascades::grey(&mut random);
        faces.set(faces.get() + Trio::start(&cascade).check_turned(&grey, &config));
    });
    assert!(faces.get() > 50, "turned faces: {}", faces.get());
}
