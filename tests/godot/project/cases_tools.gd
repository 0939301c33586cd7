# The conformance cases of export and import, health and the gateway, from GDScript.
#
# It must not reach around the addon, but for the files that are imported. Invariant: each case has stores of its own.
extends "res://case.gd"

const DOCUMENTS = {
	"slot-1": "{\"big\":18446744073709551615,\"longer\":123456789012345678901234567890,\"e\":1e400,\"d\":1.0,\"none\":[],\"empty\":{}}",
	"slot 2 \"odd\", key\n": "[{\"a\":1,\"b.c\":\"x\"},{\"a\":2,\"b[0]\":\"\\u0000\"}]",
	"=formula": "{\"a\":\"@x\",\"a\":\"twice\"}",
	"é😀": "\"日本語 <&>\"",
}
const TOKEN = "0123456789abcdef0123456789abcdef"

var told = []
var stops = false

func _on_progress(done, total):
	told.append([done, total])
	return not stops

func fill(db):
	for level in [1, 2]:
		db.save_character_roster_state({0: {"name": "Terra", "level": level}})
	db.save_party_config(["Terra"])
	db.clear_database_entry("party_configs")
	for key in DOCUMENTS:
		status(db.save_persistent_text(key, DOCUMENTS[key]), Coffer.OK, "save " + key)

func everything(db):
	var found = {}
	for key in db.list_database_keys():
		if not key.begins_with("save_metadata") and key != "plugin_data":
			found[key] = db.load_persistent_text(key)
	return found

# The texts in JSON's sense: these differ in the way that one character may be written.
func normal(found):
	for key in found:
		if found[key] != null:
			found[key] = found[key].replace("\\u0000", "<nul>")
	return found

func case_exchange_round_trip():
	var db = opened()
	fill(db)
	var before = normal(everything(db))
	for format in ["json", "csv", "xml"]:
		var file = path("out." + format)
		var exported = db.export_database_for_sharing(format, file)
		equal([exported.path, exported.format, exported.documents], [file, format, 7], "export")
		equal(exported.sha256, File.new().get_sha256(file), "hash")
		var other = opened("into_" + format)
		var result = other.import_database_from_external(file)
		equal([result.format, result.documents, result.saved, result.skipped], [format, 7, 7, 0], "import")
		equal(normal(everything(other)), before, "documents from " + format)
		equal(other.load_version("character_roster", 1), {0: {"name": "Terra", "level": 1}}, "the first version")
		equal(other.import_database_from_external(file, format).saved, 0, "importing twice")
	return true

func case_exchange_defaults():
	var db = opened()
	fill(db)
	var usual = db.export_database_for_sharing()
	check(usual.path.begins_with(path() + "/database_export_") and usual.path.ends_with(".json"), "name " + usual.path)
	equal(db.export_database_for_sharing("CSV").format, "csv", "format in another case")
	nothing(db.export_database_for_sharing("yaml", path("out.yaml")), Coffer.ERROR_INVALID_ARGUMENT, "unknown format")
	says("yaml", "unknown format")
	nothing(db.export_database_for_sharing("json", path() + "/lock"), Coffer.ERROR_INVALID_ARGUMENT, "a file of the store's own")
	var told_of = db.export_database_for_sharing("json", "user://shared.json")
	check(exists("user://shared.json") and told_of.path == ProjectSettings.globalize_path("user://shared.json"), "a path of Godot's")
	return equal(opened("other").import_database_from_external("user://shared.json").documents, 7, "import from a path of Godot's")

