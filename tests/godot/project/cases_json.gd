# The bridge's own way between JSON and values: numbers, escapes, surrogates, depth, and text that is broken in every way.
#
# What is JSON is not decided here but by the library, which is asked about each of thousands of mutated texts: the bridge's
# reader has to take the same ones. Invariant: nothing here depends on the time or on the machine.
extends "res://case.gd"

const SEEDS = ["{\"a\":[1,-2.5e-3,true,false,null],\"b\\u00e9\":{\"\":\"x\"}}", "[[],{},\"\\ud83d\\ude00\\n\\\"\",0,-0,0.0,1E+2]",
	" [ 1 , 9223372036854775807 ,9223372036854775808, \"é😀\" ] ", "\"a\\/b\\\\c\\b\\f\\n\\r\\t\"", "-12.75e2", "{\"7\":7,\"=7\":\"7\",\"==\":[null]}"]
const LETTERS = " \t\n\r{}[]:,\"\\/0123456789-+.eEtrufalsnbdDxX'é😀"

var probe = preload("res://probe/probe.gdns").new()

func reads(text, wanted):
	var found = probe.read(text)
	equal(found[0], Coffer.OK, "reading " + text + " " + found[2])
	return equal(found[1], wanted, "reading " + text)

func refuses(text, part):
	var found = probe.read(text)
	equal([found[0], found[1]], [Coffer.ERROR_INVALID_JSON, null], "reading " + text.substr(0, 60))
	return check(part in found[2], "reading " + text.substr(0, 60) + ": the message is " + found[2] + ", and not " + part)

func writes(value, wanted):
	var found = probe.write(value)
	equal(found[0], Coffer.OK, "writing " + to_text(value) + " " + found[2])
	return equal(found[1], wanted, "writing " + to_text(value))

func case_json_reads_numbers():
	for pair in [["0", 0], ["7", 7], ["-7", -7], ["9007199254740993", 9007199254740993], ["9223372036854775807", 9223372036854775807],
			["-9223372036854775808", -9223372036854775807 - 1], ["9223372036854775808", 9223372036854775808.0],
			["-9223372036854775809", -9223372036854775808.0], ["123456789012345678901234567890", 123456789012345678901234567890.0],
			["1.0", 1.0], ["1e2", 100.0], ["1E+2", 100.0], ["1e-9", 0.000000001], ["0.1", 0.1], ["-0.5", -0.5], ["0e9", 0.0],
			["1e400", INF], ["-1e400", -INF], ["1e-400", 0.0], ["5e-324", pow(2, -1074)], ["0.1234567890123456", 0.1234567890123456]]:
		reads(pair[0], pair[1])
		reads(" [ " + pair[0] + "\n]\t", [pair[1]])
	for text in ["-0", "-0.0", "-0e5"]:
		writes(probe.read(text)[1], "-0.0") # -0 equals 0, so its sign is looked at
	return reads("0." + "1".repeat(5000), 1.0 / 9)

func case_json_writes_numbers():
	for pair in [[0, "0"], [-7, "-7"], [9223372036854775807, "9223372036854775807"], [-9223372036854775807 - 1, "-9223372036854775808"],
			[1.0, "1.0"], [-1.0, "-1.0"], [0.1, "0.1"], [100.0, "100.0"], [1e300, "1e+300"], [0.000000001, "1e-09"], [-1.0 / INF, "-0.0"],
			[0.5, "0.5"], [1.0 / 3, "0.3333333333333333"], [123456789012345680.0, "1.2345678901234568e+17"], [true, "true"], [null, "null"]]:
		writes(pair[0], pair[1])
	for wrong in [NAN, INF, -INF]:
		var found = probe.write([1, {"x": wrong}])
		equal([found[0], found[1], "/1/x" in found[2]], [Coffer.ERROR_INVALID_JSON, null, true], "writing " + str(wrong) + ": " + found[2])
	return true

