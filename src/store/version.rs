//! One version of one document in memory: a single allocation with its head, key and text.
//!
//! Invariant: a version never changes once it is shared. One that nobody else has may be overwritten by the next, which
//! saves the allocator's time and the cache's: a game saves the same documents over and over.

use super::image::Entry;
use crate::disk::Memory;
use crate::document::DocumentId;
use crate::error::{Error, Result};
use triomphe::{Arc, ThinArc};

/// A version's place in the order of commits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stamp {
    pub sequence: u64,
    pub revision: u64,
    pub time_ms: u64,
}

/// What a version says besides key and text.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    pub stamp: Stamp,
    text_length: u32,
    /// Where the overlay's brief list has it.
    pub place: u32,
    key_length: u16,
    pub collection: u8,
    /// The document was cleared at this revision; the text is empty.
    pub cleared: bool,
}

/// A shared version.
#[derive(Clone)]
pub struct Version(ThinArc<Head, u8>);

/// Key and text of up to this size are joined on the stack.
const SMALL: usize = 1024;
/// Texts from this size on are saved only while there is so much memory besides.
const SPARING: usize = 64 << 10;
const SPARE: usize = 4 << 20;
/// Room is made in steps of this, so that a text that grows by a digit still fits.
const STEP: usize = 32;

impl Version {
    pub fn new(id: DocumentId<'_>, stamp: Stamp, text: Option<&str>) -> Version {
        Version::of_bytes(id.collection as u8, id.key.as_bytes(), stamp, text.map(str::as_bytes))
    }

    /// Whether there is memory for a version of such a key and text, and, where `besides` is 1, for one more copy of them.
    /// A version's memory cannot be asked for in a way that may fail: without this look, a long text ends the process.
    pub fn check_room(key: &str, text: &str, besides: usize) -> Result<()> {
        let room = key.len() + text.len() + size_of::<Head>() + 2 * STEP;
        let no_memory = || Error::OutOfMemory { bytes: room as u64 };
        // A text that is refused leaves memory for all that is too small to be asked for like this.
        let _spare = if room >= SPARING { Some(Memory::zeroed(SPARE).ok_or_else(no_memory)?) } else { None };
        // One is for key and text joined.
        let mut probes: [Vec<u8>; 3] = Default::default();
        for probe in probes.iter_mut().take(2 + besides) {
            probe.try_reserve_exact(room).map_err(|_| no_memory())?;
        }
        // Memory that nobody uses need not be asked for at all, says the compiler.
        std::hint::black_box(&probes);
        Ok(())
    }

    /// A version of what was checked before: an image's entry, say.
    pub fn of_bytes(collection: u8, key: &[u8], stamp: Stamp, text: Option<&[u8]>) -> Version {
        let head = Head {
            stamp,
            text_length: text.map_or(0, <[u8]>::len) as u32,
            place: 0,
            key_length: key.len() as u16,
            collection,
            cleared: text.is_none(),
        };
        let text = text.unwrap_or_default();
        let room = (key.len() + text.len()).next_multiple_of(STEP);
        let mut small = [0; SMALL];
        if let Some(joined) = small.get_mut(..room) {
            join(joined, key, text);
            return Version(ThinArc::from_header_and_slice(head, joined));
        }
        let mut joined = Vec::with_capacity(room);
        joined.extend_from_slice(key);
        joined.extend_from_slice(text);
        joined.resize(room, 0);
        Version(ThinArc::from_header_and_slice(head, &joined))
    }

    pub fn of_entry(entry: &Entry<'_>) -> Version {
        let stamp = Stamp { sequence: entry.sequence, revision: entry.revision, time_ms: entry.time_ms };
        Version::of_bytes(entry.collection, entry.key, stamp, (!entry.cleared).then_some(entry.text))
    }

