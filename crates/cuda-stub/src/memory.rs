//! The card's memory, which is the host's. Pages that nobody writes to are never there.

use std::{
    alloc::{self, Layout},
    collections::HashMap,
    ffi::{c_int, c_uint, c_void},
    ptr,
    sync::{LazyLock, Mutex, PoisonError},
};

use crate::{Handle, INVALID_VALUE, OUT_OF_MEMORY, SUCCESS, Status};

/// How allocations are aligned.
const ALIGNMENT: usize = 512;

/// What was allocated: by its aligned address, that of the whole, and its layout.
static ALLOCATED: LazyLock<Mutex<HashMap<usize, (usize, Layout)>>> = LazyLock::new(Mutex::default);

/// Zeros, since whoever reads back what no kernel has written should get numbers. Aligned by hand: the allocator would
/// write the zeros of what it is to align.
fn allocate(bytes: usize) -> Option<usize> {
    let layout = Layout::from_size_align(bytes.checked_add(ALIGNMENT)?, 16).ok()?;
    // SAFETY: the layout is not empty.
    let whole = unsafe { alloc::alloc_zeroed(layout) } as usize;
    let aligned = whole.next_multiple_of(ALIGNMENT);
    if whole == 0 {
        return None;
    }
    ALLOCATED.lock().unwrap_or_else(PoisonError::into_inner).insert(aligned, (whole, layout));
    Some(aligned)
}

fn free(address: usize) -> Status {
    let Some((whole, layout)) = ALLOCATED.lock().unwrap_or_else(PoisonError::into_inner).remove(&address) else {
        return if address == 0 { SUCCESS } else { INVALID_VALUE };
    };
    // SAFETY: it was allocated by this layout, and is forgotten.
    unsafe { alloc::dealloc(whole as *mut u8, layout) };
    SUCCESS
}

fn answer(address: *mut usize, bytes: usize) -> Status {
    let Some(allocated) = allocate(bytes) else { return OUT_OF_MEMORY };
    // SAFETY: the caller passes a place for the answer.
    unsafe { address.write(allocated) };
    SUCCESS
}

fn copy(to: usize, from: usize, bytes: usize) -> Status {
    // SAFETY: the caller's addresses are of so many bytes, and nothing else works on them: there is no card.
    unsafe { ptr::copy(from as *const u8, to as *mut u8, bytes) };
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuMemGetInfo_v2(left: *mut usize, all: *mut usize) -> Status {
    // SAFETY: the caller passes places for both.
    unsafe { (left.write(crate::Card::MEMORY), all.write(crate::Card::MEMORY)) };
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuMemAlloc_v2(address: *mut usize, bytes: usize) -> Status {
    answer(address, bytes)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemAllocAsync(address: *mut usize, bytes: usize, _stream: Handle) -> Status {
    answer(address, bytes)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemAllocHost_v2(address: *mut usize, bytes: usize) -> Status {
    answer(address, bytes)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFree_v2(address: usize) -> Status {
    free(address)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeAsync(address: usize, _stream: Handle) -> Status {
    free(address)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeHost(address: usize) -> Status {
    free(address)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyHtoDAsync_v2(to: usize, from: usize, bytes: usize, _stream: Handle) -> Status {
    copy(to, from, bytes)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoHAsync_v2(to: usize, from: usize, bytes: usize, _stream: Handle) -> Status {
    copy(to, from, bytes)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoDAsync_v2(to: usize, from: usize, bytes: usize, _stream: Handle) -> Status {
    copy(to, from, bytes)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD8Async(address: usize, value: u8, bytes: usize, _stream: Handle) -> Status {
    // SAFETY: as above.
    unsafe { ptr::write_bytes(address as *mut u8, value, bytes) };
    SUCCESS
}

/// One side of a copy of rows; which of the addresses counts says the kind.
#[repr(C)]
#[derive(Clone, Copy)]
struct Side {
    x: usize,
    y: usize,
    kind: c_uint,
    host: usize,
    device: usize,
    array: *const c_void,
    pitch: usize,
}

impl Side {
    fn row(&self, row: usize) -> usize {
        const HOST: c_uint = 1;
        let start = if self.kind == HOST { self.host } else { self.device };
        start + (self.y + row) * self.pitch + self.x
    }
}

/// CUDA_MEMCPY2D.
#[repr(C)]
struct Rows {
    from: Side,
    to: Side,
    width: usize,
    height: usize,
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpy2DAsync_v2(rows: *const Rows, _stream: Handle) -> Status {
    // SAFETY: the caller passes a description of the copy.
    let Rows { from, to, width, height } = unsafe { rows.read() };
    (0..height).map(|row| copy(to.row(row), from.row(row), width)).fold(SUCCESS, c_int::max)
}