func case_json_strings():
	for code in range(1, 0x30):
		var escaped = "\"x\\u%04xy\"" % code
		reads(escaped, "x" + char(code) + "y")
		reads(escaped.to_upper().replace("X\\U", "x\\u").replace("Y", "y"), "x" + char(code) + "y")
		reads(probe.write("x" + char(code) + "y")[1], "x" + char(code) + "y")
		if code < 0x20:
			refuses("\"x" + char(code) + "y\"", "control character at byte 2")
			check(not char(code) in probe.write(char(code))[1], "control character %d is written as an escape" % code)
	for code in [0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0xd7ff, 0xe000, 0xfeff, 0xfffe, 0xffff, 0x10000, 0x1f600, 0x10ffff]:
		for text in [char(code), char(code) + "x", "x" + char(code), char(code) + char(code)]:
			reads("\"" + text + "\"", text)
			writes(text, "\"" + text + "\"")
			reads("{\"" + text + "\":[\"" + text + "\"]}", {text: [text]})
		if code < 0x10000:
			reads("\"\\u%04X\"" % code, char(code))
	reads("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t")
	for name in "acdeghijklmopqsvwxyzBFNRTU0'":
		refuses("\"\\" + name + "\"", "no such escape at byte 2")
	return writes("\"\\/\n", "\"\\\"\\\\/\\n\"")

func case_json_surrogates():
	reads("\"\\ud83d\\ude00\"", "😀")
	reads("\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", char(0x10000) + char(0x10ffff))
	for pair in [["\\ud83d", [0xd83d]], ["\\ude00", [0xde00]], ["\\ud83dx", [0xd83d, 0x78]], ["\\ude00\\ud83d", [0xde00, 0xd83d]],
			["\\ud83d\\ud83d\\ude00", [0xd83d, 0x1f600]], ["\\ud83d\\u0041", [0xd83d, 0x41]], ["\\ud83d\\n", [0xd83d, 10]]]:
		var found = probe.read("\"" + pair[0] + "\"")
		var codes = []
		for i in found[1].length():
			codes.append(found[1].ord_at(i))
		equal(codes, pair[1], "reading " + pair[0])
		reads(probe.write(found[1])[1], found[1]) # and nothing of it gets lost
	writes(char(0xd83d) + "x", "\"\\ud83dx\"")
	for text in ["\"\\ud83d\\u\"", "\"\\ud83d\\ud\"", "\"\\ud83\"", "\"\\u00g0\"", "\"\\u\"", "\"\\ud83d\\uzzzz\""]:
		refuses(text, "no hexadecimal digit")
	refuses("\"\\u0000\"", "which no String of Godot's can hold")
	return refuses("{\"a\\u0000\":1}", "which no String of Godot's can hold")

func case_json_keys():
	reads("{\"7\":1,\"-7\":2,\"=7\":3,\"==7\":4,\"07\":5,\"-0\":6,\"7.0\":7,\"9007199254740991\":8,\"9007199254740992\":9,\"=\":10,\"0\":11}",
		{7: 1, -7: 2, "7": 3, "=7": 4, "07": 5, "-0": 6, "7.0": 7, 9007199254740991: 8, "9007199254740992": 9, "=": 10, 0: 11})
	writes({7: 1, "7": 2, "=7": 3, "x": 4, "": 5, "=x": 6, -3: 7}, "{\"7\":1,\"=7\":2,\"==7\":3,\"x\":4,\"\":5,\"=x\":6,\"-3\":7}")
	reads("{\"a\":1,\"b\":2,\"a\":3}", {"a": 3, "b": 2})
	equal(probe.read("{\"z\":1,\"y\":2,\"a\":3}")[1].keys(), ["z", "y", "a"], "the order of members")
	return true

func case_json_depth():
	for ends in [["[", "]"], ["{\"a\":", "}"]]:
		for closed in ["1" + ends[1].repeat(1024), ""]:
			var found = probe.read(ends[0].repeat(1024) + closed)
			check((found[0] == Coffer.OK) == (closed != ""), "1,024 deep: " + found[2])
		refuses(ends[0].repeat(1025) + "1" + ends[1].repeat(1025), "it nests deeper than 1,024")
		refuses(ends[0].repeat(200000), "it nests deeper than 1,024")
	var value = 1
	for i in 1024:
		value = [value] if i % 2 == 0 else {"a": value}
	var text = probe.write(value)[1]
	equal(probe.write(probe.read(text)[1])[1], text, "1,024 deep")
	equal(probe.write([[value]])[0], Coffer.ERROR_TOO_DEEP, "1,026 deep")
	return true

