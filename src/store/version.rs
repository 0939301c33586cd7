//! One version of one document in memory: a single allocation with its head, key and text.
//!
//! Invariant: a version never changes once it is shared.

use crate::document::{Collection, DocumentId};
use triomphe::ThinArc;

/// What a version says besides key and text.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    pub sequence: u64,
    pub revision: u64,
    pub time_ms: u64,
    pub collection: u8,
    /// The document was cleared at this revision; the text is empty.
    pub cleared: bool,
    key_length: u16,
}

/// A shared version.
#[derive(Clone)]
pub struct Version(ThinArc<Head, u8>);

/// Key and text of up to this size are joined on the stack.
const SMALL: usize = 1024;

impl Version {
    /// A version that lacks only its place in the order of commits, which `settle` gives it. Making it needs no lock.
    pub fn draft(id: DocumentId<'_>, text: Option<&str>) -> Version {
        let head = Head {
            sequence: 0,
            revision: 0,
            time_ms: 0,
            collection: id.collection as u8,
            cleared: text.is_none(),
            key_length: id.key.len() as u16,
        };
        let (key, text) = (id.key.as_bytes(), text.unwrap_or_default().as_bytes());
        let length = key.len() + text.len();
        let mut small = [0; SMALL];
        if let Some((for_key, for_text)) = small.get_mut(..length).and_then(|room| room.split_at_mut_checked(key.len()))
        {
            for_key.copy_from_slice(key);
            for_text.copy_from_slice(text);
            return Version(ThinArc::from_header_and_slice(head, small.get(..length).unwrap_or_default()));
        }
        Version(ThinArc::from_header_and_slice(head, &[key, text].concat()))
    }

    /// Gives a draft its place. It must not be shared yet.
    pub fn settle(&mut self, sequence: u64, revision: u64, time_ms: u64) {
        self.0.with_arc_mut(|version| {
            if let Some(version) = triomphe::Arc::get_mut(version) {
                let head = version.header_mut();
                (head.sequence, head.revision, head.time_ms) = (sequence, revision, time_ms);
            }
        });
    }

    /// A whole version in one step.
    pub fn new(id: DocumentId<'_>, sequence: u64, revision: u64, time_ms: u64, text: Option<&str>) -> Version {
        let mut version = Version::draft(id, text);
        version.settle(sequence, revision, time_ms);
        version
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

    fn split(&self) -> (&[u8], &[u8]) {
        self.0.slice.split_at_checked(usize::from(self.head().key_length)).unwrap_or_default()
    }

    #[inline]
    pub fn key(&self) -> &[u8] {
        self.split().0
    }

    #[inline]
    pub fn text(&self) -> &[u8] {
        self.split().1
    }

    #[inline]
    pub fn is(&self, id: DocumentId<'_>) -> bool {
        self.head().collection == id.collection as u8 && self.key() == id.key.as_bytes()
    }

    pub fn collection(&self) -> Option<Collection> {
        Collection::from_number(self.head().collection)
    }
}
