//! The documents that every contender saves and loads: keys, JSON texts, and orders to visit them in.
//!
//! Holds nothing of any engine. Invariant: the same arguments give the same keys, texts and orders in every process,
//! and every text is handed out as the C string that an engine behind a C ABI would get.

use std::ffi::{CStr, CString};

/// A document: key and text.
pub type Pair<'a> = (&'a CStr, &'a CStr);

/// Texts to choose from: more than fit in a first-level cache, few enough to be as warm as a text just made.
const TEXTS: usize = 1024;

/// A small generator of random numbers (xorshift64*), for tests that must repeat.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }
}

/// Keys and texts.
pub struct Documents {
    /// Every key with its NUL, one after the other, all of one length.
    keys: Vec<u8>,
    key_length: usize,
    texts: Vec<CString>,
}

impl Documents {
    /// `count` keys that begin with `prefix`, and texts to go with them.
    pub fn new(prefix: &str, count: usize) -> Self {
        let mut keys = Vec::new();
        for number in 0..count {
            keys.extend_from_slice(format!("{prefix}/{number:08}\0").as_bytes());
        }
        let mut random = Random::new(20);
        let texts = (0..TEXTS).map(|number| text(number, &mut random)).collect();
        Documents { keys, key_length: prefix.len() + 10, texts }
    }

    pub fn len(&self) -> usize {
        self.keys.len() / self.key_length
    }

    pub fn key(&self, number: usize) -> &CStr {
        let start = number * self.key_length;
        // SAFETY: every key was made with one NUL, at its end.
        unsafe { CStr::from_bytes_with_nul_unchecked(&self.keys[start..start + self.key_length]) }
    }

    /// The text of the `number`-th save.
    pub fn text(&self, number: usize) -> &CStr {
        &self.texts[number.wrapping_mul(613) % TEXTS]
    }

    /// The mean length of a text.
    pub fn mean_text(&self) -> f64 {
        self.texts.iter().map(|text| text.as_bytes().len() as f64).sum::<f64>() / TEXTS as f64
    }

    /// All keys' numbers in random order.
    pub fn shuffled(&self, seed: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        let mut random = Random::new(seed);
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
        order
    }
}

/// One character of a role-playing game, as a plug-in might keep it: 180 to 220 bytes of JSON.
fn text(number: usize, random: &mut Random) -> CString {
    const NAMES: [&str; 6] = ["Mira Thorn", "Old Ansel", "Jorun", "Caedmon Vale", "Zoë", "Brother Pike"];
    const PLACES: [&str; 5] = ["harbour", "salt_mines", "upper_keep", "fen", "crossroads"];
    let name = NAMES[random.below(NAMES.len())];
    let place = PLACES[random.below(PLACES.len())];
    let start = format!(
        r#"{{"id":{number},"name":"{name}","level":{},"hp":[{},260],"gold":{},"alive":{},"at":{{"map":"{place}","x":{}.25,"y":-{}.5}},"items":["#,
        random.below(60),
        random.below(260),
        random.below(100_000),
        random.below(2) == 0,
        random.below(1000),
        random.below(1000),
    );
    let wanted = 178 + random.below(40);
    let mut json = start;
    let mut first = true;
    while json.len() < wanted {
        json.push_str(&format!("{}{}", if first { "" } else { "," }, random.below(9_000) + 1_000));
        first = false;
    }
    json.push_str("]}");
    CString::new(json).expect("JSON has no NUL")
}
