//! `import`: weights of PyTorch's DCGAN example as a `generator.safetensors`.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, bail};
use contracts::publish;
use gan::Generator;
use generator::Device;
use safetensors::{Dtype, tensor::TensorView};
use tensor_files::{Array, Tensors};

use crate::{arguments::ImportOptions, written};

/// The side of the example's coarsest features.
const START: usize = 4;

/// The parts of a BatchNorm.
const NORM: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

/// Reads the file and writes the weights as training would.
pub(crate) fn run(options: &ImportOptions) -> anyhow::Result<String> {
    let path = &options.file;
    let bytes = publish::read_file(path)?;
    let tensors = tensor_files::read(&bytes).with_context(|| format!("cannot read {}", path.display()))?;
    let generator =
        dcgan(&tensors).with_context(|| format!("{} holds no generator of PyTorch's DCGAN example", path.display()))?;
    let (side, size) = (generator.architecture().side, generator.latent().size);
    written::file(
        &options.out,
        &generator.to_safetensors()?,
        &format!("a generator of {side} px, of latents of {size}"),
    )
}

/// The example's generator is a `Sequential` called `main`: convolution, BatchNorm and ReLU, again and again, and a last
/// convolution. Layers without weights are counted in the names.
fn dcgan(tensors: &Tensors) -> anyhow::Result<Generator> {
    let named: BTreeMap<&str, &Array> = tensors
        .iter()
        // DataParallel puts a name before all others.
        .map(|(name, array)| (name.strip_prefix("module.").unwrap_or(name), array))
        .collect();
    let convolutions = convolutions(&named);
    anyhow::ensure!(
        convolutions.len() > 1,
        "it has no main.0.weight and so on; there are {}",
        named.keys().take(4).copied().collect::<Vec<_>>().join(", ")
    );
    let mut layers: BTreeMap<String, &Array> = BTreeMap::new();
    for (layer, (position, convolution)) in convolutions.iter().enumerate() {
        layers.insert(format!("layers.{layer}.conv.weight"), convolution);
        for part in NORM {
            if let Some(array) = named.get(&*format!("main.{}.{part}", position + 1)) {
                layers.insert(format!("layers.{layer}.norm.{part}"), array);
            }
        }
    }
    let (first, last) = (convolutions[0].1, convolutions[convolutions.len() - 1].1);
    let [width, colours, kernel, _] = last.shape[..] else { bail!("its last layer is no convolution") };
    anyhow::ensure!(colours == 3, "it makes images of {colours} channels, and ours have 3");
    let side = START << (convolutions.len() - 1);
    let number = |key: &str, value: usize| (key.to_owned(), value.to_string());
    let word = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let metadata = HashMap::from([
        word("network", "generator"),
        word("recipe", "dcgan"),
        word("family", "dcgan"),
        word("latent_distribution", "normal"),
        number("latent_size", first.shape[0]),
        number("resolution", side),
        number("base_channels", width),
        number("kernel", kernel),
    ]);
    Ok(Generator::from_safetensors(&file(&layers, metadata)?, &Device::flex())?)
}

/// The tensors with four dimensions, by their position in the sequence.
fn convolutions<'a>(named: &BTreeMap<&str, &'a Array>) -> Vec<(usize, &'a Array)> {
    let position = |name: &str| name.strip_prefix("main.")?.strip_suffix(".weight")?.parse::<usize>().ok();
    let mut found: Vec<_> = named
        .iter()
        .filter(|(_, array)| array.shape.len() == 4)
        .filter_map(|(name, array)| Some((position(name)?, *array)))
        .collect();
    found.sort_by_key(|(position, _)| *position);
    found
}

fn file(layers: &BTreeMap<String, &Array>, metadata: HashMap<String, String>) -> anyhow::Result<Vec<u8>> {
    let bytes = |array: &Array| array.values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let data: Vec<_> = layers.iter().map(|(name, array)| (name, &array.shape, bytes(array))).collect();
    let views =
        data.iter().map(|(name, shape, data)| Ok((*name, TensorView::new(Dtype::F32, (*shape).clone(), data)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    Ok(safetensors::serialize(views, Some(metadata))?)
}

#[cfg(test)]
mod tests {
    use generator::TrainedGenerator;
    use serde::Deserialize;

    use super::*;

    /// What `oracles/netg.py` saved, and what PyTorch's example made of it.
    #[derive(Deserialize)]
    struct Recorded {
        latents: Vec<Vec<f32>>,
        pixels: Vec<u8>,
    }

    #[test]
    fn the_example_s_weights_make_the_example_s_images() {
        let recorded: Recorded = serde_json::from_str(include_str!("../tests/golden/netg.json")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for saved in [
            &include_bytes!("../tests/golden/netG_epoch_0.pth")[..],
            include_bytes!("../tests/golden/netG_parallel.pth"),
        ] {
            let generator = dcgan(&tensor_files::read(saved).unwrap()).unwrap();
            let path = folder.path().join("imported.safetensors");
            publish::write_file(&path, &generator.to_safetensors().unwrap()).unwrap();
            let generator = TrainedGenerator::open(&path, &Device::flex()).unwrap();
            assert_eq!((generator.side(), generator.latent_size()), (64, 5));
            let images = generator.images(&recorded.latents).unwrap();
            let pixels: Vec<u8> = images.iter().flat_map(|image| image.bytes().iter().copied()).collect();
            // Every 61st, so that all channels and corners are among them.
            for (found, expected) in pixels.iter().step_by(61).zip(&recorded.pixels) {
                assert!(found.abs_diff(*expected) <= 1, "{found} and {expected}");
            }
        }
    }

    #[test]
    fn other_networks_are_refused() {
        let array = |shape: &[usize]| Array { shape: shape.to_vec(), values: vec![0.0; shape.iter().product()] };
        let check = |tensors: &[(&str, &[usize])], part: &str| {
            let tensors = tensors.iter().map(|(name, shape)| ((*name).to_owned(), array(shape))).collect();
            let problem = format!("{:#}", dcgan(&tensors).unwrap_err());
            assert!(problem.contains(part), "{problem}");
        };
        check(&[("features.0.weight", &[4, 3, 3, 3])], "no main.0.weight");
        check(&[("main.0.weight", &[5, 8, 4, 4]), ("main.3.weight", &[8, 1, 4, 4])], "1 channels");
        check(&[("main.0.weight", &[5, 8, 4, 4]), ("main.3.weight", &[8, 3, 4, 4])], "8 px");
        let three: &[(&str, &[usize])] =
            &[("main.0.weight", &[5, 8, 4, 4]), ("main.3.weight", &[8, 4, 4, 4]), ("main.6.weight", &[4, 3, 4, 4])];
        check(three, "layers.0.norm.weight is missing");
    }
}
