//! The pack stage as a program.

fn main() -> std::process::ExitCode {
    stage::main::<dataset_packer::Pack>()
}
