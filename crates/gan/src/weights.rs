//! Networks as safetensors bytes, and back.
//!
//! Tensors have the names and layouts that the same network has in PyTorch, so that `load_state_dict` takes them:
//! `layers.N.conv.weight` (a `ConvTranspose2d` in the generator, a `Conv2d` in the discriminator), `.conv.bias`
//! where there is one, `layers.N.norm.{weight,bias,running_mean,running_var}`, `layers.0.position_bias` where the
//! projection is linear, and the discriminator's `head.weight`; of classes `modulations.N.{weight,bias}` in the generator and
//! `projection.weight` in the discriminator. The file's metadata says what to build.

mod safetensors_writer;

use std::collections::{BTreeMap, HashMap};

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView},
};

use crate::{
    architecture::{Architecture, ArchitectureError, Family, Norm},
    classes::{ClassUse, Classes},
    discriminator::Discriminator,
    generator::Generator,
    latent::{LatentConfig, LatentDistribution},
    parameters::{parameters, replace_parameters, shapes},
};

/// Weights that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The bytes are cut off, or were never a safetensors file.
    #[error("not a safetensors file: {0}")]
    Container(#[from] safetensors::SafeTensorError),
    /// A tensor could not be read back from its device.
    #[error("cannot read the tensor {name} back from its device: {reason}")]
    Device {
        /// The tensor's name in the file.
        name: String,
        /// What the device said.
        reason: String,
    },
    /// The metadata does not describe a network of this crate.
    #[error("the metadata's {key} is {found}, expected {expected}; was the file written by another program?")]
    Metadata {
        /// The key that is missing or wrong.
        key: &'static str,
        /// Its value, quoted, or "missing".
        found: String,
        /// What it may be, for people.
        expected: &'static str,
    },
    /// The metadata asks for a side, width or kernel that no family offers.
    #[error("the metadata describes a network that cannot be built: {0}")]
    Architecture(#[from] ArchitectureError),
    /// The file's network is of another family, or of a side that does not go with the one that is to begin at it.
    #[error("it is {found}, and {expected} can begin at the same family at that side or at half of it")]
    Kind {
        /// Its family and side.
        found: String,
        /// Those of the network that was to begin at it.
        expected: String,
    },
    /// The file's network has other widths in every layer.
    #[error("no layer has the shapes of the one that would begin at it; set generator.stage_channels as it was there")]
    NothingAgrees,
    /// The file's tensors are not those of the network.
    #[error("the tensors do not fit the network: {}", .0.join("; "))]
    Tensors(Vec<String>),
}

/// The metadata of a safetensors file, checked whole first: its reader of headers alone accepts files that are cut off.
fn read_metadata(bytes: &[u8]) -> Result<BTreeMap<String, String>, WeightsError> {
    SafeTensors::deserialize(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    Ok(header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect())
}

impl Generator {
    /// The generator's weights; equal weights give equal bytes.
    ///
    /// # Errors
    /// When a tensor cannot be read back from its device.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        let mut metadata = describe("generator", &self.architecture);
        metadata.insert("latent_size", self.latent.size.to_string());
        metadata.insert("latent_distribution", distribution_name(self.latent.distribution).into());
        serialize(self, &metadata)
    }

    /// Builds the generator that [`Generator::to_safetensors`] described.
    ///
    /// # Errors
    /// When the bytes are no safetensors file, its metadata describes no generator, or a tensor is missing,
    /// unknown or of another shape.
    pub fn from_safetensors(bytes: &[u8], device: &Device) -> Result<Self, WeightsError> {
        let metadata = Metadata(read_metadata(bytes)?);
        let architecture = metadata.architecture("generator")?;
        let size = metadata.number("latent_size")?;
        let distribution = metadata.value("latent_distribution", "normal or uniform", |name| {
            [LatentDistribution::Normal, LatentDistribution::Uniform]
                .into_iter()
                .find(|&d| distribution_name(d) == name)
        })?;
        load(&Self::blank(architecture, LatentConfig { size, distribution }, device)?, bytes)
    }
}

impl Discriminator {
    /// The discriminator's weights; equal weights give equal bytes.
    ///
    /// # Errors
    /// When a tensor cannot be read back from its device.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        serialize(self, &describe("discriminator", &self.architecture))
    }

    /// Builds the discriminator that [`Discriminator::to_safetensors`] described.
    ///
    /// # Errors
    /// As [`Generator::from_safetensors`].
    pub fn from_safetensors(bytes: &[u8], device: &Device) -> Result<Self, WeightsError> {
        let architecture = Metadata(read_metadata(bytes)?).architecture("discriminator")?;
        load(&Self::blank(architecture, device)?, bytes)
    }
}

