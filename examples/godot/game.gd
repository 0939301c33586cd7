# Two seconds of a game: saves in every frame, hears what is saved, makes a snapshot, and goes on where it stopped last time.
#
# It must not need a screen. Invariant: it ends with 0 only if everything that it saved and loaded was as it should be.
extends Node

const Coffer = preload("res://addons/coffer/coffer.gd")
const FRAMES = 120
const STORE = "user://game.coffer" # in the player's own folder, wherever the platform keeps it

var db = Coffer.Database.new()
var frame = 0
var heard = 0
var slowest = 0
var hero = {"name": "Ash", "position": [0.5, 0.0], "steps": 0, "runs": 0}

func _ready():
	if db.open(STORE, {"plugin": "godot-example"}) != Coffer.OK:
		# Another process has the store, the disk is full, a file is damaged: the message says which, and what to do.
		printerr(db.get_last_error())
		get_tree().quit(1)
		set_process(false)
		return
	db.connect("hub_event", self, "_on_hub_event")
	db.subscribe("database_changed")
	var saved = db.load_persistent_data("hero")
	if saved == null:
		print("A new game: there is nothing in the store.")
		db.save_character_roster_state(["Ash"])
	else:
		hero = saved
		print("Going on: ", hero.name, " has made ", hero.steps, " steps in ", hero.runs, " runs. Roster: ",
			db.load_character_roster_state(), ", party: ", db.load_party_config([]), ".")
		db.save_character_roster_state(db.load_character_roster_state() + ["Bryn"])
	hero.runs += 1

func _process(delta):
	frame += 1
	hero.steps += 1
	hero.position[0] += delta
	var begin = OS.get_ticks_usec()
	var status = db.save_persistent_data("hero", hero)
	slowest = max(slowest, OS.get_ticks_usec() - begin)
	if status != Coffer.OK:
		printerr(db.get_last_error())
		get_tree().quit(1)
	if frame == FRAMES / 2:
		# Several documents at once: both are there after a crash, or none.
		db.save_batch({"party_configs": {"members": ["Ash"], "at": frame}, "settings": {"volume": 0.8, "language": "日本語"}})
	db.poll() # brings the events, here as one signal for each commit
	if frame == FRAMES:
		finish()

func _on_hub_event(_topic, _payload, _sequence, _source, _time_ms, _event_id, _subscription):
	heard += 1

func finish():
	# A snapshot waits for the disk, so it belongs to the end of a level rather than into a frame.
	var snapshot = db.create_database_snapshot("end of run " + str(hero.runs))
	print("Played ", FRAMES, " frames, a save in each; the slowest took ", slowest, " microseconds. ", heard, " commits heard, steps: ",
		hero.steps, ", snapshot: ", snapshot.id if snapshot != null else db.get_last_error(), ".")
	var health = db.analyze_database_health()
	print("Health: ", health.integrity_status, ", ", health.total_records, " documents and versions, version ",
		db.version_counters().character_roster_v, " of the roster.")
	var fine = snapshot != null and heard >= FRAMES and deep_equal_steps()
	if db.close() != Coffer.OK or not fine:
		printerr("not everything went well: ", db.get_last_error())
		get_tree().quit(1)
	else:
		get_tree().quit(0)

func deep_equal_steps():
	var saved = db.load_persistent_data("hero", {})
	return saved.get("steps") == hero.steps and saved.get("position") == hero.position
