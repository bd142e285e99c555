//! The trainer as a program.

fn main() -> std::process::ExitCode {
    // A step frees its tensors and makes as many again.
    gan::keep_freed_memory();
    trainer::main()
}
