# The conformance cases (tests/conformance/CASES.md) of documents, versions, batches and opening, from GDScript.
#
# It must not reach around the addon. Invariant: each case has a fresh store of its own.
extends "res://case.gd"

const COLLECTIONS = ["character_roster", "character_roster_v", "equipment_sets", "equipment_sets_v", "party_configs",
	"party_configs_v", "plugin_data", "save_metadata"]

func case_version():
	_db = Coffer.Database.new()
	var parts = _db.get_version().split(".")
	check(parts.size() == 3 and parts[0].is_valid_integer() and parts[1].is_valid_integer() and parts[2].is_valid_integer(),
		"version " + _db.get_version())
	return check(Coffer.ABI_VERSION > 0, "ABI version") # that it is the header's, run compares

func case_fresh_store_keys():
	return equal(opened().list_database_keys(), COLLECTIONS, "keys of a fresh store")

func case_save_and_load():
	var db = opened()
	var text = " {\"b\" : 1,\t\"a\":[ 1.50, 1e2 ]}\n"
	status(db.save_persistent_text("slot", text), Coffer.OK, "save a text")
	equal(db.load_persistent_text("slot"), text, "byte for byte")
	equal(db.load_persistent_data("slot"), {"b": 1, "a": [1.5, 100.0]}, "as a value")
	equal(db.load_persistent_data("slot").keys(), ["b", "a"], "order of members")
	var value = {"int": 9007199254740993, "real": 1.0, "small": 1e-9, "exact": 0.1234567890123, "minus": -0.5, "null": null,
		"flags": [true, false], "text": "a\t\"\\\n", 7: "int key", "7": "string key", "=7": "sign", "": [], "empty": {}}
	status(db.save_persistent_data("value", value), Coffer.OK, "save a value")
	equal(db.load_persistent_data("value"), value, "the same value, with its types")
	for plain in [null, true, 5, -9223372036854775807, 1.5, 3.0, 1e300, "x", [], {}]:
		status(db.save_persistent_data("plain", plain), Coffer.OK, "save " + to_text(plain))
		equal(db.load_persistent_data("plain"), plain, "plain value")
	status(db.save_persistent_data("pools", [PoolIntArray([1, 2]), PoolStringArray(["a"]), PoolByteArray([255]), PoolRealArray([0.5])]),
		Coffer.OK, "save pool arrays")
	return equal(db.load_persistent_data("pools"), [[1, 2], ["a"], [255], [0.5]], "pool arrays come back as Arrays")

func case_load_missing():
	var db = opened()
	nothing(db.load_persistent_data("never"), Coffer.ERROR_NOT_FOUND, "load")
	nothing(db.load_persistent_text("never"), Coffer.ERROR_NOT_FOUND, "load text")
	nothing(db.load_entry("never"), Coffer.ERROR_NOT_FOUND, "load entry")
	equal(db.load_persistent_data("never", {"gold": 0}), {"gold": 0}, "the default")
	db.save_persistent_data("null", null)
	return equal(db.load_persistent_data("null", 7), null, "a saved null is not the default")

func case_overwrite_counts_revisions():
	var db = opened()
	for revision in [1, 2, 3]:
		db.save_persistent_data("k", revision)
		var entry = db.load_entry("k")
		equal([entry.value, entry.revision], [revision, revision], "entry")
		check(abs(entry.saved_at_ms - OS.get_unix_time() * 1000.0) < 60000.0, "time of the save")
	return true

func case_clear_and_recreate():
	var db = opened()
	db.save_persistent_data("k", 1)
	status(db.clear_database_entry("k"), Coffer.OK, "clear")
	status(db.clear_database_entry("k"), Coffer.OK, "clear again")
	nothing(db.load_persistent_data("k"), Coffer.ERROR_NOT_FOUND, "load")
	db.save_persistent_data("k", 2)
	return equal(db.load_entry("k").revision, 2, "revision goes on")

func case_tier1_round_trip():
	var db = opened()
	for calls in [["save_character_roster_state", "load_character_roster_state", "save_character_roster_text", "load_character_roster_text"],
			["save_equipment_config", "load_equipment_config", "save_equipment_text", "load_equipment_text"],
			["save_party_config", "load_party_config", "save_party_text", "load_party_text"]]:
		nothing(db.call(calls[1]), Coffer.ERROR_NOT_FOUND, calls[1])
		equal(db.call(calls[1], []), [], "default of " + calls[1])
		status(db.call(calls[0], {"v": 1}), Coffer.OK, calls[0])
		status(db.call(calls[2], "{\"v\": 2.0}"), Coffer.OK, calls[2])
		equal(db.call(calls[1]), {"v": 2.0}, calls[1])
		equal(db.call(calls[3]), "{\"v\": 2.0}", calls[3])
	return true

