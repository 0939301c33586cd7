//! The C ABI is that of the last release, or its number went up.
//!
//! Describes what src/ffi declares and compares it with `tests/abi/released.txt`; has C compilers confirm that the header
//! means what the description says, and reads from the built library what it exports. At a release:
//! `COFFER_WRITE_ABI=1 cargo test --test abi` writes the description anew, and refuses to drop or change a line unless
//! COFFER_ABI_VERSION went up. Invariant: no released line goes unnoticed.

#[path = "abi/describe.rs"]
mod describe;
#[path = "abi/judge.rs"]
mod judge;
#[path = "abi/sources.rs"]
mod sources;
#[path = "abi/witness.rs"]
mod witness;

use describe::{Description, Kind};
use object::Object;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const HEAD: &str = "\
# The C ABI of the last release of Coffer, on every 64-bit platform: what programs were compiled against.
#
# Do not edit. tests/abi.rs compares it with the sources, the header and the library, and fails where a line is gone or
# another while COFFER_ABI_VERSION is the same. What is new is let through if the version in Cargo.toml is new too. At a
# release, COFFER_WRITE_ABI=1 cargo test --test abi writes it anew.

";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> PathBuf {
    root().join("tests/abi/released.txt")
}

fn now() -> Description {
    let texts: Vec<String> = sources::paths().map(|path| fs::read_to_string(path).unwrap()).collect();
    Description::of_sources(env!("CARGO_PKG_VERSION"), texts.iter().map(String::as_str))
        .unwrap_or_else(|what| panic!("src/ffi: {what}"))
}

fn released() -> Description {
    let path = committed();
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Description::of_text(&text).unwrap_or_else(|what| panic!("{}: {what}", path.display()))
}

#[test]
fn the_abi_is_that_of_the_last_release_or_has_a_new_number() {
    let now = now();
    if std::env::var_os("COFFER_WRITE_ABI").is_some() {
        if committed().exists() {
            judge::may_be_written(&released(), &now).unwrap_or_else(|what| panic!("{what}"));
        }
        fs::write(committed(), format!("{HEAD}{}", now.text())).unwrap();
        return;
    }
    let notes = judge::verdict(&released(), &now).unwrap_or_else(|what| panic!("{what}"));
    for note in notes {
        eprintln!("note: {note}");
    }
}

#[test]
fn the_description_is_as_it_was_written() {
    let text = fs::read_to_string(committed()).unwrap();
    let read = released();
    assert_eq!(text.replace("\r\n", "\n"), format!("{HEAD}{}", read.text()), "edited by hand, or of another order");
    // What is described is the whole: a parser that saw nothing would find nothing changed.
    assert!(read.names(Kind::Function).count() >= 54 && read.names(Kind::Constant).count() >= 39);
    assert!(read.names(Kind::Type).count() >= 5 && read.names(Kind::Callback).count() >= 4);
}

/// Whatever is released, its loss and its change are breaks, and a higher number lets them through.
#[test]
fn a_break_of_any_line_is_noticed() {
    let released = released();
    let next = |mut changed: Description| {
        changed.version = format!("{}.1", released.version);
        changed
    };
    let is_break = |changed: Description| {
        let mut changed = next(changed);
        assert!(judge::verdict(&released, &changed).is_err_and(|what| what.contains("raise COFFER_ABI_VERSION")));
        assert!(judge::may_be_written(&released, &changed).is_err());
        changed.abi += 1;
        assert!(judge::verdict(&released, &changed).is_ok_and(|notes| notes.len() == 1));
        assert!(judge::may_be_written(&released, &changed).is_ok());
        // A number is not raised within a release.
        changed.version.clone_from(&released.version);
        assert!(judge::verdict(&released, &changed).is_err());
    };
    for (key, line) in &released.items {
        let mut lost = released.clone();
        lost.items.remove(key);
        is_break(lost);
        let mut other = released.clone();
        other.items.insert(key.clone(), line.replace("int", "uint") + "1");
        is_break(other);
    }
    let mut lower = next(released.clone());
    lower.abi -= 1;
    assert!(judge::verdict(&released, &lower).is_err() && judge::may_be_written(&released, &lower).is_err());
}

