//! Coffer through its C ABI: the shared library that ships, loaded as any engine would load it.
//!
//! Holds only what the rows call. It must not know the library's Rust types. Invariant: a call that does not succeed
//! ends the benchmark with the library's own message.

use libloading::Library;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::sync::OnceLock;

type Text = *const c_char;
type Out = *mut *mut c_char;
type Callback = Option<unsafe extern "C" fn(*mut c_void, Text, u64, u64, Text, i64, Text)>;
type Progress = Option<unsafe extern "C" fn(*mut c_void, u64, u64) -> i32>;
type Free = Option<unsafe extern "C" fn(*mut c_void)>;

/// The durabilities of the header.
pub const BEHIND: i32 = 1;
pub const WRITTEN: i32 = 2;
pub const DURABLE: i32 = 3;
const ANY_REVISION: i64 = -1;

/// The functions of the header that are measured.
struct Functions {
    open: unsafe extern "C" fn(Text, Text, *mut u64) -> i32,
    close: unsafe extern "C" fn(u64) -> i32,
    checkpoint: unsafe extern "C" fn(u64) -> i32,
    save: unsafe extern "C" fn(u64, Text, Text, i64, i32, *mut u64) -> i32,
    load: unsafe extern "C" fn(u64, Text, Out) -> i32,
    load_into: unsafe extern "C" fn(u64, Text, *mut c_char, usize, *mut usize) -> i32,
    create_snapshot: unsafe extern "C" fn(u64, Text, Out) -> i32,
    delete_snapshot: unsafe extern "C" fn(u64, Text) -> i32,
    restore: unsafe extern "C" fn(u64, Text, Text, Out) -> i32,
    subscribe: unsafe extern "C" fn(u64, Text, Text, Callback, *mut c_void, Free, *mut u64) -> i32,
    poll: unsafe extern "C" fn(u64, usize, u64, *mut usize) -> i32,
    export: unsafe extern "C" fn(u64, Text, Text, Progress, *mut c_void, Out) -> i32,
    import: unsafe extern "C" fn(u64, Text, Text, Text, Progress, *mut c_void, Out) -> i32,
    health: unsafe extern "C" fn(u64, Text, Progress, *mut c_void, Out) -> i32,
    register_api: unsafe extern "C" fn(u64, Text, Out) -> i32,
    free: unsafe extern "C" fn(*mut c_char),
    last_error: unsafe extern "C" fn() -> Text,
    version: unsafe extern "C" fn() -> Text,
}

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
/// The same of a library that was built without its hub.
static BARE: OnceLock<Functions> = OnceLock::new();

/// Loads the library at `path`, and the one without a hub, once for the whole process.
pub fn load(path: &Path, bare: &Path) -> Result<(), libloading::Error> {
    for (place, path) in [(&FUNCTIONS, path), (&BARE, bare)] {
        let functions = Functions::of(path)?;
        place.get_or_init(|| functions);
    }
    Ok(())
}

impl Functions {
    fn of(path: &Path) -> Result<Functions, libloading::Error> {
        // SAFETY: the path is that of Coffer's library, whose start-up code is the Rust standard library's; the types are
        // those of include/coffer.h.
        unsafe {
            let library = Library::new(path)?;
            let functions = Functions {
                open: *library.get(b"coffer_open")?,
                close: *library.get(b"coffer_close")?,
                checkpoint: *library.get(b"coffer_checkpoint")?,
                save: *library.get(b"coffer_save_entry")?,
                load: *library.get(b"coffer_load_persistent_data")?,
                load_into: *library.get(b"coffer_load_persistent_data_into")?,
                create_snapshot: *library.get(b"coffer_create_database_snapshot")?,
                delete_snapshot: *library.get(b"coffer_delete_snapshot")?,
                restore: *library.get(b"coffer_restore_database_from_snapshot")?,
                subscribe: *library.get(b"coffer_hub_subscribe")?,
                poll: *library.get(b"coffer_hub_poll")?,
                export: *library.get(b"coffer_export_database_for_sharing")?,
                import: *library.get(b"coffer_import_database_from_external")?,
                health: *library.get(b"coffer_analyze_database_health")?,
                register_api: *library.get(b"coffer_register_database_api")?,
                free: *library.get(b"coffer_string_free")?,
                last_error: *library.get(b"coffer_last_error")?,
                version: *library.get(b"coffer_version")?,
            };
            // The functions are used to the end of the process, so the library stays.
            std::mem::forget(library);
            Ok(functions)
        }
    }
}

