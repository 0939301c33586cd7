//! The one source of chance in the tests: a small generator that gives the same numbers for the same seed everywhere.
//!
//! It must not look at the clock or at addresses. Invariant: `fork` gives a generator whose numbers do not depend on how
//! many the parent gives afterwards, so that one more choice in one place does not change all the others.

/// Whether there is time for everything: `COFFER_LONG=1`. Else a share that is chosen by the seed will do.
pub fn is_long() -> bool {
    std::env::var_os("COFFER_LONG").is_some_and(|value| value == "1")
}

/// SplitMix64: one addition and a mix for each number; every seed is a good one.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The seed of this run: `COFFER_SEED` if it is set, so that a failure can be repeated, else `usual`.
    pub fn seed_or(usual: u64) -> u64 {
        match std::env::var("COFFER_SEED") {
            Ok(text) => text.parse().expect("COFFER_SEED is a whole number"),
            Err(_) => usual,
        }
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit` - 1.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn fork(&mut self) -> Random {
        Random(self.next())
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.next().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}
