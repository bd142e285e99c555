//! That no crate is built which fetches a compiler.

use anyhow::Context as _;

use crate::workspace::Workspace;

/// The beginnings of the names of crates that bring an LLVM, which cubecl's CUDA runtime asks for and does not use.
const BRING_LLVM: [&str; 3] = ["llvm-sys", "pliron-llvm", "tracel-llvm"];

/// The crates of Cargo.lock, which has those of all features, that bring an LLVM.
///
/// # Errors
/// When Cargo.lock cannot be read.
pub(super) fn problems(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let path = workspace.root.join("Cargo.lock");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(that_bring_llvm(&text))
}

fn that_bring_llvm(lock: &str) -> Vec<String> {
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let bring_llvm = names.filter(|name| BRING_LLVM.iter().any(|beginning| name.starts_with(beginning)));
    bring_llvm
        .map(|name| {
            format!("Cargo.lock has {name}: third-party/cubecl-llvm stands in for what brings it, at its version")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_that_bring_llvm_are_named() {
        let check = |names: &[&str], expected: usize| {
            let lock: String = names.iter().map(|name| format!("[[package]]\nname = \"{name}\"\n\n")).collect();
            let found = that_bring_llvm(&lock);
            assert_eq!(found.len(), expected, "{found:?}");
        };
        check(&["burn", "cubecl-llvm", "pliron", "tracel-ash"], 0);
        check(&["cubecl-llvm", "llvm-sys", "pliron-llvm", "tracel-llvm-bundler"], 3);
    }
}
