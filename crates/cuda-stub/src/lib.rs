//! The functions of NVIDIA's driver that cubecl calls, for a card that is not there.
//!
//! Where this library is found by the driver's name, `libcuda.so.1`, a program goes through all that it would do on a
//! card: it asks for the card's properties, writes kernels for them, has the real NVRTC compile each, and launches
//! them. A launch computes nothing, but is refused where the card would refuse its sizes. Memory is the host's; what is
//! read back is what was written, or zeros.
//!
//! - `CUDA_STUB_ARCHITECTURE`: the card, `80` (an A100) or `90` (an H100), which it is unless given.
//! - `CUDA_STUB_LOG`: a file to which a line is added for each kernel that is compiled, `kernel NAME`, for each kind of instruction on
//!   matrices in it, `matrix INSTRUCTION`, and for each launch, `launch NAME`.
//!
//! The names, arguments and numbers are those of the driver's reference:
//! <https://docs.nvidia.com/cuda/cuda-driver-api>. Functions that are not here end the program, which says which it
//! was.
#![allow(unsafe_code, reason = "the driver's functions take and return pointers")]
#![allow(non_snake_case, reason = "the driver's names")]

mod card;
mod memory;

use std::{
    collections::BTreeSet,
    env,
    ffi::{CStr, CString, c_char, c_int, c_uint, c_void},
    fs::{File, OpenOptions},
    io::Write as _,
    ptr,
    sync::{LazyLock, Mutex},
    thread,
    time::Duration,
};

use card::{CARD, Card};

/// What a function returns: 0, or what is wrong.
type Status = c_int;

const SUCCESS: Status = 0;
const INVALID_VALUE: Status = 1;
const OUT_OF_MEMORY: Status = 2;
const NOT_FOUND: Status = 500;
const NOT_SUPPORTED: Status = 801;

/// A handle of something of which there is one, or which nobody tells apart.
type Handle = *mut c_void;

const SOMETHING: Handle = ptr::dangling_mut::<u8>().cast();

static LOG: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let path = env::var_os("CUDA_STUB_LOG")?;
    OpenOptions::new().create(true).append(true).open(path).ok().map(Mutex::new)
});

fn log(event: &str, name: &str) {
    if let Some(file) = &*LOG {
        let line = format!("{event} {name}\n");
        // A line at once, so that none is torn where several threads write; one that is lost is missed by the test that
        // counts.
        file.lock().map(|mut file| file.write_all(line.as_bytes())).ok();
    }
}

/// Functions that return what their first argument points at.
macro_rules! answers {
    ($($name:ident($out:ident: *mut $type:ty $(, $argument:ident: $of:ty)*) = $value:expr;)+) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $name($out: *mut $type $(, $argument: $of)*) -> Status {
            // SAFETY: the caller passes a place for the answer.
            unsafe { $out.write($value) };
            SUCCESS
        })+
    };
}

/// Functions that do nothing, and succeed.
macro_rules! idle {
    ($($name:ident($($argument:ident: $of:ty),*);)+) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $name($($argument: $of),*) -> Status {
            SUCCESS
        })+
    };
}

answers! {
    cuDriverGetVersion(version: *mut c_int) = 13_000;
    cuDeviceGetCount(count: *mut c_int) = 1;
    cuDeviceGet(device: *mut c_int, _ordinal: c_int) = 0;
    cuDeviceTotalMem_v2(bytes: *mut usize, _device: c_int) = Card::MEMORY;
    cuDeviceGetAttribute(value: *mut c_int, attribute: c_int, _device: c_int) = CARD.attribute(attribute);
    cuDevicePrimaryCtxRetain(context: *mut Handle, _device: c_int) = SOMETHING;
    cuCtxGetCurrent(context: *mut Handle) = SOMETHING;
    cuStreamCreate(stream: *mut Handle, _flags: c_uint) = SOMETHING;
    cuStreamCreateWithPriority(stream: *mut Handle, _flags: c_uint, _priority: c_int) = SOMETHING;
    cuEventCreate(event: *mut Handle, _flags: c_uint) = SOMETHING;
    // Long enough for cubecl not to ask for more work, by which it would measure it better.
    cuEventElapsedTime(milliseconds: *mut f32, _start: Handle, _end: Handle) = 20.0;
    cuEventElapsedTime_v2(milliseconds: *mut f32, _start: Handle, _end: Handle) = 20.0;
}

