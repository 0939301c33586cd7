//! The help, the version, and that the README says the same.

use crate::run;
use std::fs;
use std::path::Path;

/// Name and first line of each command, as `coffer --help` lists them.
fn commands() -> Vec<(String, String)> {
    table(&run(&["--help"]).fine(), "Commands:", |name| name != "help")
}

/// The rows of a part of the help: two words or texts in columns, up to an empty line.
fn table(help: &str, head: &str, keep: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let rows = help.lines().skip_while(|line| *line != head).skip(1).take_while(|line| !line.is_empty());
    let pairs = rows.filter_map(|line| line.trim().split_once(' '));
    let pairs = pairs.map(|(name, text)| (name.to_owned(), text.trim().to_owned()));
    pairs.filter(|(name, _)| keep(name)).collect()
}

/// The section of the README on the command.
fn section() -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("\n## The coffer command\n").expect("the README has the section");
    rest.split_once("\n## ").expect("another section follows").0.to_owned()
}

/// The rows of the README's table with this first head: a name in code, and a text.
fn rows(section: &str, head: &str) -> Vec<(String, String)> {
    let rows = section.lines().skip_while(|line| !line.starts_with(&format!("| {head} |"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cells = rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[0].trim_matches('`').to_owned(), cells[1].to_owned())).collect()
}

#[test]
fn the_readme_lists_the_commands_and_codes_of_the_help() {
    let (section, help) = (section(), run(&["--help"]).fine());
    let commands = commands();
    assert!(commands.len() >= 14, "{commands:?}");
    assert_eq!(rows(&section, "command"), commands);
    let codes = table(&help, "Exit codes:", |_| true);
    assert_eq!(codes.len(), 9, "{codes:?}");
    assert_eq!(rows(&section, "exit code"), codes);
}

#[test]
fn every_program_line_of_the_readme_is_understood() {
    let section = section();
    let lines = section.lines().filter(|line| line.starts_with("coffer "));
    let mut count = 0;
    for line in lines {
        let line = line.split(" #").next().unwrap();
        for part in line.split(['|', '>']).map(str::trim).filter(|part| part.starts_with("coffer ")) {
            let mut words = words(part);
            words.push("--help".to_owned());
            assert_eq!(run(&words).code, 0, "{part}");
            // Every option is one that the page of this command tells.
            let page = run(&words).out;
            for option in words.iter().filter(|word| word.starts_with("--") && *word != "--help") {
                assert!(page.contains(option.as_str()), "{part}: {option}");
            }
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} lines were found");
}

/// Each line of the README's session, run by a shell in the order that it stands there.
#[cfg(unix)]
#[test]
fn the_readmes_session_works() {
    let folder = tempfile::tempdir().unwrap();
    let database = crate::open(&folder.path().join("my-game.db"));
    for (key, text) in [("slot-1", r#"{"hero":"Ash"}"#), ("shop", r#"[{"name":"Potion","price":5}]"#)] {
        database.save(key, text, None, None).unwrap();
    }
    database.close().unwrap();
    fs::write(folder.path().join("monsters.json"), r#"[{"index":"aboleth"},{"index":"zombie"}]"#).unwrap();
    let section = section();
    let (_, session) = section.split_once("```sh\n").expect("the section has a session");
    let (session, _) = session.split_once("\n```").unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_coffer")).parent().unwrap().to_str().unwrap();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let mut printed = String::new();
    // Serving has no end; it has tests of its own.
    for line in session.lines().filter(|line| !line.starts_with("coffer serve ")) {
        // There is nobody here to ask.
        let line = if line.starts_with("coffer restore ") { format!("{line} --yes") } else { line.to_owned() };
        let mut shell = std::process::Command::new("sh");
        let ran = shell.args(["-c", &line]).current_dir(folder.path()).env("PATH", &path).output().unwrap();
        assert!(ran.status.success() && ran.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
        printed.push_str(&String::from_utf8_lossy(&ran.stdout));
    }
    for told in
        ["2 documents", "\"hero\": \"Ash\"", "would import", "made snapshot-", "restored snapshot-", "\"sound\":true"]
    {
        assert!(printed.contains(told), "nothing printed {told:?}: {printed}");
    }
    let store = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(run(&["get", &store("other.db"), "slot-1"]).fine(), "{\"hero\":\"Ash\"}\n");
    assert_eq!(run(&["list", &store("my-game.db")]).fine(), "aboleth\nshop\nslot-1\nzombie\n");
}

/// The words of a line, as a shell splits them; quotation marks are understood, nothing else.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split(['"', '\'']).enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words.split_off(1)
}

#[test]
fn every_command_has_a_short_page_with_an_example() {
    for (name, about) in commands() {
        let page = run(&[name.as_str(), "--help"]).fine();
        assert!(page.starts_with(&about), "{name}: {page}");
        assert!(page.contains("Example: coffer "), "{name}");
        assert!(page.lines().count() < 50, "{name}");
        assert_eq!(run(&["help", &name]).fine(), page);
    }
    for action in ["create", "list", "show", "delete", "pin", "unpin", "verify", "export", "import"] {
        run(&["snapshot", action, "--help"]).fine();
    }
}

#[test]
fn the_version_tells_the_formats() {
    let version = run(&["--version"]).fine();
    let formats = coffer::database::FORMATS;
    let expected =
        format!("coffer {} (ABI {}, image format {} ", env!("CARGO_PKG_VERSION"), coffer::ABI_VERSION, formats.image);
    assert!(version.starts_with(&expected), "{version}");
    assert_eq!(run(&["-V"]).fine(), version);
}

#[test]
fn what_is_not_understood_ends_with_two() {
    for arguments in [
        [].as_slice(),
        &["nonsense"],
        &["get"],
        &["get", "store"],
        &["get", "store", "key", "--nonsense"],
        &["get", "store", "key", "--version", "x"],
        &["get", "store", "key", "--raw", "--pretty"],
        &["import", "store", "file", "--on-conflict", "guess"],
        &["snapshot"],
        &["--quiet", "--verbose", "info", "store"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty());
    }
}
