//! What CUDA needs of a machine beside a card: the driver, the compiler NVRTC and its headers, and where they lie on
//! Linux.
//!
//! The runner asks before it builds for a card, and a program before it loads them. Neither is linked: what is missing
//! is an error that says where it was looked for.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

/// The variable that names the folder of a CUDA toolkit.
pub const TOOLKIT_VARIABLE: &str = "CUDA_PATH";

/// The driver's library, by the name that it is loaded by.
const DRIVER: &str = "libcuda.so.1";

/// The drivers' release that has all functions which are called: that of CUDA 12.8.
const MIN_DRIVER: u32 = 570;

/// The first release that loads what NVRTC 13 writes.
const FIRST_DRIVER_OF_13: u32 = 580;

/// NVRTC of 12 below this minor version lacks functions that kernels call.
const MIN_NVRTC_12: u32 = 8;

/// A header that kernels include, and that includes the others: in pip's packages it is the last that one would think
/// of.
const HEADER: &str = "include/crt/mma.h";

/// Folders below a toolkit's that have its libraries.
const TOOLKIT_LIBRARIES: [&str; 3] = ["lib64", "lib", "lib/x86_64-linux-gnu"];

/// Folders of libraries that no configuration of the loader has to name: Debian's, everybody's, WSL's, NixOS's and
/// containers'.
const LOADER_FOLDERS: [&str; 7] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/wsl/lib",
    "/run/opengl-driver/lib",
    "/usr/local/nvidia/lib64",
];

/// Where the loader is told of further folders.
const LOADER_CONFIGURATION: &str = "/etc/ld.so.conf.d";

/// CUDA as it is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuda {
    /// The driver's library.
    pub driver: PathBuf,
    /// The library of NVRTC, which compiles kernels.
    pub nvrtc: PathBuf,
    /// The toolkit, whose folder `include` has the headers.
    pub toolkit: PathBuf,
}

/// What of CUDA is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CudaMissing {
    /// No driver is installed.
    #[error("found no NVIDIA driver: {DRIVER} is in none of {}", Listed(.0))]
    Driver(Vec<PathBuf>),
    /// A driver is installed that lacks functions.
    #[error("found an NVIDIA driver of release {0} only: CUDA is used from {MIN_DRIVER} on")]
    OldDriver(u32),
    /// No NVRTC is installed that suits the driver.
    #[error(
        "found no NVRTC: {} is in none of {}; install NVIDIA's CUDA toolkit, or pip's nvidia-cuda-nvrtc, -runtime, -crt and -cccl, and let \
         {TOOLKIT_VARIABLE} name their folder, such as site-packages/nvidia/cu13", Alternatives(.names), Listed(.folders)
    )]
    Nvrtc {
        /// The names that it may have.
        names: Vec<String>,
        /// Where it was looked for.
        folders: Vec<PathBuf>,
    },
    /// NVRTC is there without the headers that kernels include.
    #[error(
        "found no headers of CUDA: {HEADER} is in none of {}; install NVIDIA's CUDA toolkit, or pip's nvidia-cuda-runtime, -crt and -cccl, and \
         let {TOOLKIT_VARIABLE} name their folder, such as site-packages/nvidia/cu13", Listed(.0)
    )]
    Headers(Vec<PathBuf>),
}

impl Cuda {
    /// Looks for all of it.
    ///
    /// # Errors
    /// The first that is missing.
    pub fn find() -> Result<Self, CudaMissing> {
        Places::of_this_machine().find()
    }

    /// The same with the driver of a folder, whatever else there is.
    ///
    /// # Errors
    /// As [`Cuda::find`].
    pub fn find_with_driver_in(folder: &Path) -> Result<Self, CudaMissing> {
        let mut places = Places::of_this_machine();
        places.libraries.insert(0, folder.to_path_buf());
        places.find()
    }
}

/// Where is looked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Places {
    /// The loader's folders.
    libraries: Vec<PathBuf>,
    /// Folders of toolkits.
    toolkits: Vec<PathBuf>,
}