idle! {
    cuInit(_flags: c_uint);
    cuDevicePrimaryCtxRelease_v2(_device: c_int);
    cuCtxSetCurrent(_context: Handle);
    cuCtxSynchronize();
    cuStreamDestroy_v2(_stream: Handle);
    cuStreamSynchronize(_stream: Handle);
    cuStreamWaitEvent(_stream: Handle, _event: Handle, _flags: c_uint);
    cuEventDestroy_v2(_event: Handle);
    cuEventRecord(_event: Handle, _stream: Handle);
    cuEventSynchronize(_event: Handle);
    cuModuleUnload(_module: Handle);
}

#[unsafe(no_mangle)]
extern "C" fn cuDeviceGetName(name: *mut c_char, length: c_int, _device: c_int) -> Status {
    write_text(CARD.name, name, length)
}

#[unsafe(no_mangle)]
extern "C" fn cuDeviceGetPCIBusId(id: *mut c_char, length: c_int, _device: c_int) -> Status {
    write_text(c"0000:01:00.0", id, length)
}

fn write_text(text: &CStr, to: *mut c_char, length: c_int) -> Status {
    let bytes = text.to_bytes_with_nul();
    if usize::try_from(length).is_ok_and(|length| length >= bytes.len()) {
        // SAFETY: the caller passes room for so many bytes.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), to, bytes.len()) };
        return SUCCESS;
    }
    INVALID_VALUE
}

