//! The program that shows a run's page while it trains.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::tool(evaluator::watch)
}
