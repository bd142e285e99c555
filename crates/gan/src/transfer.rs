//! Transfer: a network's first weights from those of another, layer by layer where shapes agree.

use std::collections::{BTreeMap, BTreeSet};

use burn::{module::Module, tensor::Tensor};

use crate::{
    architecture::{Architecture, Family},
    discriminator::Discriminator,
    generator::Generator,
    parameters::{parameters, replace_parameters, shapes},
    weights::WeightsError,
};

/// How much of a network was taken from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Layers that were taken.
    pub layers: usize,
    /// Layers that the network has.
    pub of: usize,
}

/// Where a network's layers are counted from, so that those of one side stand beside each other whatever the image's.
#[derive(Clone, Copy)]
enum Coarsest {
    /// A generator's, whose last layer makes colours.
    First,
    /// A discriminator's.
    Last,
}

impl Generator {
    /// This generator with the weights of `source` (a safetensors file's bytes) in every layer whose shapes agree, its
    /// features having the same side; of images of this side or of half of it. The rest keeps its weights.
    ///
    /// # Errors
    /// When the bytes are no generator of this family and of such a side, or no layer agrees.
    pub fn transfer(&self, source: &[u8]) -> Result<(Self, Taken), WeightsError> {
        let other = Self::from_safetensors(source, &self.devices()[0].clone().inner())?;
        check_kind(&self.architecture, &other.architecture)?;
        take(self, &other, Coarsest::First)
    }
}

impl Discriminator {
    /// As [`Generator::transfer`], for discriminators.
    ///
    /// # Errors
    /// As there.
    pub fn transfer(&self, source: &[u8]) -> Result<(Self, Taken), WeightsError> {
        let other = Self::from_safetensors(source, &self.devices()[0].clone().inner())?;
        check_kind(&self.architecture, &other.architecture)?;
        take(self, &other, Coarsest::Last)
    }
}

fn check_kind(ours: &Architecture, theirs: &Architecture) -> Result<(), WeightsError> {
    let fits = ours.family == theirs.family && [theirs.side, 2 * theirs.side].contains(&ours.side);
    if fits {
        return Ok(());
    }
    let described = |family: Family, side: u32| format!("{} at {side} px", family.name());
    Err(WeightsError::Kind {
        found: described(theirs.family, theirs.side),
        expected: described(ours.family, ours.side),
    })
}

/// A layer's name within its network: `layers.3`, or `head`.
fn layer(parameter: &str) -> &str {
    let end = match parameter.strip_prefix("layers.") {
        Some(rest) => rest.find('.').map(|dot| dot + "layers.".len()),
        None => parameter.find('.'),
    };
    &parameter[..end.unwrap_or(parameter.len())]
}

fn take<M: Module>(ours: &M, theirs: &M, coarsest: Coarsest) -> Result<(M, Taken), WeightsError> {
    let (wanted, mut given) = (shapes(ours), parameters(theirs));
    let count =
        |names: &BTreeMap<String, Vec<usize>>| names.keys().filter_map(|name| index(name)).max().unwrap_or(0) + 1;
    let counts = (count(&wanted), count(&shapes(theirs)));
    // A layer is taken whole: a norm's statistics mean nothing behind another convolution.
    let mut layers: BTreeMap<&str, bool> = BTreeMap::new();
    for (name, shape) in &wanted {
        let agrees = counterpart(name, counts, coarsest)
            .and_then(|name| given.get(&name))
            .is_some_and(|parameter| parameter.shape == *shape);
        *layers.entry(layer(name)).or_insert(true) &= agrees;
    }
    let taken: BTreeSet<&str> = layers.iter().filter(|(_, agrees)| **agrees).map(|(name, _)| *name).collect();
    if taken.is_empty() {
        return Err(WeightsError::NothingAgrees);
    }
    let network = replace_parameters(ours, |name, first| {
        let values = taken.contains(layer(name)).then(|| counterpart(name, counts, coarsest)).flatten();
        match values.and_then(|name| given.remove(&name)) {
            Some(parameter) => on_device_of(&first, parameter.values),
            None => first,
        }
    });
    Ok((network, Taken { layers: taken.len(), of: layers.len() }))
}

fn on_device_of(first: &Tensor<1>, values: Tensor<1>) -> Tensor<1> {
    Tensor::from_data(values.into_data(), &first.device())
}

/// Which of its layers a parameter is in, where they are numbered.
fn index(parameter: &str) -> Option<usize> {
    layer(parameter).strip_prefix("layers.")?.parse().ok()
}

