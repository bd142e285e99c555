//! Hostile files of tensors: safetensors, PyTorch's archives, and pickles.

use fuzz::Target;

use crate::read as read_tensors;

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

fn read(bytes: &[u8]) -> Result<(), String> {
    read_tensors(bytes).map(drop).map_err(|error| error.to_string())
}

#[test]
fn pickled_weights() {
    let seeds: [&[u8]; 2] =
        [include_bytes!("../tests/golden/weights.pth"), include_bytes!("../tests/golden/weights-legacy.pth")];
    let words: [&[u8]; 9] =
        [b"cos\nsystem\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"R", b"(", b"t", b"Q", b"\x94", b"h\0", b"K\xff"];
    Target::new("pickled_weights", &seeds, read).words(&words).run();
}

#[test]
fn safetensors_weights() {
    let seed: &[u8] = include_bytes!("../tests/golden/weights.safetensors");
    Target::new("safetensors_weights", &[seed], read).words(&["\"F32\"", "\"data_offsets\":[0,", "\"shape\":["]).run();
}