func case_json_malformed():
	for text in ["", " ", "{", "}", "[", "]", "[1", "[1,", "[,1]", "[1 2]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}",
			"{,}", "{\"a\" 1}", "tru", "True", "nul", "nulL", "falsy", "-", "+1", ".5", "1.", "1.e2", "1e", "1e+", "--1", "0x10", "01", "-01", "1..2",
			"NaN", "Infinity", "-Infinity", "'a'", "\"a", "\"a\\", "\"a\\\"", "1 2", "1,", "[1]]", "{}{}", "// x\n1", "[1,]", "\"\\x\"", "a", "é"]:
		refuses(text, "of the JSON text")
	refuses("[1, 2, x]", "there is no value at byte 7")
	return refuses("[1] x", "there is something behind the value at byte 4")

func mutated(random):
	var text = SEEDS[random.randi() % SEEDS.size()]
	for i in 1 + random.randi() % 3:
		var at = random.randi() % (text.length() + 1)
		var letter = LETTERS[random.randi() % LETTERS.length()]
		match random.randi() % 4:
			0: text = text.substr(0, at) + letter + text.substr(at, text.length())
			1: text = text.substr(0, at) + text.substr(at + 1, text.length())
			2: text = text.substr(0, at) + letter + text.substr(at + 1, text.length())
			3: text = text.substr(0, at)
	return text

func holds_infinity(value):
	if typeof(value) == TYPE_REAL:
		return is_inf(value)
	if typeof(value) == TYPE_ARRAY or typeof(value) == TYPE_DICTIONARY:
		for item in value if typeof(value) == TYPE_ARRAY else value.values():
			if holds_infinity(item):
				return true
	return false

# The library's reader decides what is JSON; the bridge's has to take the same, and what it read it has to write as the same.
func case_json_like_the_library():
	var db = opened("store", {"durability": "behind"})
	var random = RandomNumberGenerator.new()
	random.seed = 11
	var taken = 0
	for i in times(20000):
		var text = mutated(random)
		var wanted = db.save_persistent_text("k", text)
		var found = probe.read(text)
		if "which no String of Godot's" in found[2]:
			continue
		if not check((wanted == Coffer.OK) == (found[0] == Coffer.OK), "reading " + text + ": " + found[2]):
			return false
		if wanted != Coffer.OK or holds_infinity(found[1]):
			continue
		taken += 1
		if not equal(probe.read(probe.write(found[1])[1]), [Coffer.OK, found[1], ""], "read, written and read: " + text):
			return false
	print("   ", taken, " of ", times(20000), " mutated texts are JSON")
	return check(taken > times(20000) / 20 and taken < times(20000) / 2, "both kinds were met")

func any_value(random, depth):
	match random.randi() % (8 if depth < 4 else 6):
		0: return null
		1: return random.randi() % 2 == 0
		2: return (random.randi() << 32 | random.randi()) >> (random.randi() % 64)
		3: return (random.randf() - 0.5) * pow(10, random.randi_range(-320, 308))
		4, 5: return any_text(random)
		6:
			var list = []
			for i in random.randi() % 5:
				list.append(any_value(random, depth + 1))
			return list
	var members = {}
	for i in random.randi() % 5:
		members[any_text(random) if random.randi() % 3 > 0 else random.randi() % 1000 - 500] = any_value(random, depth + 1)
	return members

func any_text(random):
	var text = ""
	for i in random.randi() % 6:
		match random.randi() % 5:
			0: text += char(1 + random.randi() % 0x7f)
			1: text += char(0x80 + random.randi() % 0xd000)
			2: text += char(0x10000 + random.randi() % 0x100000)
			3: text += "=\"\\/7-"[random.randi() % 6]
			4: text += str(random.randi() % 100)
	return text

func case_json_any_value():
	var db = opened("store", {"durability": "behind"})
	var random = RandomNumberGenerator.new()
	random.seed = 12
	for i in times(5000):
		var value = any_value(random, 0)
		status(db.save_persistent_data("k", value), Coffer.OK, "save " + to_text(value))
		if not equal(db.load_persistent_data("k"), value, "the value"):
			return false
	return true
