//! A trained generator: weights in, images out.
//!
//! ```no_run
//! use generator::{Device, TrainedGenerator};
//!
//! let generator = TrainedGenerator::open("artifacts/runs/latest".as_ref(), &Device::flex())?;
//! for (number, image) in (0..).zip(generator.sample(7, 0..16)?) {
//!     std::fs::write(format!("{number}.png"), image.encode(generator::Encoding::Png)?)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariant: an image is a function of the weights and its latent, a latent of the seed and its number. How many are
//! asked for at once changes nothing; another kind of device changes the last bits.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod class_choice;
mod combination;
mod device;
mod discriminator;
mod error;
mod interpolation;
pub mod onnx;
mod projection;
pub mod protobuf;
mod readback;
mod trained;

pub use burn::tensor::Device;
pub use pictures::{Encoding, Rgb};

pub use crate::{
    class_choice::{ClassChoice, ClassProblem},
    combination::{average, halves, weighted_sum},
    device::{ChosenDevice, DeviceError, DeviceKind},
    discriminator::{DiscriminatorError, TrainedDiscriminator},
    error::GeneratorError,
    interpolation::spherical,
    projection::{Projection, ProjectionOptions},
    readback::{ReadbackError, read_values},
    trained::TrainedGenerator,
};