fn distribution_name(distribution: LatentDistribution) -> &'static str {
    match distribution {
        LatentDistribution::Normal => "normal",
        LatentDistribution::Uniform => "uniform",
    }
}

fn describe(network: &str, architecture: &Architecture) -> BTreeMap<&'static str, String> {
    let mut metadata = BTreeMap::from([
        ("format", "pt".to_owned()),
        ("network", network.to_owned()),
        ("recipe", architecture.recipe.clone()),
        ("family", architecture.family.name().to_owned()),
        ("resolution", architecture.side.to_string()),
        ("base_channels", architecture.base_channels.to_string()),
        ("kernel", architecture.kernel.to_string()),
    ]);
    // Only where they say something, so that the other networks' files keep their bytes.
    if architecture.norm != Norm::default() {
        metadata.insert(NORM, architecture.norm.name().to_owned());
    }
    if architecture.minibatch_group > 0 {
        metadata.insert(MINIBATCH_GROUP, architecture.minibatch_group.to_string());
    }
    if architecture.groups != 1 {
        metadata.insert(GROUPS, architecture.groups.to_string());
    }
    if architecture.minibatch_kernels > 0 {
        metadata.insert(MINIBATCH_KERNELS, architecture.minibatch_kernels.to_string());
    }
    if architecture.max_channels > 0 {
        metadata.insert(MAX_CHANNELS, architecture.max_channels.to_string());
    }
    if !architecture.stage_channels.is_empty() {
        let widths: Vec<String> = architecture.stage_channels.iter().map(u32::to_string).collect();
        metadata.insert(STAGE_CHANNELS, widths.join(" "));
    }
    if !architecture.classes.is_empty() {
        metadata.insert(CLASS_USE, class_use_name(architecture.class_use).to_owned());
        let names = serde_json::to_string(architecture.classes.names()).expect("strings always have a JSON form");
        metadata.insert(CLASSES, names);
        let counts: Vec<String> = architecture.classes.counts().iter().map(u32::to_string).collect();
        metadata.insert(CLASS_COUNTS, counts.join(" "));
    }
    metadata
}

fn class_use_name(class_use: ClassUse) -> &'static str {
    match class_use {
        ClassUse::None => "none",
        ClassUse::Conditional => "conditional",
        ClassUse::SemiSupervised => "semi-supervised",
    }
}

/// Keys that only some files have.
const NORM: &str = "norm";
const MINIBATCH_GROUP: &str = "minibatch_group";
const GROUPS: &str = "groups";
const MINIBATCH_KERNELS: &str = "minibatch_kernels";
const MAX_CHANNELS: &str = "max_channels";
const STAGE_CHANNELS: &str = "stage_channels";
const CLASS_USE: &str = "class_use";
/// The classes' names, as JSON.
const CLASSES: &str = "classes";
/// Training images of each class, and last of none.
const CLASS_COUNTS: &str = "class_counts";

/// A file's metadata, as [`describe`] wrote it.
struct Metadata(BTreeMap<String, String>);

impl Metadata {
    fn architecture(&self, network: &'static str) -> Result<Architecture, WeightsError> {
        self.value("network", network, |found| (found == network).then_some(()))?;
        Ok(Architecture {
            recipe: self.value("recipe", "a recipe's name", |name| Some(name.to_owned()))?,
            family: self.value("family", "dcgan, tensorflow-dcgan, upsample or resnet", Family::named)?,
            side: self.number("resolution")?,
            base_channels: self.number("base_channels")?,
            kernel: self.number("kernel")?,
            norm: self.value_or(NORM, "batch, none or spectral", Norm::Batch, Norm::named)?,
            minibatch_group: self.value_or(MINIBATCH_GROUP, "a whole number", 0, |value| value.parse().ok())?,
            groups: self.value_or(GROUPS, "a whole number", 1, |value| value.parse().ok())?,
            minibatch_kernels: self.value_or(MINIBATCH_KERNELS, "a whole number", 0, |value| value.parse().ok())?,
            max_channels: self.value_or(MAX_CHANNELS, "a whole number", 0, |value| value.parse().ok())?,
            stage_channels: self.value_or(STAGE_CHANNELS, "whole numbers", Vec::new(), |value| {
                value.split(' ').map(|width| width.parse().ok()).collect()
            })?,
            class_use: self.class_use(network)?,
            classes: self.classes()?,
        })
    }

