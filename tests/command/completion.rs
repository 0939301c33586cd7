//! The completion scripts: there for each shell, and bash completes with its own.

use crate::run;
use std::fs;
use std::process::Command;

#[test]
fn each_shell_has_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).fine();
        for word in ["snapshot", "repair", "on-conflict", "dry-run"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(run(&["completions", "tcsh"]).code, 2);
}

#[test]
fn bash_completes_commands_options_and_their_values() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("coffer");
    fs::write(&script, run(&["completions", "bash"]).fine()).unwrap();
    let bash = |text: &str| {
        let ran = Command::new("bash").args(["--norc", "-c", text, "bash"]).arg(&script).output();
        ran.map(|ran| (ran.status.success(), String::from_utf8_lossy(&ran.stdout).trim().to_owned()))
    };
    let Ok((is_sound, _)) = bash("bash -n \"$1\"") else {
        println!("SKIPPED completion in bash: bash is not installed");
        return;
    };
    assert!(is_sound, "bash -n refuses the script");
    for (words, expected) in [
        ("coffer sn", "snapshot"),
        ("coffer import --on-conflict s", "skip"),
        ("coffer export --form", "--format"),
        ("coffer snapshot cr", "create"),
    ] {
        let count = words.split(' ').count();
        let last: Vec<&str> = words.rsplit(' ').take(2).collect();
        let text = format!(
            "source \"$1\"; COMP_WORDS=({words}); COMP_CWORD={}; _coffer coffer '{}' '{}'; echo \"${{COMPREPLY[@]}}\"",
            count - 1,
            last[0],
            last[1]
        );
        assert_eq!(bash(&text).unwrap(), (true, expected.to_owned()), "{words}");
    }
}
