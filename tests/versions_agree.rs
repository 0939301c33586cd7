//! A release has one number, and every file that names it says the same: the packages' files, the bindings, the soname.
//!
//! Reads the files as text. What names the version anew has to be added here. Invariant: after a change of the version in
//! `Cargo.toml` alone, this fails and says where else.

use std::fs;
use std::path::{Path, PathBuf};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text between two marks, in the first line that has both.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.lines().find_map(|line| Some(line.split_once(before)?.1.split_once(after)?.0))
}

fn abi() -> String {
    let source = read("src/ffi/library.rs");
    between(&source, "pub const COFFER_ABI_VERSION: u32 = ", ";").expect("the ABI number is there").to_owned()
}

#[test]
fn every_package_has_the_version_of_the_crate() {
    let mut unity = Vec::new();
    below("bindings", &mut unity);
    unity.retain(|path| path.ends_with("/package.json"));
    let [unity] = unity.as_slice() else { panic!("Unity's package.json is there once: {unity:?}") };
    let files = [
        ("bindings/vcpkg/vcpkg.json", "\"version\": \"", "\""),
        (unity.as_str(), "\"version\": \"", "\""),
        ("bindings/csharp/Coffer.csproj", "<Version>", "</Version>"),
        ("include/coffer.h", "#define COFFER_VERSION \"", "\""),
    ];
    for (path, before, after) in files {
        assert_eq!(between(&read(path), before, after), Some(VERSION), "the version in {path}");
    }
    let heading = format!("### {VERSION}");
    assert!(read("README.md").lines().any(|line| line == heading), "README.md tells no changes of {VERSION}");
}

#[test]
fn the_rock_has_the_version_of_the_crate_and_every_module() {
    let folder = root().join("bindings/luarocks");
    let rocks: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rockspec"))
        .collect();
    let wanted = root().join(format!("bindings/luarocks/coffer-{VERSION}-1.rockspec"));
    assert_eq!(rocks, std::slice::from_ref(&wanted), "the name of the one rockspec");
    let text = fs::read_to_string(wanted).unwrap();
    assert_eq!(between(&text, "version = \"", "\""), Some(format!("{VERSION}-1").as_str()));
    assert_eq!(between(&text, "dir = \"", "\""), Some(format!("coffer-{VERSION}").as_str()));
    assert_eq!(between(&text, "url = \"", "\""), Some(format!("coffer-{VERSION}-source.tar.gz").as_str()));

    let mut listed: Vec<String> =
        text.lines().filter_map(|line| between(line, "] = \"", "\"")).map(str::to_owned).collect();
    listed.sort();
    let mut there = Vec::new();
    below("bindings/lua", &mut there);
    there.retain(|path| path.ends_with(".lua"));
    there.sort();
    assert_eq!(listed, there, "the modules in the rockspec");
}

/// Every file below a folder, by its path from the root.
fn below(folder: &str, into: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            below(&path, into);
        } else {
            into.push(path);
        }
    }
}

#[test]
fn the_soname_is_the_abi_number() {
    let manifest = read("Cargo.toml");
    let (_, library) = manifest.split_once("[package.metadata.capi.library]").expect("cargo-c is told of the library");
    let wanted = format!("{}.{}.{}", abi(), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH"));
    assert_eq!(between(library, "version = \"", "\""), Some(wanted.as_str()), "the library's version in Cargo.toml");
    // One component of it is the soname's.
    assert!(library.lines().any(|line| line == "version_suffix_components = 1"), "the soname has one number");
}

#[test]
fn the_bindings_ask_for_the_abi_number_of_the_library() {
    let abi = abi();
    let files = [
        ("bindings/csharp/Database.cs", "private const uint AbiVersion = ", ";"),
        ("bindings/cpp/coffer/support.hpp", "static_assert(COFFER_ABI_VERSION == ", ","),
        ("bindings/lua/coffer/cdef.lua", "COFFER_ABI_VERSION = ", ";"),
    ];
    for (path, before, after) in files {
        assert_eq!(between(&read(path), before, after), Some(abi.as_str()), "the ABI number in {path}");
    }
}
