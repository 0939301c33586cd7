//! A thread of the store's own, started without leaving a trace on the thread that starts it.
//!
//! The standard library's `spawn` registers a thread-local destructor on the caller's thread. An editor that loads a
//! plug-in, opens a store, closes it and unloads the plug-in would keep the library for as long as that thread lives. So
//! on Unix the thread is made by pthreads directly. Invariant: a panic in the thread ends the thread and nothing else.

use std::io;

/// A running thread; it has to be joined.
pub struct Thread(platform::Handle);

impl Thread {
    /// Starts a thread that does `work` and ends.
    pub fn start(work: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
        platform::start(Box::new(work)).map(Thread)
    }

    /// The same for work that is to disturb nobody: at a lower priority, as are the threads that it starts, where the
    /// platform has priorities of threads that anybody may lower.
    pub fn start_quiet(work: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
        Thread::start(move || {
            platform::be_quiet();
            work();
        })
    }

    /// Waits for the thread's end.
    pub fn join(self) {
        platform::join(self.0);
    }
}

#[cfg(unix)]
mod platform {
    use std::ffi::c_void;
    use std::io;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::ptr;

    type Work = Box<dyn FnOnce() + Send>;
    pub type Handle = libc::pthread_t;

    extern "C" fn run(work: *mut c_void) -> *mut c_void {
        // SAFETY: `start` passes a boxed `Work` that nobody else has.
        let work = unsafe { Box::from_raw(work.cast::<Work>()) };
        // What a panic left undone is seen to by whoever joins.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
            std::mem::forget(payload);
        }
        ptr::null_mut()
    }

    pub fn start(work: Work) -> io::Result<Handle> {
        let work = Box::into_raw(Box::new(work)).cast::<c_void>();
        let mut thread = std::mem::MaybeUninit::<Handle>::uninit();
        // SAFETY: `thread` is writable, no attributes are the default ones, and `run` takes what `work` points to.
        let code = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), run, work) };
        if code != 0 {
            // SAFETY: no thread was made, so the box is still ours alone.
            drop(unsafe { Box::from_raw(work.cast::<Work>()) });
            return Err(io::Error::from_raw_os_error(code));
        }
        // SAFETY: success means that it was written.
        let thread = unsafe { thread.assume_init() };
        name(thread);
        Ok(thread)
    }

    /// Names the thread in debuggers and profilers, where that can be done from outside.
    fn name(_thread: Handle) {
        // SAFETY: the thread has not been joined, and the name has less than 16 bytes.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        unsafe {
            libc::pthread_setname_np(_thread, c"coffer".as_ptr());
        }
    }

    /// Lowers the priority of this thread.
    pub fn be_quiet() {
        // On Linux a priority is a thread's and not a process's, and threads inherit it. Failing costs nothing but speed.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: 0 stands for the calling thread, and the call touches no memory.
        unsafe {
            libc::setpriority(libc::PRIO_PROCESS, 0, 10);
        }
    }

    pub fn join(thread: Handle) {
        // SAFETY: `Thread` owns the handle, and joining consumes it.
        unsafe { libc::pthread_join(thread, ptr::null_mut()) };
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io;

    pub type Handle = std::thread::JoinHandle<()>;

    pub fn start(work: Box<dyn FnOnce() + Send>) -> io::Result<Handle> {
        std::thread::Builder::new().name("coffer".to_owned()).spawn(work)
    }

    pub fn be_quiet() {}

    pub fn join(thread: Handle) {
        // What a panic left undone is seen to by whoever joins.
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::Thread;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn work_is_done_by_the_time_of_the_join() {
        let done = Arc::new(AtomicU32::new(0));
        let counter = done.clone();
        let count = move || {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        Thread::start(count).unwrap().join();
        assert_eq!(done.load(Ordering::Relaxed), 1);
        assert_eq!(Arc::strong_count(&done), 1, "the work was dropped");
    }

    #[test]
    fn a_panic_stays_inside() {
        Thread::start(|| panic!("on purpose")).unwrap().join();
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn a_quiet_thread_and_its_children_have_a_lower_priority_and_others_keep_theirs() {
        // SAFETY: the call touches no memory.
        let priority = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let (before, seen) = (priority(), Arc::new(AtomicU32::new(0)));
        let told = seen.clone();
        let child =
            move || std::thread::spawn(move || told.store(priority() as u32, Ordering::Relaxed)).join().unwrap();
        Thread::start_quiet(child).unwrap().join();
        assert_eq!((seen.load(Ordering::Relaxed) as i32, priority()), (10.max(before), before));
    }
}
