# What only Godot has: wrong arguments to every method, objects that go in odd moments, threads, paths and signals.
#
# Invariant: whatever is done here, the engine goes on and no handle stays open.
extends "res://case.gd"

var victim
var count = 0

func own_methods(db):
	var inherited = {}
	for method in Reference.new().get_method_list():
		inherited[method.name] = true
	var found = {}
	for method in db.get_method_list():
		if not inherited.has(method.name) and method.name[0] != "_":
			found[method.name] = true
	return found.keys()

func case_wrong_arguments():
	var db = opened()
	var names = own_methods(db)
	check(names.size() > 75 and "save_persistent_data" in names and "refuse" in names, "methods: " + str(names.size()))
	var values = [null, true, -1, 1.5, NAN, "", "text", Vector2(), [], {}, [[]], self, db, PoolByteArray([0]), Color(), NodePath("a"),
		-9223372036854775807, "x".repeat(2000), {"a": Vector2()}, RID(), Basis()]
	for name in names:
		if name in ["close", "open"]:
			continue
		for number in 6:
			for value in values if times(100) == 100 else values.slice(number, 17, 6):
				var arguments = []
				for i in number:
					arguments.append(value)
				count += 1
				db.callv(name, arguments)
				check(typeof(db.get_last_status()) == TYPE_INT, "status after " + name)
		status_of_five(db, name)
	print("   ", count, " calls of ", names.size(), " methods")
	db.clear_database_entry("k")
	return status(db.save_persistent_data("k", 1), Coffer.OK, "the store still works")

# More arguments than any method takes: refused, with the method's name.
func status_of_five(db, name):
	db.callv(name, [1, 2, 3, 4, 5])
	equal(db.get_last_status(), Coffer.ERROR_INVALID_ARGUMENT, name + " with five arguments")
	says(name, name + " with five arguments")

func case_messages_name_the_argument():
	var db = opened()
	for wrong in [["save_persistent_data", [5, 1], "key must be a String and is an int"], ["save_persistent_text", ["k", {}], "json must be a String that is JSON and is a Dictionary"],
			["save_entry", ["k", 1, "x"], "expected_revision must be an int and is a String"], ["save_entry", ["k", 1, 1.5], "must be a whole number"],
			["restore_database_from_snapshot", ["latest", 5], "options must be a Dictionary"], ["pin_snapshot", ["a", 1], "pinned must be a bool"],
			["save_batch", [[]], "documents must be a Dictionary"], ["load_persistent_data", [], "takes 1 to 2 arguments (key default), not 0"], ["delete_snapshot", [1, 2], "delete_snapshot takes 1 arguments (id), not 2"]]:
		var given = db.callv(wrong[0], wrong[1])
		equal(db.get_last_status(), Coffer.ERROR_INVALID_ARGUMENT, wrong[0])
		check(given == null or given == Coffer.ERROR_INVALID_ARGUMENT, wrong[0] + " gave " + to_text(given))
		says(wrong[2], wrong[0])
	return true

func case_freed_without_close():
	_db = null # the last case's
	var before = Coffer.Database.new().get_live_handles()
	var db = Coffer.Database.new()
	status(db.open(path()), Coffer.OK, "open")
	db.save_persistent_data("k", 1)
	equal(db.get_live_handles(), before + 1, "one more is open")
	db = null
	_db = null
	equal(Coffer.Database.new().get_live_handles(), before, "it went with its object")
	var dir = Directory.new()
	dir.open(path())
	dir.list_dir_begin(true)
	var name = dir.get_next()
	while name != "":
		check(not name.begins_with("journal"), "closed in order, " + name + " is left")
		name = dir.get_next()
	return equal(opened().load_persistent_data("k"), 1, "the document")

func _drop(_topic, _payload, _sequence, _source, _time_ms, _event_id, _subscription):
	count += 1
	victim = null

func _close(_topic, _payload, _sequence, _source, _time_ms, _event_id, _subscription):
	count += 1
	status(victim.close(), Coffer.OK, "close in a handler")

func watching(handler):
	count = 0
	victim = Coffer.Database.new()
	victim.open(path())
	victim.connect("hub_event", self, handler)
	victim.subscribe("*")
	victim.publish("a", 1)
	victim.publish("a", 2)

func case_closed_in_a_handler():
	watching("_close")
	_db = victim
	victim.poll()
	equal([count, victim.is_open()], [1, false], "one event, then closed")
	victim = null
	return true

func case_last_reference_dropped_in_a_handler():
	_db = null
	var before = Coffer.Database.new().get_live_handles()
	for i in times(50):
		watching("_drop")
		victim.poll()
		equal([count, victim], [2, null], "both events, then it went")
	equal(Coffer.Database.new().get_live_handles(), before, "its handle went with it")
	watching("_drop")
	var held = victim
	held.poll()
	equal([count, held.is_open()], [2, true], "held by another reference, it stays")
	return true

func _drop_at(_done, _total):
	victim = null

