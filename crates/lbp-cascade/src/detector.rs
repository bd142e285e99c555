//! A cascade with the memory to evaluate it in.

use crate::{
    cascade::Cascade,
    detection::detections,
    equalise::equalise_into,
    grouping::{Detection, Window},
    image::GreyImage,
    kernel::Kernel,
    level_sums::{LevelSums, SumsLayout},
    program::Program,
    pyramid::{Level, SearchSizes, levels},
    scan::LevelScan,
};

/// Evaluates one cascade on picture after picture, on one thread; its memory is kept from picture to picture.
pub struct Detector {
    cascade: Cascade,
    kernel: Kernel,
    equalised: Vec<u8>,
    sums: LevelSums,
    /// For windows one pixel apart, and for windows two apart.
    programs: [Program; 2],
}

impl Detector {
    /// A detector that uses the widest registers that this processor has.
    pub fn new(cascade: Cascade) -> Self {
        Self {
            cascade,
            kernel: Kernel::available()[0],
            equalised: Vec::new(),
            sums: LevelSums::default(),
            programs: Default::default(),
        }
    }

    /// The sides of the cascade's window in pixels: nothing smaller is found.
    pub fn window(&self) -> (usize, usize) {
        self.cascade.sides()
    }

    /// The windows that the cascade accepts, ungrouped, in OpenCV's order: the largest level first, row by row.
    ///
    /// The histogram is equalised here; the picture is given as it is.
    pub fn windows(&mut self, image: GreyImage<'_>, sizes: &SearchSizes) -> Vec<Window> {
        let mut equalised = std::mem::take(&mut self.equalised);
        equalise_into(image.pixels(), &mut equalised);
        let plane =
            GreyImage::new(image.width(), image.height(), &equalised).expect("as many pixels as the picture had");
        let found = self.windows_of_equalised(plane, sizes);
        self.equalised = equalised;
        found
    }

    /// [`Self::windows`] of a picture that is equalised already, such as one that was turned since.
    pub fn windows_of_equalised(&mut self, image: GreyImage<'_>, sizes: &SearchSizes) -> Vec<Window> {
        let levels = levels((image.width(), image.height()), self.cascade.sides(), sizes);
        // One stride for all levels, so that each program is compiled once a picture at most; even, so that its halves fit.
        let Some(widest) = levels.iter().map(|level| level.width + 1).max() else { return Vec::new() };
        let stride = widest.next_multiple_of(2);
        let mut found = Vec::new();
        for level in &levels {
            self.scan(level, stride, image, &mut found);
        }
        found
    }

    /// The objects in a picture, sorted by (y, x, width, height): [`Self::windows`], then [`detections`].
    pub fn detect(&mut self, image: GreyImage<'_>, sizes: &SearchSizes, min_neighbors: i32) -> Vec<Detection> {
        detections(&self.windows(image, sizes), min_neighbors, (image.width(), image.height()))
    }

    fn scan(&mut self, level: &Level, stride: usize, image: GreyImage<'_>, found: &mut Vec<Window>) {
        let layout = SumsLayout { stride, step: level.step };
        let program = &mut self.programs[level.step - 1];
        program.compile(&self.cascade, layout);
        self.sums.fill(image, level, layout);
        let window = self.cascade.sides();
        LevelScan { program, kernel: self.kernel, level, layout, sums: self.sums.sums(), window }.run(found);
    }
}