/// What is new needs a new version and no new number; new names for parameters need nothing, unless they changed places.
#[test]
fn additions_and_new_names_are_told_apart_from_breaks() {
    let released = released();
    let mut more = released.clone();
    more.items.insert((Kind::Constant, "COFFER_NEW".to_owned()), "1".to_owned());
    assert!(judge::verdict(&released, &more).is_err_and(|what| what.contains("raise the version")));
    more.version.push_str(".1");
    assert!(judge::verdict(&released, &more).is_ok_and(|notes| notes.len() == 1));
    assert!(judge::may_be_written(&released, &more).is_ok());

    let diff = (Kind::Function, "coffer_diff_snapshots".to_owned());
    for (from, to, is_break) in [("*from", "*older", false), ("*from, const char *to", "*to, const char *from", true)] {
        let mut renamed = released.clone();
        let line = renamed.items.get_mut(&diff).unwrap();
        assert!(line.contains(from), "{line}");
        *line = line.replace(from, to);
        assert_eq!(judge::verdict(&released, &renamed).is_err(), is_break, "{to}");
    }
}

/// The compilers that are asked, with the platform that each compiles for.
const COMPILERS: [(&str, &str); 5] = [
    ("cc", "this machine"),
    ("clang", "this machine, by another compiler"),
    ("aarch64-linux-gnu-gcc", "64-bit ARM"),
    ("x86_64-w64-mingw32-gcc", "64-bit Windows"),
    ("riscv64-linux-gnu-gcc", "64-bit RISC-V"),
];

#[test]
fn c_compilers_find_in_the_header_what_the_description_says() {
    let described = now();
    let folder = tempfile::tempdir().unwrap();
    let ask = |compiler: &str, described: &Description| {
        witness::compiles(compiler, &root().join("include"), &witness::program(described), folder.path())
    };
    let mut asked = 0;
    for (compiler, platform) in COMPILERS {
        match ask(compiler, &described) {
            None => continue,
            Some(Err(said)) => panic!("{compiler}, for {platform}:\n{said}"),
            Some(Ok(())) => asked += 1,
        }
        // A compiler that agrees with everything says nothing.
        for ((kind, name), from, to) in [
            ((Kind::Constant, "COFFER_ERROR_BUSY"), "-14", "-15"),
            ((Kind::Type, "coffer_db"), "size 8", "size 4"),
            ((Kind::Type, "coffer_db"), "uint64_t", "int64_t"),
            ((Kind::Type, "coffer_status"), ", signed", ", unsigned"),
            ((Kind::Function, "coffer_save_persistent_data"), "const char *json", "char *json"),
            ((Kind::Function, "coffer_live_handles"), "size_t", "int32_t"),
            ((Kind::Callback, "coffer_progress_callback"), "uint64_t total", "uint32_t total"),
        ] {
            let mut wrong = described.clone();
            let line = wrong.items.get_mut(&(kind, name.to_owned())).unwrap();
            assert!(line.contains(from), "{name} is {line}");
            *line = line.replace(from, to);
            assert!(matches!(ask(compiler, &wrong), Some(Err(_))), "{compiler} does not mind {name} = {to}");
        }
    }
    if asked == 0 {
        eprintln!("skipped: no C compiler is installed; with cc the header itself is looked at");
    }
}

/// The functions and data that a shared library offers, in whichever format: ELF, Mach-O or PE.
fn exported(library: &Path) -> BTreeSet<String> {
    let bytes = fs::read(library).unwrap_or_else(|error| panic!("{}: {error}", library.display()));
    let file = object::File::parse(&*bytes).unwrap_or_else(|error| panic!("{}: {error}", library.display()));
    let exports = file.exports().unwrap_or_else(|error| panic!("{}: {error}", library.display()));
    let plain = |name: &[u8]| {
        let name = String::from_utf8_lossy(name).into_owned();
        // Mach-O puts an underscore before the names of C.
        if file.format() == object::BinaryFormat::MachO { name.trim_start_matches('_').to_owned() } else { name }
    };
    exports.iter().map(|export| plain(export.name())).collect()
}

/// `COFFER_LIBRARY` and `COFFER_BARE_LIBRARY` name libraries with all modules and with none; `tests/run` sets the first,
/// since an integration test cannot count on the shared library being built. Both have the same functions.
#[test]
fn the_library_exports_exactly_what_the_header_declares() {
    let libraries: Vec<_> = ["COFFER_LIBRARY", "COFFER_BARE_LIBRARY"].iter().filter_map(std::env::var_os).collect();
    if libraries.is_empty() {
        eprintln!("skipped: COFFER_LIBRARY names no library; tests/run does this check");
    }
    for library in libraries {
        let exported = exported(Path::new(&library));
        judge::exports(&now(), &exported).unwrap_or_else(|what| panic!("{}: {what}", library.to_string_lossy()));
    }
}
