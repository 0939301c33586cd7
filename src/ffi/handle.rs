//! Handles: numbers that stand for open databases, checked at every use.
//!
//! A handle holds its kind, the generation of its place, and the place. A closed handle's generation never comes back, so
//! double close, use after close, garbage and handles of another kind are all recognised; a pointer could tell none of
//! them. Invariant: a number is given out at most once.

use once_cell::sync::Lazy;
use parking_lot::RwLock;
use std::sync::Arc;

const GENERATIONS: u32 = 0x00FF_FFFF;

/// The handles of one kind.
pub struct Table<T> {
    kind: u8,
    places: Lazy<RwLock<Places<T>>>,
}

struct Places<T> {
    all: Vec<Place<T>>,
    free: Vec<u32>,
}

struct Place<T> {
    generation: u32,
    value: Option<Arc<T>>,
}

impl<T> Table<T> {
    /// A table for handles of `kind`, which differs for each table.
    pub const fn new(kind: u8) -> Self {
        Table { kind, places: Lazy::new(|| RwLock::new(Places { all: Vec::new(), free: Vec::new() })) }
    }

    /// Gives out a handle.
    pub fn insert(&self, value: Arc<T>) -> u64 {
        let mut places = self.places.write();
        let index = places.free.pop().unwrap_or(places.all.len() as u32);
        if index as usize == places.all.len() {
            places.all.push(Place { generation: 1, value: None });
        }
        let Some(place) = places.all.get_mut(index as usize) else { return 0 };
        place.value = Some(value);
        u64::from(self.kind) << 56 | u64::from(place.generation) << 32 | u64::from(index + 1)
    }

    /// The generation and place in a handle of this kind.
    #[inline]
    fn parts(&self, handle: u64) -> Option<(u32, usize)> {
        if (handle >> 56) as u8 != self.kind {
            return None;
        }
        Some(((handle >> 32) as u32 & GENERATIONS, (handle as u32).checked_sub(1)? as usize))
    }

    /// What an open handle stands for.
    #[inline]
    pub fn get(&self, handle: u64) -> Option<Arc<T>> {
        let (generation, index) = self.parts(handle)?;
        let places = self.places.read();
        let place = places.all.get(index)?;
        if place.generation == generation { place.value.clone() } else { None }
    }

    /// Takes a handle back; what it stood for is handed out once.
    pub fn remove(&self, handle: u64) -> Option<Arc<T>> {
        let (generation, index) = self.parts(handle)?;
        let mut places = self.places.write();
        let place = places.all.get_mut(index).filter(|place| place.generation == generation)?;
        let value = place.value.take()?;
        place.generation = (place.generation + 1) & GENERATIONS;
        // A place whose generations are used up is not used again.
        if place.generation != 0 {
            places.free.push(index as u32);
        }
        Some(value)
    }

    /// How many handles are open.
    pub fn count(&self) -> usize {
        let places = self.places.read();
        places.all.iter().filter(|place| place.value.is_some()).count()
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
        table.places.write().all[0].generation = GENERATIONS;
        let last = handle | u64::from(GENERATIONS) << 32;
        assert!(table.remove(last).is_some());
        let next = table.insert(Arc::new(()));
        assert_eq!(next as u32, 2, "a fresh place");
    }
}