func case_exchange_import():
	var db = opened()
	var file = path("by_content")
	write_file(file, "{\"a\":2,\"b\":2,\"c\":2}")
	db.save_persistent_data("a", 1)
	db.save_persistent_data("b", 2)
	db.save_persistent_data("mine", "kept")
	var plan = db.import_database_from_external(file, null, {"dry_run": true})
	equal([plan.dry_run, plan.saved, plan.unchanged, plan.commit], [true, 2, 1, null], "dry run")
	nothing(db.import_database_from_external(file, null, {"on_conflict": "fail"}), Coffer.ERROR_CONFLICT, "conflict")
	equal(db.load_persistent_data("a"), 1, "nothing changed")
	equal(db.import_database_from_external(file, null, {"on_conflict": "skip"}).skipped, 1, "skip")
	equal([db.load_persistent_data("a"), db.load_persistent_data("c")], [1, 2], "after skipping")
	var done = db.import_database_from_external(file)
	equal([done.saved, done.unchanged, db.load_persistent_data("mine")], [1, 2, "kept"], "merge")
	check(db.restore_database_from_snapshot(done.undo) != null, "undo")
	equal(db.load_persistent_data("a"), 1, "undone")
	equal(db.import_database_from_external(file, "json", {"mode": "replace"}).cleared, 1, "replace")
	nothing(db.load_persistent_data("mine"), Coffer.ERROR_NOT_FOUND, "cleared")
	write_file(path("items.csv"), "id;name;price\r\n7;Potion;50\r\n8;\"Mega; potion\";1.50\r\n")
	db.import_database_from_external(path("items.csv"), null, {"key": "items"})
	equal(db.load_persistent_data("items"), [{"id": 7, "name": "Potion", "price": 50}, {"id": 8, "name": "Mega; potion", "price": 1.5}], "a CSV with semicolons")
	nothing(db.import_database_from_external(file, null, {"dryrun": true}), Coffer.ERROR_INVALID_OPTION, "unknown option")
	return says("dryrun", "unknown option")

func case_exchange_errors():
	var db = opened()
	fill(db)
	var before = everything(db)
	for wrong in [["a.json", "{\"a\":1,\n\"b\":[1,", "line 2, column 8"], ["a.csv", "a,b\n1,2\n1,2,3\n", "line 3, column 5"],
			["a.xml", "<?xml version=\"1.0\"?>\n<!DOCTYPE r [<!ENTITY a \"b\">]>\n<r/>", "line 2, column 1"]]:
		write_file(path(wrong[0]), wrong[1])
		nothing(db.import_database_from_external(path(wrong[0])), Coffer.ERROR_UNREADABLE, wrong[0])
		says(wrong[2], wrong[0])
	nothing(db.import_database_from_external(path("none")), Coffer.ERROR_IO, "a missing file")
	return equal(everything(db), before, "nothing changed")

func case_exchange_progress():
	var db = opened()
	fill(db)
	stops = false
	told = []
	var progress = funcref(self, "_on_progress")
	var exported = db.export_database_for_sharing("json", path("out.json"), progress)
	check(told.size() > 0 and told[-1][0] == told[-1][1], "an export is told up to its end: " + str(told))
	told = []
	opened("other").import_database_from_external(path("out.json"), null, null, progress)
	equal(told[-1], [exported.bytes, exported.bytes], "an import is told up to its end")
	stops = true
	_db = db
	nothing(db.export_database_for_sharing("json", path("stopped.json"), progress), Coffer.ERROR_CANCELLED, "stopped export")
	check(not exists(path("stopped.json")), "it leaves no file")
	var third = opened("third")
	nothing(third.import_database_from_external(path("out.json"), null, null, progress), Coffer.ERROR_CANCELLED, "stopped import")
	equal(third.analyze_database_health().total_records, 0, "it changes nothing")
	nothing(db.export_database_for_sharing("json", path("out.json"), funcref(self, "no such method")), Coffer.ERROR_CANCELLED, "nobody to tell")
	return nothing(db.export_database_for_sharing("json", path("out.json"), 7), Coffer.ERROR_INVALID_ARGUMENT, "no FuncRef")

func case_health_report():
	var db = opened()
	db.save_persistent_text("character_roster", "{\"0\":\"Terra\"}")
	db.save_equipment_config([])
	db.save_party_config(["Terra", "Locke"])
	for number in [1, 2, 3, 4]:
		db.save_persistent_data("slot-" + str(number), "x".repeat(100 * number))
	var report = db.analyze_database_health()
	equal([report.integrity_status, report.score, report.findings, report.total_records], ["OK", 100, [], 7], "report")
	equal([report.character_roster_size, report.equipment_sets_size, report.party_configs_size], [13, 2, 17], "sizes")
	equal([report.collections.size(), report.tier1.size(), report.last_sync], [5, 3, null], "collections and Tier 1")
	db.sync_tier1_data_to_hub()
	check(db.analyze_database_health({}).last_sync > 0, "after the first broadcast")
	nothing(db.analyze_database_health({"ful": true}), Coffer.ERROR_INVALID_OPTION, "unknown option")
	return says("ful", "unknown option")

