//! Master references: who says that it is the one source of something.
//!
//! Holds names, holders and what they say of themselves. Invariant: a name has at most one holder, and a holder that is
//! gone holds nothing.

use crate::sync::Mutex;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A registered reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    pub ref_id: String,
    pub name: String,
    /// The name that the holder gave when it opened the store.
    pub holder: String,
    /// What it says of itself.
    pub about: Value,
    /// The handle that registered it.
    #[serde(skip)]
    pub owner: u64,
}

#[derive(Default)]
pub struct References {
    by_name: Mutex<BTreeMap<String, Reference>>,
}

impl References {
    /// Registers a name for `owner`, unless another holds it; says who holds it now.
    /// `given` is an id that another hub gave it.
    pub fn register(&self, name: &str, owner: u64, holder: &str, about: Value, given: Option<String>) -> Reference {
        let mut by_name = self.by_name.lock();
        let made = || Reference {
            ref_id: given.unwrap_or_else(|| format!("{name}@{owner}")),
            name: name.to_owned(),
            holder: holder.to_owned(),
            about,
            owner,
        };
        by_name.entry(name.to_owned()).or_insert_with(made).clone()
    }

    pub fn get(&self, name: &str) -> Option<Reference> {
        self.by_name.lock().get(name).cloned()
    }

    /// Every reference, by name.
    pub fn all(&self) -> Vec<Reference> {
        self.by_name.lock().values().cloned().collect()
    }

    /// Forgets what an owner held.
    pub fn release(&self, owner: u64) {
        self.by_name.lock().retain(|_, reference| reference.owner != owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_register_holds_a_name_until_it_goes() {
        let references = References::default();
        assert_eq!(references.register("source", 1, "one", Value::Null, None).owner, 1);
        assert_eq!(references.register("source", 2, "other", Value::Null, None).holder, "one");
        references.release(2);
        assert_eq!(references.get("source").map(|one| one.owner), Some(1));
        references.release(1);
        assert!(references.all().is_empty());
        assert_eq!(references.register("source", 2, "other", Value::Null, None).owner, 2);
    }
}
