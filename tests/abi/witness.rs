//! A C program that compiles only if the header means what a description says.
//!
//! Each line of the description becomes an assertion or a second declaration that the compiler compares with the header's.
//! Runs no program. Invariant: a compiler that is not installed is named, and one that refuses says which line.

use super::describe::{Description, Kind};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The program.
pub fn program(described: &Description) -> String {
    let mut text = String::from(
        "#include \"coffer.h\"\n\
         #define SAME(kind, other) _Generic((kind *)0, other *: 1, default: 0)\n",
    );
    text += &format!("_Static_assert(COFFER_ABI_VERSION == {}, \"the ABI version\");\n", described.abi);
    for ((kind, name), what) in &described.items {
        text += &line(*kind, name, what);
        text.push('\n');
    }
    text
}

/// `size 8, align 8…` as a condition on a type.
fn layout(name: &str, what: &str) -> String {
    let number = |word: &str| {
        let rest = what.split_once(word).map_or("", |(_, rest)| rest.trim_start());
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().to_owned()
    };
    format!("sizeof({name}) == {} && _Alignof({name}) == {}", number("size "), number("align "))
}

fn line(kind: Kind, name: &str, what: &str) -> String {
    let assert = |condition: String| format!("_Static_assert({condition}, \"{} {name}\");", kind.word());
    match kind {
        Kind::Constant => assert(format!("{name} == {what}")),
        Kind::Type | Kind::Enum => {
            let same = what.split_once(", ").map_or("void", |(same, _)| same);
            let sign = match what.rsplit_once(", ").map_or("", |(_, sign)| sign) {
                "signed" => format!(" && ({name})-1 < 0"),
                "unsigned" => format!(" && ({name})-1 > 0"),
                _ => String::new(),
            };
            assert(format!("SAME({name}, {same}) && {}{sign}", layout(name, what)))
        }
        Kind::Struct => {
            let fields = what.split_once(": ").map_or("", |(_, fields)| fields);
            let mut text = assert(layout(name, what));
            for (declaration, offset) in fields.split("; ").filter_map(|field| field.rsplit_once(" at ")) {
                let (kind, field) = declaration.split_at(declaration.rfind([' ', '*']).map_or(0, |at| at + 1));
                let same = format!("_Generic(&(({name} *)0)->{field}, {} *: 1, default: 0)", kind.trim_end());
                text +=
                    &format!("\n_Static_assert(offsetof({name}, {field}) == {offset} && {same}, \"{name}.{field}\");");
            }
            text
        }
        // How cbindgen names them is its own affair; none was released yet.
        Kind::Value => format!("/* {name} is {what} */"),
        Kind::Callback => {
            let (result, parameters) = what.split_once(" (").unwrap_or((what, ")"));
            format!("typedef {} ({parameters};\n", declared(result, &format!("(*witness_{name})")))
                + &assert(format!("SAME({name}, witness_{name})"))
        }
        Kind::Function => {
            let (result, parameters) = what.split_once(" (").unwrap_or((what, ")"));
            format!("{}({parameters};", declared(result, name))
        }
    }
}

fn declared(kind: &str, name: &str) -> String {
    if kind.ends_with('*') { format!("{kind}{name}") } else { format!("{kind} {name}") }
}

/// Has a compiler judge a program: `None` if there is no such compiler. `header` is the folder of `coffer.h`.
pub fn compiles(compiler: &str, header: &Path, program: &str, folder: &Path) -> Option<Result<(), String>> {
    let file = folder.join("witness.c");
    fs::write(&file, program).ok()?;
    let output = Command::new(compiler)
        .args(["-std=c11", "-fsyntax-only", "-Wall", "-Werror", "-Wno-attributes", "-DCOFFER_STATIC", "-I"])
        .arg(header)
        .arg(&file)
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(()) } else { Err(said) })
}