func two_rosters():
	var db = opened()
	db.save_character_roster_state(["Ash"])
	db.save_character_roster_state(["Ash", "Bryn"])
	return db

func case_tier1_versions():
	var db = two_rosters()
	equal(db.load_version("character_roster", 1), ["Ash"], "version 1")
	equal(db.load_version_text("character_roster", 2), "[\"Ash\",\"Bryn\"]", "version 2")
	nothing(db.load_version("character_roster", 3), Coffer.ERROR_NOT_FOUND, "version 3")
	var versions = db.list_versions("character_roster")
	equal([versions.size(), versions[0].version, versions[1].version, versions[1].bytes], [2, 1, 2, 14], "list")
	check(versions[0].saved_at_ms > 0, "time")
	return equal(db.version_counters(), {"character_roster_v": 2, "equipment_sets_v": 0, "party_configs_v": 0}, "counters")

func case_roll_back():
	var db = two_rosters()
	equal(db.roll_back_version("character_roster", 1), 3, "new version")
	equal(db.load_character_roster_state(), ["Ash"], "newest")
	equal(db.load_version("character_roster", 2), ["Ash", "Bryn"], "version 2 stays")
	return status(db.roll_back_version("character_roster", 9), Coffer.ERROR_NOT_FOUND, "missing version")

func case_version_diff():
	var db = two_rosters()
	equal(db.diff_versions("character_roster", 1, 2), [{"op": "add", "path": "/1", "value": "Bryn"}], "patch")
	equal(db.diff_versions("character_roster", 1), [{"op": "add", "path": "/1", "value": "Bryn"}], "to the newest")
	equal(db.diff_versions("character_roster", 2, 0), [], "the same version")
	return nothing(db.diff_versions("character_roster", 1, 9), Coffer.ERROR_NOT_FOUND, "missing version")

func case_tier1_through_keys():
	var db = two_rosters()
	equal(db.load_persistent_data("character_roster"), ["Ash", "Bryn"], "newest")
	equal(db.load_persistent_data("character_roster_v"), 2, "counter")
	return equal(db.load_persistent_data("character_roster_v1"), ["Ash"], "version 1")

func case_past_versions_are_kept():
	var db = two_rosters()
	for key in ["character_roster_v1", "character_roster_v"]:
		status(db.save_persistent_data(key, 1), Coffer.ERROR_RESERVED_KEY, "save " + key)
		status(db.clear_database_entry(key), Coffer.ERROR_RESERVED_KEY, "clear " + key)
	return equal(db.load_version("character_roster", 1), ["Ash"], "version 1")

func case_list_with_prefix():
	var db = opened()
	for key in ["b", "a/2", "a/10", "a/1", "c"]:
		db.save_persistent_data(key, 0)
	equal(db.list_database_keys("a/"), ["a/1", "a/10", "a/2"], "prefix")
	equal(db.list_database_keys("a/", "a/1", 1), ["a/10"], "after and limit")
	return equal(db.list_database_keys(null, "b", 2), ["c", "character_roster"], "no prefix")

func case_batch_is_atomic():
	var db = opened()
	db.save_persistent_data("old", 1)
	check(db.save_batch({"a": 1, "b": {"x": [2]}}, ["old"], {"a": 0, "old": 1}) > 0, "batch")
	equal([db.load_persistent_data("a"), db.load_persistent_data("b"), db.load_persistent_data("old")], [1, {"x": [2]}, null], "all of it")
	status(db.save_batch({"a": 5, "c": Vector2(1, 2)}), Coffer.ERROR_INVALID_JSON, "a bad document")
	status(db.save_batch({"a": 5, "b": 6}, [], {"b": 7}), Coffer.ERROR_CONFLICT, "a conflict")
	status(db.save_batch({"a": 5}, [], {"b": 1}), Coffer.ERROR_INVALID_ARGUMENT, "an expectation of nothing")
	status(db.save_batch({"a": 5}, [], {"a": "1"}), Coffer.ERROR_INVALID_ARGUMENT, "a revision that is no int")
	says("expected revision of 'a' is a String", "a revision that is no int")
	status(db.save_batch({"a": 5, 6: 6}), Coffer.ERROR_INVALID_ARGUMENT, "a key that is no String")
	status(db.save_batch({"a": 5}, ["a"]), db.get_last_status(), "a doubled key")
	check(db.get_last_status() < 0, "a doubled key is refused")
	equal(db.load_persistent_data("a"), 1, "nothing changed")
	return equal(db.load_persistent_data("c"), null, "nothing was added")

