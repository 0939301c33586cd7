//! One function text, two readers.
//!
//! cbindgen and csbindgen read an exported function as it stands, `#[unsafe(no_mangle)] pub unsafe extern "C" fn`; rustc
//! compiles it with safer-ffi's `#[ffi_export]` in the place of `no_mangle`, which checks that every type in the
//! signature has a C form. Invariant: the symbol exists once, under the name that the generators see.

/// Exports a function. See the module.
macro_rules! exported {(
    $(#[doc = $doc:expr])*
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn $name:ident ( $( $argument:ident : $kind:ty ),* $(,)? ) $( -> $result:ty )?
    { $($body:tt)* }
) => (
    $(#[doc = $doc])*
    ///
    /// # Safety
    /// Pointers are null or as the description says, and stay so during the call.
    #[::safer_ffi::ffi_export]
    pub unsafe extern "C" fn $name ( $( $argument : $kind ),* ) $( -> $result )? { $($body)* }
)}
pub(crate) use exported;
