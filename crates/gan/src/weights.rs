//! Networks as safetensors bytes, and back.
//!
//! Tensors have the names and layouts that the same network has in PyTorch, so that `load_state_dict` takes them:
//! `layers.N.conv.weight` (a `ConvTranspose2d` in the generator, a `Conv2d` in the discriminator), `.conv.bias`
//! where there is one, `layers.N.norm.{weight,bias,running_mean,running_var}`, `layers.0.position_bias` where the
//! projection is linear, and the discriminator's `head.weight`. The file's metadata says what to build.

mod container;

use std::collections::{BTreeMap, HashMap};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::architecture::{Architecture, ArchitectureError, Family};
use crate::discriminator::Discriminator;
use crate::generator::Generator;
use crate::latent::{LatentConfig, LatentDistribution};
use crate::parameters::{parameters, replace_parameters, shapes};

/// Weights that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The bytes are no safetensors file.
    #[error("not a safetensors file: {0}")]
    Container(#[from] safetensors::SafeTensorError),
    /// A tensor could not be read back from its device.
    #[error("cannot read the tensor {name} back from its device: {reason}")]
    Device {
        /// The tensor.
        name: String,
        /// What the device said.
        reason: String,
    },
    /// The metadata does not describe a network of this crate.
    #[error("the metadata's {key} is {found}, expected {expected}; was the file written by another program?")]
    Metadata {
        /// The key.
        key: &'static str,
        /// Its value, quoted, or "missing".
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The metadata describes a network that cannot be built.
    #[error("the metadata describes a network that cannot be built: {0}")]
    Architecture(#[from] ArchitectureError),
    /// The file's tensors are not those of the network.
    #[error("the tensors do not fit the network: {}", .0.join("; "))]
    Tensors(Vec<String>),
}

/// The metadata of a safetensors file.
///
/// # Errors
///
/// Fails where the bytes are no safetensors file.
pub fn read_metadata(bytes: &[u8]) -> Result<BTreeMap<String, String>, WeightsError> {
    SafeTensors::deserialize(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    Ok(header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect())
}

impl Generator {
    /// The generator's weights; equal weights give equal bytes.
    ///
    /// # Errors
    ///
    /// Fails where a tensor cannot be read back from its device.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        let mut metadata = describe("generator", &self.architecture);
        metadata.insert("latent_size", self.latent.size.to_string());
        metadata.insert("latent_distribution", distribution_name(self.latent.distribution).into());
        serialize(self, &metadata)
    }

    /// Builds the generator that [`Generator::to_safetensors`] described.
    ///
    /// # Errors
    ///
    /// Fails where the bytes are no safetensors file, its metadata describes no generator, or a tensor is missing,
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
    ///
    /// Fails where a tensor cannot be read back from its device.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        serialize(self, &describe("discriminator", &self.architecture))
    }

    /// Builds the discriminator that [`Discriminator::to_safetensors`] described.
    ///
    /// # Errors
    ///
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
    BTreeMap::from([
        ("format", "pt".to_owned()),
        ("network", network.to_owned()),
        ("recipe", architecture.recipe.clone()),
        ("family", architecture.family.name().to_owned()),
        ("resolution", architecture.side.to_string()),
        ("base_channels", architecture.base_channels.to_string()),
        ("kernel", architecture.kernel.to_string()),
    ])
}

/// A file's metadata, as [`describe`] wrote it.
struct Metadata(BTreeMap<String, String>);

impl Metadata {
    fn architecture(&self, network: &'static str) -> Result<Architecture, WeightsError> {
        self.value("network", network, |found| (found == network).then_some(()))?;
        Ok(Architecture {
            recipe: self.value("recipe", "a recipe's name", |name| Some(name.to_owned()))?,
            family: self.value("family", "dcgan or tensorflow-dcgan", Family::named)?,
            side: self.number("resolution")?,
            base_channels: self.number("base_channels")?,
            kernel: self.number("kernel")?,
        })
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
        tensors.insert(name, container::Entry { shape: parameter.shape, values });
    }
    Ok(container::serialize(metadata, &tensors))
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recipe::Recipe;
    use crate::recipe::tests::tiny;

    fn generator(device: &Device) -> Generator {
        tiny().generator(16, 5, device).unwrap()
    }

    fn discriminator(device: &Device) -> Discriminator {
        tiny().discriminator(16, 5, device).unwrap()
    }

    /// The bytes with their JSON header changed; the values stay.
    fn with_header(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
        assert!(header.contains(from), "{header} has no {from}");
        let header = header.replace(from, to);
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes[8 + length..]].concat()
    }

    #[test]
    fn weights_survive_their_bytes_on_either_device() {
        for device in [Device::flex(), Device::flex().autodiff()] {
            let bytes = generator(&device).to_safetensors().unwrap();
            let loaded = Generator::from_safetensors(&bytes, &device).unwrap();
            assert_eq!(loaded.to_safetensors().unwrap(), bytes);
            assert_eq!(loaded.latent(), tiny().latent);
            assert_eq!(loaded.architecture(), generator(&device).architecture());

            let bytes = discriminator(&device).to_safetensors().unwrap();
            let loaded = Discriminator::from_safetensors(&bytes, &device).unwrap();
            assert_eq!(loaded.to_safetensors().unwrap(), bytes);
        }
    }

    #[test]
    fn a_loaded_network_trains_and_an_inference_one_does_not() {
        let bytes = generator(&Device::flex()).to_safetensors().unwrap();
        let trained = |device: Device| {
            let generator = Generator::from_safetensors(&bytes, &device).unwrap();
            generator.forward(Tensor::ones([2, 4], &device));
            generator.to_safetensors().unwrap() != bytes
        };
        assert!(trained(Device::flex().autodiff()), "the newest running statistics are not written");
        assert!(!trained(Device::flex()), "running statistics moved");
    }

    #[test]
    fn names_and_metadata_are_as_documented() {
        let bytes = generator(&Device::flex()).to_safetensors().unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut names = file.names();
        names.sort_unstable();
        let norm = ["bias", "running_mean", "running_var", "weight"];
        let mut expected = vec!["layers.0.conv.weight".to_owned()];
        expected.extend(norm.map(|field| format!("layers.0.norm.{field}")));
        expected.push("layers.1.conv.weight".into());
        expected.extend(norm.map(|field| format!("layers.1.norm.{field}")));
        expected.push("layers.2.conv.weight".into());
        assert_eq!(names, expected);

        let metadata = read_metadata(&bytes).unwrap();
        let expected = [
            ("base_channels", "2"),
            ("family", "dcgan"),
            ("format", "pt"),
            ("kernel", "4"),
            ("latent_distribution", "normal"),
            ("latent_size", "4"),
            ("network", "generator"),
            ("recipe", "dcgan"),
            ("resolution", "16"),
        ];
        assert_eq!(metadata, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn values_begin_at_a_multiple_of_eight() {
        for (name, side) in [("dcgan", 16), ("dcgan-tutorial", 32)] {
            let small = "generator.base_channels = 1".parse().unwrap();
            let recipe = Recipe::named(name).unwrap().with_overrides(&small).unwrap();
            let bytes = recipe.generator(side, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
            assert_eq!(u64::from_le_bytes(bytes[..8].try_into().unwrap()) % 8, 0);
            Generator::from_safetensors(&bytes, &Device::flex()).unwrap();
        }
    }

    #[test]
    fn wrong_files_are_named() {
        let bytes = generator(&Device::flex()).to_safetensors().unwrap();
        let check = |bytes: &[u8], parts: &[&str]| {
            let error = Generator::from_safetensors(bytes, &Device::flex()).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{error:?} does not say {part:?}");
            }
        };
        check(b"", &["not a safetensors file"]);
        check(&bytes[..bytes.len() - 1], &["not a safetensors file"]);
        let renamed = with_header(&bytes, "layers.1.norm.running_var", "layers.1.norm.variance");
        check(
            &renamed,
            &["layers.1.norm.running_var is missing", "layers.1.norm.variance is no tensor of this network"],
        );
        let misshapen = with_header(&bytes, "\"shape\":[4,4,4,4]", "\"shape\":[2,8,4,4]");
        check(&misshapen, &["layers.0.conv.weight has shape [2, 8, 4, 4], expected [4, 4, 4, 4]"]);
        let whole = with_header(&bytes, "\"F32\",\"shape\":[2]", "\"I32\",\"shape\":[2]");
        check(&whole, &["holds I32 values, expected F32"]);
        check(&with_header(&bytes, "\"kernel\":\"4\"", "\"kernel\":\"four\""), &["kernel is \"four\""]);
        check(&with_header(&bytes, "\"network\":", "\"net\":"), &["network is missing, expected generator"]);
        check(&with_header(&bytes, "\"resolution\":\"16\"", "\"resolution\":\"50\""), &["50 px"]);
        check(&with_header(&bytes, "\"base_channels\":\"2\"", "\"base_channels\":\"1024\""), &["expected [4, 2048"]);
        let of_other = discriminator(&Device::flex()).to_safetensors().unwrap();
        check(&of_other, &["network is \"discriminator\", expected generator"]);
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic(at in 0usize..4096, flip in 1u8..=255) {
            let mut bytes = generator(&Device::flex()).to_safetensors().unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            // A flipped value is still a weight; anything else is an error. Neither is a panic.
            let _ = Generator::from_safetensors(&bytes, &Device::flex());
        }
    }
}
