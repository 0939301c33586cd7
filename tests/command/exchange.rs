//! Export and import: files that come back the same, options that do what they say, and Ctrl-C that leaves nothing half.

use crate::{Fixture, run};
use serde_json::json;
use std::fs;

#[test]
fn what_was_exported_is_imported_the_same() {
    let fixture = Fixture::usual();
    for name in ["all.json", "all.csv", "all.XML", "plain"] {
        let (path, other) = (fixture.path(name), fixture.path(&format!("{name}.db")));
        let exported = fixture.run(&["export", &path, "--json"]).json();
        let format = if name == "plain" { "json" } else { &name[4..] }.to_lowercase();
        assert_eq!((&exported["format"], &exported["documents"]), (&json!(format), &json!(5)));
        let imported = run(&["import", &other, &path, "--create", "--json"]).json();
        assert_eq!((&imported["saved"], &imported["skipped"]), (&json!(5), &json!(0)));
        for key in ["slot-1", "slot-2", "party_configs", "party_configs_v1"] {
            assert_eq!(run(&["get", &other, key]).fine(), fixture.run(&["get", key]).fine(), "{name}: {key}");
        }
    }
}

#[test]
fn a_part_or_an_earlier_state_is_exported() {
    let fixture = Fixture::usual();
    let path = fixture.path("part.json");
    let documents = |arguments: &[&str]| {
        let mut all = vec!["export", path.as_str(), "--json"];
        all.extend(arguments);
        fixture.run(&all).json()["documents"].as_u64().unwrap()
    };
    assert_eq!(documents(&["--key", "slot-1", "--key", "slot-2"]), 2);
    assert_eq!(documents(&["--collection", "party_configs"]), 3);
    assert_eq!(documents(&["--at", "latest"]), 4, "slot-2 came later");
    assert_eq!(documents(&["--at", "latest", "--key", "slot-1"]), 1);
    assert!(fs::read_to_string(&path).unwrap().contains("\"gold\":250"));
    assert_eq!(fs::read_to_string(&path).unwrap().matches("\"slot-").count(), 1);
    let before = fs::read(&path).unwrap();
    assert!(fixture.run(&["export", &path, "--at", "nowhere"]).failed(3).contains("nowhere"));
    assert!(fixture.run(&["export", &path, "--collection", "save_metadata"]).failed(2).contains("save_metadata"));
    assert_eq!(fs::read(&path).unwrap(), before, "a failed export leaves the file");
}

#[test]
fn the_options_of_an_import_do_what_they_say() {
    let fixture = Fixture::usual();
    let file = fixture.path("in.json");
    fs::write(&file, r#"{"slot-1": 1, "new": 2}"#).unwrap();
    let before = fixture.files();
    let planned = fixture.run(&["import", &file, "--dry-run", "--json"]).json();
    assert_eq!((&planned["saved"], &planned["dry_run"], &planned["commit"]), (&json!(2), &json!(true), &json!(null)));
    assert_eq!(before, fixture.files(), "a dry run changes nothing");
    fixture.run(&["import", &file, "--on-conflict", "fail"]).failed(6);
    let text = fixture.run(&["import", &file, "--on-conflict", "skip"]).fine();
    assert!(text.contains("1 saved") && text.contains("skipped slot-1"), "{text}");
    let replaced = fixture.run(&["import", &file, "--replace", "--json"]).json();
    assert_eq!((&replaced["saved"], &replaced["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!(fixture.run(&["list"]).fine(), "new\nslot-1\n");
    let undo = replaced["undo"].as_str().unwrap();
    fixture.run(&["restore", undo, "--yes"]).fine();
    assert_eq!(fixture.run(&["list"]).fine(), "new\nparty_configs\nslot-1\nslot-2\n");
    fixture.run(&["import", &file, "--whole", "--key", "one"]).fine();
    assert_eq!(fixture.run(&["get", "one"]).fine(), "{\"slot-1\": 1, \"new\": 2}\n");
    let table = fixture.path("items.csv");
    fs::write(&table, "name,price\nPotion,5\n").unwrap();
    fixture.run(&["import", &table, "--key-column", "name"]).fine();
    assert_eq!(fixture.run(&["get", "Potion"]).fine(), "{\"name\":\"Potion\",\"price\":5}\n");
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_place() {
    let fixture = Fixture::usual();
    let file = fixture.path("torn.json");
    fs::write(&file, "{\"a\": 1,\n \"b\": }").unwrap();
    assert!(fixture.run(&["import", &file]).failed(7).contains("line 2"));
    assert!(fixture.run(&["import", &fixture.path("nowhere.json")]).failed(1).contains("nowhere.json"));
    assert!(fixture.run(&["import", &file, "--create", "--dry-run"]).failed(2).contains("--dry-run"));
    assert_eq!(fixture.run(&["list"]).fine(), "party_configs\nslot-1\nslot-2\n");
}

/// Where it can be seen that the command has the file open, it gets its Ctrl-C in the middle of reading it.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_an_import_and_an_export_without_a_trace() {
    use crate::{Ran, command, signal, started};
    use std::path::Path;
    let fixture = Fixture::usual();
    let file = fixture.path("large.json");
    let document = format!("{{\"text\":\"{}\"}}", "x".repeat(200));
    let texts: Vec<String> = (0..150_000).map(|number| format!("\"key {number}\":{document}")).collect();
    fs::write(&file, format!("{{{}}}", texts.join(","))).unwrap();
    let interrupted = |arguments: &[&str], opened: &dyn Fn(&Path) -> bool| {
        let mut child = started(command().args(arguments));
        let folder = format!("/proc/{}/fd", child.id());
        let has_it = || {
            let links = fs::read_dir(&folder).into_iter().flatten().flatten();
            links.filter_map(|link| fs::read_link(link.path()).ok()).any(|path| opened(&path))
        };
        while !has_it() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it had the file open");
        }
        signal("INT", child.id());
        Ran::of(child.wait_with_output().unwrap()).failed(130)
    };
    let line = interrupted(&["import", &fixture.store, &file], &|path| path == Path::new(&file));
    assert!(line.contains("cancelled"), "{line}");
    assert_eq!(fixture.run(&["list"]).fine(), "party_configs\nslot-1\nslot-2\n");
    assert!(fixture.run(&["verify"]).fine().contains("sound"));
    fixture.run(&["import", &file, "--quiet"]).fine();
    let target = fixture.path("out.xml");
    let is_part = |path: &Path| path.to_string_lossy().contains("out.xml");
    interrupted(&["export", &fixture.store, &target], &is_part);
    let left: Vec<_> = fs::read_dir(fixture.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("out.xml")), "{left:?}");
}
