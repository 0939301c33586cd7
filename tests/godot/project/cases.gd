# Runs every file of cases in one engine:  -s cases.gd WORKING_FOLDER. Ends with the number of failures, at most 100.
#
# Invariant: at the end no handle is open, though most cases leave their objects to the engine.
extends SceneTree

func _init():
	var folder = OS.get_cmdline_args()[-1]
	var failures = 0
	for file in ["res://cases_json.gd", "res://cases_documents.gd", "res://cases_snapshots.gd", "res://cases_hub.gd", "res://cases_tools.gd", "res://cases_engine.gd"]:
		var cases = load(file).new()
		failures += cases.run_all(folder)
		cases = null
	var live = load("res://addons/coffer/coffer.gd").Database.new().get_live_handles()
	if live == 0 and failures == 0:
		print("ok no_live_handles")
	elif live != 0:
		printerr("FAILED no_live_handles: ", live, " are open")
		failures += 1
	quit(int(min(failures, 100)))
