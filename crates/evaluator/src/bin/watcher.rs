//! The program that shows a run's page while it trains.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage::tool(|context, options| evaluator::watch(context, options).map(|()| String::new()))
}
