//! The header, the LuaJIT definitions and the C# imports are what src/ffi says today.
//!
//! All three are generated from the same Rust files and compared with what is committed. To write them instead:
//! `COFFER_WRITE_BINDINGS=1 cargo test --test bindings`. Invariant: nothing under include/ or bindings/ that is
//! generated is edited by hand.

#[path = "abi/sources.rs"]
mod sources;

use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compare_or_write(path: &str, fresh: &str) {
    let path = root().join(path);
    if std::env::var_os("COFFER_WRITE_BINDINGS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, fresh).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "{} is stale: COFFER_WRITE_BINDINGS=1 cargo test --test bindings", path.display());
}

fn cbindgen(config: cbindgen::Config) -> String {
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources::paths() {
        builder = builder.with_src(source);
    }
    let mut text = Vec::new();
    builder.generate().expect("src/ffi reads as C").write(&mut text);
    String::from_utf8(text).unwrap()
}

fn config() -> cbindgen::Config {
    let mut config = cbindgen::Config::from_file(root().join("bindings/cbindgen.toml")).unwrap();
    let macros = config.after_includes.take().unwrap();
    let versions = [
        ("@MAJOR@", env!("CARGO_PKG_VERSION_MAJOR")),
        ("@MINOR@", env!("CARGO_PKG_VERSION_MINOR")),
        ("@PATCH@", env!("CARGO_PKG_VERSION_PATCH")),
        ("@VERSION@", env!("CARGO_PKG_VERSION")),
    ];
    let filled = versions.iter().fold(macros, |text, (mark, version)| text.replace(mark, version));
    config.after_includes = Some(filled.trim_end().to_owned());
    config
}

fn header() -> String {
    cbindgen(config())
}

#[test]
fn the_header_is_fresh() {
    compare_or_write("include/coffer.h", &header());
}

#[test]
fn the_luajit_definitions_are_fresh() {
    let mut plain = config();
    plain.header = None;
    plain.after_includes = None;
    plain.include_guard = None;
    plain.sys_includes.clear();
    plain.cpp_compat = false;
    plain.documentation = false;
    plain.function.prefix = None;
    let definitions = cdef(&cbindgen(plain));
    let text = format!(
        "-- What LuaJIT needs to know of the C ABI. Generated from src/ffi: do not edit.\n\
         -- To write it anew: COFFER_WRITE_BINDINGS=1 cargo test --test bindings\n\
         require(\"ffi\").cdef[[\n{definitions}]]\n"
    );
    compare_or_write("bindings/lua/coffer/cdef.lua", &text);
}

/// Turns preprocessor constants into what LuaJIT's parser takes.
fn cdef(header: &str) -> String {
    let mut text = String::new();
    for line in header.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        match line.strip_prefix("#define ").and_then(|rest| rest.split_once(' ')) {
            Some((name, value)) => {
                let value: i32 = value.parse().unwrap_or_else(|_| panic!("{name} is no 32-bit number: {value}"));
                text += &format!("static const int32_t {name} = {value};\n");
            }
            None => text += &format!("{line}\n"),
        }
    }
    text
}

#[test]
fn the_csharp_imports_are_fresh() {
    let mut builder = csbindgen::Builder::default();
    for source in sources::paths() {
        builder = builder.input_extern_file(source);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Native.cs");
    builder
        .csharp_dll_name("coffer")
        .csharp_dll_name_if("(UNITY_IOS || UNITY_TVOS) && !UNITY_EDITOR", "__Internal")
        .csharp_namespace("Coffer")
        .csharp_class_name("Native")
        .csharp_use_function_pointer(false)
        .csharp_use_nint_types(false)
        .csharp_generate_const_filter(|_| false)
        .generate_csharp_file(&file)
        .unwrap();
    let imports = fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    let text = format!("{}\n{}", imports.trim_end(), csharp_constants(&header()));
    compare_or_write("bindings/csharp/Native.cs", &text);
}

/// The constants, which csbindgen leaves out where they are negative.
fn csharp_constants(header: &str) -> String {
    let mut text = String::from("\nnamespace Coffer\n{\n    internal static unsafe partial class Native\n    {\n");
    for definition in header.lines().filter_map(|line| line.strip_prefix("#define ")) {
        if let Some((name, value)) = definition.split_once(' ').filter(|(_, value)| value.parse::<i32>().is_ok()) {
            text += &format!("        internal const int {name} = {value};\n");
        }
    }
    text + "    }\n}\n"
}

/// The functions that a header declares.
fn declared(header: &str) -> Vec<String> {
    let after_marks = header.split("\nCOFFER_API").skip(1).filter_map(|rest| rest.split_once('('));
    let mut names: Vec<String> =
        after_marks.filter_map(|(before, _)| before.rsplit([' ', '*', '\n']).next()).map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn every_documented_operation_of_this_release_has_its_name() {
    let names = declared(&header());
    for documented in [
        "coffer_open",
        "coffer_flush",
        "coffer_close",
        "coffer_save_persistent_data",
        "coffer_load_persistent_data",
        "coffer_load_persistent_data_into",
        "coffer_clear_database_entry",
        "coffer_list_database_keys",
        "coffer_save_character_roster_state",
        "coffer_load_character_roster_state",
        "coffer_save_equipment_config",
        "coffer_load_equipment_config",
        "coffer_save_party_config",
        "coffer_load_party_config",
        "coffer_load_entry",
        "coffer_create_database_snapshot",
        "coffer_sync_tier1_data_to_hub",
        "coffer_register_database_as_master_reference",
        "coffer_export_database_for_sharing",
        "coffer_import_database_from_external",
        "coffer_analyze_database_health",
        "coffer_register_database_api",
        "coffer_load_phase11",
        "coffer_restore_database_from_snapshot",
        "coffer_last_error",
        "coffer_string_free",
    ] {
        assert!(names.iter().any(|name| name == documented), "{documented} is not exported");
    }
}
