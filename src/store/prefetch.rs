//! Asks for a document's memory before its length is known.
//!
//! A load waits for memory, not for instructions: the head line of a document says how long it is, and only then would
//! the processor ask for the lines behind it. Asking for the usual number of lines at once makes those waits one.
//! Invariant: it changes nothing that a program can see, whatever the address. Miri knows no such hint.

/// Lines asked for: the size of most game documents.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const LINES: usize = 4;

/// Asks for the line that `start` lies in.
#[inline(always)]
pub fn prefetch_line(start: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch is a hint that faults on no address, and SSE is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = start;
}

/// Asks for the memory from `start` on.
#[inline(always)]
pub fn prefetch(start: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in 0..LINES {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch is a hint that faults on no address, and SSE is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(64 * line).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = start;
}