func case_health_full():
	var db = opened()
	db.save_persistent_data("slot", "y".repeat(1000000))
	stops = false
	told = []
	var report = db.analyze_database_health({"full": true}, funcref(self, "_on_progress"))
	equal([report.full, report.integrity_status], [true, "OK"], "report")
	check(report.checked.files >= 1 and report.checked.bytes > 1000000, "what was checked")
	check(told.size() > 0 and told[-1][0] == told[-1][1], "it is told up to its end")
	stops = true
	return nothing(db.analyze_database_health({"full": true}, funcref(self, "_on_progress")), Coffer.ERROR_CANCELLED, "stopped")

func ask(db, method, target, headers = {}, body = null):
	var all = {"authorization": "Bearer " + TOKEN}
	for name in headers:
		all[name] = headers[name]
	var request = {"method": method, "target": target, "headers": all}
	if body != null:
		request.body = body
	var answer = db.gateway_handle_request(request)
	return answer if answer != null else {"status": db.get_last_status(), "headers": {}, "body": ""}

func served(options = {}):
	var db = opened("store", {"plugin": "mine"})
	options.token = TOKEN
	var api = db.register_database_api(options)
	check(api != null and api.token == TOKEN, "register the API")
	return db

func case_gateway_registers():
	var db = opened("store", {"plugin": "mine"})
	var other = opened("store", {"plugin": "other"})
	var api = db.register_database_api()
	equal([api.status.method, api.status.path, api.status.per_minute, api.status.address], ["GET", "/api/database/status", 60, null], "status")
	equal([api.export.path, api.export.per_minute, api.address], ["/api/database/export", 30, null], "export")
	_db = other
	nothing(other.register_database_api(), Coffer.ERROR_NAME_TAKEN, "a second one")
	says("mine", "a second one")
	status(other.unregister_database_api(), Coffer.ERROR_NAME_TAKEN, "another's")
	status(db.unregister_database_api(), Coffer.OK, "unregister")
	nothing(other.register_database_api({"lisen": "127.0.0.1:0"}), Coffer.ERROR_INVALID_OPTION, "unknown option")
	return equal(other.register_database_api({"limits": {"status": 7}}).status.per_minute, 7, "limits")

func case_gateway_requests():
	var db = served()
	db.save_persistent_text("slot 1/é", " {\"hp\": 1.50}")
	equal(db.gateway_handle_request({"method": "GET", "target": "/api/database/status"}).status, 401, "without the token")
	var answer = ask(db, "GET", "/api/database/status")
	equal([answer.status, JSON.parse(answer.body).result.status], [200, "OK"], "status")
	var target = "/api/database/documents/slot%201/%C3%A9"
	answer = ask(db, "GET", target)
	equal([answer.status, answer.body, answer.headers.etag], [200, " {\"hp\": 1.50}", "\"1\""], "a document")
	equal(ask(db, "GET", target, {"if-none-match": "\"1\""}).status, 304, "unchanged")
	equal(ask(db, "GET", "/api/database/nothing").status, 404, "an unknown path")
	answer = ask(db, "DELETE", "/api/database/status")
	equal([answer.status, "GET" in answer.headers.allow, answer.headers["content-type"]], [405, true, "application/problem+json"], "a wrong method")
	return equal(ask(db, "PUT", target, {}, "3").status, 403, "writing is not allowed")

func case_gateway_writes():
	var db = served({"allow_write": true})
	var target = "/api/database/documents/slot"
	equal(ask(db, "PUT", target, {}, "{ \"n\": 1 }").status, 201, "put")
	equal(db.load_persistent_text("slot"), "{ \"n\": 1 }", "what was put")
	equal(ask(db, "PUT", target, {"if-match": "\"9\""}, "2").status, 412, "a wrong revision")
	equal(db.load_persistent_text("slot"), "{ \"n\": 1 }", "nothing changed")
	equal(ask(db, "PUT", target, {"if-match": "\"1\""}, "[2]").status, 204, "the right revision")
	var answer = ask(db, "POST", "/api/database/snapshots", {}, "{\"label\":\"before\"}")
	equal(answer.status, 201, "a snapshot")
	equal([ask(db, "DELETE", target).status, ask(db, "DELETE", target).status], [204, 404], "delete")
	equal(ask(db, "POST", answer.headers.location + "/restore").status, 200, "restore")
	db.save_persistent_data("other", 5)
	return equal([db.load_persistent_data("slot"), ask(db, "GET", "/api/database/documents/other").body], [[2], "5"], "documents")

