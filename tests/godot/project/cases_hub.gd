# The conformance cases of events and of plug-ins that call each other, from GDScript.
#
# It must not reach around the addon. Invariant: every event that was heard is compared, not only the expected ones.
extends "res://case.gd"

var heard = []
var called = []
var on_event = "" # the method to call with each event, or none
var own # the subscription that a handler ends
var answers = {} # what plug-ins answer to a method, "refuse" to refuse

func _on_hub_event(topic, payload, sequence, source, time_ms, event_id, subscription):
	heard.append({"topic": topic, "payload": payload, "sequence": sequence, "source": source, "time_ms": time_ms,
		"id": event_id, "subscription": subscription})
	if on_event != "":
		call(on_event)

func _on_plugin_called(request, plugin, method, argument, caller, db):
	called.append({"plugin": plugin, "method": method, "argument": argument, "caller": caller})
	if method == "refuse":
		status(db.refuse(request, "no such hero"), Coffer.OK, "refuse")
	elif method == "echo":
		status(db.answer(request, argument), Coffer.OK, "answer")
	elif method == "bad":
		status(db.answer(request, Vector2()), Coffer.ERROR_INVALID_JSON, "an answer that is no JSON")
		status(db.answer(request, "after all"), Coffer.OK, "answer after it")

func listener(name = "store", options = {}):
	heard = []
	called = []
	on_event = ""
	var db = opened(name, options)
	db.connect("hub_event", self, "_on_hub_event")
	db.connect("plugin_called", self, "_on_plugin_called", [db])
	return db

# The commits of what was heard, an overflow as its three numbers.
func commits():
	var found = []
	for event in heard:
		if event.topic == "overflow":
			found.append([event.payload.events, event.payload.from_sequence, event.payload.to_sequence])
		else:
			found.append(event.sequence)
	return found

func case_hub_changes():
	var db = listener()
	var other = opened("store", {"plugin": "other"})
	var plain = db.subscribe("database_changed")
	var full = db.subscribe("database_changed", {"data": true})
	other.save_persistent_data("slot", [1])
	other.save_persistent_data("slot", [2])
	other.clear_database_entry("slot")
	other.save_batch({"slot": [3], "character_roster": ["Terra"]})
	equal(db.poll(), 8, "events polled")
	equal(commits(), [1, 1, 2, 2, 3, 3, 4, 4], "commits")
	equal([heard[0].subscription, heard[1].subscription], [plain, full], "whose event")
	equal([heard[0].topic, heard[0].source, heard[0].id], ["database_changed", "other", 1], "who and what")
	check(abs(heard[0].time_ms - OS.get_unix_time() * 1000.0) < 60000.0, "time")
	equal(heard[2].payload, {"changes": [{"collection": "plugin_data", "key": "slot", "revision": 2, "old_revision": 1, "cleared": false}]}, "a change")
	equal(heard[3].payload.changes[0].data, [2], "the document")
	equal(heard[4].payload.changes[0], {"collection": "plugin_data", "key": "slot", "revision": 2, "old_revision": 2, "cleared": true}, "a clear")
	return equal([heard[6].payload.changes.size(), heard[6].payload.changes[1].collection, heard[6].payload.changes[0].old_revision],
		[2, "character_roster", 0], "a batch")

func case_hub_topics():
	var db = listener()
	db.subscribe("party")
	db.subscribe("party*")
	db.subscribe("x*")
	var value = {"members": {0: "Terra"}, "half": 0.5}
	check(db.publish("party", value) > 0 and db.publish("party.left", null) > 0 and db.publish("other", 1) > 0, "publish")
	equal(db.poll(), 3, "events")
	equal([heard[0].payload, heard[1].payload, heard[2].topic, heard[2].payload], [value, value, "party.left", null], "payloads")
	for topic in ["database_changed", "overflow", "", "a*", "*", "x".repeat(257)]:
		status(db.publish(topic, 1), Coffer.ERROR_INVALID_ARGUMENT, "publish " + topic)
	status(db.publish("party", NAN), Coffer.ERROR_INVALID_JSON, "no JSON")
	equal([db.subscribe("a*b"), db.get_last_status()], [0, Coffer.ERROR_INVALID_ARGUMENT], "subscribe")
	return equal(db.poll(), 0, "nothing else")

func case_hub_delivery():
	var db = listener()
	var other = opened()
	for topic in ["a", "b", "*"]:
		db.subscribe(topic)
	for topic in ["a", "b", "a"]:
		other.publish(topic, 1)
	equal(heard, [], "before poll")
	equal(other.poll(), 0, "another handle's poll")
	equal(db.poll(2), 2, "as many as asked")
	equal(db.poll(0, 1), 1, "a budget that is over at once gives one")
	equal(db.poll(), 3, "the rest")
	var ids = []
	for event in heard:
		ids.append(event.id)
	equal(ids, [1, 1, 2, 2, 3, 3], "the order of events")
	_db = db
	equal([db.subscribe("a", {"direct": true}), db.get_last_status()], [0, Coffer.ERROR_INVALID_OPTION], "direct")
	return says("direct", "direct")

