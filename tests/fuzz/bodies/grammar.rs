//! What JSON is, read off the grammar of RFC 8259 rule by rule: the judge over the check at the door.
//!
//! Shares nothing with the library or with serde_json, on purpose. Invariant: it accepts a text if and only if the RFC's
//! `JSON-text` derives it; it does not recurse, so depth costs memory and no stack.

/// A text that is JSON, and how deep its arrays and objects nest.
pub fn depth_of(text: &str) -> Option<usize> {
    let mut reader = Reader { rest: text.as_bytes(), open: Vec::new(), deepest: 0 };
    reader.text().then_some(reader.deepest)
}

struct Reader<'t> {
    rest: &'t [u8],
    /// The closing brackets that are due.
    open: Vec<u8>,
    deepest: usize,
}

impl Reader<'_> {
    /// JSON-text = ws value ws
    fn text(&mut self) -> bool {
        self.space();
        loop {
            // A value is due here.
            match self.rest.first() {
                Some(b'[' | b'{') => {
                    if !self.begin() {
                        return false;
                    }
                    // An empty array or object is a value that has ended.
                    if self.rest.first() != self.open.last() {
                        if !self.name_if_due() {
                            return false;
                        }
                        continue;
                    }
                }
                _ if self.scalar() => {}
                _ => return false,
            }
            match self.after_value() {
                After::Value => {}
                After::End => return true,
                After::Nonsense => return false,
            }
        }
    }

    /// begin-array, begin-object: [ or {, and the space behind it.
    fn begin(&mut self) -> bool {
        let Some(bracket) = self.take() else { return false };
        self.open.push(if bracket == b'[' { b']' } else { b'}' });
        self.deepest = self.deepest.max(self.open.len());
        self.space();
        true
    }

    /// member = string name-separator value: in an object, the part before the value.
    fn name_if_due(&mut self) -> bool {
        if self.open.last() != Some(&b'}') {
            return true;
        }
        if !self.string() {
            return false;
        }
        self.space();
        let is_colon = self.take() == Some(b':');
        self.space();
        is_colon
    }

    /// What follows a value, or the bracket that closes an empty one: brackets, then a comma or the end.
    fn after_value(&mut self) -> After {
        loop {
            self.space();
            let Some(due) = self.open.last() else {
                return if self.rest.is_empty() { After::End } else { After::Nonsense };
            };
            match self.rest.first() {
                Some(byte) if byte == due => {
                    self.open.pop();
                    self.take();
                }
                Some(b',') => {
                    self.take();
                    self.space();
                    return if self.name_if_due() { After::Value } else { After::Nonsense };
                }
                _ => return After::Nonsense,
            }
        }
    }

    fn scalar(&mut self) -> bool {
        match self.rest.first() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => [&b"true"[..], b"false", b"null"].iter().any(|word| self.word(word)),
        }
    }

    /// string = quotation-mark *char quotation-mark
    fn string(&mut self) -> bool {
        if self.take() != Some(b'"') {
            return false;
        }
        loop {
            match self.take() {
                Some(b'"') => return true,
                Some(b'\\') => match self.take() {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                    // 4HEXDIG: half of a surrogate pair is within the grammar.
                    Some(b'u') if (0..4).all(|_| self.take().is_some_and(|digit| digit.is_ascii_hexdigit())) => {}
                    _ => return false,
                },
                Some(0..=0x1F) | None => return false,
                Some(_) => {}
            }
        }
    }

    /// number = [ minus ] int [ frac ] [ exp ]
    fn number(&mut self) -> bool {
        self.word(b"-");
        if !self.word(b"0") && !self.digits() {
            return false;
        }
        if self.word(b".") && !self.digits() {
            return false;
        }
        if self.word(b"e") || self.word(b"E") {
            let _ = self.word(b"+") || self.word(b"-");
            return self.digits();
        }
        true
    }

    fn digits(&mut self) -> bool {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[count..];
        count > 0
    }

    /// Passes these very bytes, if they come next.
    fn word(&mut self, word: &[u8]) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// ws = *( %x20 / %x09 / %x0A / %x0D )
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.rest.first() {
            self.take();
        }
    }
}

enum After {
    Value,
    End,
    Nonsense,
}
