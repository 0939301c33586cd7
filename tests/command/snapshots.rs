//! Snapshots, restoring and differences on the command line.

use crate::{Fixture, members, run};
use serde_json::json;

#[test]
fn a_snapshot_is_made_listed_kept_carried_and_deleted() {
    let fixture = Fixture::usual();
    let made = fixture.run(&["snapshot", "create", "Größe 2", "--json"]).json();
    let id = made["id"].as_str().unwrap();
    assert_eq!((&made["label"], &made["documents"]), (&json!("Größe 2"), &json!(5)));
    let text = fixture.run(&["snapshot", "list"]).fine();
    assert!(text.contains("before the boss") && text.contains("Größe 2") && text.lines().count() == 2, "{text}");
    let list = fixture.run(&["snapshot", "list", "--json"]).json();
    assert_eq!(members(&list), ["history_bytes", "journal", "snapshots"]);
    assert!(fixture.run(&["snapshot", "pin", id]).fine().contains("is pinned"));
    assert_eq!(fixture.run(&["snapshot", "show", "latest", "--json"]).json()["pinned"], json!(true));
    fixture.run(&["snapshot", "unpin", id]).fine();
    assert!(fixture.run(&["snapshot", "verify", id]).fine().contains("is sound"));
    let (file, other) = (fixture.path("carried"), fixture.path("other.db"));
    fixture.run(&["snapshot", "export", "before the boss", &file]).fine();
    run(&["put", &other, "a", "1", "--create"]).fine();
    let taken = run(&["snapshot", "import", &other, &file, "--label", "from elsewhere", "--json"]).json();
    run(&["restore", &other, taken["id"].as_str().unwrap(), "--yes"]).fine();
    assert_eq!(run(&["get", &other, "slot-1"]).fine(), "{\"hero\":\"Ash\",\"gold\":250}\n");
    assert_eq!(fixture.run(&["snapshot", "delete", "Größe 2"]).fine(), format!("deleted {id}\n"));
    assert!(fixture.run(&["snapshot", "delete", id]).failed(3).contains(id));
    assert!(fixture.run(&["snapshot", "create", "latest"]).failed(2).contains("latest"));
}

#[test]
fn a_restore_says_what_it_does_and_can_be_undone() {
    let fixture = Fixture::usual();
    let before = fixture.files();
    let planned = fixture.run(&["restore", "before the boss", "--dry-run"]).fine();
    assert_eq!(
        planned,
        "save   slot-1\nclear  slot-2\nwould restore snapshot-4: 1 document saved (25 bytes), 1 cleared\n"
    );
    assert_eq!(before, fixture.files(), "a dry run changes nothing");
    let refused = fixture.run(&["restore", "latest"]).failed(2);
    assert!(refused.contains("--yes"), "{refused}");
    assert_eq!(fixture.run(&["get", "slot-2"]).fine(), "{}\n");
    let restored = fixture.run(&["restore", "latest", "--yes", "--key", "slot-1", "--json"]).json();
    assert_eq!((&restored["saved"], &restored["cleared"]), (&json!(1), &json!(0)));
    assert_eq!(fixture.run(&["get", "slot-1"]).fine(), "{\"hero\":\"Ash\",\"gold\":250}\n");
    fixture.run(&["restore", restored["undo"].as_str().unwrap(), "--yes"]).fine();
    assert_eq!(fixture.run(&["get", "slot-1"]).fine(), "{\"hero\":\"Ash\",\"gold\":1.0}\n");
    assert!(fixture.run(&["restore", "latest", "--yes", "--collection", "x"]).failed(2).contains("\"x\""));
}

#[test]
fn automatic_snapshots_that_the_game_keeps_stay() {
    let fixture = Fixture::new(|database| drop(database.save("a", "0", None, None)));
    fixture.run(&["snapshot", "create", "first"]).fine();
    for number in 1..=12 {
        fixture.run(&["put", "a", &number.to_string()]).fine();
        fixture.run(&["restore", "first", "--yes"]).fine();
    }
    let list = fixture.run(&["snapshot", "list", "--json"]).json();
    assert_eq!(
        list["snapshots"].as_array().unwrap().len(),
        13,
        "the library's default would have kept 10 automatic ones"
    );
}

#[test]
fn differences_are_readable_or_patches() {
    let fixture = Fixture::usual();
    assert_eq!(
        fixture.run(&["diff", "before the boss"]).fine(),
        "snapshot-4 (commit 4) to now (commit 7)\n+ slot-2 (2 bytes)\n~ slot-1\n    replace /gold 1.0\n"
    );
    assert_eq!(fixture.run(&["diff", "now", "latest", "--keys"]).fine(), "- slot-2\n~ slot-1\n");
    assert_eq!(
        fixture.run(&["diff", "latest", "--patch", "slot-1"]).fine(),
        "[{\"op\":\"replace\",\"path\":\"/gold\",\"value\":1.0}]\n"
    );
    assert!(fixture.run(&["diff", "latest", "--patch", "slot-2"]).failed(3).contains("slot-2"));
    let difference = fixture.run(&["diff", "latest", "--json"]).json();
    assert_eq!(members(&difference), ["added", "changed", "from", "removed", "to"]);
    assert_eq!(fixture.run(&["diff", "1", "2", "--versions-of", "party_configs"]).fine(), "replace /0 2\n");
    assert!(fixture.run(&["diff", "one", "--versions-of", "party_configs"]).failed(2).contains("\"one\""));
    assert!(fixture.run(&["diff", "nowhere"]).failed(3).contains("nowhere"));
}
