//! A copy of a text in memory from `malloc`, as a C ABI gives it out, for the peers that only lend theirs.
//!
//! Invariant: what is allocated here is freed here.

/// Copies a text with a NUL, looks at its first byte, and frees it.
#[inline]
pub fn copy_and_free(text: &[u8]) -> u8 {
    // SAFETY: the copy has room for the text and its NUL, is written before it is read, and is freed once. The volatile
    // read keeps the compiler from leaving all of it out.
    unsafe {
        let copy = libc::malloc(text.len() + 1).cast::<u8>();
        assert!(!copy.is_null(), "memory for a text");
        std::ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
        copy.add(text.len()).write(0);
        let first = copy.read_volatile();
        libc::free(copy.cast());
        first
    }
}
