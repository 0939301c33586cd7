//! Any bytes as an image, and as the history file beside it.
//!
//! Written from `src/journal/FORMAT.md` alone. Checksums are mended, so that a fuzzer gets behind them: the first byte says
//! how much is. Invariants checked: those of `files`; an image that was built anew from its entries is one that a store
//! could have written; what opens strictly has right checksums all over.

use super::files::{self, Files};
use coffer::document::{Collection, DocumentId};

const HEADER: usize = 64;
const ENTRY: usize = 36;
const TRAILER: usize = 96;
const BLOCK: usize = 65_536;
const HISTORY_HEADER: usize = 64;
const HISTORY_TRAILER: usize = 32;
/// What bits of the first byte ask for.
const MEND: u8 = 1;
const REBUILD: u8 = 2;
/// Above the numbers that a store comes to in ten years of a million commits a second.
const TAME: u64 = 1 << 48;

/// Opens a store whose image the bytes are: a byte that says what to mend, the length of the image in two bytes, the image,
/// and a history file if anything is left.
pub fn check(bytes: &[u8]) {
    let Some((&[wish, low, high], rest)) = bytes.split_first_chunk() else { return };
    let cut = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (image, past) = rest.split_at(cut);
    let (mut image, mut past) = (image.to_vec(), past.to_vec());
    if wish & (MEND | REBUILD) != 0 {
        mend_history(&mut past);
    }
    if wish & REBUILD != 0 {
        image = rebuilt(&image, &past);
    } else if wish & MEND != 0 {
        mend(&mut image);
    }
    // A file whose name has a number that is too large is none of the store's.
    let sealed = is_sealed(&image) || u64_at(&image, 16) > i64::MAX as u64;
    let mut all = Files::from([(format!("image-{:016x}.coffer", u64_at(&image, 16)), image)]);
    if !past.is_empty() {
        all.insert(format!("history-{:016x}.coffer", u64_at(&past, 16)), past.clone());
    }
    let [strict, _] = files::check(&all, wish & REBUILD != 0 && past.is_empty());
    assert!(strict.is_none() || sealed, "an image with a wrong checksum opens");
}

/// Eight bytes as a number; zeros behind the end.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    (0..8).rev().fold(0, |number, index| number << 8 | u64::from(rest.get(index).copied().unwrap_or(0)))
}

/// Puts the checksum of one range to where it belongs, if both are there.
pub fn seal(bytes: &mut [u8], checked: std::ops::Range<usize>, at: usize) {
    let Some(checksum) = bytes.get(checked).map(crc32c::crc32c) else { return };
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Whether header, blocks, checksums and trailer have the checksums that they must have.
fn is_sealed(image: &[u8]) -> bool {
    let Some(trailer) = image.len().checked_sub(TRAILER) else { return false };
    let checksums = (u64_at(image, trailer + 64) as usize).min(trailer);
    let is_right = |checked: &[u8], at: usize| crc32c::crc32c(checked) == u64_at(image, at) as u32;
    is_right(&image[..HEADER - 4], HEADER - 4)
        && image[..checksums].chunks(BLOCK).zip((checksums..).step_by(4)).all(|(block, at)| is_right(block, at))
        && is_right(&image[checksums..trailer], trailer + 88)
        && is_right(&image[trailer..trailer + TRAILER - 4], trailer + TRAILER - 4)
}

/// Where the entries from here on begin and end.
fn entries(bytes: &[u8], mut at: usize, gap: usize) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    while let Some(head) = bytes.get(at + gap..at + gap + ENTRY) {
        let length = u64_at(head, 28) as u32 as usize + usize::from(u64_at(head, 32) as u16) + ENTRY;
        let start = at + gap;
        if bytes.len() - start < length {
            break;
        }
        found.push(start..start + length);
        at = start + length;
    }
    found
}

/// Makes every checksum of an image right, and nothing else but the length in its trailer.
fn mend(image: &mut [u8]) {
    seal(image, 0..HEADER - 4, HEADER - 4);
    let Some(trailer) = image.len().checked_sub(TRAILER) else { return };
    let (order, checksums) = (u64_at(image, trailer + 40) as usize, u64_at(image, trailer + 64) as usize);
    let length = image.len() as u64;
    image[trailer + 72..trailer + 80].copy_from_slice(&length.to_le_bytes());
    if let Some(part) = image.get_mut(..order) {
        for one in entries(part, HEADER, 0) {
            seal(part, one.start + 4..one.end, one.start);
        }
    }
    // The inputs are shorter than two blocks.
    if checksums <= BLOCK {
        seal(image, 0..checksums, checksums);
    }
    if checksums < trailer {
        seal(image, checksums..trailer, trailer + 88);
    }
    seal(image, trailer..trailer + TRAILER - 4, trailer + TRAILER - 4);
}