func _end_own():
	status(_db.unsubscribe(own), Coffer.OK, "unsubscribe in the handler")

func case_hub_unsubscribe():
	var db = listener()
	var other = opened()
	_db = db
	var subscription = db.subscribe("*")
	db.publish("a", 1)
	status(db.unsubscribe(subscription), Coffer.OK, "unsubscribe")
	db.publish("a", 2)
	equal(db.poll(), 0, "after it")
	status(db.unsubscribe(subscription), Coffer.ERROR_INVALID_HANDLE, "again")
	status(db.replay(subscription, 0), Coffer.ERROR_INVALID_HANDLE, "replay")
	own = db.subscribe("a")
	on_event = "_end_own"
	for number in 3:
		other.publish("a", number)
	equal([db.poll(), heard.size()], [1, 1], "events until it ended itself")
	on_event = ""
	subscription = db.subscribe("a")
	other.publish("a", 4)
	db.close()
	status(db.unsubscribe(subscription), Coffer.ERROR_INVALID_HANDLE, "after closing")
	other.publish("a", 5)
	return equal(heard.size(), 1, "after closing")

func case_hub_overflow():
	var db = listener()
	var slow = db.subscribe("database_changed", {"queue": 3})
	for number in 10:
		db.save_persistent_data("slot", number)
	equal(db.poll(), 4, "events")
	equal(commits(), [1, 2, 3, [7, 4, 10]], "what fitted, and what was missed")
	status(db.replay(slow, heard[3].payload.from_sequence - 1), Coffer.OK, "replay")
	equal(db.poll(), 7, "events brought back")
	return equal(commits(), [1, 2, 3, [7, 4, 10], 4, 5, 6, 7, 8, 9, 10], "all of them")

func case_hub_since():
	var db = listener()
	for number in [1, 2, 3, 4]:
		db.save_persistent_data("slot", number)
	db.subscribe("database_changed", {"since": 2, "data": true})
	equal(db.poll(), 2, "events")
	equal([commits(), heard[0].payload.changes[0].data], [[3, 4], 3], "commits")
	db.checkpoint()
	db.save_persistent_data("slot", 5)
	db.poll()
	heard = []
	db.subscribe("*", {"since": 1})
	db.poll()
	return equal(commits(), [[3, 2, 4], 5], "out of reach")

func case_hub_sync():
	var db = listener("store", {"plugin": "editor"})
	var result = db.sync_tier1_data_to_hub()
	equal([result.success, result.subscribers], [true, 0], "nobody listens")
	db.save_character_roster_state(["Terra"])
	db.subscribe("database_sync")
	result = db.sync_tier1_data_to_hub()
	equal([result.success, result.subscribers, db.poll()], [true, 1, 1], "one listens")
	var payload = heard[0].payload
	equal([heard[0].id, heard[0].source, payload.character_roster, payload.equipment_sets, payload.timestamp_ms],
		[result.event_id, "editor", ["Terra"], null, result.time_ms], "event")
	return equal(payload.versions, {"character_roster_v": 1, "equipment_sets_v": 0, "party_configs_v": 0}, "versions")

func case_hub_master_reference():
	var one = listener("store", {"plugin": "one"})
	var other = opened("store", {"plugin": "other"})
	equal(one.hub_references(), [], "none at first")
	var first = one.register_database_as_master_reference()
	equal([first.registered, first.name, first.holder], [true, "database-persistence-layer", "one"], "the first")
	equal(first.about.capabilities, ["read", "write", "sync", "version_control"], "what it can do")
	var second = other.register_database_as_master_reference()
	equal([second.registered, second.holder], [false, "one"], "the second")
	equal(other.hub_references("database-persistence-layer").ref_id, first.ref_id, "looked up")
	nothing(other.hub_references("nobody"), Coffer.ERROR_NOT_FOUND, "nobody")
	one.close()
	return equal(other.register_database_as_master_reference().registered, true, "after the holder is gone")

func register(db, name, exports):
	status(db.register_plugin({"name": name, "version": "1.0.0", "exports": exports}), Coffer.OK, "register " + name)