func case_expected_revision():
	var db = opened()
	equal(db.save_entry("k", "one", 0), 1, "must not exist")
	equal(db.save_entry("k", "two", 1), 2, "right one")
	status(db.save_entry("k", "three", 1), Coffer.ERROR_CONFLICT, "stale one")
	status(db.save_entry("k", "three", 0), Coffer.ERROR_CONFLICT, "exists")
	equal(db.load_persistent_data("k"), "two", "document is kept")
	status(db.clear_entry("k", 1), Coffer.ERROR_CONFLICT, "stale clear")
	status(db.clear_entry("k", 2), Coffer.OK, "clear")
	return equal(db.save_entry("k", 4.0, null, Coffer.DURABILITY_DURABLE), 3, "any revision")

func case_durability_levels():
	for level in ["behind", "written", "durable"]:
		var db = opened(level, {"durability": level})
		status(db.save_persistent_data("k", level), Coffer.OK, "save " + level)
		for call in [Coffer.DURABILITY_BEHIND, Coffer.DURABILITY_WRITTEN, Coffer.DURABILITY_DURABLE]:
			check(db.save_entry("k", 1, Coffer.ANY_REVISION, call) > 1, "save in a call")
		status(db.save_entry("k", 1, Coffer.ANY_REVISION, 4), Coffer.ERROR_INVALID_ARGUMENT, "unknown in a call")
		status(db.save_entry("k", 1, Coffer.ANY_REVISION, 4294967296), Coffer.ERROR_INVALID_ARGUMENT, "a number beyond 32 bits")
	_db = Coffer.Database.new()
	status(_db.open(path("other"), {"durability": "sometimes"}), Coffer.ERROR_INVALID_OPTION, "unknown")
	return says("sometimes", "unknown")

func case_load_into_buffer():
	var db = opened()
	var long_text = "\"" + "x".repeat(100000) + "\""
	db.save_persistent_text("k", long_text)
	return equal(db.load_persistent_text("k"), long_text, "a long text")

func case_reopen_finds_all():
	var db = two_rosters()
	db.save_persistent_data("k", {"gold": 5})
	var entry = db.load_entry("k")
	status(db.close(), Coffer.OK, "close")
	status(db.open(path()), Coffer.OK, "the same object opens again")
	equal(db.load_entry("k"), entry, "document, revision and time")
	equal(db.load_version("character_roster", 1), ["Ash"], "version")
	return equal(db.version_counters().character_roster_v, 2, "counter")

func case_two_handles_one_store():
	var one = opened()
	var two = opened()
	one.save_persistent_data("k", 1)
	equal(two.load_persistent_data("k"), 1, "the other sees it")
	one.close()
	status(two.save_persistent_data("k", 2), Coffer.OK, "the other goes on")
	return equal(two.load_persistent_data("k"), 2, "load")

func case_read_only():
	opened().save_persistent_data("k", 1)
	var db = opened("store", {"read_only": true})
	equal(db.load_persistent_data("k"), 1, "load")
	return status(db.save_persistent_data("k", 2), Coffer.ERROR_READ_ONLY, "save")

func case_options():
	_db = Coffer.Database.new()
	status(_db.open(path(), {"colour": 1}), Coffer.ERROR_INVALID_OPTION, "unknown option")
	says("colour", "unknown option")
	status(_db.open(path("none"), {"create": false}), Coffer.ERROR_NO_STORE, "no store")
	status(_db.open(path("text"), "{\"plugin\":\"p\"}"), Coffer.OK, "options as JSON")
	status(_db.open(path("text")), Coffer.ERROR_INVALID_ARGUMENT, "open while open")
	equal(_db.is_open(), true, "is_open")
	return status(_db.close(), Coffer.OK, "close")

func case_invalid_json():
	var db = opened()
	db.save_persistent_data("k", "old")
	for text in ["{", "[1,]", "01", "nul", "", "\"" + PoolByteArray([1]).get_string_from_ascii() + "\"", "1 2"]:
		status(db.save_persistent_text("k", text), Coffer.ERROR_INVALID_JSON, "save " + text)
	for value in [NAN, INF, -INF, Vector2(1, 2), Color(1, 1, 1), self, [1, {"a": Vector3()}], {1.5: 1}, {true: 1}, NodePath("a"),
			PoolVector2Array([Vector2()]), {9007199254740992: 1}]:
		status(db.save_persistent_data("k", value), Coffer.ERROR_INVALID_JSON, "save " + to_text(value))
	db.save_persistent_data("k", {"hero": {"items": [1, Vector2()]}})
	says("/hero/items/1", "where the value is")
	return equal(db.load_persistent_data("k"), "old", "the old document stays")