fn functions() -> &'static Functions {
    FUNCTIONS.get().expect("the library is loaded first")
}

/// The library's own version.
pub fn version() -> String {
    // SAFETY: the function takes nothing and returns a C string that stays.
    unsafe { CStr::from_ptr((functions().version)()) }.to_string_lossy().into_owned()
}

#[cold]
fn fail(what: &str, status: i32) -> ! {
    // SAFETY: the function takes nothing and returns a C string of this thread.
    let message = unsafe { CStr::from_ptr((functions().last_error)()) };
    panic!("{what} gave {status}: {}", message.to_string_lossy());
}

fn check(what: &str, status: i32) {
    if status != 0 {
        fail(what, status);
    }
}

/// An open store.
pub struct Store {
    functions: &'static Functions,
    db: u64,
}

impl Store {
    /// Opens the store in a folder; `options` is a JSON object.
    pub fn open(folder: &Path, options: &str) -> Self {
        Store::open_by(functions(), folder, options)
    }

    /// Opens a store with the library that has no hub.
    pub fn open_bare(folder: &Path, options: &str) -> Self {
        Store::open_by(BARE.get().expect("the library is loaded first"), folder, options)
    }

    fn open_by(functions: &'static Functions, folder: &Path, options: &str) -> Self {
        let folder = CString::new(folder.to_str().expect("a path in UTF-8")).expect("a path without NUL");
        let options = CString::new(options).expect("options without NUL");
        let mut db = 0;
        // SAFETY: two C strings and a place for the handle.
        check("coffer_open", unsafe { (functions.open)(folder.as_ptr(), options.as_ptr(), &mut db) });
        Store { functions, db }
    }

    #[inline]
    pub fn save(&self, key: &CStr, text: &CStr, durability: i32) {
        let revision = std::ptr::null_mut();
        // SAFETY: two C strings, and NULL for a result that is not wanted.
        let status =
            unsafe { (self.functions.save)(self.db, key.as_ptr(), text.as_ptr(), ANY_REVISION, durability, revision) };
        if status != 0 {
            fail("coffer_save_entry", status);
        }
    }

    /// Loads a text of its own and frees it. Returns its first byte, so that it is looked at.
    #[inline]
    pub fn load_owned(&self, key: &CStr) -> u8 {
        let mut text = std::ptr::null_mut();
        // SAFETY: a C string and a place for the text, which is a C string after success and freed once.
        unsafe {
            let status = (self.functions.load)(self.db, key.as_ptr(), &mut text);
            if status != 0 {
                fail("coffer_load_persistent_data", status);
            }
            let first = text.cast::<u8>().read();
            (self.functions.free)(text);
            first
        }
    }

    /// Loads into a buffer and returns the length.
    #[inline]
    pub fn load_into(&self, key: &CStr, buffer: &mut [u8]) -> usize {
        let mut length = 0;
        // SAFETY: a C string, a buffer with its capacity, and a place for the length.
        let status = unsafe {
            (self.functions.load_into)(self.db, key.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len(), &mut length)
        };
        if status != 0 {
            fail("coffer_load_persistent_data_into", status);
        }
        length
    }

    pub fn checkpoint(&self) {
        // SAFETY: the handle is open.
        check("coffer_checkpoint", unsafe { (self.functions.checkpoint)(self.db) });
    }

    pub fn create_snapshot(&self, label: &CStr) {
        let status = unsafe {
            // SAFETY: the handle is open; a C string, and NULL for a result that is not wanted.
            (self.functions.create_snapshot)(self.db, label.as_ptr(), std::ptr::null_mut())
        };
        check("coffer_create_database_snapshot", status);
    }

