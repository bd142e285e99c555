//! The trainer as a program.

fn main() -> std::process::ExitCode {
    stage::main::<trainer::Train>()
}