#[unsafe(no_mangle)]
extern "C" fn cuGetErrorName(status: Status, text: *mut *const c_char) -> Status {
    let name = match status {
        SUCCESS => c"CUDA_SUCCESS",
        OUT_OF_MEMORY => c"CUDA_ERROR_OUT_OF_MEMORY",
        NOT_FOUND => c"CUDA_ERROR_NOT_FOUND",
        NOT_SUPPORTED => c"CUDA_ERROR_NOT_SUPPORTED",
        _ => c"CUDA_ERROR_INVALID_VALUE",
    };
    // SAFETY: the caller passes a place for the answer.
    unsafe { text.write(name.as_ptr()) };
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuGetErrorString(status: Status, text: *mut *const c_char) -> Status {
    cuGetErrorName(status, text)
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxGetStreamPriorityRange(least: *mut c_int, greatest: *mut c_int) -> Status {
    // SAFETY: the caller passes places for both.
    unsafe { (least.write(0), greatest.write(0)) };
    SUCCESS
}

/// NVRTC itself asks the driver for its cache of compiled kernels by a table that has no name, and reads it without a
/// look at whether this function is there at all. There is no such table here, so that it compiles each kernel.
#[unsafe(no_mangle)]
extern "C" fn cuGetExportTable(table: *mut *const c_void, _id: *const [u8; 16]) -> Status {
    // SAFETY: the caller passes a place for the answer.
    unsafe { table.write(ptr::null()) };
    NOT_FOUND
}

/// An image is PTX, a text.
#[unsafe(no_mangle)]
extern "C" fn cuModuleLoadData(module: *mut Handle, image: *const c_char) -> Status {
    // SAFETY: the caller passes a text with a 0 at its end.
    let text = unsafe { CStr::from_ptr(image) }.to_string_lossy();
    for instruction in matrix_instructions(&text) {
        log("matrix", instruction);
    }
    // SAFETY: the caller passes a place for the answer.
    unsafe { module.write(SOMETHING) };
    SUCCESS
}

/// The instructions of PTX that multiply matrices, each kind once.
fn matrix_instructions(ptx: &str) -> BTreeSet<&str> {
    let are_of_matrices =
        |word: &&str| ["wmma.mma.", "mma.", "wgmma.mma_async."].iter().any(|kind| word.starts_with(kind));
    ptx.split_whitespace().filter(are_of_matrices).collect()
}

/// A function's handle is its name.
#[unsafe(no_mangle)]
extern "C" fn cuModuleGetFunction(function: *mut *mut c_char, _module: Handle, name: *const c_char) -> Status {
    // SAFETY: the caller passes a name with a 0 at its end.
    let name: CString = unsafe { CStr::from_ptr(name) }.to_owned();
    log("kernel", &name.to_string_lossy());
    // SAFETY: the caller passes a place for the answer. The name lives on, as a module is never asked whether it is
    // unloaded.
    unsafe { function.write(name.into_raw()) };
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuFuncSetAttribute(_function: *const c_char, attribute: c_int, value: c_int) -> Status {
    const MAX_DYNAMIC_SHARED_SIZE_BYTES: c_int = 8;
    let is_too_much = attribute == MAX_DYNAMIC_SHARED_SIZE_BYTES && value > CARD.shared_memory;
    if is_too_much { INVALID_VALUE } else { SUCCESS }
}

#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "the driver's function has them")]
extern "C" fn cuLaunchKernel(
    function: *const c_char,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    shared: c_uint,
    _stream: Handle,
    _arguments: *mut *mut c_void,
    _extra: *mut *mut c_void,
) -> Status {
    // SAFETY: a function's handle is its name.
    let name = unsafe { CStr::from_ptr(function) }.to_string_lossy();
    log("launch", &name);
    if name.contains("throughput") {
        // By the clock, until which cubecl asks for more and more work, to see what the card can do at most.
        thread::sleep(Duration::from_millis(20));
    }
    if CARD.launches([grid_x, grid_y, grid_z], [block_x, block_y, block_z], shared) { SUCCESS } else { INVALID_VALUE }
}

/// Recording launches is refused, as on cards that cannot.
#[unsafe(no_mangle)]
extern "C" fn cuStreamBeginCapture_v2(_stream: Handle, _mode: c_int) -> Status {
    NOT_SUPPORTED
}

/// A tensor's map for the card's copying unit: 128 bytes that only kernels read.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "the driver's function has them")]
extern "C" fn cuTensorMapEncodeTiled(
    map: *mut [u64; 16],
    _kind: c_int,
    rank: c_uint,
    _address: Handle,
    _sides: *const u64,
    _strides: *const u64,
    boxes: *const c_uint,
    _steps: *const c_uint,
    _interleave: c_int,
    _swizzle: c_int,
    _promotion: c_int,
    _fill: c_int,
) -> Status {
    const MAX_BOX: c_uint = 256;
    // SAFETY: the caller passes as many sides of a box as the rank says.
    let boxes = unsafe { std::slice::from_raw_parts(boxes, rank as usize) };
    if !boxes.iter().all(|side| (1..=MAX_BOX).contains(side)) {
        return INVALID_VALUE;
    }
    // SAFETY: the caller passes a place for the map.
    unsafe { map.write([0; 16]) };
    SUCCESS
}

/// The same for windows of images.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "the driver's function has them")]
extern "C" fn cuTensorMapEncodeIm2col(
    map: *mut [u64; 16],
    _kind: c_int,
    _rank: c_uint,
    _address: Handle,
    _sides: *const u64,
    _strides: *const u64,
    _lower: *const c_int,
    _upper: *const c_int,
    channels: c_uint,
    pixels: c_uint,
    _steps: *const c_uint,
    _interleave: c_int,
    _swizzle: c_int,
    _promotion: c_int,
    _fill: c_int,
) -> Status {
    const MAX_CHANNELS: c_uint = 256;
    const MAX_PIXELS: c_uint = 1024;
    if channels > MAX_CHANNELS || pixels > MAX_PIXELS {
        return INVALID_VALUE;
    }
    // SAFETY: the caller passes a place for the map.
    unsafe { map.write([0; 16]) };
    SUCCESS
}