func case_gateway_limits():
	var db = served({"limits": {"status": 2}})
	for wanted in [200, 200, 429]:
		equal(ask(db, "GET", "/api/database/status").status, wanted, "a request")
	check(int(ask(db, "GET", "/api/database/status").headers["retry-after"]) > 0, "when to come back")
	return equal(ask(db, "GET", "/api/database/collections").status, 200, "other endpoints")

# One request over TCP with the engine's own client: the status, or -1 if nobody listens.
func over_tcp(port, target):
	var client = HTTPClient.new()
	client.connect_to_host("127.0.0.1", port)
	for i in 2000:
		client.poll()
		var now = client.get_status()
		if now == HTTPClient.STATUS_CONNECTED:
			client.request(HTTPClient.METHOD_GET, target, ["Authorization: Bearer " + TOKEN])
		elif now == HTTPClient.STATUS_BODY or client.has_response():
			return client.get_response_code()
		elif now == HTTPClient.STATUS_CANT_CONNECT or now == HTTPClient.STATUS_CONNECTION_ERROR:
			return -1
		OS.delay_msec(5)
	return -2

func case_gateway_listens():
	var db = opened()
	var api = db.register_database_api({"listen": "127.0.0.1:0", "token": TOKEN})
	check(api.address.begins_with("http://127.0.0.1:"), "address")
	equal(api.inspector, api.address + "/#token=" + TOKEN, "the page")
	var port = int(api.address.split(":")[2])
	equal(over_tcp(port, "/api/database/status"), 200, "over TCP")
	status(db.unregister_database_api(), Coffer.OK, "unregister")
	return equal(over_tcp(port, "/api/database/status"), -1, "nobody listens any more")

func case_gateway_endpoint():
	var db = opened()
	var wish = {"plugin": "equipment", "call": "best", "method": "POST", "path": "/equipment/{slot}/best"}
	nothing(db.gateway_register_endpoint(wish), Coffer.ERROR_NOT_FOUND, "without an API")
	db = served()
	var endpoint = db.gateway_register_endpoint(wish)
	equal([endpoint.method, endpoint.path], ["POST", wish.path], "registered")
	equal(ask(db, "POST", "/equipment/hat/best", {}, "{}").status, 503, "nobody answers yet")
	nothing(db.gateway_register_endpoint(wish), Coffer.ERROR_NAME_TAKEN, "doubled")
	var asking = opened() # each thread has an object of its own, see coffer.gd
	# A polled plug-in answers while another thread waits for it: the request comes from a Thread of Godot's.
	db.connect("plugin_called", self, "_on_called", [db])
	db.register_plugin({"name": "equipment", "version": "1.0.0", "exports": ["best"]})
	for wanted in [["hat", 203], ["none", 502]]:
		var thread = Thread.new()
		thread.start(self, "_ask_in_thread", [asking, wanted[0]])
		var began = OS.get_ticks_msec()
		while db.poll() == 0 and OS.get_ticks_msec() - began < 20000:
			OS.delay_msec(1)
		var answer = thread.wait_to_finish()
		equal(answer.status, wanted[1], "answered for " + wanted[0])
		if wanted[1] == 203:
			equal(JSON.parse(answer.body).result.slot, "hat", "the parameter")
	status(db.gateway_unregister_endpoint(endpoint.endpoint_id), Coffer.OK, "remove")
	return equal(ask(db, "POST", "/equipment/hat/best", {}, "{}").status, 404, "after its removal")

func _ask_in_thread(given):
	return ask(given[0], "POST", "/equipment/" + given[1] + "/best?top=3", {"content-type": "application/json"}, "{\"level\":42}")

func _on_called(request, _plugin, _method, argument, _caller, db):
	equal([argument.query.top, argument.body.level], ["3", 42], "query and body")
	if argument.parameters.slot == "none":
		db.refuse(request, "no such slot")
	else:
		db.answer(request, {"status": 203, "body": {"slot": argument.parameters.slot}})
