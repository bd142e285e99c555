//! The items that `cubecl-cuda` names of cubecl's LLVM compiler, and no compiler.
//!
//! `cubecl-cuda` is always built with two ways from a kernel to the card: through LLVM, and as CUDA C++ through NVRTC, which
//! its feature `cpp` makes the one that runs. The first alone brings an LLVM, which is downloaded as it is built, for code
//! that nobody calls. Nothing is lost without it: the second has more of a card's features.
//!
//! Whoever selects LLVM all the same gets [`CompilationError`] for every kernel.

use std::{ffi::c_char, fmt};

use cubecl_core::{Compiler, ir::nvidia::SmArch, prelude::KernelDefinition};
use cubecl_runtime::{compiler::CompilationError, kernel::BufferIOAttr};
use nvptx::ptx_version::PtxVersion;

/// PTX, as LLVM would write it.
pub mod nvptx {
    /// The language's versions.
    pub mod ptx_version {
        /// A version of PTX; there is no value of it, as nothing here writes any.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum PtxVersion {}

        impl PtxVersion {
            /// The newest version that a driver loads, if LLVM writes one: never.
            pub fn for_driver(_driver: i32) -> Option<Self> {
                None
            }
        }

        impl std::fmt::Display for PtxVersion {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match *self {}
            }
        }
    }
}

/// What all of LLVM's targets share.
pub mod shared {
    /// What LLVM's way cannot do.
    pub mod lowered_features {
        /// The processors that are told apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum GpuTarget {
            /// NVIDIA's.
            Nvptx,
        }

        /// Takes from a device's features those that LLVM's way cannot do; asked where that way is selected only.
        pub fn restrict_features(_properties: &mut cubecl_core::ir::DeviceProperties, _target: GpuTarget) {}
    }
}

/// What is compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LlvmTarget {
    /// This processor.
    #[default]
    Cpu,
    /// NVIDIA's GPUs.
    Nvptx,
}

/// The compiler that is not here.
#[derive(Clone, Debug, Default)]
pub struct PlironCompiler {
    /// What it would compile for.
    pub target: LlvmTarget,
}

/// What it would be told.
#[derive(Clone, Debug, Default)]
pub struct PlironOptions {
    /// AMD's architecture, of which there is none here.
    pub arch: Option<()>,
    /// NVIDIA's architecture.
    pub sm_arch: Option<SmArch>,
    /// The version of PTX to write.
    pub ptx_version: Option<PtxVersion>,
    /// Whether a launch's arguments are constants of the grid.
    pub grid_constants: bool,
    /// `cubecl-cuda` takes further options at their defaults.
    pub others: (),
}

/// A compiled kernel.
#[derive(Clone, Debug)]
pub struct NvptxModule {
    /// Its text, with a 0 at the end.
    pub ptx: Vec<c_char>,
    /// The function's name in it.
    pub entrypoint: String,
    /// What it was made from, for people.
    pub ir: String,
    /// Bytes of shared memory that a launch reserves.
    pub shared_memory_size: usize,
    /// What it does with each buffer.
    pub io: Vec<BufferIOAttr>,
}

/// What the compiler would return.
#[derive(Clone, Debug)]
pub enum PlironArtifact {
    /// Code of this processor.
    Jit,
    /// A kernel for NVIDIA's GPUs.
    NvptxCode(NvptxModule),
}

impl fmt::Display for PlironArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jit => Ok(()),
            Self::NvptxCode(module) => f.write_str(&module.ir),
        }
    }
}

impl Compiler for PlironCompiler {
    type Representation = PlironArtifact;
    type CompilationOptions = PlironOptions;

    fn compile(&mut self, _: KernelDefinition, _: &PlironOptions) -> Result<PlironArtifact, CompilationError> {
        let reason = "there is no LLVM in this program: build it with cubecl's feature `cuda-cpp`";
        Err(CompilationError::Generic { reason: reason.into(), backtrace: Default::default() })
    }

    fn extension(&self) -> &'static str {
        "ll"
    }

    fn lang_tag(&self) -> &'static str {
        "llvm"
    }
}
