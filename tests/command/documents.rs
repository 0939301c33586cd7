//! Single documents and lists of them: what goes in comes out byte for byte, and mistakes change nothing.

use crate::{Fixture, members, run, run_with, started};
use serde_json::json;
use std::fs;
use std::io::Read;

#[test]
fn what_get_prints_put_saves_byte_for_byte() {
    let fixture = Fixture::usual();
    let other = fixture.path("other.db");
    for (number, text) in
        ["{\"a\" : 1.0,\n \"a\":1e400}", "7", "\"é\\ud800\"", "[]\n", "\t{ }\r\n\n", "null "].into_iter().enumerate()
    {
        let key = format!("Schlüssel/鍵 {number}");
        run_with(format!("{text}\n").as_bytes(), &["put", &other, &key, "--create"]).fine();
        let printed = run(&["get", &other, &key]).fine();
        assert_eq!(printed, format!("{text}\n"));
        run_with(printed.as_bytes(), &["put", &fixture.store, &key]).fine();
        assert_eq!(fixture.run(&["get", &key, "--raw"]).fine(), text);
        run_with(text.as_bytes(), &["put", &fixture.store, &key, "--raw"]).fine();
        assert_eq!(fixture.run(&["get", &key, "--raw"]).fine(), text);
    }
}

#[test]
fn a_document_comes_from_the_command_line_a_file_or_standard_input() {
    let fixture = Fixture::usual();
    assert_eq!(fixture.run(&["put", "a", "-5"]).fine(), "saved a, revision 1\n");
    fs::write(fixture.path("a.json"), "{\"from\":\"file\"}\n").unwrap();
    fixture.run(&["put", "a", &format!("@{}", fixture.path("a.json")), "--quiet"]).fine();
    assert_eq!(fixture.run(&["get", "a", "--raw"]).fine(), "{\"from\":\"file\"}");
    run_with(b"[1]", &["put", &fixture.store, "a", "-"]).fine();
    assert_eq!(fixture.run(&["get", "a", "--revision"]).fine(), "3\n");
    assert!(fixture.run(&["put", "a", "@/no/such/file"]).failed(1).contains("/no/such/file"));
}

