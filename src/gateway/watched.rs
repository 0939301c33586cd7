//! A connection whose last sign of life is known.
//!
//! Holds a wrapper that notes the time of each byte. Invariant: as long as an endpoint works for the connection it does not
//! count as idle.

use hyper::rt::{Read, ReadBufCursor, Write};
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// When a connection last was not idle.
pub struct Watch {
    last: Cell<Instant>,
    working: Cell<usize>,
}

/// An endpoint's working for a connection.
pub struct Working<'w>(&'w Watch);

impl Watch {
    pub fn new() -> Watch {
        Watch { last: Cell::new(Instant::now()), working: Cell::new(0) }
    }

    fn touch(&self) {
        self.last.set(Instant::now());
    }

    pub fn work(&self) -> Working<'_> {
        self.working.set(self.working.get() + 1);
        Working(self)
    }

    /// Returns when nothing has happened for so long.
    pub async fn idle_for(&self, time: Duration) {
        loop {
            let end = if self.working.get() > 0 { Instant::now() } else { self.last.get() } + time;
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.set(self.0.working.get() - 1);
        self.0.touch();
    }
}

/// A connection that is watched.
pub struct Watched<T> {
    inner: T,
    watch: Rc<Watch>,
}

impl<T> Watched<T> {
    pub fn new(inner: T, watch: Rc<Watch>) -> Watched<T> {
        Watched { inner, watch }
    }

    fn note<R>(&self, outcome: Poll<R>) -> Poll<R> {
        if outcome.is_ready() {
            self.watch.touch();
        }
        outcome
    }
}

impl<T: Read + Unpin> Read for Watched<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_read(context, buffer);
        this.note(outcome)
    }
}

impl<T: Write + Unpin> Write for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.note(outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }

    // Several pieces at once would go out by `writev`, which knows no MSG_NOSIGNAL: a client that left would end the host.
    fn is_write_vectored(&self) -> bool {
        false
    }
}
