//! Which thread is which, and which waits for which to leave a callback.
//!
//! Ending a subscription or a plug-in waits for its callback; two callbacks that end each other would wait for ever. So
//! whoever is going to wait says for whom, and does not wait where that closes a circle. Invariant: the waits that are
//! noted have no circle.

use crate::sync::{Mutex, thread_local};
use std::cell::Cell;

thread_local! {
    /// How many receivers this thread is in. Its address also tells threads apart, without the destructor that the
    /// standard library's own thread number brings along.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Tells this thread from all others that live now.
pub fn this_thread() -> usize {
    DEPTH.with(|depth| std::ptr::from_ref(depth) as usize)
}

/// Whether this thread is being called by the hub.
pub fn is_in_callback() -> bool {
    DEPTH.with(Cell::get) > 0
}

/// Runs a callback.
pub fn in_callback(call: impl FnOnce()) {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    call();
    DEPTH.with(|depth| depth.set(depth.get() - 1));
}

/// Who waits, for whom, and to leave what.
static WAITS: Mutex<Vec<(usize, usize, usize)>> = Mutex::new(Vec::new());

/// That this thread waits for another; noted as long as this lives.
pub struct Wait(());

impl Wait {
    /// Waits for another to leave what it is in. Nothing if the other waits for this thread already, be it through others.
    pub fn begin(other: usize, left: usize) -> Option<Wait> {
        let this = this_thread();
        let mut waits = WAITS.lock();
        let mut last = other;
        while last != this {
            match waits.iter().find(|(waiter, ..)| *waiter == last) {
                Some((_, next, _)) => last = *next,
                None => {
                    waits.push((this, other, left));
                    return Some(Wait(()));
                }
            }
        }
        None
    }

    /// This thread left something. Whoever waited for that waits no more, though it may not run yet: what this thread ends
    /// next has to wait for it.
    pub fn is_over(left: usize) {
        let this = this_thread();
        WAITS.lock().retain(|(_, other, place)| (*other, *place) != (this, left));
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let this = this_thread();
        WAITS.lock().retain(|(waiter, ..)| *waiter != this);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_waits_is_not_closed() {
        assert!(Wait::begin(this_thread(), 0).is_none());
        // Threads by numbers that are no addresses of this process.
        let (one, other) = (1, 2);
        WAITS.lock().extend([(one, other, 0), (other, this_thread(), 0)]);
        assert!(Wait::begin(one, 0).is_none());
        WAITS.lock().retain(|(waiter, ..)| *waiter != other);
        let wait = Wait::begin(one, 0);
        assert!(wait.is_some());
        drop(wait);
        WAITS.lock().retain(|(waiter, ..)| *waiter != one);
        assert!(Wait::begin(one, 0).is_some());
    }
}
