# Saves as fast as it can until it is killed:  -s race.gd STORE. Each save that has returned is told on stderr, which nothing buffers.
#
# Invariant: a number is told only after its documents were saved: "one <n>" for slot/<n>, "both <n>" for a batch of left/<n> and
# right/<n>. Their values are the number, so that whoever looks can tell what each must be.
extends SceneTree

const Coffer = preload("res://addons/coffer/coffer.gd")

func _init():
	var db = Coffer.Database.new()
	if db.open(OS.get_cmdline_args()[-1], {"segment_bytes": 65536, "sync_interval_ms": 5}) != Coffer.OK:
		printerr(db.get_last_error())
		quit(1)
		return
	var first = db.load_persistent_data("next", 0) # goes on behind the run before
	for n in range(first, first + 1000000):
		var status
		if n % 3 == 0:
			status = db.save_batch({"left/" + str(n): {"n": n}, "right/" + str(n): {"n": n}, "next": n + 1})
		else:
			status = db.save_batch({"slot/" + str(n): {"n": n}, "next": n + 1}) if n % 3 == 1 else \
				db.save_persistent_data("slot/" + str(n), {"n": n})
		if status < 0:
			printerr("failed: ", db.get_last_error())
			quit(1)
			return
		printerr("both " if n % 3 == 0 else "one ", n)
