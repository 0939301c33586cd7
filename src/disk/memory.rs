//! Zeroed memory for a whole image.
//!
//! A large image is read at random places, and with pages of 4 KiB nearly every load would miss the processor's table of
//! pages as well as its caches. So on Linux a large buffer is an anonymous mapping in huge pages, where the system gives
//! them. It is never a mapping of a file. Invariant: all of the memory is initialised, and short memory is an error.

use std::ops::{Deref, DerefMut};

/// A buffer of a fixed length.
pub struct Memory(platform::Memory);

impl Memory {
    /// `length` zero bytes, or `None` if there is no room for them.
    pub fn zeroed(length: usize) -> Option<Memory> {
        platform::Memory::zeroed(length).map(Memory)
    }
}

impl Deref for Memory {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0.bytes_mut()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use std::ptr::{self, NonNull};
    use std::slice;

    const HUGE_PAGE: usize = 2 << 20;

    /// An anonymous mapping, from `start` on, of `mapped` bytes.
    pub struct Memory {
        start: NonNull<u8>,
        /// Where the bytes begin: at a huge page's boundary, if they fill one.
        bytes: NonNull<u8>,
        length: usize,
        mapped: usize,
    }

    // SAFETY: the memory belongs to this value alone and is reached only through references to it.
    unsafe impl Send for Memory {}
    // SAFETY: as above; shared references only read.
    unsafe impl Sync for Memory {}

    impl Memory {
        pub fn zeroed(length: usize) -> Option<Memory> {
            let slack = if length >= HUGE_PAGE { HUGE_PAGE } else { 0 };
            let mapped = length.checked_add(slack)?.max(1);
            let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            // SAFETY: a new anonymous mapping at a place of the system's choice touches nothing that exists.
            let start = unsafe { libc::mmap(ptr::null_mut(), mapped, access, kind, -1, 0) };
            if start == libc::MAP_FAILED {
                return None;
            }
            let start = NonNull::new(start.cast::<u8>())?;
            let shift = if slack > 0 { start.as_ptr().align_offset(HUGE_PAGE) } else { 0 };
            // SAFETY: the shift is less than the slack, so the place lies within the mapping.
            let bytes = unsafe { start.add(shift) };
            if slack > 0 {
                // A wish: without huge pages everything works, only slower.
                // SAFETY: the range lies within the mapping.
                unsafe { libc::madvise(bytes.as_ptr().cast(), length, libc::MADV_HUGEPAGE) };
            }
            Some(Memory { start, bytes, length, mapped })
        }

        #[inline]
        pub fn bytes(&self) -> &[u8] {
            // SAFETY: the mapping is `length` bytes from `bytes` on at least, is zeroed by the system, and lives as long as
            // `self`; only `bytes_mut` writes to it, with `self` borrowed exclusively.
            unsafe { slice::from_raw_parts(self.bytes.as_ptr(), self.length) }
        }

        pub fn bytes_mut(&mut self) -> &mut [u8] {
            // SAFETY: as in `bytes`; the borrow is exclusive.
            unsafe { slice::from_raw_parts_mut(self.bytes.as_ptr(), self.length) }
        }
    }

    impl Drop for Memory {
        fn drop(&mut self) {
            // SAFETY: the mapping was made in `zeroed`, and nothing refers to it any more.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.mapped) };
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod platform {
    use std::alloc::{self, Layout};

    pub struct Memory(Vec<u8>);

    impl Memory {
        pub fn zeroed(length: usize) -> Option<Memory> {
            if length == 0 {
                return Some(Memory(Vec::new()));
            }
            let layout = Layout::array::<u8>(length).ok()?;
            // SAFETY: the layout is not of size zero.
            let start = unsafe { alloc::alloc_zeroed(layout) };
            if start.is_null() {
                return None;
            }
            // SAFETY: all `length` bytes are initialised, and were allocated with the capacity and alignment of a vector.
            Some(Memory(unsafe { Vec::from_raw_parts(start, length, length) }))
        }

        #[inline]
        pub fn bytes(&self) -> &[u8] {
            &self.0
        }

        pub fn bytes_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn memory_of_every_size_is_zero_and_keeps_what_is_written() {
        for length in [0, 1, 4095, 4096, (2 << 20) - 1, 2 << 20, (5 << 20) + 3] {
            let mut memory = Memory::zeroed(length).unwrap();
            assert_eq!(memory.len(), length);
            assert!(memory.iter().all(|byte| *byte == 0));
            for place in [0, length / 2, length.saturating_sub(1)] {
                if let Some(byte) = memory.get_mut(place) {
                    *byte = 7;
                    assert_eq!(memory[place], 7);
                }
            }
        }
        assert!(Memory::zeroed(usize::MAX).is_none());
        assert!(Memory::zeroed(1 << 60).is_none());
    }
}
