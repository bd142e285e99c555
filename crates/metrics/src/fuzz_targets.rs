//! Hostile weights of known networks: safetensors, PyTorch's archives, and pickles.

use fuzz::Target;

use crate::Weights;

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

fn read(bytes: &[u8]) -> Result<(), String> {
    Weights::read(bytes).map(drop).map_err(|error| error.to_string())
}

#[test]
#[ignore = "run by `cargo xtask fuzz` alone until its first runs have been looked at"]
fn pickled_weights() {
    let seeds: [&[u8]; 2] =
        [include_bytes!("../tests/golden/weights.pth"), include_bytes!("../tests/golden/weights-legacy.pth")];
    let words: [&[u8]; 9] =
        [b"cos\nsystem\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"R", b"(", b"t", b"Q", b"\x94", b"h\0", b"K\xff"];
    Target::new("pickled_weights", &seeds, read).words(&words).run();
}

#[test]
#[ignore = "run by `cargo xtask fuzz` alone until its first runs have been looked at"]
fn safetensors_weights() {
    let seed: &[u8] = include_bytes!("../tests/golden/weights.safetensors");
    Target::new("safetensors_weights", &[seed], read).words(&["\"F32\"", "\"data_offsets\":[0,", "\"shape\":["]).run();
}