    /// The same in the form of an image's entry.
    pub fn entry(&self) -> Entry<'_> {
        let head = self.head();
        Entry {
            sequence: head.stamp.sequence,
            revision: head.stamp.revision,
            time_ms: head.stamp.time_ms,
            collection: head.collection,
            cleared: head.cleared,
            key: self.key(),
            text: self.text(),
        }
    }

    /// Becomes the document's next version in the same memory, if nobody else has this one and the text fits well.
    pub fn replace(&mut self, stamp: Stamp, text: Option<&str>) -> bool {
        let is_cleared = text.is_none();
        let text = text.unwrap_or_default().as_bytes();
        self.0.with_arc_mut(|version| {
            let Some(version) = Arc::get_mut(version) else { return false };
            let key_length = usize::from(version.header().key_length);
            let room = version.slice_mut().get_mut(key_length..).unwrap_or_default();
            // What shrinks a lot gives its memory back.
            if text.len() > room.len() || room.len() - text.len() > text.len() / 2 + STEP {
                return false;
            }
            if let Some(room) = room.get_mut(..text.len()) {
                room.copy_from_slice(text);
            }
            let head = version.header_mut();
            (head.stamp, head.text_length, head.cleared) = (stamp, text.len() as u32, is_cleared);
            true
        })
    }

    /// Gives a version its place, in the order of commits and in the overlay. It must not be shared yet.
    pub fn settle(&mut self, stamp: Stamp, place: u32) {
        self.0.with_arc_mut(|version| {
            if let Some(version) = Arc::get_mut(version) {
                let head = version.header_mut();
                (head.stamp, head.place) = (stamp, place);
            }
        });
    }

    /// Where it lies in memory.
    #[inline]
    pub fn address(&self) -> *const u8 {
        self.0.as_ptr().cast()
    }

    #[inline]
    pub fn head(&self) -> &Head {
        &self.0.header.header
    }

    #[inline]
    pub fn key(&self) -> &[u8] {
        self.0.slice.get(..usize::from(self.head().key_length)).unwrap_or_default()
    }

    #[inline]
    pub fn text(&self) -> &[u8] {
        let start = usize::from(self.head().key_length);
        self.0.slice.get(start..start + self.head().text_length as usize).unwrap_or_default()
    }

    #[inline]
    pub fn is(&self, id: DocumentId<'_>) -> bool {
        self.head().collection == id.collection as u8 && self.key() == id.key.as_bytes()
    }
}

fn join(room: &mut [u8], key: &[u8], text: &[u8]) {
    if let Some((for_key, rest)) = room.split_at_mut_checked(key.len())
        && let Some(for_text) = rest.get_mut(..text.len())
    {
        for_key.copy_from_slice(key);
        for_text.copy_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Collection;

    fn stamp(revision: u64) -> Stamp {
        Stamp { sequence: revision, revision, time_ms: revision }
    }

    #[test]
    fn texts_of_every_length_are_kept_and_replaced() {
        let id = DocumentId::new(Collection::PluginData, "slot");
        for length in [0, 1, 27, 28, 29, 60, 1019, 1020, 1021, 5000] {
            let text = "x".repeat(length);
            let mut version = Version::new(id, stamp(1), Some(&text));
            assert!(version.is(id) && version.text() == text.as_bytes(), "{length}");
            let next = "y".repeat(length);
            assert!(version.replace(stamp(2), Some(&next)), "{length}");
            assert!(version.is(id) && version.text() == next.as_bytes(), "{length}");
            assert_eq!(version.head().stamp.revision, 2);
        }
    }

    #[test]
    fn a_shared_version_never_changes() {
        let id = DocumentId::new(Collection::PluginData, "slot");
        let mut version = Version::new(id, stamp(1), Some("[1]"));
        let reader = version.clone();
        assert!(!version.replace(stamp(2), Some("[2]")));
        assert_eq!(reader.text(), b"[1]");
        drop(reader);
        assert!(version.replace(stamp(2), Some("[2]")));
    }

    #[test]
    fn what_does_not_fit_or_leaves_too_much_room_is_refused() {
        let id = DocumentId::new(Collection::PluginData, "slot");
        let mut version = Version::new(id, stamp(1), Some(&"x".repeat(200)));
        assert!(!version.replace(stamp(2), Some(&"x".repeat(300))));
        assert!(!version.replace(stamp(2), Some("1")));
        assert!(!version.replace(stamp(2), None));
        assert_eq!(version.head().stamp.revision, 1);
    }
}