#[test]
fn versions_snapshots_entries_and_layouts_are_printed() {
    let fixture = Fixture::usual();
    assert_eq!(fixture.run(&["get", "party_configs"]).fine(), "[3]\n");
    assert_eq!(fixture.run(&["get", "party_configs", "--version", "1"]).fine(), "[1]\n");
    assert_eq!(fixture.run(&["get", "party_configs_v2"]).fine(), "[2]\n");
    assert_eq!(fixture.run(&["get", "slot-1", "--at", "before the boss"]).fine(), "{\"hero\":\"Ash\",\"gold\":250}\n");
    assert_eq!(fixture.run(&["get", "slot-1", "--pretty"]).fine(), "{\n  \"hero\": \"Ash\",\n  \"gold\": 1.0\n}\n");
    let entry = fixture.run(&["get", "slot-1", "--entry"]).fine();
    assert!(entry.contains(r#""value":{"hero":"Ash","gold":1.0}}"#), "{entry}");
    let entry = fixture.run(&["get", "slot-1", "--json"]).json();
    assert_eq!(members(&entry), ["key", "revision", "saved_at_ms", "value"]);
    assert_eq!((&entry["key"], &entry["revision"]), (&json!("slot-1"), &json!(2)));
}

#[test]
fn what_is_not_there_or_not_so_has_its_code() {
    let fixture = Fixture::usual();
    let before = fixture.files();
    let long = "k".repeat(1025);
    for (arguments, code, told) in [
        (["get", "slot-9"].as_slice(), 3, "slot-9"),
        (&["get", "party_configs", "--version", "9"], 3, "party_configs_v9"),
        (&["get", "slot-1", "--version", "1"], 2, "no versioned document"),
        (&["get", "slot-1", "--at", "before teh boss"], 3, "before the boss"),
        (&["get", &long], 2, "1025"),
        (&["put", "", "1"], 2, "empty"),
        (&["delete", "slot-9"], 3, "slot-9"),
        (&["put", "slot-1", "{", "--quiet"], 7, "not JSON"),
        (&["put", "save_metadata/x", "1"], 7, "save_metadata/x"),
        (&["put", "slot-1", "1", "--expect-revision", "7"], 6, "revision 2"),
        (&["delete", "slot-1", "--expect-revision", "7"], 6, "revision 2"),
        (&["put", "slot-1", "1", "--options", "{\"max_dept\":1}"], 2, "max_dept"),
        (&["put", "slot-1", "1", "--options", "{\"create\":true}"], 2, "create"),
        (&["put", "slot-1", "[[1]]", "--options", "{\"max_depth\":1}"], 7, "max_depth"),
    ] {
        let line = fixture.run(arguments).failed(code);
        assert!(line.starts_with("coffer: ") && line.contains(told), "{arguments:?}: {line}");
    }
    assert!(run_with(&[b'"', 0xFF, b'"'], &["put", &fixture.store, "a"]).failed(7).contains("byte 1"));
    let documents = |files: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>| {
        files.iter().filter(|(name, _)| name.to_string_lossy().starts_with("image-")).count()
    };
    assert_eq!(documents(&before), documents(&fixture.files()));
    assert_eq!(fixture.run(&["get", "slot-1", "--revision"]).fine(), "2\n");
}

#[test]
fn failures_are_json_if_that_is_wanted() {
    let fixture = Fixture::usual();
    for (arguments, code, status) in [
        (["get", "slot-9", "--json"].as_slice(), 3, "COFFER_ERROR_NOT_FOUND"),
        (&["put", "slot-1", "{", "--json"], 7, "COFFER_ERROR_INVALID_JSON"),
        (&["get", "slot-1", "--nonsense", "--json"], 2, "COFFER_ERROR_INVALID_ARGUMENT"),
        (&["get", "slot-1", "--at", "nowhere", "--json"], 3, "COFFER_ERROR_UNKNOWN_SNAPSHOT"),
    ] {
        let line = fixture.run(arguments).failed(code);
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&told["error"]["code"], &told["error"]["status"]), (&json!(code), &json!(status)), "{line}");
        assert!(!told["error"]["message"].as_str().unwrap().is_empty());
    }
}

#[test]
fn no_store_is_made_by_accident() {
    let fixture = Fixture::usual();
    let (nowhere, other) = (fixture.path("nowhere"), fixture.path("other"));
    fs::create_dir(&other).unwrap();
    fs::write(format!("{other}/diary.txt"), "not a store").unwrap();
    let file = format!("{other}/diary.txt");
    for store in [&nowhere, &other, &file] {
        for arguments in [
            ["info", store].as_slice(),
            &["list", store],
            &["get", store, "a"],
            &["put", store, "a", "1"],
            &["delete", store, "a"],
            &["import", store, "/no/such/file"],
            &["export", store, "x.json"],
            &["snapshot", "list", store],
            &["snapshot", "create", store],
            &["restore", store, "latest", "--yes"],
            &["diff", store, "latest"],
            &["verify", store],
            &["repair", store, "--yes"],
            &["serve", store],
            &["serve", store, "--write"],
        ] {
            let line = run(arguments).failed(3);
            assert!(line.contains(store.as_str()), "{arguments:?}: {line}");
        }
    }
    assert!(run(&["put", &other, "a", "1", "--create"]).failed(3).contains("is no store"));
    assert!(!std::path::Path::new(&nowhere).exists());
    assert_eq!(crate::files_in(other.as_ref()).len(), 1);
    run(&["put", &nowhere, "a", "1", "--create"]).fine();
    run(&["put", &nowhere, "a", "2", "--create", "--expect-revision", "1"]).fine();
    assert_eq!(run(&["get", &nowhere, "a"]).fine(), "2\n");
}

#[test]
fn documents_are_deleted_all_or_none() {
    let fixture = Fixture::usual();
    fixture.run(&["delete", "slot-1", "slot-9", "slot-2"]).failed(3);
    assert_eq!(fixture.run(&["list", "--prefix", "slot"]).fine(), "slot-1\nslot-2\n");
    fixture.run(&["delete", "slot-1", "slot-2", "--expect-revision", "1"]).failed(2);
    let deleted = fixture.run(&["delete", "slot-1", "slot-2", "--json"]).json();
    assert_eq!(deleted["deleted"], json!(["slot-1", "slot-2"]));
    assert_eq!(fixture.run(&["list", "--prefix", "slot"]).fine(), "");
    assert_eq!(fixture.run(&["put", "slot-1", "1", "--json"]).json(), json!({"key":"slot-1","revision":3,"bytes":1}));
}