func case_hub_plugins():
	var mine = listener("store", {"plugin": "editor"})
	var other = opened("store", {"plugin": "tools"})
	mine.subscribe("plugin*")
	status(other.register_plugin({"name": "roster", "version": "1.4.2"}), Coffer.OK, "register")
	status(mine.register_plugin({"name": "optimizer", "version": "1.2.0", "dependencies": {"roster": "^1.0", "items": ">=2"},
		"exports": ["best"]}), Coffer.OK, "register")
	equal(other.hub_plugins("optimizer"), {"name": "optimizer", "version": "1.2.0", "holder": "editor", "exports": ["best"], "direct": false,
		"dependencies": [{"name": "items", "requires": ">=2", "found": null, "satisfied": false},
		{"name": "roster", "requires": "^1.0", "found": "1.4.2", "satisfied": true}]}, "what is told of it")
	equal(other.hub_plugins().size(), 2, "all")
	status(other.register_plugin({"name": "optimizer", "version": "9.0.0"}), Coffer.ERROR_NAME_TAKEN, "taken")
	says("editor", "taken")
	status(mine.register_plugin({"name": "x", "version": "1"}), Coffer.ERROR_INVALID_OPTION, "a wrong version")
	status(mine.register_plugin({"name": "x", "version": "1.0.0", "direct": true}), Coffer.ERROR_INVALID_OPTION, "direct")
	status(other.unregister_plugin("roster"), Coffer.OK, "unregister")
	_db = other
	nothing(other.hub_plugins("optimiser"), Coffer.ERROR_UNKNOWN_PLUGIN, "unknown")
	says("optimizer", "the nearest")
	mine.poll()
	var told = []
	for event in heard:
		told.append(event.topic + " " + event.payload.name)
	equal(told, ["plugin_registered roster", "plugin_registered optimizer", "plugin_left roster"], "events")
	mine.close()
	return nothing(other.hub_plugins("optimizer"), Coffer.ERROR_UNKNOWN_PLUGIN, "after closing")

func case_hub_calls():
	var mine = listener("store", {"plugin": "mine"})
	var other = opened("store", {"plugin": "other"})
	register(mine, "p", ["echo"])
	var argument = [9007199254740993, -9223372036854775807, 0.1, 1e300, null, [], {}, {"a": [null]}, "é"]
	var call = other.begin_call("p", "echo", argument)
	nothing(other.await_call(call), Coffer.ERROR_PENDING, "not answered yet")
	equal([other.poll(), called], [0, []], "another handle's poll leaves it")
	equal(mine.poll(), 1, "calls polled")
	equal(called, [{"plugin": "p", "method": "echo", "argument": argument, "caller": "other"}], "who and what")
	equal(other.await_call(call), argument, "the answer")
	return equal(mine.poll(), 0, "nothing else")

func outcome(other, mine, method, argument = 1):
	var call = other.begin_call("p", method, argument)
	check(call != 0, "begin " + method)
	mine.poll()
	_db = other
	return other.await_call(call)

func case_hub_call_failures():
	var mine = listener()
	var other = opened()
	register(mine, "p", ["echo", "refuse", "bad", "silent"])
	nothing(other.call_plugin("q", "echo", 1), Coffer.ERROR_UNKNOWN_PLUGIN, "unknown plug-in")
	equal([other.begin_call("p", "ecko", 1), other.get_last_status()], [0, Coffer.ERROR_UNKNOWN_PLUGIN], "unknown method")
	nothing(outcome(other, mine, "refuse"), Coffer.ERROR_CALL_FAILED, "refused")
	says("no such hero", "refused")
	equal(outcome(other, mine, "bad"), "after all", "a second try to answer")
	nothing(other.call_plugin("p", "echo", 1, 20), Coffer.ERROR_TIMED_OUT, "nobody polls")
	equal(mine.poll(), 0, "nobody waits for it any more")
	nothing(other.call_plugin("p", "echo", Vector2()), Coffer.ERROR_INVALID_JSON, "an argument that is no JSON")
	nothing(other.call_plugin("p", "echo", 1, -1), Coffer.ERROR_INVALID_ARGUMENT, "a wrong limit")
	status(other.answer(12345, 1), Coffer.ERROR_INVALID_HANDLE, "a made-up request")
	return equal(outcome(other, mine, "echo", false), false, "calls work afterwards")

func case_hub_begin_call():
	var mine = listener()
	var other = opened()
	register(mine, "p", ["echo"])
	var first = other.begin_call("p", "echo", [1])
	var second = other.begin_call("p", "echo", [2])
	nothing(other.await_call(first, 0), Coffer.ERROR_PENDING, "pending")
	equal(mine.poll(), 2, "calls polled")
	equal([other.await_call(second), other.await_call(first)], [[2], [1]], "answers")
	nothing(other.await_call(first), Coffer.ERROR_INVALID_HANDLE, "asking again")
	var left = other.begin_call("p", "echo", 3)
	mine.unregister_plugin("p")
	nothing(other.await_call(left), Coffer.ERROR_CALL_FAILED, "the plug-in left")
	return true

func case_hub_host():
	var result = opened().sync_tier1_data_to_hub()
	return equal([result.success, result.has("host")], [true, false], "a sync without a host")

func case_phase11():
	var db = opened()
	var modules = db.load_phase11()
	equal(modules.size(), 5, "modules")
	for name in ["integration_hub", "backup_restore", "analytics", "import_export", "api_gateway"]:
		equal(modules[name], {"present": true, "version": db.get_version(), "origin": "built_in"}, name)
	return true
