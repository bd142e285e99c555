//! The report stage as a program.

fn main() -> std::process::ExitCode {
    stage::main::<evaluator::WriteReport>()
}
