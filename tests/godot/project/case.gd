# What the files of cases share: running the functions whose names begin with case_, a fresh store for each, and checks.
#
# It must not know single cases. Invariant: "ok <name>" is printed only for a case that ran to its end and whose checks all held;
# the engine goes on behind a script's error, so every case returns true as its last act.
extends Reference

const Coffer = preload("res://addons/coffer/coffer.gd")

var folder
var failures = 0
var _case = ""
var _db # the database that the check that fails next is about

func run_all(under):
	folder = under
	for method in get_script().get_script_method_list():
		if not method.name.begins_with("case_"):
			continue
		_case = method.name.substr(5)
		var before = failures
		if call(method.name) != true and failures == before:
			check(false, "the case ended early, by a script's error")
		if failures == before:
			print("ok ", _case)
	return failures

# How often a case repeats something: a fiftieth of it under valgrind.
func times(count):
	return count if OS.get_environment("COFFER_TEST_SIZE") != "small" else int(max(1, count / 50))

func check(held, what):
	if held:
		return true
	failures += 1
	var said = "" if _db == null else " (" + str(_db.get_last_status()) + ": " + _db.get_last_error() + ")"
	printerr("FAILED ", _case, ": ", what, said)
	return false

func equal(found, wanted, what):
	return check(typeof(found) == typeof(wanted) and deep_equal(found, wanted), what + ": found " + to_text(found) + ", wanted " + to_text(wanted))

# The engine's == of Arrays and Dictionaries differs by version and ignores types; this one does not.
func deep_equal(a, b):
	if typeof(a) != typeof(b):
		return false
	if typeof(a) == TYPE_ARRAY:
		if a.size() != b.size():
			return false
		for i in a.size():
			if not deep_equal(a[i], b[i]):
				return false
		return true
	if typeof(a) == TYPE_DICTIONARY:
		if a.size() != b.size():
			return false
		for key in a:
			if not b.has(key) or not deep_equal(a[key], b[key]):
				return false
		return true
	return a == b

func to_text(value):
	return "<" + str(value) + ", type " + str(typeof(value)) + ">"

func status(found, wanted, what):
	return check(typeof(found) == TYPE_INT and found == wanted, what + ": status " + to_text(found) + ", wanted " + str(wanted))

# A call that gives a value: it gave null, and the last status is the wanted one.
func nothing(found, wanted, what):
	return check(found == null and _db.get_last_status() == wanted, what + ": found " + to_text(found) + ", wanted status " + str(wanted))

func says(part, what):
	return check(part in _db.get_last_error(), what + ": the message does not name " + part)

func path(name = "store"):
	return folder + "/" + _case + "/" + name

func opened(name = "store", options = {}):
	var db = Coffer.Database.new()
	_db = db
	status(db.open(path(name), options), Coffer.OK, "open " + name)
	return db

func exists(file):
	return File.new().file_exists(file)

func write_file(file, text):
	var f = File.new()
	check(f.open(file, File.WRITE) == OK, "cannot write " + file)
	f.store_string(text)
	f.close()

func read_file(file):
	var f = File.new()
	check(f.open(file, File.READ) == OK, "cannot read " + file)
	var text = f.get_as_text()
	f.close()
	return text