#[test]
fn lists_say_what_can_be_got() {
    let fixture = Fixture::usual();
    assert_eq!(fixture.run(&["list"]).fine(), "party_configs\nslot-1\nslot-2\n");
    assert_eq!(fixture.run(&["list", "--limit", "2", "-0"]).fine(), "party_configs\0slot-1\0");
    assert_eq!(
        fixture.run(&["list", "--collection", "party_configs"]).fine(),
        "party_configs\nparty_configs_v\nparty_configs_v1\nparty_configs_v2\nparty_configs_v3\n"
    );
    assert_eq!(fixture.run(&["list", "--collection", "save_metadata"]).fine(), "save_metadata/snapshots/snapshot-4\n");
    for key in fixture.run(&["list", "--all"]).fine().lines() {
        fixture.run(&["get", key]).fine();
    }
    let long = fixture.run(&["list", "--long", "--prefix", "slot-1"]).fine();
    let words: Vec<&str> = long.split_whitespace().collect();
    assert_eq!((words[0], words[1], words[3]), ("25", "2", "slot-1"), "{long}");
    let listed = fixture.run(&["list", "--json"]).json();
    assert_eq!(members(&listed[1]), ["bytes", "collection", "key", "revision", "saved_at_ms"]);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    run(&["list", &fixture.store, "--collection", "nonsense"]).err.contains("nonsense").then_some(()).unwrap();
}

#[test]
fn a_key_cannot_move_the_cursor() {
    let fixture = Fixture::new(|database| {
        database.save("a\nb\u{1b}[2J", "1", None, None).unwrap();
    });
    assert_eq!(fixture.run(&["list"]).fine(), "\"a\\nb\\u001b[2J\"\n");
    assert_eq!(fixture.run(&["list", "-0"]).fine(), "a\nb\u{1b}[2J\0");
    assert_eq!(fixture.run(&["list", "--json"]).json()[0]["key"], json!("a\nb\u{1b}[2J"));
}

#[test]
fn a_reader_that_has_enough_ends_a_list_quietly() {
    let fixture = Fixture::new(|database| {
        for number in 0..20_000 {
            database.save(&format!("a key that is not quite short {number}"), "1", None, None).unwrap();
        }
    });
    for arguments in [["list"].as_slice(), &["list", "--json"], &["list", "--long"]] {
        let mut child = started(crate::command().args(fixture.with_store(arguments)));
        let mut output = child.stdout.take().unwrap();
        output.read_exact(&mut [0; 100]).unwrap();
        drop(output);
        let ran = crate::Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn versions_that_the_game_keeps_stay() {
    let fixture = Fixture::new(|database| {
        (0..150).for_each(|_| drop(database.save("party_configs", "1", None, None)));
    });
    let kept = || fixture.run(&["list", "--collection", "party_configs"]).fine().lines().count();
    let before = kept();
    fixture.run(&["put", "party_configs", "2"]).fine();
    assert_eq!(kept(), before + 1);
}

#[test]
fn info_tells_the_store() {
    let fixture = Fixture::usual();
    let before = fixture.files();
    let text = fixture.run(&["info"]).fine();
    for part in ["spiel stand.db", "documents  5", "plugin_data", "snapshots  1 (0 automatic)", "health     OK"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let info = fixture.run(&["info", "--json"]).json();
    assert_eq!((&info["documents"], &info["format"], &info["open_in"]), (&json!(5), &json!(2), &json!(null)));
    assert_eq!((&info["integrity_status"], &info["snapshots"]["count"]), (&json!("OK"), &json!(1)));
    assert_eq!(info["sequence"], json!(7));
    assert_eq!(info["collections"].as_array().unwrap().len(), 5);
    assert_eq!(before, fixture.files(), "looking changes nothing");
}
