//! `export --format onnx`: weights as a model for ONNX Runtime.

use std::path::PathBuf;

use anyhow::Context as _;
use contracts::{ContentHash, Context, publish};
use generator::{
    Device, TrainedDiscriminator,
    onnx::{self, Output, Precision},
};

use crate::{
    arguments::{Network, OnnxOptions},
    opened::Opened,
    written,
};

/// Writes the model.
pub(crate) fn run(context: &Context<'_>, options: &OnnxOptions) -> anyhow::Result<String> {
    let precision = if options.half { Precision::Half } else { Precision::Single };
    let opened = Opened::open(context, &options.run)?;
    let weights = publish::read_file(opened.generator.path())?;
    let (model, hash) = match options.network {
        Network::Generator => {
            let output = if options.pixels { Output::Pixels } else { Output::Images };
            (onnx::generator(&weights, precision, output)?, opened.generator.hash())
        }
        Network::Discriminator => {
            let weights = discriminator(&opened, options)?.to_safetensors()?;
            (onnx::discriminator(&weights, precision)?, ContentHash::of(&weights))
        }
    };
    let out = options.out.clone().unwrap_or_else(|| beside(&opened, options));
    let megabytes = model.len() as f64 / 1e6;
    written::file(&out, &model, &format!("{megabytes:.1} MB, opset 17, of the weights with SHA-256 {hash}"))
}

fn discriminator(opened: &Opened, options: &OnnxOptions) -> anyhow::Result<TrainedDiscriminator> {
    let run = opened.run.as_ref().map(|run| run.root().to_path_buf());
    let path = options.discriminator.clone().or(run);
    let path = path
        .context("the weights lie in no run's folder, where the discriminator would be: give --discriminator FILE")?;
    Ok(TrainedDiscriminator::open(&path, opened.generator.side(), &Device::flex())?)
}

/// The weights' name with another ending; what differs from what training writes says so.
fn beside(opened: &Opened, options: &OnnxOptions) -> PathBuf {
    let mut name = match options.network {
        Network::Generator => opened.generator.path().with_extension(""),
        Network::Discriminator => opened.generator.path().with_file_name("discriminator"),
    };
    for (is_asked, word) in [(options.half, "-half"), (options.pixels, "-pixels")] {
        if is_asked {
            name.as_mut_os_string().push(word);
        }
    }
    name.as_mut_os_string().push(".onnx");
    name
}
