//! Weights written and read back, and files that are not weights.

use proptest::prelude::*;

use super::*;
use crate::recipe::{Recipe, tests::tiny};

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

/// With names that JSON must escape.
#[test]
fn classes_survive_with_their_names_and_counts() {
    let device = Device::flex();
    let names = ["blue \"hair\"", "blonde_hair|yellow_hair", "ü"].map(str::to_owned);
    let classes = Classes::new(names.into(), [Some(0), Some(0), None, Some(2)]);
    for (name, is_told) in [("conditional", true), ("semi-supervised", false)] {
        let narrow = "latent.size = 4\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2".parse().unwrap();
        let recipe = Recipe::named(name).unwrap().with_overrides(&narrow).unwrap();
        let bytes = recipe.generator_of(&classes, 16, 5, &device).unwrap().to_safetensors().unwrap();
        let generator = Generator::from_safetensors(&bytes, &device).unwrap();
        assert_eq!(generator.to_safetensors().unwrap(), bytes);
        assert_eq!(*generator.classes(), if is_told { classes.clone() } else { Classes::default() });
        let bytes = recipe.discriminator_of(&classes, 16, 5, &device).unwrap().to_safetensors().unwrap();
        let discriminator = Discriminator::from_safetensors(&bytes, &device).unwrap();
        assert_eq!(discriminator.to_safetensors().unwrap(), bytes);
        assert_eq!(discriminator.architecture().classes, classes);
        let broken = with_header(&bytes, "\"2 0 1 1\"", "\"2 0 1\"");
        let error = Discriminator::from_safetensors(&broken, &device).unwrap_err().to_string();
        assert!(error.contains("class_counts"), "{error}");
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
    check(&renamed, &["layers.1.norm.running_var is missing", "layers.1.norm.variance is no tensor of this network"]);
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
