//! Picture files to pixels and back.
//!
//! ```text
//! bytes ─probe─▶ PictureFile ─decode─▶ Rgb ─▶ scaled, cropped, laid on a sheet ─encode─▶ bytes
//! ```
//!
//! A file is decoded only after it was probed: it is of a known format, whole, and no canvas or frame in it has more
//! pixels than the caller allows. Nothing here knows where pictures come from or what they are for.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod animation;
mod annotation;
mod decode;
mod encode;
mod error;
mod file;
mod font;
mod format;
#[cfg(test)]
mod fuzz_targets;
#[cfg(test)]
mod golden;
mod jpeg;
mod lanczos;
mod medium;
mod memory;
mod orientation;
mod pixels;
mod planes;
mod preview;
mod probe;
mod scale;
mod sheet;
mod turn;

pub use crate::{
    animation::{Animation, AnimationError, animate},
    annotation::{AnnotationError, annotated, annotation},
    decode::{Alpha, Narrowing, on_white, verify},
    encode::{EncodeError, Encoding},
    error::PictureError,
    file::PictureFile,
    format::Format,
    lanczos::{Part, lanczos_grey, lanczos_rgb, whole},
    medium::{Decision, Medium, Unread},
    memory::{MemoryBudget, Reservation},
    orientation::upright_sides,
    pixels::{Grey, Pixels, Rgb},
    planes::interleave,
    preview::Reduction,
    probe::{Probe, probe},
    sheet::{Caption, Sheet, Tile, side_by_side},
};