fn mend_history(past: &mut [u8]) {
    seal(past, 0..HISTORY_HEADER - 4, HISTORY_HEADER - 4);
    let Some(trailer) = past.len().checked_sub(HISTORY_TRAILER) else { return };
    let length = past.len() as u64;
    past[trailer + 16..trailer + 24].copy_from_slice(&length.to_le_bytes());
    for one in entries(&past[..trailer], HISTORY_HEADER, 12) {
        seal(past, one.start + 4..one.end, one.start);
        let mut head = past[one.start - 12..one.start - 4].to_vec();
        head.extend_from_slice(&past[one.start..one.start + 4]);
        past[one.start - 4..one.start].copy_from_slice(&crc32c::crc32c(&head).to_le_bytes());
    }
    seal(past, trailer..trailer + HISTORY_TRAILER - 4, trailer + HISTORY_TRAILER - 4);
}

/// An entry that a store could have written, from one that the bytes hold.
struct Kept<'b> {
    collection: Collection,
    key: &'b str,
    text: &'b str,
    numbers: [u64; 3],
}

fn kept(bytes: &[u8], sequence: u64) -> Option<Kept<'_>> {
    let length = usize::from(u64_at(bytes, 32) as u16);
    let key = std::str::from_utf8(bytes.get(ENTRY..ENTRY + length)?).ok()?;
    let text = std::str::from_utf8(bytes.get(ENTRY + length..)?).ok()?;
    let numbers = [u64_at(bytes, 4) % (sequence + 1), 1 + u64_at(bytes, 12) % TAME, u64_at(bytes, 20) % TAME];
    let collection = Collection::from_number(*bytes.get(34)?)?;
    (1..=1024).contains(&key.len()).then_some(Kept { collection, key, text, numbers })
}

/// The image that holds the entries that these bytes do, as far as they could be any.
pub fn rebuilt(bytes: &[u8], past: &[u8]) -> Vec<u8> {
    let sequence = u64_at(bytes, 16) % TAME;
    let found = entries(bytes, HEADER, 0);
    let mut all: Vec<Kept<'_>> = found.iter().filter_map(|range| kept(&bytes[range.clone()], sequence)).collect();
    all.sort_by_key(|one| (one.collection, one.key));
    all.dedup_by_key(|one| (one.collection, one.key));
    let mut image = Vec::from(*b"COFFERI\xFF");
    image.extend_from_slice(&2_u32.to_le_bytes());
    image.extend_from_slice(&(BLOCK as u32).to_le_bytes());
    image.extend_from_slice(&sequence.to_le_bytes());
    image.resize(HEADER, 0);
    seal(&mut image, 0..HEADER - 4, HEADER - 4);
    let mut offsets = Vec::new();
    for one in &all {
        offsets.push(image.len() as u64);
        put_entry(&mut image, one);
    }
    let order = image.len() as u64;
    push_all(&mut image, offsets.iter().copied());
    let (index, slots) = (image.len() as u64, index_of(&all, &offsets));
    push_all(&mut image, slots.iter().copied());
    let manifest = image.len() as u64;
    for collection in Collection::ALL {
        let texts = all.iter().filter(|one| one.collection == collection).map(|one| one.text.len() as u64);
        push_all(&mut image, [texts.clone().count() as u64, texts.sum()]);
    }
    let is_past = u64::from(!past.is_empty());
    push_all(&mut image, [is_past]);
    if is_past == 1 {
        // A number of its own, its length, and a reach of everything.
        push_all(&mut image, [u64_at(past, 16), past.len() as u64, 0, sequence]);
    }
    let (checksums, entries) = (image.len(), all.len() as u64);
    let table: Vec<u8> = image.chunks(BLOCK).flat_map(|block| crc32c::crc32c(block).to_le_bytes()).collect();
    image.extend_from_slice(&table);
    let (trailer, length) = (image.len(), (image.len() + TRAILER) as u64);
    image.extend_from_slice(b"COFFERE\xFF");
    let counts = [sequence, entries, 0, 0, order, index, slots.len() as u64, checksums as u64, length, manifest];
    push_all(&mut image, counts);
    image.extend_from_slice(&crc32c::crc32c(&table).to_le_bytes());
    image.extend_from_slice(&[0; 4]);
    seal(&mut image, trailer..trailer + TRAILER - 4, trailer + TRAILER - 4);
    image
}

fn push_all(image: &mut Vec<u8>, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|number| image.extend_from_slice(&number.to_le_bytes()));
}

fn put_entry(image: &mut Vec<u8>, one: &Kept<'_>) {
    let start = image.len();
    image.extend_from_slice(&[0; 4]);
    push_all(image, one.numbers);
    image.extend_from_slice(&(one.text.len() as u32).to_le_bytes());
    image.extend_from_slice(&(one.key.len() as u16).to_le_bytes());
    image.extend_from_slice(&[one.collection as u8, 1]);
    image.extend_from_slice(one.key.as_bytes());
    image.extend_from_slice(one.text.as_bytes());
    let end = image.len();
    seal(image, start + 4..end, start);
}

fn index_of(all: &[Kept<'_>], offsets: &[u64]) -> Vec<u64> {
    let count = if all.is_empty() { 0 } else { all.len() + all.len() / 2 + 1 };
    let mut slots = vec![0; count];
    for (one, offset) in all.iter().zip(offsets) {
        let hash = DocumentId::new(one.collection, one.key).hash();
        let mut slot = ((u128::from(hash) * count as u128) >> 64) as usize;
        while slots[slot] != 0 {
            slot = (slot + 1) % count;
        }
        slots[slot] = hash << 48 | offset;
    }
    slots
}
