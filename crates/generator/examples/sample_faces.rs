//! Sixteen images of a trained generator, in another program: `cargo run --example sample_faces -- artifacts/runs/latest`.

use generator::{Device, Encoding, TrainedGenerator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give it a run's folder or a generator.safetensors")?;
    let generator = TrainedGenerator::open(path.as_ref(), &Device::flex())?;
    for (number, image) in (0..).zip(generator.sample(7, 0..16)?) {
        std::fs::write(format!("sample-{number}.png"), image.encode(Encoding::Png)?)?;
    }
    Ok(())
}