    pub fn delete_snapshot(&self, id: &CStr) {
        // SAFETY: the handle is open, and a C string.
        check("coffer_delete_snapshot", unsafe { (self.functions.delete_snapshot)(self.db, id.as_ptr()) });
    }

    pub fn restore(&self, id: &CStr) {
        let (everything, result) = (std::ptr::null(), std::ptr::null_mut());
        // SAFETY: the handle is open; a C string, and NULL for the options and for a result that is not wanted.
        let status = unsafe { (self.functions.restore)(self.db, id.as_ptr(), everything, result) };
        check("coffer_restore_database_from_snapshot", status);
    }

    pub fn export(&self, format: &CStr, path: &CStr) {
        let (nobody, nothing) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the handle is open; two C strings, nobody who is told, and NULL for a result that is not wanted.
        let status = unsafe { (self.functions.export)(self.db, format.as_ptr(), path.as_ptr(), None, nobody, nothing) };
        check("coffer_export_database_for_sharing", status);
    }

    pub fn import(&self, path: &CStr, format: &CStr) {
        let (nobody, nothing) = (std::ptr::null_mut(), std::ptr::null_mut());
        let status = unsafe {
            // SAFETY: the handle is open; two C strings, and NULL for the options and for what is not wanted.
            (self.functions.import)(self.db, path.as_ptr(), format.as_ptr(), std::ptr::null(), None, nobody, nothing)
        };
        check("coffer_import_database_from_external", status);
    }

    /// The health report.
    pub fn health(&self, options: &CStr) -> String {
        // SAFETY: the handle is open; a C string, nobody who is told, and a place for the text.
        let call = |out| unsafe { (self.functions.health)(self.db, options.as_ptr(), None, std::ptr::null_mut(), out) };
        self.told("coffer_analyze_database_health", call)
    }

    /// Registers the gateway and returns what is said of it.
    pub fn register_api(&self, options: &CStr) -> String {
        // SAFETY: the handle is open; a C string, and a place for the text.
        let call = |out| unsafe { (self.functions.register_api)(self.db, options.as_ptr(), out) };
        self.told("coffer_register_database_api", call)
    }

    fn told(&self, what: &str, call: impl FnOnce(Out) -> i32) -> String {
        let mut json = std::ptr::null_mut();
        check(what, call(&mut json));
        // SAFETY: after success it is a C string, which is freed once.
        unsafe {
            let text = CStr::from_ptr(json).to_string_lossy().into_owned();
            (self.functions.free)(json);
            text
        }
    }

    /// Subscribes somebody who does nothing with the events.
    pub fn subscribe(&self, topic: &CStr, options: &CStr) {
        unsafe extern "C" fn look(_: *mut c_void, _: Text, _: u64, _: u64, _: Text, _: i64, json: Text) {
            std::hint::black_box(json);
        }
        let mut subscription = 0;
        // SAFETY: the handle is open; two C strings, a callback without a context, and a place for the subscription.
        let status = unsafe {
            let (topic, options, nothing) = (topic.as_ptr(), options.as_ptr(), std::ptr::null_mut());
            (self.functions.subscribe)(self.db, topic, options, Some(look), nothing, None, &mut subscription)
        };
        check("coffer_hub_subscribe", status);
    }

    /// Polls, and says how many events were delivered.
    pub fn poll(&self, events: usize, budget_us: u64) -> usize {
        let mut delivered = 0;
        // SAFETY: the handle is open, and a place for the number.
        check("coffer_hub_poll", unsafe { (self.functions.poll)(self.db, events, budget_us, &mut delivered) });
        delivered
    }

    pub fn close(self) {
        // SAFETY: the handle is open, and `self` goes with it.
        check("coffer_close", unsafe { (self.functions.close)(self.db) });
        std::mem::forget(self);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: the handle is open. Nobody asked for the store's being closed cleanly, so the status is not looked
        // at.
        unsafe { (self.functions.close)(self.db) };
    }
}