func case_last_reference_dropped_by_progress():
	_db = null
	var before = Coffer.Database.new().get_live_handles()
	victim = Coffer.Database.new()
	victim.open(path())
	victim.save_persistent_data("k", 1)
	check(victim.export_database_for_sharing("json", path("out.json"), funcref(self, "_drop_at")) != null, "export")
	equal(Coffer.Database.new().get_live_handles(), before, "its handle went with it")
	return true

# An object of its own for the thread: the engine does not take two threads in one, see coffer.gd.
func _save_many(given):
	var db = Coffer.Database.new()
	if db.open(given[0]) != Coffer.OK:
		return db.get_last_error()
	for i in 200:
		if db.save_persistent_data(given[1] + str(i), {"i": i}) != Coffer.OK or db.load_persistent_data("nothing") != null:
			return db.get_last_error()
		if db.get_last_status() != Coffer.ERROR_NOT_FOUND:
			return "another thread's status"
	return true

func case_threads():
	var db = opened()
	var threads = []
	for name in ["a", "b", "c"]:
		threads.append(Thread.new())
		threads[-1].start(self, "_save_many", [path(), name])
	for i in 200:
		status(db.save_persistent_data("main", i), Coffer.OK, "save on the main thread")
		equal(db.get_last_error(), "", "another thread's error is not seen here")
	for thread in threads:
		equal(thread.wait_to_finish(), true, "a thread's saves")
	return equal(db.list_database_keys("b").size(), 200, "all of them")

func case_paths_of_godot():
	var db = Coffer.Database.new()
	_db = db
	status(db.open("user://saves/deep"), Coffer.OK, "open")
	db.save_persistent_data("k", 1)
	check(exists("user://saves/deep/lock"), "the folder is where Godot says")
	var nested = Coffer.Database.new()
	nested.open(ProjectSettings.globalize_path("user://saves/deep"))
	return equal(nested.load_persistent_data("k"), 1, "the same store by its whole path")

func case_large_values():
	var db = opened()
	var items = []
	for i in times(20000):
		items.append({"id": i, "name": "item " + str(i), "weight": i * 0.1, "flags": [true, null]})
	status(db.save_persistent_data("items", items), Coffer.OK, "save")
	return equal(db.load_persistent_data("items"), items, "load")

func case_floats():
	var db = opened()
	var random = RandomNumberGenerator.new()
	random.seed = 7
	for i in times(2000):
		var number = (random.randf() - 0.5) * pow(10, random.randi_range(-300, 300))
		db.save_persistent_data("f", number)
		if not equal(db.load_persistent_data("f"), number, "a float"):
			return false
	return true

# Cut to their length, messages still end with a whole character: a String of Godot's takes nothing else.
func case_long_messages():
	var db = opened()
	for offset in 4:
		for letter in ["é", "中", "😀"]:
			var key = "x".repeat(offset) + letter.repeat(1200)
			nothing(db.load_persistent_data(key), Coffer.ERROR_INVALID_KEY, "a long key")
			check(db.get_last_error().length() > 10, "a message about it")
			status(db.save_persistent_data("k", {key: Vector2()}), Coffer.ERROR_INVALID_JSON, "under a long key")
			says("value at /" + key.substr(0, 10), "under a long key")
			says("a Vector2 is nothing that JSON holds", "under a long key")
			nothing(db.call_plugin(key, "m", 1), db.get_last_status(), "a plug-in with a long name")
			check(db.get_last_error().length() > 10, "a message about it")
			status(db.open(key), Coffer.ERROR_INVALID_ARGUMENT, "open again")
			var other = Coffer.Database.new()
			check(other.open(path(key)) < 0 and other.get_last_error().length() > 10, "a message about a long path")
	for code in [0x110000, 0x7fffffff]:
		check(db.save_persistent_data("k", char(code)) < 0, "no Unicode")
		check(db.save_persistent_data(char(code), 1) < 0, "no Unicode")
	return equal(db.load_persistent_data("k"), null, "nothing was saved")

var seen_in_handlers = {}

func _on_event_in(_topic, payload, _sequence, _source, _time_ms, _event_id, _subscription, db):
	seen_in_handlers[db.get_last_status()] = true
	count += payload.changes.size()

# Whoever saves, handlers run on the thread that polls, and while it polls only. Scripts cannot ask for the thread that they are on,
# but the last status is each thread's own.
func case_events_on_the_polling_thread():
	var db = opened()
	count = 0
	seen_in_handlers = {}
	db.connect("hub_event", self, "_on_event_in", [db])
	db.subscribe("database_changed")
	var thread = Thread.new()
	thread.start(self, "_save_many", [path(), "t"])
	equal(thread.wait_to_finish(), true, "saves on another thread")
	equal([count, seen_in_handlers], [0, {}], "nothing before poll")
	nothing(db.get_snapshot("none"), Coffer.ERROR_UNKNOWN_SNAPSHOT, "a status that only this thread has")
	equal(db.poll(), 200, "events")
	return equal([count, seen_in_handlers], [200, {Coffer.ERROR_UNKNOWN_SNAPSHOT: true}], "all on this thread")
