//! Memory between one operator and the next.
#![allow(unsafe_code)]

/// Has the C library keep the memory that is freed, for the whole process; does nothing where that is not glibc.
///
/// Every operator makes its tensors anew. Those of some megabytes go back to the kernel when they are dropped, which clears
/// their pages again a moment later: about a tenth of a step of training. A process that keeps them holds its peak until it
/// ends. To be called once, when a program begins.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// The largest threshold that glibc takes: half of a thread's heap.
        const MAX_MMAP_THRESHOLD: libc::c_int = 32 << 20;
        // SAFETY: mallopt takes any numbers, from any thread.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAX_MMAP_THRESHOLD);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
            libc::mallopt(libc::M_TOP_PAD, 16 << 20);
        }
    }
}
