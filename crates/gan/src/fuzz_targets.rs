//! Hostile weights: the networks that they describe are built.

use burn::tensor::Device;
use fuzz::Target;

use crate::{Discriminator, Generator, Recipe};

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

fn recipe() -> Recipe {
    let narrow = "generator.base_channels = 1\ndiscriminator.base_channels = 1\nlatent.size = 1".parse().unwrap();
    Recipe::named("dcgan").unwrap().with_overrides(&narrow).unwrap()
}

#[test]
fn weights() {
    let device = Device::flex();
    let seeds = [
        recipe().generator(16, 1, &device).unwrap().to_safetensors().unwrap(),
        recipe().discriminator(16, 1, &device).unwrap().to_safetensors().unwrap(),
    ];
    let read = move |bytes: &[u8]| {
        let generator = Generator::from_safetensors(bytes, &device);
        let discriminator = Discriminator::from_safetensors(bytes, &device);
        match (generator, discriminator) {
            (Err(one), Err(other)) => Err(format!("{one}; {other}")),
            _ => Ok(()),
        }
    };
    let words = [
        "\"F32\"",
        "\"U8\"",
        "\"resolution\":\"4294967295\"",
        "\"base_channels\":\"999999\"",
        "\"kernel\":\"63\"",
        "residual",
    ];
    Target::new("weights", &seeds, read).words(&words).executions(1500).run();
}

#[test]
fn recipes() {
    let seeds: Vec<String> = Recipe::names().into_iter().map(|name| Recipe::named(name).unwrap().to_toml()).collect();
    let read = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let recipe = Recipe::parse(text).map_err(|error| error.to_string())?;
        // Not built: the problems say whether it could be.
        recipe.validate(64);
        Ok(())
    };
    Target::new("recipes", &seeds, read).words(&["inf", "nan", "-1", "[[", "= {"]).executions(1500).run();
}
