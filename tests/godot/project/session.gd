# Opens a store and does one thing with it:  -s session.gd WHAT STORE.
#
#   hold   keeps it open, with "holding" on stderr, until it is killed
#   busy   must be told that another process has it; prints the message
#   leak   saves, and leaves the object to nobody: a circle of references keeps it beyond the end
#   quit   saves, and ends the engine with the store open
#   find   finds what the three others saved, with the types that it had
#
# Invariant: it ends with 0 only if it was as it should be.
extends SceneTree

const Coffer = preload("res://addons/coffer/coffer.gd")

const SAVED = {"hero": "Ash 日本語", "gold": 9007199254740993, "position": [0.5, -1.0], "flags": {7: true, "7": null}}

class Keeper:
	extends Reference
	var db
	var itself

var db = Coffer.Database.new()
var what
var frames = 0

func _init():
	what = OS.get_cmdline_args()[-2]
	var status = db.open(OS.get_cmdline_args()[-1])
	if what == "busy":
		print(db.get_last_error())
		var refused = status == Coffer.ERROR_BUSY and not db.is_open() and db.save_persistent_data("k", 1) == Coffer.ERROR_INVALID_HANDLE
		var reader = Coffer.Database.new()
		var reads = reader.open(OS.get_cmdline_args()[-1], {"read_only": true}) == Coffer.OK
		quit(0 if refused and reads and reader.load_persistent_data("held") == "here" else 1)
	elif status != Coffer.OK:
		printerr(db.get_last_error())
		quit(1)
	elif what == "hold":
		if db.save_persistent_data("held", "here") == Coffer.OK:
			printerr("holding")
	elif what == "find":
		quit(0 if finds("held", "here") and finds("leak", SAVED) and finds("quit", SAVED) else 1)
	else:
		if db.save_persistent_data(what, SAVED) != Coffer.OK:
			printerr(db.get_last_error())
			OS.exit_code = 1
		if what == "leak":
			var keeper = Keeper.new()
			keeper.itself = keeper
			keeper.db = db
			db = null

func finds(key, wanted):
	var entry = db.load_entry(key)
	if entry != null and load("res://case.gd").new().deep_equal(entry.value, wanted) and entry.revision == 1:
		return true
	printerr(key, ": found ", entry, ", wanted ", wanted, " ", db.get_last_error())
	return false

func _idle(_delta):
	frames += 1
	if frames > 3 and (what == "leak" or what == "quit"):
		quit(OS.exit_code)
