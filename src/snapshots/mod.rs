//! Snapshots: what they are called, what their records say, which of them stay, and how two states differ.
//!
//! Definitions. A *snapshot* is a name for a sequence number. Its *record* is a document of `save_metadata`. A *point* is
//! any state that a user can name: a snapshot, the present, or a moment that the journal still reaches.
//!
//! This part knows records and texts. It reads no store and no file: `database` brings it the documents. Invariant: a
//! record says what the state was when it was named, and never changes but for its pin.

mod difference;
mod patch;
mod point;
mod record;
mod retention;

pub use difference::{Changed, Difference, Side, Whole};
pub use patch::patch;
pub use point::{Point, find};
pub use record::{Kind, PREFIX, Size, Snapshot, check_label, import_number, key_of, pinned_sequence};
pub use retention::superfluous;
