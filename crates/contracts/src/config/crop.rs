//! `[crop]`: pictures to faces.

use serde::{Deserialize, Serialize};

use super::{
    margin::Margin,
    section::{BadValue, Validate, require, section},
};
use crate::cascade;

/// What evaluates the cascade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// OpenCV's CascadeClassifier: the reference.
    Opencv,
    /// Our own evaluator: the same boxes without OpenCV, several times faster.
    Native,
}

/// How much care is taken of small faces in large pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CropMode {
    /// Every picture at its full size, as the tutorial did.
    Exact,
    /// A small grey picture is searched, and only one with a face is decoded at its full size.
    Fast,
    /// As fast, and a judge looks at whatever may be a face: more faces, fewer mistakes.
    Judged,
}

/// What becomes of a square that sticks out of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Border {
    /// It is moved inward, and shrunk where it is larger than the picture.
    Clip,
    /// It stays where it is; the picture's outermost pixels are repeated.
    Pad,
}

/// What becomes of transparency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alpha {
    /// The alpha channel is thrown away, as cv2.imread does.
    Drop,
    /// The picture is laid on white.
    White,
}

/// The file format of the crops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CropFormat {
    /// Lossless.
    Png,
    /// As the tutorial wrote them.
    Jpg,
}

impl CropFormat {
    /// The file extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpg => "jpg",
        }
    }
}

/// How a shard's crops lie on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CropContainer {
    /// A file a face.
    #[default]
    Files,
    /// All in one tar, with an index.
    Tar,
}

/// The most angles that pictures are searched at: each costs as much again.
const MAX_ROTATIONS: usize = 12;

section! {
    /// `[crop]`: how faces are found and cut.
    CropConfig in "crop" {
        /// What evaluates the cascade: native, our own; opencv, the reference: the same boxes from the same grey values, slower.
        engine: Engine = Engine::Native, Output;
        /// judged: nijigen proposes on a small grey picture, and a network decides; exact: the cascade alone, at full size; fast: on a small grey picture.
        mode: CropMode = CropMode::Judged, Output;
        /// drop: transparency is thrown away, as cv2.imread does; white: the picture is laid on white.
        alpha: Alpha = Alpha::Drop, Output;
        /// Faces whose grey values deviate less than this are dropped; 0: none is.
        min_grey_std: f64 = 25.0, Output;
        /// Faces whose level weight is lower are dropped; -inf: none is. Not in the judged mode.
        min_score: f64 = 0.0, Output;
        /// Faces that the judge finds less likely are dropped, 0 to 1, with the two shipped cascades; 0: none is.
        min_confidence: f64 = 0.3, Output, added(0.0);
        /// Faces whose Laplacian has a lower root mean square are dropped; 0: none is.
        min_sharpness: f64 = 0.0, Output;
        /// Faces whose box in the picture has a shorter side are dropped; 0: none is.
        min_side: u32 = 0, Output;
        /// Pictures of more million pixels are dropped: mistakes or attacks.
        max_megapixels: u32 = 100, Output;
        /// nijigen, which is part of the program; lbpcascade_animeface, which is downloaded once; or a path to any OpenCV cascade file.
        cascade: String = cascade::EMBEDDED.into(), Output;
        /// The step between the sizes searched.
        scale_factor: f64 = 1.1, Output;
        /// Degrees by which a face may be turned, positive clockwise, each a search of its own; 0 is upright.
        rotations: Vec<f64> = vec![-15.0, 0.0, 15.0], Output, added(vec![0.0]);
        /// Whether pictures are searched mirrored as well, which takes as much time again: a cascade sees other faces then.
        mirrored: bool = false, Output, added;
        /// Whether a face that is found turned is cut upright; false: the square around its middle is.
        upright: bool = true, Output, added;
        /// How many raw detections must agree, less one.
        min_neighbors: i32 = 5, Output;
        /// The smallest face searched for, in pixels.
        min_size: i32 = 48, Output;
        /// The largest face searched for, in pixels; 0: as large as the picture.
        max_size: i32 = 0, Output;
        /// Widens the box by this share of its side on each side, or { top, right, bottom, left }: by a share a side.
        margin: Margin = Margin::default(), Output;
        /// A square that sticks out of the picture: clip: is moved inward; pad: is filled with the outermost pixels.
        border: Border = Border::Clip, Output;
        /// The side of the crop in pixels; 0: as it is in the picture.
        size: u32 = 96, Output;
        /// png or jpg.
        format: CropFormat = CropFormat::Png, Output;
        /// files: a file a face, thrown out by deleting it; tar: a shard's faces in one tar, where the number of files is limited.
        container: CropContainer = CropContainer::Files, Output, added;
    }
}

impl CropConfig {
    /// What OpenCV's classifier does with lbpcascade_animeface: every picture upright, at its full size, and nobody else is asked.
    pub fn reference() -> Self {
        Self {
            engine: Engine::Opencv,
            mode: CropMode::Exact,
            cascade: cascade::NAME.into(),
            rotations: vec![0.0],
            min_confidence: 0.0,
            ..Self::default()
        }
    }
}

impl Validate for CropConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        require! {
            "min_grey_std": (0.0..=128.0).contains(&self.min_grey_std), "must be from 0 to 128";
            "min_score": !self.min_score.is_nan() && self.min_score < f64::INFINITY, "must be a number, or -inf";
            "min_confidence": (0.0..=1.0).contains(&self.min_confidence), "must be from 0 to 1";
            "min_confidence": self.min_confidence == 0.0 || cascade::is_judged(&self.cascade), "must be 0 with a cascade of your own: only the faces of nijigen and lbpcascade_animeface have a confidence";
            "mode": self.mode != CropMode::Judged || self.cascade == cascade::EMBEDDED, "must be \"exact\" or \"fast\" with this crop.cascade: judged is for nijigen";
            "min_sharpness": (0.0..=2000.0).contains(&self.min_sharpness), "must be from 0 to 2000";
            "min_side": self.min_side <= 100_000, "must be at most 100000";
            "max_megapixels": (1..=1000).contains(&self.max_megapixels), "must be from 1 to 1000";
            "cascade": !self.cascade.is_empty(), "must be nijigen, lbpcascade_animeface or a path";
            "scale_factor": self.scale_factor > 1.0 && self.scale_factor <= 4.0, "must be above 1 and at most 4";
            "rotations": (1..=MAX_ROTATIONS).contains(&self.rotations.len()), format!("must be 1 to {MAX_ROTATIONS} angles, such as [0]");
            "rotations": self.rotations.iter().all(|angle| *angle > -180.0 && *angle <= 180.0), "must be above -180 and at most 180";
            "rotations": (1..self.rotations.len()).all(|index| !self.rotations[..index].contains(&self.rotations[index])),
                "must not name an angle twice";
            "min_neighbors": (0..=1000).contains(&self.min_neighbors), "must be from 0 to 1000";
            "min_size": (1..=100_000).contains(&self.min_size), "must be from 1 to 100000";
            "max_size": self.max_size == 0 || (self.min_size..=100_000).contains(&self.max_size), "must be 0, or from crop.min_size to 100000";
            "margin": self.margin.sides().iter().all(|share| (0.0..=2.0).contains(share)), "must be from 0 to 2";
            "size": self.size <= 4096, "must be at most 4096";
        }
    }
}
