//! The rows of one table document, gathered until the next document begins.
//!
//! Knows values as texts. Holds one document, within the limit that its user checks. Invariant: elements stand in the
//! order of their indexes, members in that of their rows, and none stands twice.

use super::path::{self, Step};
use std::collections::HashSet;
use std::ops::Range;

#[derive(Debug, Default)]
pub struct Gather {
    /// The document so far, without the bracket that closes it.
    text: String,
    is_array: Option<bool>,
    /// Each element, with its index.
    elements: Vec<(u64, Range<usize>)>,
    members: HashSet<Box<str>>,
}

impl Gather {
    pub fn len(&self) -> usize {
        self.text.len() + 1
    }

    /// Adds the row that the cell `record` names; `push` adds its value.
    pub fn add<E>(
        &mut self,
        record: &str,
        push: impl FnOnce(&mut String) -> Result<(), E>,
        refuse: impl Fn(String) -> E,
    ) -> Result<(), E> {
        let mut rest = record;
        let step = path::take(&mut rest, true).filter(|_| rest.is_empty());
        let Some(step) = step else {
            return Err(refuse("names no element, such as [0], and no member".to_owned()));
        };
        let is_array = matches!(step, Step::Element(_));
        match self.is_array.replace(is_array) {
            None => self.text.push(if is_array { '[' } else { '{' }),
            Some(before) if before == is_array => self.text.push(','),
            Some(_) => return Err(refuse("names a member, others an element, or the other way round".to_owned())),
        }
        if let Step::Member(name) = &step {
            if !self.members.insert(Box::from(&**name)) {
                return Err(refuse("names the same member as an earlier row".to_owned()));
            }
            self.text.extend([name, ":"]);
        }
        let start = self.text.len();
        push(&mut self.text)?;
        if let Step::Element(index) = step {
            self.elements.push((index, start..self.text.len()));
        }
        Ok(())
    }

    /// The whole document, or the index that stands twice.
    pub fn finish(mut self) -> Result<String, u64> {
        if self.is_array != Some(true) {
            self.text.push('}');
            return Ok(self.text);
        }
        if !self.elements.is_sorted_by_key(|(index, _)| *index) {
            self.sort();
        }
        let double = self.elements.windows(2).find(|pair| matches!(pair, [one, other] if one.0 == other.0));
        if let Some([(index, _), _]) = double {
            return Err(*index);
        }
        self.text.push(']');
        Ok(self.text)
    }

    /// Puts elements of which someone sorted the rows back into their order.
    fn sort(&mut self) {
        self.elements.sort_by_key(|(index, _)| *index);
        let mut sorted = String::with_capacity(self.text.len() + 1);
        for (_, range) in &self.elements {
            sorted.push(if sorted.is_empty() { '[' } else { ',' });
            sorted.push_str(self.text.get(range.clone()).unwrap_or_default());
        }
        self.text = sorted;
    }
}
