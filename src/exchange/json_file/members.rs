//! Goes through an object or array of a file, one member or item at a time.
//!
//! Holds nothing but where it is. Invariant: what stands between members is what JSON demands there.

use super::stream::Stream;
use crate::exchange::{Failure, Place};

/// An object or array whose opening bracket has been passed.
pub struct Members {
    close: u8,
    is_first: bool,
}

/// A member's name; the stream stands at its value.
pub struct Name {
    pub name: String,
    pub place: Place,
}

impl Members {
    /// Passes the bracket that was seen.
    pub fn open(stream: &mut Stream<'_>, bracket: u8) -> Members {
        stream.pass();
        Members { close: if bracket == b'{' { b'}' } else { b']' }, is_first: true }
    }

    /// Goes to the next item; false behind the closing bracket.
    pub fn next_item(&mut self, stream: &mut Stream<'_>) -> Result<bool, Failure> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let shown = char::from(self.close);
        match stream.peek()? {
            Some(byte) if byte == self.close => {
                stream.pass();
                return Ok(false);
            }
            Some(b',') if !is_first => stream.pass(),
            None => return Err(stream.fail("the file ends here: it is cut off")),
            Some(_) if is_first => return Ok(true),
            Some(_) => return Err(stream.fail(format!("no JSON: expected `,` or `{shown}`"))),
        }
        match stream.peek()? {
            Some(byte) if byte == self.close => Err(stream.fail("no JSON: trailing comma")),
            Some(_) => Ok(true),
            None => Err(stream.fail("the file ends here: it is cut off")),
        }
    }

    /// Goes to the next member's value; none behind the closing bracket.
    pub fn next_member(&mut self, stream: &mut Stream<'_>) -> Result<Option<Name>, Failure> {
        if !self.next_item(stream)? {
            return Ok(None);
        }
        if stream.peek()? != Some(b'"') {
            return Err(stream.fail("no JSON: a member's name is a string"));
        }
        let place = stream.next_place();
        let literal = stream.value(0)?.text;
        let Some(name) = crate::json::said(&literal).map(std::borrow::Cow::into_owned) else {
            let reason = "this name holds half a surrogate pair, which no key can".to_owned();
            return Err(Failure::Unreadable { place, reason });
        };
        if stream.peek()? != Some(b':') {
            return Err(stream.fail("no JSON: expected `:`"));
        }
        stream.pass();
        match stream.peek()? {
            Some(_) => Ok(Some(Name { name, place })),
            None => Err(stream.fail("the file ends here: it is cut off")),
        }
    }
}