/// The other network's parameter that stands where ours does; `None` where it has no such layer.
fn counterpart(name: &str, (ours, theirs): (usize, usize), coarsest: Coarsest) -> Option<String> {
    let Some(number) = index(name) else { return Some(name.to_owned()) };
    let number = match coarsest {
        Coarsest::First if number + 1 == ours => theirs - 1,
        Coarsest::First => Some(number).filter(|&number| number + 1 < theirs)?,
        Coarsest::Last => (number + theirs).checked_sub(ours)?,
    };
    Some(format!("layers.{number}{}", &name[layer(name).len()..]))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::recipe::Recipe;

    fn recipe(widths: &str) -> Recipe {
        let text = format!(
            "latent.size = 4\ngenerator.stage_channels = {widths}\ndiscriminator.base_channels = 2\n\
             discriminator.max_channels = 4"
        );
        Recipe::named("modern").unwrap().with_overrides(&text.parse().unwrap()).unwrap()
    }

    fn values<M: Module>(network: &M, name: &str) -> Vec<f32> {
        parameters(network)[name].values.clone().into_data().try_to_vec().unwrap()
    }

    #[test]
    fn a_network_of_the_same_side_is_taken_whole() {
        let (recipe, device) = (recipe("[8, 4, 2, 2]"), Device::flex());
        let other = recipe.generator(32, 7, &device).unwrap();
        let (taken, how) = recipe
            .generator(32, 1, &device.clone().autodiff())
            .unwrap()
            .transfer(&other.to_safetensors().unwrap())
            .unwrap();
        assert_eq!(how, Taken { layers: 5, of: 5 });
        assert_eq!(taken.to_safetensors().unwrap(), other.to_safetensors().unwrap());
        let other = recipe.discriminator(32, 7, &device).unwrap();
        let (taken, how) =
            recipe.discriminator(32, 1, &device).unwrap().transfer(&other.to_safetensors().unwrap()).unwrap();
        assert_eq!(how, Taken { layers: 4, of: 4 });
        assert_eq!(taken.to_safetensors().unwrap(), other.to_safetensors().unwrap());
    }

    #[test]
    fn of_half_the_side_what_has_the_same_side_is_taken() {
        let device = Device::flex();
        let (small, large) = (recipe("[8, 4, 2, 2]"), recipe("[8, 4, 2, 2, 2]"));
        let other = small.generator(32, 7, &device).unwrap();
        let own = large.generator(64, 1, &device).unwrap();
        let (taken, how) = own.transfer(&other.to_safetensors().unwrap()).unwrap();
        // The stages from 4 to 32 px and the colours; that of 64 px is new.
        assert_eq!(how, Taken { layers: 5, of: 6 });
        for (name, theirs) in
            [("layers.0.conv.weight", true), ("layers.3.norm.weight", true), ("layers.4.conv.weight", false)]
        {
            let expected = if theirs { values(&other, name) } else { values(&own, name) };
            assert_eq!(values(&taken, name), expected, "{name}");
        }
        assert_eq!(values(&taken, "layers.5.conv.weight"), values(&other, "layers.4.conv.weight"));

        let other = small.discriminator(32, 7, &device).unwrap();
        let own = large.discriminator(64, 1, &device).unwrap();
        let (taken, how) = own.transfer(&other.to_safetensors().unwrap()).unwrap();
        // Theirs are [3→2, 2→4, 4→4] and ours [3→2, 2→4, 4→4, 4→4]: the coarsest stage and the head agree.
        assert_eq!(how, Taken { layers: 2, of: 5 });
        assert_eq!(values(&taken, "layers.3.conv.weight"), values(&other, "layers.2.conv.weight"));
        assert_eq!(values(&taken, "layers.1.conv.weight"), values(&own, "layers.1.conv.weight"));
        assert_eq!(values(&taken, "head.weight"), values(&other, "head.weight"));
    }

    #[test]
    fn what_cannot_be_taken_is_refused() {
        let device = Device::flex();
        let own = recipe("[8, 4, 2, 2]").generator(32, 1, &device).unwrap();
        let check = |other: Generator, expected: &str| {
            let error = own.transfer(&other.to_safetensors().unwrap()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(recipe("[8, 4, 2, 2, 2]").generator(64, 1, &device).unwrap(), "upsample at 64 px");
        let tiny = crate::recipe::tests::tiny();
        check(tiny.generator(32, 1, &device).unwrap(), "dcgan at 32 px");
        check(recipe("[9, 5, 3, 3]").generator(32, 1, &device).unwrap(), "no layer");
        let discriminator = recipe("[8, 4, 2, 2]").discriminator(32, 1, &device).unwrap();
        let error = own.transfer(&discriminator.to_safetensors().unwrap()).unwrap_err().to_string();
        assert!(error.contains("network"), "{error}");
    }
}