impl Places {
    fn of_this_machine() -> Self {
        let by_user = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let by_user = env::split_paths(&by_user).filter(|folder| folder.is_absolute());
        let libraries = by_user.chain(configured(Path::new(LOADER_CONFIGURATION)));
        let libraries = libraries.chain(LOADER_FOLDERS.map(PathBuf::from)).collect();
        // As cubecl looks for headers: elsewhere it would not find them again.
        let toolkits = match env::var_os(TOOLKIT_VARIABLE) {
            Some(toolkit) => vec![toolkit.into()],
            None => ["/usr/local/cuda", "/opt/cuda", "/usr"].map(PathBuf::from).into(),
        };
        Self { libraries, toolkits }
    }

    fn find(&self) -> Result<Cuda, CudaMissing> {
        let driver = first(&self.libraries, &[DRIVER.to_owned()]);
        let driver = driver.ok_or_else(|| CudaMissing::Driver(self.libraries.clone()))?;
        // Not known where the name is no link to another, which has the release.
        let release = versions(&driver, "libcuda.so.").first().copied();
        if let Some(release) = release.filter(|release| *release < MIN_DRIVER && *release > 1) {
            return Err(CudaMissing::OldDriver(release));
        }
        let newest =
            if release.is_some_and(|release| (MIN_DRIVER..FIRST_DRIVER_OF_13).contains(&release)) { 12 } else { 13 };
        let names: Vec<String> = (12..=newest).rev().map(|major| format!("libnvrtc.so.{major}")).collect();
        let in_toolkits = self.toolkits.iter().flat_map(|toolkit| TOOLKIT_LIBRARIES.map(|folder| toolkit.join(folder)));
        let folders: Vec<PathBuf> = in_toolkits.chain(self.libraries.iter().cloned()).collect();
        let Some(nvrtc) = first(&folders, &names) else { return Err(CudaMissing::Nvrtc { names, folders }) };
        let toolkit = self.toolkits.iter().find(|toolkit| toolkit.join(HEADER).is_file());
        let toolkit = toolkit.ok_or_else(|| CudaMissing::Headers(self.toolkits.clone()))?;
        Ok(Cuda { driver, nvrtc, toolkit: toolkit.clone() })
    }
}

/// The first of these files that is there and not too old; a folder's before the next one's.
fn first(folders: &[PathBuf], names: &[String]) -> Option<PathBuf> {
    let paths = folders.iter().flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    let is_too_old =
        |path: &Path| matches!(versions(path, "libnvrtc.so.")[..], [12, minor, ..] if minor < MIN_NVRTC_12);
    paths.filter(|path| path.is_file()).find(|path| !is_too_old(path))
}

/// The numbers behind a library's name, once all links are followed: 580, 82 and 7 of `libcuda.so.580.82.07`.
fn versions(path: &Path, name: &str) -> Vec<u32> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let file = real.file_name().unwrap_or_default().to_string_lossy();
    let numbers = file.strip_prefix(name).unwrap_or_default().split('.');
    numbers.map_while(|number| number.parse().ok()).collect()
}

/// The folders that the loader's configuration names.
fn configured(configuration: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(configuration).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let folders = texts.flat_map(|text| text.lines().map(|line| PathBuf::from(line.trim())).collect::<Vec<_>>());
    folders.filter(|folder| folder.is_absolute()).collect()
}

struct Listed<'a>(&'a [PathBuf]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.0.iter().map(|path| path.display().to_string()).collect();
        f.write_str(&paths.join(", "))
    }
}

struct Alternatives<'a>(&'a [String]);