func case_invalid_keys():
	var db = opened()
	status(db.save_persistent_data("", 1), Coffer.ERROR_INVALID_KEY, "empty")
	status(db.save_persistent_data("x".repeat(1025), 1), Coffer.ERROR_INVALID_KEY, "1,025")
	return status(db.save_persistent_data("x".repeat(1024), 1), Coffer.OK, "1,024")

func case_too_large_and_too_deep():
	var db = opened("store", {"max_document_bytes": 100, "max_depth": 3})
	status(db.save_persistent_text("k", "\"" + "x".repeat(98) + "\""), Coffer.OK, "100 bytes")
	status(db.save_persistent_text("k", "\"" + "x".repeat(99) + "\""), Coffer.ERROR_TOO_LARGE, "101 bytes")
	status(db.save_persistent_data("k", [[[1]]]), Coffer.OK, "3 deep")
	status(db.save_persistent_data("k", [[[[1]]]]), Coffer.ERROR_TOO_DEEP, "4 deep")
	var circle = []
	circle.append(circle)
	circle.append({"again": circle})
	status(db.save_persistent_data("k", circle), Coffer.ERROR_TOO_DEEP, "contains itself")
	circle.clear()
	return equal(db.load_persistent_data("k"), [[[1]]], "the old document stays")

func case_unicode():
	var db = opened()
	for text in ["é ß ж 中 \u2028 😀 🧙‍♀️ e\u0301", "a/b\\c\"d", "\u007f\u0080\uffff", "𐀀"]:
		status(db.save_persistent_data("key " + text, {text: text}), Coffer.OK, "save " + text)
		equal(db.load_persistent_data("key " + text), {text: text}, "load " + text)
		check(("key " + text) in db.list_database_keys("key "), "listed " + text)
	db.save_persistent_text("escaped", "\"\\ud83d\\ude00\\/\\u00e9\\b\\f\"")
	equal(db.load_persistent_data("escaped"), "😀/é\b\f", "escapes")
	db.save_persistent_text("half", "\"\\ud83dx\"")
	var half = db.load_persistent_data("half")
	equal([half.length(), half.ord_at(0)], [2, 0xD83D], "half a pair")
	status(db.save_persistent_data("half", half), Coffer.OK, "save half a pair")
	equal(db.load_persistent_text("half"), "\"\\ud83dx\"", "half a pair comes back")
	db.save_persistent_text("nul", "\"a\\u0000b\"")
	nothing(db.load_persistent_data("nul"), Coffer.ERROR_INVALID_JSON, "a NUL that no String holds")
	return equal(db.load_persistent_text("nul"), "\"a\\u0000b\"", "as text it loads")

func case_last_error():
	var db = opened()
	db.load_persistent_data("what is this")
	says("what is this", "the key")
	equal(db.get_last_status(), Coffer.ERROR_NOT_FOUND, "status")
	check(not "\n" in db.get_last_error(), "one line")
	db.save_persistent_data("k", 1)
	equal([db.get_last_error(), db.get_last_status()], ["", 0], "a success clears it")
	return equal(db.get_status_name(Coffer.ERROR_BUSY), "COFFER_ERROR_BUSY", "name of a status")

func case_closed_handle():
	var db = opened()
	status(db.close(), Coffer.OK, "close")
	status(db.close(), Coffer.ERROR_INVALID_HANDLE, "close again")
	status(db.save_persistent_data("k", 1), Coffer.ERROR_INVALID_HANDLE, "save")
	nothing(db.load_persistent_data("k", 1), Coffer.ERROR_INVALID_HANDLE, "load: the default is not for this")
	status(db.poll(), Coffer.ERROR_INVALID_HANDLE, "poll")
	return equal(db.is_open(), false, "is_open")

func case_flush_and_checkpoint():
	var db = opened()
	db.save_persistent_data("k", 1)
	status(db.flush(), Coffer.OK, "flush")
	status(db.checkpoint(), Coffer.OK, "checkpoint")
	db.close()
	db.open(path())
	equal(db.recovery_report().recovered_records, 0, "nothing to recover")
	return equal(db.load_persistent_data("k"), 1, "there after reopen")
