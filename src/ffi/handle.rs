//! Handles: numbers that stand for open databases, checked at every use.
//!
//! A handle holds its kind, the generation of its place, and the place. A closed handle's generation never comes back, so
//! double close, use after close, garbage and handles of another kind are all recognised; a pointer could tell none of
//! them. Invariant: a number is given out at most once.

use crate::sync::brief::{Mutex, RwLock};
use once_cell::sync::OnceCell;
use std::sync::Arc;

const GENERATIONS: u32 = 0x00FF_FFFF;
/// Places come in blocks that never move, each twice the size of the one before; the first has this many.
const FIRST_BLOCK: usize = 16;
const BLOCKS: usize = 20;

/// The handles of one kind.
pub struct Table<T> {
    kind: u8,
    blocks: [OnceCell<Box<[Place<T>]>>; BLOCKS],
    spare: Mutex<Spare>,
}

/// Where the next handle goes.
struct Spare {
    /// Places that were given back.
    free: Vec<u32>,
    /// How many places were ever used.
    used: u32,
}

/// One place. Its lock is its own: looking one handle up waits for no other.
type Place<T> = RwLock<Entry<T>>;

struct Entry<T> {
    generation: u32,
    value: Option<Arc<T>>,
}

impl<T> Table<T> {
    /// A table for handles of `kind`, which differs for each table.
    pub const fn new(kind: u8) -> Self {
        let spare = Mutex::new(Spare { free: Vec::new(), used: 0 });
        Table { kind, blocks: [const { OnceCell::new() }; BLOCKS], spare }
    }

    /// The block of a place, and the place within it.
    #[inline]
    fn whereabouts(index: usize) -> (usize, usize) {
        let block = (index / FIRST_BLOCK + 1).ilog2() as usize;
        (block, index - ((1 << block) - 1) * FIRST_BLOCK)
    }

    #[inline]
    fn place(&self, index: usize) -> Option<&Place<T>> {
        let (block, within) = Self::whereabouts(index);
        self.blocks.get(block)?.get()?.get(within)
    }

    /// The place of that number, made if need be; `None` when all are used up.
    fn make_place(&self, index: usize) -> Option<&Place<T>> {
        let (block, within) = Self::whereabouts(index);
        let empty = |_| RwLock::new(Entry { generation: 1, value: None });
        self.blocks.get(block)?.get_or_init(|| (0..FIRST_BLOCK << block).map(empty).collect()).get(within)
    }

    /// Gives out a handle; 0 when there are no more, after ten million at once.
    pub fn insert(&self, value: Arc<T>) -> u64 {
        let index = {
            let mut spare = self.spare.lock();
            let next = spare.used;
            spare.free.pop().unwrap_or_else(|| {
                spare.used += 1;
                next
            })
        };
        let Some(place) = self.make_place(index as usize) else { return 0 };
        let mut entry = place.write();
        entry.value = Some(value);
        u64::from(self.kind) << 56 | u64::from(entry.generation) << 32 | u64::from(index + 1)
    }

    /// The generation and place in a handle of this kind.
    #[inline]
    fn parts(&self, handle: u64) -> Option<(u32, usize)> {
        if (handle >> 56) as u8 != self.kind {
            return None;
        }
        Some(((handle >> 32) as u32 & GENERATIONS, (handle as u32).checked_sub(1)? as usize))
    }

    /// What an open handle stands for, to keep.
    #[inline]
    pub fn get(&self, handle: u64) -> Option<Arc<T>> {
        self.with(handle, Arc::clone)
    }

    /// Lends what an open handle stands for. Meanwhile the handle cannot be closed, so `work` must not wait for anything.
    #[inline]
    pub fn with<R>(&self, handle: u64, work: impl FnOnce(&Arc<T>) -> R) -> Option<R> {
        let (generation, index) = self.parts(handle)?;
        let entry = self.place(index)?.read();
        if entry.generation == generation { entry.value.as_ref().map(work) } else { None }
    }

    /// Takes a handle back; what it stood for is handed out once.
    pub fn remove(&self, handle: u64) -> Option<Arc<T>> {
        let (generation, index) = self.parts(handle)?;
        let mut entry = self.place(index)?.write();
        if entry.generation != generation {
            return None;
        }
        let value = entry.value.take()?;
        entry.generation = (entry.generation + 1) & GENERATIONS;
        let is_usable = entry.generation != 0;
        drop(entry);
        // A place whose generations are used up is not used again.
        if is_usable {
            self.spare.lock().free.push(index as u32);
        }
        Some(value)
    }

    /// How many handles are open.
    pub fn count(&self) -> usize {
        let places = self.blocks.iter().filter_map(OnceCell::get).flat_map(|block| block.iter());
        places.filter(|place| place.read().value.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_handle_of_the_right_kind_is_known() {
        let (table, other) = (Table::new(1), Table::new(2));
        let first = table.insert(Arc::new("first"));
        let stranger = other.insert(Arc::new("stranger"));
        assert_eq!(table.get(first).as_deref(), Some(&"first"));
        for wrong in [0, 1, u64::MAX, first + 1, stranger, first ^ 1 << 40, 0xdead_beef_cafe_babe] {
            assert!(table.get(wrong).is_none() && table.remove(wrong).is_none(), "{wrong:#x}");
        }
        assert!(table.remove(first).is_some());
        assert!(table.remove(first).is_none() && table.get(first).is_none());
        let second = table.insert(Arc::new("second"));
        assert_ne!(first, second);
        assert!(table.get(first).is_none());
        assert_eq!(table.count(), 1);
    }

    #[test]
    fn a_place_is_retired_before_its_generations_repeat() {
        let table = Table::new(1);
        let handle = table.insert(Arc::new(()));
        table.place(0).unwrap().write().generation = GENERATIONS;
        let last = handle | u64::from(GENERATIONS) << 32;
        assert!(table.remove(last).is_some());
        let next = table.insert(Arc::new(()));
        assert_eq!(next as u32, 2, "a fresh place");
    }

    #[test]
    fn places_in_every_block_are_told_apart() {
        assert_eq!([0, 15, 16, 47, 48].map(Table::<()>::whereabouts), [(0, 0), (0, 15), (1, 0), (1, 31), (2, 0)]);
        let table = Table::new(1);
        let handles: Vec<u64> = (0..1000).map(|number| table.insert(Arc::new(number))).collect();
        for (number, handle) in handles.iter().enumerate() {
            assert_eq!(table.get(*handle).as_deref(), Some(&number));
        }
        assert_eq!(table.count(), 1000);
    }
}
