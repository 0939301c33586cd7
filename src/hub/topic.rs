//! Topics, and the patterns that choose among them.
//!
//! Holds names only. Invariant: a topic has no `*`, so that a pattern is never taken for one.

use crate::error::{Error, Result};

/// Published by each commit.
pub const CHANGED: &str = "database_changed";
/// Published when the Tier 1 documents are broadcast.
pub const SYNC: &str = "database_sync";
/// Told to one subscriber: what it missed.
pub const OVERFLOW: &str = "overflow";
/// Published when a plug-in was registered, and when it left.
pub const PLUGIN_REGISTERED: &str = "plugin_registered";
pub const PLUGIN_LEFT: &str = "plugin_left";
/// What only the store itself publishes.
const OWN: [&str; 5] = [CHANGED, SYNC, OVERFLOW, PLUGIN_REGISTERED, PLUGIN_LEFT];
/// The longest topic, in bytes of UTF-8.
const LONGEST: usize = 256;

/// What a subscriber hears: one topic, or with `*` at its end all that begin so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    start: Box<str>,
    is_prefix: bool,
}

impl Pattern {
    pub fn parse(pattern: &str) -> Result<Pattern> {
        let (start, is_prefix) = match pattern.strip_suffix('*') {
            Some(start) => (start, true),
            None => (pattern, false),
        };
        if start.contains('*') || start.len() > LONGEST || start.is_empty() && !is_prefix {
            return Err(Error::InvalidArgument(format!(
                "{pattern:?} is no pattern: a topic of 1 to {LONGEST} bytes, or the beginning of topics and then one *"
            )));
        }
        Ok(Pattern { start: start.into(), is_prefix })
    }

    #[inline]
    pub fn matches(&self, topic: &str) -> bool {
        if self.is_prefix { topic.starts_with(&*self.start) } else { topic == &*self.start }
    }
}

/// Checks a topic that somebody wants to publish.
pub fn check_topic(topic: &str) -> Result<()> {
    if topic.is_empty() || topic.len() > LONGEST || topic.contains('*') {
        return Err(Error::InvalidArgument(format!("{topic:?} is no topic: 1 to {LONGEST} bytes without *")));
    }
    if OWN.contains(&topic) {
        return Err(Error::InvalidArgument(format!(
            "{topic:?} is published by the store itself; choose another topic"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_by_name_or_beginning() {
        let hears = |pattern: &str, topic: &str| Pattern::parse(pattern).unwrap().matches(topic);
        assert!(hears("party", "party") && !hears("party", "party.left") && !hears("party", "part"));
        assert!(hears("party*", "party") && hears("party*", "party.left") && !hears("party.*", "party"));
        assert!(hears("*", "anything"));
        for wrong in ["", "a*b", "**", "*a", &"x".repeat(257)] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn own_topics_cannot_be_published_by_others() {
        for wrong in OWN.into_iter().chain(["", "a*", &"x".repeat(257)]) {
            assert!(check_topic(wrong).is_err(), "{wrong}");
        }
        assert!(check_topic("party.member_joined").is_ok());
    }
}
