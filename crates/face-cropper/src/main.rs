//! The crop stage as a program.

fn main() -> std::process::ExitCode {
    stage::main::<face_cropper::Crop>()
}