impl fmt::Display for Alternatives<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with these files; "a -> b" is a link to a file beside it.
    fn machine(root: &Path, files: &[&str]) -> Places {
        for file in files {
            let (name, target) = file.split_once(" -> ").map_or((*file, None), |(name, target)| (name, Some(target)));
            let path = root.join(name);
            let real = target.map_or_else(|| path.clone(), |target| path.with_file_name(target));
            fs::create_dir_all(real.parent().unwrap()).unwrap();
            fs::write(&real, "").unwrap();
            #[cfg(unix)]
            if real != path {
                std::os::unix::fs::symlink(real.file_name().unwrap(), path).unwrap();
            }
        }
        Places { libraries: vec![root.join("lib")], toolkits: vec![root.join("cuda"), root.join("usr")] }
    }

    #[cfg(unix)]
    #[test]
    fn all_of_it_is_found_or_the_first_that_is_missing_is_named() {
        let check = |files: &[&str], expected: Result<[&str; 3], &str>| {
            let root = tempfile::tempdir().unwrap();
            let found = machine(root.path(), files).find();
            let shorter = |text: String| text.replace(&format!("{}/", root.path().display()), "");
            match expected {
                Ok(paths) => {
                    let Cuda { driver, nvrtc, toolkit } = found.unwrap();
                    let paths_found = [driver, nvrtc, toolkit].map(|path| shorter(path.display().to_string()));
                    assert_eq!(paths_found, paths, "{files:?}");
                }
                Err(words) => {
                    let error = shorter(found.unwrap_err().to_string());
                    assert!(error.contains(words), "{error}\ninstead of\n{words}\nfor {files:?}");
                }
            }
        };
        let new = "lib/libcuda.so.1 -> libcuda.so.580.82.07";
        let header = "cuda/include/crt/mma.h";
        check(&[], Err("found no NVIDIA driver: libcuda.so.1 is in none of lib"));
        check(&["lib/libcuda.so.1 -> libcuda.so.550.54.15"], Err("release 550 only: CUDA is used from 570 on"));
        check(&[new], Err("libnvrtc.so.13 or libnvrtc.so.12 is in none of cuda/lib64, cuda/lib,"));
        check(&[new, "lib/libnvrtc.so.13"], Err("include/crt/mma.h is in none of cuda, usr"));
        check(&[new, "lib/libnvrtc.so.13", header], Ok(["lib/libcuda.so.1", "lib/libnvrtc.so.13", "cuda"]));
        check(
            &[new, "lib/libnvrtc.so.13", "cuda/lib64/libnvrtc.so.12", "usr/include/crt/mma.h"],
            Ok(["lib/libcuda.so.1", "cuda/lib64/libnvrtc.so.12", "usr"]),
        );
        // What NVRTC 13 writes is too new for a driver of CUDA 12.
        let old = "lib/libcuda.so.1 -> libcuda.so.570.86.15";
        check(&[old, "cuda/lib/libnvrtc.so.13", header], Err("found no NVRTC: libnvrtc.so.12 is in none of"));
        check(
            &[old, "cuda/lib/libnvrtc.so.13", "lib/libnvrtc.so.12 -> libnvrtc.so.12.8.93", header],
            Ok(["lib/libcuda.so.1", "lib/libnvrtc.so.12", "cuda"]),
        );
        check(&[old, "lib/libnvrtc.so.12 -> libnvrtc.so.12.4.127", header], Err("found no NVRTC"));
        // A driver whose name says nothing of its release is taken for a new one.
        check(
            &["lib/libcuda.so.1", "lib/libnvrtc.so.13", header],
            Ok(["lib/libcuda.so.1", "lib/libnvrtc.so.13", "cuda"]),
        );
    }

    #[test]
    fn the_loader_s_configuration_names_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("b.conf"), "/usr/local/cuda/lib64\n").unwrap();
        fs::write(folder.path().join("a.conf"), "# NVIDIA\n  /opt/nvidia/lib\ninclude other\n\n").unwrap();
        assert_eq!(configured(folder.path()), ["/opt/nvidia/lib", "/usr/local/cuda/lib64"].map(PathBuf::from));
        assert!(configured(Path::new("/nowhere")).is_empty());
    }
}