    fn class_use(&self, network: &'static str) -> Result<ClassUse, WeightsError> {
        let known: &[ClassUse] = match network {
            "generator" => &[ClassUse::Conditional],
            _ => &[ClassUse::Conditional, ClassUse::SemiSupervised],
        };
        self.value_or(CLASS_USE, "what the network can make of classes", ClassUse::None, |name| {
            known.iter().copied().find(|known| class_use_name(*known) == name)
        })
    }

    /// The classes of a network that knows some.
    fn classes(&self) -> Result<Classes, WeightsError> {
        if !self.0.contains_key(CLASS_USE) {
            return Ok(Classes::default());
        }
        let names: Vec<String> = self.value(CLASSES, "a JSON list of names", |list| serde_json::from_str(list).ok())?;
        self.value(CLASS_COUNTS, "a whole number for each class, and one for images of none", |counts| {
            let counts: Option<Vec<u32>> = counts.split(' ').map(|count| count.parse().ok()).collect();
            Classes::from_parts(names.clone(), counts?)
        })
    }

    /// As [`Metadata::value`], for keys that only some files have.
    fn value_or<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        default: T,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, WeightsError> {
        if self.0.contains_key(key) { self.value(key, expected, parse) } else { Ok(default) }
    }

    fn number(&self, key: &'static str) -> Result<u32, WeightsError> {
        self.value(key, "a whole number", |value| value.parse().ok().filter(|&number| number > 0))
    }

    fn value<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, WeightsError> {
        let found = self.0.get(key);
        found.and_then(|value| parse(value)).ok_or_else(|| WeightsError::Metadata {
            key,
            found: found.map_or_else(|| "missing".into(), |value| format!("{value:?}")),
            expected,
        })
    }
}

fn serialize<M: Module>(network: &M, metadata: &BTreeMap<&'static str, String>) -> Result<Vec<u8>, WeightsError> {
    let mut tensors = BTreeMap::new();
    for (name, parameter) in parameters(network) {
        let unreadable = |reason: String| WeightsError::Device { name: name.clone(), reason };
        let data = parameter.values.try_into_data().map_err(|error| unreadable(error.to_string()))?;
        let values = data.convert::<f32>().try_to_vec::<f32>().map_err(|error| unreadable(format!("{error:?}")))?;
        tensors.insert(name, safetensors_writer::TensorEntry { shape: parameter.shape, values });
    }
    Ok(safetensors_writer::serialize(metadata, &tensors))
}

fn load<M: Module>(network: &M, bytes: &[u8]) -> Result<M, WeightsError> {
    let file = SafeTensors::deserialize(bytes)?;
    let mut given: HashMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
    let mut values = BTreeMap::new();
    let mut problems = Vec::new();
    // Shapes are compared before any weight is allocated: metadata may ask for a network larger than memory.
    for (name, shape) in shapes(network) {
        match read(given.remove(&name), &shape) {
            Ok(numbers) => _ = values.insert(name, numbers),
            Err(problem) => problems.push(format!("{name} {problem}")),
        }
    }
    // PyTorch counts its batches in a tensor that nothing here needs.
    let unknown = given.into_keys().filter(|name| !name.ends_with(".num_batches_tracked"));
    let mut unknown: Vec<_> = unknown.map(|name| format!("{name} is no tensor of this network")).collect();
    unknown.sort();
    problems.extend(unknown);
    if !problems.is_empty() {
        return Err(WeightsError::Tensors(problems));
    }
    Ok(replace_parameters(network, |name, blank| match values.remove(name) {
        Some(numbers) => Tensor::from_floats(numbers.as_slice(), &blank.device()),
        None => blank,
    }))
}

fn read(tensor: Option<TensorView<'_>>, shape: &[usize]) -> Result<Vec<f32>, String> {
    let tensor = tensor.ok_or("is missing")?;
    if tensor.shape() != shape {
        return Err(format!("has shape {:?}, expected {shape:?}", tensor.shape()));
    }
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("holds {:?} values, expected F32", tensor.dtype()));
    }
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Ok(tensor.data().chunks_exact(4).map(number).collect())
}

#[cfg(test)]
mod tests;
