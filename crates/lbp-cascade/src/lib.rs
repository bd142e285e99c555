//! Finds objects in grey pictures with an LBP cascade as OpenCV trains and evaluates it, to the last bit and without OpenCV.
//!
//! ```text
//! grey ─▶ equalise ─▶ for each level of the pyramid: scale, integral image, scan ─▶ windows ─▶ group ─▶ detections
//! ```
//!
//! A [`Cascade`] is read from OpenCV's XML, or made of its parts and written as that. A [`Detector`] gives, from the same grey
//! bytes, the windows, boxes, neighbour counts and level weights of OpenCV 4's `CascadeClassifier::detectMultiScale`, for
//! 32 windows at a time with AVX-512, AVX2 or plain arrays, whichever the processor has.
//!
//! The bytes are to be grey as `cv2.cvtColor` makes them: 0.299 R + 0.587 G + 0.114 B, rounded. What the bits hang on from
//! there is said beside each line: histograms equalised in single precision ([`equalise`]), the sizes of the pyramid and the
//! last rows that its stripes leave out ([`levels`]), bilinear scaling in 256ths ([`scaled`]), stage sums in double precision
//! in the file's order, the window that is passed over after one that the first stage rejects, and mean boxes in single
//! precision ([`group`]).
//!
//! ```
//! use lbp_cascade::{Cascade, CascadeStage, Detector, Feature, GreyImage, Node, SearchSizes, Tree};
//!
//! // One feature, nine blocks of 8 × 8 pixels, and one stump: it passes windows around which nothing is as bright as the
//! // middle, which is code 0, the lowest bit of the subset.
//! let feature = Feature { x: 0, y: 0, width: 8, height: 8 };
//! let node = Node { feature: 0, subset: [1, 0, 0, 0, 0, 0, 0, 0], left: 0, right: -1 };
//! let stump = Tree { nodes: vec![node], leaves: vec![1.0, -1.0] };
//! let stage = CascadeStage { threshold: 0.0, trees: vec![stump] };
//! let cascade = Cascade::new((24, 24), vec![stage], vec![feature])?;
//!
//! // A bright spot of 30 × 30 pixels in the dark.
//! let bright = |i: usize| (45..75).contains(&(i % 160)) && (35..65).contains(&(i / 160));
//! let pixels: Vec<u8> = (0..160 * 120).map(|i| if bright(i) { 220 } else { 40 }).collect();
//! let image = GreyImage::new(160, 120, &pixels).expect("160 × 120 bytes");
//!
//! let sizes = SearchSizes { scale_factor: 1.1, min_size: 24, max_size: 0 };
//! let spots = Detector::new(cascade).detect(image, &sizes, 5);
//! assert!(spots.iter().any(|spot| (45..75).contains(&(spot.rect.x + spot.rect.width / 2))));
//! # Ok::<(), lbp_cascade::CascadeError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cascade;
mod detection;
mod detector;
mod equalise;
mod error;
#[cfg(test)]
mod fuzz_targets;
mod grouping;
mod image;
mod integral;
mod kernel;
mod level_sums;
mod program;
mod pyramid;
mod rect;
mod scaling;
mod scan;
mod turning;
mod xml;

pub mod judge;

pub use cascade::{Cascade, CascadeStage, Feature, MAX_BLOCK_AREA, Node, SUBSET_WORDS, THRESHOLD_SLACK, Tree};
pub use detection::detections;
pub use detector::Detector;
pub use equalise::equalise;
pub use error::CascadeError;
pub use grouping::{Detection, Window, group};
pub use image::GreyImage;
pub use integral::IntegralImage;
pub use pyramid::{Level, SearchSizes, levels};
pub use rect::Rect;
pub use scaling::scaled;
pub use turning::{Turning, halved, sin_cos};
