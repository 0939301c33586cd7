# The conformance cases of snapshots, from GDScript.
#
# It must not reach around the addon, but for the one file that a case damages. Invariant: each case has stores of its own.
extends "res://case.gd"

# Every document of the store but the layer's own and what only ever grows.
func contents(db):
	var found = {}
	for key in db.list_database_keys():
		if not key.begins_with("save_metadata") and not "_v" in key:
			var text = db.load_persistent_text(key)
			if text != null:
				found[key] = text
	return found

func restored(db, id, options = {}):
	var result = db.restore_database_from_snapshot(id, options)
	check(result != null, "restore " + id)
	return result

func case_snapshot_create():
	var db = opened()
	db.save_persistent_data("a", [1])
	db.save_persistent_data("b", [2, 3])
	db.save_character_roster_state(["Terra"])
	var record = db.create_database_snapshot("before the boss")
	equal([record.id, record.label, record.kind, record.pinned, record.sequence, record.documents], ["snapshot-3", "before the boss", "manual", false, 3, 3], "record")
	equal(record.collections.plugin_data, {"bytes": 8, "documents": 2}, "plugin_data")
	equal(record.versions, {"character_roster_v": 1, "equipment_sets_v": 0, "party_configs_v": 0}, "counters")
	equal(db.create_database_snapshot().label, "database_snapshot", "label by default")
	var key = "save_metadata/snapshots/snapshot-3"
	equal(db.list_database_keys(key), [key], "listed")
	equal(db.load_persistent_data(key).label, "before the boss", "loads")
	status(db.save_persistent_data(key, {}), Coffer.ERROR_RESERVED_KEY, "save by hand")
	status(db.clear_database_entry(key), Coffer.ERROR_RESERVED_KEY, "clear by hand")
	nothing(db.create_database_snapshot("x".repeat(257)), Coffer.ERROR_INVALID_ARGUMENT, "a label that is too long")
	return nothing(db.create_database_snapshot(7), Coffer.ERROR_INVALID_ARGUMENT, "a label that is no String")

func changed_store():
	var db = opened()
	db.save_persistent_data("kept", 0)
	db.save_persistent_data("changed", 1)
	db.save_persistent_data("cleared", 2)
	db.save_character_roster_state(["Terra"])
	return db

func case_snapshot_restore():
	var db = changed_store()
	var id = db.create_database_snapshot("town").id
	var before = contents(db)
	db.save_persistent_data("changed", 10)
	db.clear_database_entry("cleared")
	db.save_persistent_data("new", 3)
	db.save_character_roster_state(["Locke"])
	var after = contents(db)
	check(not deep_equal(before, after), "the store was changed")
	var result = restored(db, id)
	equal(contents(db), before, "documents")
	equal([result.id, result.dry_run, result.saved, result.cleared], [id, false, 3, 1], "result")
	equal(db.load_entry("changed").revision, 3, "revisions go on")
	equal(db.load_entry("kept").revision, 1, "what was the same")
	equal(db.version_counters().character_roster_v, 3, "counters go on")
	equal(db.get_snapshot(result.undo).kind, "automatic", "kind of the undo")
	var again = restored(db, id)
	equal([again.saved, again.cleared, again.commit, again.undo], [0, 0, null, null], "nothing differs")
	restored(db, result.undo)
	return equal(contents(db), after, "documents after undoing")

func case_snapshot_restore_part():
	var db = changed_store()
	var id = db.create_database_snapshot().id
	db.save_persistent_data("kept", 5)
	db.save_persistent_data("changed", 5)
	db.save_character_roster_state([5])
	db.save_persistent_data("extra", 5)
	var before = contents(db)
	var plan = restored(db, id, {"dry_run": true})
	equal([plan.dry_run, plan.saved, plan.cleared, plan.commit, plan.undo], [true, 3, 1, null, null], "the plan")
	var actions = {}
	for one in plan.changes:
		actions[one.key] = one.action
	equal(actions, {"kept": "save", "changed": "save", "character_roster": "save", "extra": "clear"}, "what would change")
	equal(contents(db), before, "after a dry run")
	restored(db, id, {"keys": ["kept"]})
	equal([db.load_persistent_data("kept"), db.load_persistent_data("changed")], [0, 5], "one key")
	restored(db, id, {"collections": ["character_roster"]})
	equal([db.load_character_roster_state(), db.load_persistent_data("extra")], [["Terra"], 5], "one collection")
	nothing(db.restore_database_from_snapshot(id, {"collectons": []}), Coffer.ERROR_INVALID_OPTION, "unknown option")
	return says("collectons", "unknown option")

func case_snapshot_unknown():
	var db = opened()
	nothing(db.get_snapshot("latest"), Coffer.ERROR_UNKNOWN_SNAPSHOT, "none yet")
	db.save_persistent_data("a", 1)
	var id = db.create_database_snapshot("town").id
	nothing(db.restore_database_from_snapshot("twon"), Coffer.ERROR_UNKNOWN_SNAPSHOT, "restore")
	says("town", "the nearest")
	status(db.delete_snapshot("twon"), Coffer.ERROR_UNKNOWN_SNAPSHOT, "delete")
	for call in [["pin_snapshot", ["twon"]], ["verify_snapshot", ["twon"]], ["diff_snapshots", ["twon"]],
			["load_from_snapshot", ["twon", "a"]], ["export_snapshot", ["twon", path("file")]]]:
		nothing(db.callv(call[0], call[1]), Coffer.ERROR_UNKNOWN_SNAPSHOT, call[0])
	return equal([db.get_snapshot("latest").id, db.get_snapshot("town").id], [id, id], "latest and a label")

