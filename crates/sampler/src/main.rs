//! The program behind `cargo xtask sample`, `walk`, `arithmetic` and what else is done with trained weights.

mod arguments;
mod arithmetic;
mod card;
mod demo;
mod formula;
mod import;
mod indices;
mod mix;
mod nearest;
mod neighbours;
mod note;
mod onnx;
mod opened;
mod project;
mod publishing;
mod sample;
mod sheet;
mod trace;
mod walk;
mod written;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use contracts::Context;

fn main() -> ExitCode {
    stage::tool(run)
}

/// Does what is asked and returns what is to be told.
fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<String> {
    match &arguments.command {
        Command::Sample(options) => sample::run(context, options),
        Command::Walk(options) => walk::run(context, options),
        Command::Arithmetic(options) => arithmetic::run(context, options),
        Command::Mix(options) => mix::run(context, options),
        Command::Project(options) => project::run(context, options),
        Command::Neighbours(options) => neighbours::run(context, options),
        Command::Trace(options) => trace::run(context, options),
        Command::Onnx(options) => onnx::run(context, options),
        Command::Import(options) => import::run(options),
        Command::Publish(options) => publishing::run(context, options),
        Command::Demo(options) => demo::run(context, options),
    }
}
