//! The crawl stage as a program.

fn main() -> std::process::ExitCode {
    stage::main::<crawler::Crawl>()
}
