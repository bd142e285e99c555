//! Finding OpenCV and libclang, and telling the opencv crate where they are where pkg-config cannot.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use contracts::{Outcome, stdout};

/// The modules that the cropper uses.
const MODULES: [&str; 4] = ["opencv_core", "opencv_imgproc", "opencv_imgcodecs", "opencv_objdetect"];

/// The variables that the opencv crate's build reads where there is no opencv4.pc.
const VARIABLES: [&str; 3] = ["OPENCV_LINK_LIBS", "OPENCV_LINK_PATHS", "OPENCV_INCLUDE_PATHS"];

/// OpenCV's libraries and headers, found without pkg-config: Debian's subset packages ship no opencv4.pc.
#[derive(Clone, Debug, PartialEq)]
struct Installed {
    libraries: PathBuf,
    headers: Vec<PathBuf>,
}

/// What has to be in the environment of a build of face-cropper; empty where the user or pkg-config takes care of it.
pub(crate) fn environment() -> Vec<(&'static str, String)> {
    let set_by_user = VARIABLES.iter().any(|name| env::var_os(name).is_some());
    if set_by_user || known_to_pkg_config() {
        return Vec::new();
    }
    let Some(installed) = installed(Path::new("/usr")) else { return Vec::new() };
    let headers: Vec<_> = installed.headers.iter().map(|path| path.display().to_string()).collect();
    let values = [MODULES.join(","), installed.libraries.display().to_string(), headers.join(",")];
    VARIABLES.into_iter().zip(values).collect()
}

/// Whether everything that a build of face-cropper needs is there.
pub(crate) fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    let set_by_user = env::var_os(VARIABLES[0]).is_some();
    if !set_by_user && !known_to_pkg_config() && installed(Path::new("/usr")).is_none() {
        missing.push("OpenCV 4 with its headers");
    }
    if !libclang_there() {
        missing.push("libclang");
    }
    missing
}

/// `cargo xtask env`: the exports for a shell.
pub(crate) fn print_exports() -> anyhow::Result<Outcome> {
    for (name, value) in environment() {
        stdout::line(format_args!("export {name}='{value}'"))?;
    }
    Ok(Outcome::Done)
}

fn known_to_pkg_config() -> bool {
    let mut command = Command::new("pkg-config");
    command.args(["--exists", "opencv4"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn installed(prefix: &Path) -> Option<Installed> {
    let folder = library_folders(prefix).into_iter().find(|folder| folder.join("libopencv_objdetect.so").exists())?;
    let common = prefix.join("include/opencv4");
    let triple = folder.file_name().map(|name| prefix.join("include").join(name).join("opencv4"));
    let headers: Vec<_> = [Some(common), triple].into_iter().flatten().filter(|path| path.is_dir()).collect();
    headers
        .iter()
        .any(|path| path.join("opencv2/objdetect.hpp").exists())
        .then_some(Installed { libraries: folder, headers })
}

/// lib64, lib, and Debian's lib/<triple>.
fn library_folders(prefix: &Path) -> Vec<PathBuf> {
    let lib = prefix.join("lib");
    let mut folders = vec![prefix.join("lib64"), lib.clone()];
    let entries = std::fs::read_dir(&lib).into_iter().flatten().flatten();
    let triples = entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("-linux-gnu"));
    folders.extend(triples);
    folders
}

/// clang-sys finds libclang through LIBCLANG_PATH, llvm-config or the usual folders; so does this.
pub(crate) fn libclang_there() -> bool {
    if !cfg!(target_os = "linux") || env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let prefix = Path::new("/usr");
    let llvm =
        std::fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten().map(|entry| entry.path().join("lib"));
    let is_libclang = |path: PathBuf| is_libclang(&path.file_name().unwrap_or_default().to_string_lossy());
    llvm.chain(library_folders(prefix))
        .any(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_libclang(entry.path())))
}

/// The C interface, under any of its names; libclang-cpp is another library.
fn is_libclang(name: &str) -> bool {
    let versioned = name.starts_with("libclang-") && !name.starts_with("libclang-cpp") && name.contains(".so");
    name.starts_with("libclang.so") || versioned
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn libclang_is_told_from_its_neighbours() {
        let check = |name: &str, expected: bool| assert_eq!(is_libclang(name), expected, "{name}");
        check("libclang.so", true);
        check("libclang-14.so.1", true);
        check("libclang.so.1", true);
        check("libclang-cpp.so.14", false);
        check("libclang_rt.asan.a", false);
    }

    #[test]
    fn debians_subset_is_found_with_both_header_folders() {
        let root = tempfile::tempdir().unwrap();
        let prefix = root.path();
        assert_eq!(installed(prefix), None);
        let libraries = prefix.join("lib/aarch64-linux-gnu");
        let headers = [prefix.join("include/opencv4"), prefix.join("include/aarch64-linux-gnu/opencv4")];
        fs::create_dir_all(&libraries).unwrap();
        fs::write(libraries.join("libopencv_objdetect.so"), "").unwrap();
        assert_eq!(installed(prefix), None, "libraries without headers");
        fs::create_dir_all(headers[0].join("opencv2")).unwrap();
        fs::create_dir_all(&headers[1]).unwrap();
        fs::write(headers[0].join("opencv2/objdetect.hpp"), "").unwrap();
        assert_eq!(installed(prefix), Some(Installed { libraries, headers: headers.to_vec() }));
    }
}