func case_snapshot_list_pin_delete():
	var db = opened()
	equal(db.list_snapshots().snapshots, [], "none")
	db.save_persistent_data("a", 1)
	var first = db.create_database_snapshot("first").id
	db.save_persistent_data("a", 2)
	var second = db.create_database_snapshot("second").id
	var list = db.list_snapshots()
	equal([list.snapshots.size(), list.snapshots[0].id, list.snapshots[1].id], [2, first, second], "oldest first")
	equal([list.journal.from_sequence, list.journal.to_sequence], [0, 4], "the journal's reach")
	equal(db.pin_snapshot(first).pinned, true, "pinned")
	equal(db.list_snapshots().snapshots[0].pinned, true, "pinned in the list")
	equal(db.pin_snapshot(first, false).pinned, false, "let go")
	status(db.delete_snapshot(first), Coffer.OK, "delete")
	nothing(db.get_snapshot(first), Coffer.ERROR_UNKNOWN_SNAPSHOT, "get a deleted one")
	equal(db.list_snapshots().snapshots.size(), 1, "list")
	return equal(db.list_database_keys("save_metadata/snapshots/" + first), [], "keys")

func case_snapshot_diff():
	var db = changed_store()
	var id = db.create_database_snapshot().id
	db.save_persistent_data("kept", {"hp": 5})
	db.save_persistent_data("changed", 9)
	db.clear_database_entry("cleared")
	db.save_persistent_data("new", [1])
	var to = db.create_database_snapshot().id
	for found in [db.diff_snapshots(id), db.diff_snapshots(id, to), db.diff_snapshots(id, "now")]:
		equal([found.added.size(), found.added[0].key, found.removed.size(), found.removed[0].key], [1, "new", 1, "cleared"], "added and removed")
		equal(found.changed[0], {"key": "changed", "patch": [{"op": "replace", "path": "", "value": 9}]}, "changed")
	return equal(db.diff_snapshots(to, to).changed, [], "the same")

func case_snapshot_load():
	var db = changed_store()
	var id = db.create_database_snapshot().id
	db.save_persistent_data("changed", 9)
	db.save_persistent_data("new", 1)
	equal(db.load_from_snapshot(id, "changed"), 1, "as it was")
	equal(db.load_text_from_snapshot(id, "character_roster"), "[\"Terra\"]", "as text")
	nothing(db.load_from_snapshot(id, "new"), Coffer.ERROR_NOT_FOUND, "what was not there then")
	return equal(db.load_persistent_data("changed"), 9, "nothing changed")

func case_snapshot_moment():
	var db = opened()
	for number in [1, 2, 3]:
		db.save_persistent_data("a", number)
	restored(db, "sequence:2")
	equal(db.load_persistent_data("a"), 2, "a commit")
	restored(db, "time:" + str(OS.get_unix_time() * 1000 + 60000))
	equal(db.load_persistent_data("a"), 2, "a time")
	db.checkpoint()
	return nothing(db.restore_database_from_snapshot("sequence:1"), Coffer.ERROR_OUT_OF_REACH, "before the checkpoint")

func case_snapshot_export_import():
	var db = changed_store()
	var id = db.create_database_snapshot("town").id
	var wanted = contents(db)
	var told = db.export_snapshot(id, path("town.coffer"))
	equal([told.id, told.documents, exists(path("town.coffer"))], [id, 4, true], "export")
	var other = opened("other")
	var taken = other.import_snapshot(path("town.coffer"))
	equal([taken.kind, taken.label], ["imported", "town"], "import")
	equal(other.verify_snapshot(taken.id).documents, 4, "verify")
	equal(contents(other), {}, "nothing changed yet")
	restored(other, taken.id)
	equal(contents(other), wanted, "documents")
	var file = File.new()
	file.open(path("town.coffer"), File.READ_WRITE)
	file.seek(file.get_len() / 2)
	var byte = file.get_8()
	file.seek(file.get_len() / 2)
	file.store_8(byte ^ 1)
	file.close()
	nothing(other.import_snapshot(path("town.coffer"), "damaged"), Coffer.ERROR_CORRUPT, "a damaged file")
	return equal(contents(other), wanted, "nothing changed")

func case_snapshot_reopen():
	var db = changed_store()
	var wanted = contents(db)
	var id = db.create_database_snapshot("kept").id
	db.save_persistent_data("changed", 9)
	db.checkpoint()
	equal(db.verify_snapshot(id).documents, 4, "after a checkpoint")
	db.close()
	db.open(path())
	equal(db.verify_snapshot("kept").documents, 4, "after reopening")
	restored(db, id)
	return equal(contents(db), wanted, "documents")
