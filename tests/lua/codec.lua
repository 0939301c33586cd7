-- The Lua codec alone, without the library: what goes in comes out, what cannot is refused by name, and broken text is
-- refused by its byte offset.
--
--   luajit codec.lua [seed]      LUA_PATH set by the runner
--
-- Must not: load the native library.
-- Keeps: the seed of the random part is printed, and giving it again repeats the run.

local ffi = require "ffi"
local json = require "coffer.json"
local null = json.null

local checks = 0

local function check(condition, what)
    checks = checks + 1
    if not condition then error(what or "a check failed", 2) end
end

local function same_number(a, b)
    return a == b and (a ~= 0 or 1 / a == 1 / b)
end

-- Equal to the bit, kind and keys included; where they differ, as a second result.
local function same(a, b, path)
    path = path or "value"
    if type(a) ~= type(b) then return false, path .. ": " .. type(a) .. " and " .. type(b) end
    if type(a) == "number" then return same_number(a, b), ("%s: %.17g and %.17g"):format(path, a, b) end
    if type(a) == "cdata" then
        return ffi.typeof(a) == ffi.typeof(b) and a == b, path .. ": " .. tostring(a) .. " and " .. tostring(b)
    end
    if type(a) ~= "table" then return a == b, path .. ": " .. tostring(a) .. " and " .. tostring(b) end
    for k, v in next, a do
        local inner = path .. "[" .. type(k) .. " " .. tostring(k) .. "]"
        if rawget(b, k) == nil then return false, inner .. " is gone" end
        local ok, where = same(v, rawget(b, k), inner)
        if not ok then return false, where end
    end
    for k in next, b do
        if rawget(a, k) == nil then return false, path .. " has a new key " .. tostring(k) end
    end
    if next(a) == nil then return json.is_array(a) == json.is_array(b), path .. ": [] and {}" end
    return true
end

local function round_trip(value, what)
    local text = assert(json.encode(value))
    local back, message = json.decode(text)
    check(back ~= nil, message)
    local ok, where = same(value, back)
    check(ok, (what or "round trip") .. ": " .. tostring(where) .. " in " .. text:sub(1, 200))
    return text
end

local function writes(value, text)
    local got = round_trip(value)
    check(got == text, "wrote " .. got .. " instead of " .. text)
end

local function encode_refuses(value, message, max_depth)
    local text, got = json.encode(value, max_depth)
    check(text == nil, "accepted: " .. tostring(text) .. " for " .. message)
    check(got == message, "said '" .. tostring(got) .. "' instead of '" .. message .. "'")
end

local function decode_refuses(text, message, max_depth)
    local value, got = json.decode(text, max_depth)
    check(value == nil, "accepted: " .. text)
    check(got:find(message, 1, true), "said '" .. tostring(got) .. "' instead of '" .. message .. "' for " .. text)
end

local tests = {}

function tests.tables()
    writes({ 1, 2, 3 }, "[1,2,3]")
    writes({}, "{}")
    writes(json.array {}, "[]")
    writes({ json.array(), {} }, "[[],{}]")
    writes({ [0] = "a" }, '{"0":"a"}')
    writes({ [2] = "a" }, '{"2":"a"}')
    writes({ [-1] = true }, '{"-1":true}')
    writes({ x = null }, '{"x":null}')
    writes({ null, null }, "[null,null]")
    round_trip { [0] = "a", [1] = "b", [255] = "c" }
    round_trip { 1, 2, nil, 4 }
    round_trip { 1, 2, x = 3 }
    round_trip { [1] = "a", [3] = "c", [1000000] = "far" }
    round_trip { [2 ^ 53 - 1] = 1, [1 - 2 ^ 53] = 2 }
    -- Keys in the hash part, in an order that is not theirs.
    local hashed = {}
    for i = 5, 1, -1 do hashed[i] = i end
    writes(hashed, "[1,2,3,4,5]")
    -- The mark says what an empty table is, and nothing that would lose data.
    check(json.encode(json.array { x = 1 }) == '{"x":1}', "an array with a name")
    check(json.encode(json.object { 1 }) == '{"1":1}', "an object with key 1")
    local class = setmetatable({}, { __index = { inherited = 1 } })
    check(json.encode(json.array(class)) == "[]", "a mark on a table with a metatable")
    check(json.encode(setmetatable({}, getmetatable(class))) == "{}", "the mark stays on its table")
    check(json.encode(setmetatable({ a = 1 }, { __index = error, __pairs = error, __len = error })) == '{"a":1}', "raw")
    check(json.is_array(json.decode "[1]") and not json.is_array(json.decode "{}") and not json.is_array(7), "is_array")
end

function tests.shapes_from_other_languages()
    for _, text in ipairs { "[]", "{}", "[[],{}]", '{"1":1}', '{"2":1}', "[1]", "null", "true", "false", '""' } do
        check(json.encode((json.decode(text))) == text, text)
    end
    local two = json.decode '{"1":"a","2":"b"}'
    check(two[1] == "a" and two[2] == "b" and json.is_object(two), "an object of ids")
    check(json.encode(two):find "^{", "an object of ids stays an object")
    check(json.decode('{"a":1,"a":2}').a == 2, "the last of two keys stands")
    check(json.decode " [ 1 ,\t{ \"a\" :\n2 , \"b\":3 } \r] "[2].b == 3, "white space")
end

function tests.keys()
    local strings = { "0", "1", "-1", "00", "01", "-0", "+1", "1.0", "1e3", "=", "==", "=1", "==1", "=-1", "=01", "=x", "",
        " 1", "9007199254740991", "9007199254740992", "9007199254740993", "=9007199254740991", "=9007199254740993",
        "12345678901234567890", "--1", "=--1", "1 ", "1\n", "=1\n", "1\0", "é" }
    local all = { [0] = "n0", [1] = "n1", [-1] = "n-1" }
    for _, key in ipairs(strings) do
        all[key] = key
        round_trip { [key] = key }
    end
    round_trip(all, "all keys at once")
    writes({ ["1"] = 1 }, '{"=1":1}')
    writes({ ["=1"] = 1 }, '{"==1":1}')
    writes({ ["01"] = 1 }, '{"01":1}')
    check(json.decode('{"9007199254740993":1}')["9007199254740993"] == 1, "too large for an integer key")
    local escaped = json.decode '{"\\u0031":1,"\\u003d2":2,"a\\"b":3}'
    check(escaped[1] == 1 and escaped["2"] == 2 and escaped['a"b'] == 3, "escapes in keys")
    -- More keys than are remembered, and keys too long to be.
    local many = {}
    for i = 1, 20000 do many["key" .. i] = i end
    for i = 1, 3 do many[("k"):rep(60 + i)] = i end
    round_trip(many)
end

function tests.numbers()
    for _, pair in ipairs {
        { 0, "0" }, { -0.0, "-0" }, { 1, "1" }, { -1, "-1" }, { 0.1, "0.1" }, { 0.5, "0.5" }, { -7.25, "-7.25" },
        { 310.5, "310.5" }, { 1e15, "1000000000000000" }, { 2 ^ 53 - 1, "9007199254740991" }, { 123456.789, "123456.789" },
        { 1e14, "100000000000000" }, { -1e14, "-100000000000000" }, { 99999999999999, "99999999999999" },
    } do writes(pair[1], pair[2]) end
    for _, x in ipairs { 2 ^ 53, -2 ^ 53, 2 ^ 53 + 2, 2 ^ 63, -2 ^ 63, 2 ^ 64, 1e16, 1e17, 1e21, 1e22, 1e23, 1e300,
        1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, 1e-5, 1e-7, 1 / 3, -2 / 3, math.pi, 0.1 + 0.2,
        9007199254740991.5, 4503599627370497.5, 1e8 + 0.001, 99999999.999999, 1e-6, 0.000001234, 123456789.123 } do
        round_trip(x)
        round_trip(-x)
    end
    for text, value in pairs { ["1e2"] = 100, ["1E+2"] = 100, ["12e-1"] = 1.2, ["-0"] = -0.0, ["-0.0"] = -0.0,
        ["0e5"] = 0, ["1.50"] = 1.5, ["9007199254740991"] = 2 ^ 53 - 1, ["-9007199254740991"] = 1 - 2 ^ 53,
        ["123456789012345"] = 123456789012345, ["1e-400"] = 0, ["0.1e1"] = 1,
        ["18446744073709551616"] = 2 ^ 64, ["-9223372036854775809"] = -2 ^ 63,
        ["100000000000000000000000000000"] = 1e29 } do
        local got = json.decode(text)
        check(type(got) == "number" and same_number(got, value), text .. " came as " .. tostring(got))
    end
    decode_refuses("1e400", "number out of range at byte 0")
    decode_refuses("[1,-1e999]", "number out of range at byte 3")
end

function tests.integers_of_64_bits()
    for _, value in ipairs { 9007199254740993LL, -9007199254740993LL, 9223372036854775807LL, -9223372036854775807LL - 1LL,
        9223372036854775808ULL, 18446744073709551615ULL, 1000000000000000000LL, 10000000000000000000ULL,
        9007199254740992LL, 1000000001000000001LL } do
        local text = round_trip(value)
        check(text == tostring(value):gsub("U?LL$", ""), "digit for digit: " .. text)
        round_trip { id = value, value }
    end
    check(json.encode(5LL) == "5" and json.encode(5ULL) == "5" and json.encode(-5LL) == "-5", "small cdata")
    check(type(json.decode "5") == "number", "small integers come as numbers")
    check(type(round_trip(2 ^ 60)) == "string" and type(json.decode(json.encode(2 ^ 60))) == "number", "doubles stay")
end

function tests.strings()
    writes("", '""')
    writes('a"b\\c/d', '"a\\"b\\\\c/d"')
    writes("\b\f\n\r\t\0\31\127", '"\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f"')
    writes("é日本語😀", '"é日本語😀"')
    for _, s in ipairs { "\194\128", "\223\191", "\224\160\128", "\237\159\191", "\238\128\128", "\239\191\191",
        "\240\144\128\128", "\244\143\191\191", "x\194\128y", ("ab é"):rep(500) } do
        round_trip(s)
        round_trip { [s] = s }
    end
    check(json.decode '"\\ud83d\\ude00"' == "😀", "surrogate pair")
    check(json.decode '"\\u00e9\\u0041\\u20ac\\/"' == "éA€/", "escapes")
    for _, text in ipairs { '"\\ud800"', '"\\udfff"', '"\\ude00\\ud83d"', '"\\ud800\\ud800"', '"a\\ud800b"',
        '"\\ud800\\n"', '"é\\udc00"' } do
        check(json.encode(assert(json.decode(text))) == text, "lone surrogate " .. text)
    end
    check(json.decode '"\\uD83D\\uDE00x\\n"' == "😀x\n", "capital digits")
    check(next(json.decode '{"\\ud800":1}') == "\237\160\128", "lone surrogate in a key")
end

function tests.encoding_errors()
    encode_refuses(nil, "the value is a nil, which cannot be saved")
    encode_refuses(0 / 0, "the value is NaN")
    encode_refuses({ party = { members = { 1, 2, { hp = 0 / 0 } } } }, "party.members[3].hp is NaN")
    encode_refuses({ a = { 1 / 0 } }, "a[1] is infinite")
    encode_refuses({ -1 / 0 }, "[1] is infinite")
    encode_refuses({ f = print }, "f is a function, which cannot be saved")
    encode_refuses({ { t = coroutine.create(print) } }, "[1].t is a thread, which cannot be saved")
    encode_refuses({ u = io.stdout }, "u is a userdata, which cannot be saved")
    encode_refuses({ c = ffi.new "int[1]" }, "c is cdata other than int64_t and uint64_t, which cannot be saved")
    encode_refuses({ [0] = { ["odd name"] = print } }, '[0]["odd name"] is a function, which cannot be saved')
    encode_refuses({ a = { [true] = 1 } }, "a has a key of type boolean, which cannot be saved")
    encode_refuses({ [1.5] = 1 }, "the value has the key 1.5, and only integer number keys can be saved")
    encode_refuses({ a = { [2 ^ 53] = 1 } },
        "a has the key 9007199254740992, and only integer number keys can be saved")
    encode_refuses({ [1 / 0] = 1 }, "the value has the key inf, and only integer number keys can be saved")
    encode_refuses({ [5LL] = 1 }, "the value has a key of type cdata, which cannot be saved")
    for _, s in ipairs { "\255", "a\128", "\194", "\194x", "\192\128", "\224\159\191", "\240\143\191\191",
        "\244\144\128\128", "\245\128\128\128", "\226\130", "\240\159\152", "é\255", "\237\160\189\237\184\128" } do
        encode_refuses({ s = s }, "s is a string that is not valid UTF-8")
        encode_refuses({ a = { [s] = 1 } }, "a has a key that is not valid UTF-8")
    end
    encode_refuses({ [("x"):rep(60) .. '"'] = print },
        '["' .. ("x"):rep(40) .. '"] is a function, which cannot be saved')
    -- A failure leaves nothing behind.
    writes({ a = { 1 } }, '{"a":[1]}')
end

local function nested(depth)
    local t = 1
    for _ = 1, depth do t = { t } end
    return t
end

function tests.depth_and_cycles()
    check(json.encode(nested(128)), "128 levels")
    check(json.decode(("["):rep(128) .. ("]"):rep(128)), "128 levels")
    encode_refuses(nested(129), ("[1]"):rep(128) .. " is nested too deeply (the limit is 128)")
    decode_refuses(("["):rep(129), "nested too deeply at byte 128")
    decode_refuses(('{"a":'):rep(200), "nested too deeply at byte 640")
    check(json.encode(nested(1024), 1024) and not json.encode(nested(1025), 1024), "1,024 levels")
    check(json.decode(("["):rep(1024) .. ("]"):rep(1024), 1024), "1,024 levels")
    check(json.encode(nested(3), 3) and not json.encode(nested(4), 3), "a limit of 3")
    check(json.encode(7, 1) == "7" and not pcall(json.encode, 7, 0) and not pcall(json.decode, "7", 1025), "limits")

    local loop = { name = "loop" }
    loop.party = { members = { { owner = loop } } }
    local text, message = json.encode(loop)
    check(text == nil and message:find("is a cycle: it is the same table as", 1, true), message)
    local self = {}
    self[1] = self
    text, message = json.encode({ x = self }, 1024)
    check(text == nil and message:find("is a cycle: it is the same table as x", 1, true), message)
    -- The same table twice is no cycle.
    local shared = { 1 }
    check(json.encode { shared, shared } == "[[1],[1]]", "a shared table")
    -- A cycle beside much data costs a bounded number of copies of it.
    local wide = {}
    for i = 1, 1000 do wide[i] = { i } end
    wide[1001] = wide
    check(json.encode(wide, 1024) == nil, "a wide cycle")
end

function tests.decoding_errors()
    for text, message in pairs {
        [""] = "value expected at byte 0", ["   "] = "value expected at byte 3", ["{"] = "string key expected at byte 1",
        ["[1,]"] = "value expected at byte 3", ["[1 2]"] = "',' or ']' expected at byte 3", ["01"] = "leading zero at byte 0",
        ["-"] = "digit expected at byte 1", ["1."] = "digit expected at byte 2", ["1e"] = "digit expected at byte 2",
        ["-01"] = "leading zero at byte 1", ["[1.e5]"] = "digit expected at byte 3", [".5"] = "value expected at byte 0",
        ["1e+"] = "digit expected at byte 3", ["nul"] = "value expected at byte 0", ["[tru]"] = "value expected at byte 1",
        ["truex"] = "text after the value at byte 4", ["{} x"] = "text after the value at byte 3",
        ['{"a"}'] = "':' expected at byte 4", ['{"a":1,}'] = "string key expected at byte 7",
        ['{"a":1'] = "',' or '}' expected at byte 6", ["{a:1}"] = "string key expected at byte 1",
        ['"abc'] = "string without an end at byte 0", ['["a\1"]'] = "control character in a string at byte 3",
        ['"\\x"'] = "unknown escape at byte 1", ['"\\u12g4"'] = "four hexadecimal digits expected at byte 3",
        ['"\\'] = "unknown escape at byte 1", ['"\255"'] = "invalid UTF-8 at byte 1", ['"\237\160\128"'] = "invalid UTF-8",
        ['"\192\128"'] = "invalid UTF-8", ['"\244\144\128\128"'] = "invalid UTF-8", ['"\226\130'] = "invalid UTF-8",
        ["[1]\0"] = "text after the value at byte 3", ["NaN"] = "value expected", ["[1"] = "',' or ']' expected at byte 2",
        ["0x10"] = "text after the value at byte 1", ["1_000"] = "text after the value", ["+1"] = "value expected",
        ["\239\187\191[]"] = "value expected at byte 0", ['{"a":1 "b":2}'] = "',' or '}' expected at byte 7",
        ['{"ab'] = "string without an end at byte 1", ['{"\n":1}'] = "control character in a string at byte 2",
        ["[1,,2]"] = "value expected at byte 3", ["'a'"] = "value expected", ["1 1"] = "text after the value at byte 2",
    } do decode_refuses(text, message) end
    check(not pcall(json.decode, nil) and not pcall(json.decode, 7), "decode of what is no text throws")
    -- Every cut of a document is refused, none throws.
    local text = '{"a":[1.5e3,true,null,"x\\u00e9é"],"b":{"0":-7}}'
    check(json.decode(text), "the whole")
    for i = 0, #text - 1 do check(json.decode(text:sub(1, i)) == nil, "cut at " .. i) end
end

-- ---- random values

local seed = tonumber(arg[1]) or os.time() % 1000000
local random = math.random
local bits = ffi.new "union { double number; uint32_t half[2]; int64_t whole; }"

local make = {}

local HIGH_HALF = ffi.abi "le" and 1 or 0

-- Every finite pattern. The others are not even read as a number: LuaJIT takes some NaN patterns for its own type tags.
function make.double()
    repeat
        bits.half[0], bits.half[1] = random(0, 2 ^ 32 - 1), random(0, 2 ^ 32 - 1)
    until math.floor(bits.half[HIGH_HALF] / 2 ^ 20) % 2 ^ 11 ~= 2047
    return bits.number
end

function make.decimal() return random(-10 ^ 9, 10 ^ 9) / 10 ^ random(0, 9) end
function make.integer() return random(-2 ^ 31, 2 ^ 31 - 1) * (random(4) == 1 and 2 ^ random(0, 22) or 1) end
function make.small() return random(-3, 300) end
function make.boolean() return random(2) == 1 end
function make.null() return null end

-- A 64-bit cdata outside what comes back as a number.
function make.cdata()
    repeat make.double() until bits.whole >= 2LL ^ 53 or bits.whole <= -2LL ^ 53
    local value = bits.whole
    if random(2) == 1 then
        local unsigned = ffi.cast("uint64_t", value)
        if unsigned > 9223372036854775807ULL then return unsigned end
    end
    return value + 0LL
end

local PIECES = { "a", "Z", " ", "0", "7", "=", "-", '"', "\\", "/", "\n", "\t", "\0", "\31", "\127", "é", "ß", "日", "本", "😀",
    "\239\191\191", "\244\143\191\191", "\237\160\128x", "\237\191\191", "long plain text " }

function make.string()
    local parts = {}
    for i = 1, random(0, 8) do parts[i] = PIECES[random(#PIECES)] end
    -- A high surrogate before a low one is one character in JSON, so it is not a value that can come back.
    return (table.concat(parts):gsub("\237[\160-\175][\128-\191]\237[\176-\191][\128-\191]", "?"))
end

local KINDS = { "double", "decimal", "integer", "small", "boolean", "null", "cdata", "string", "string" }

local function any(depth)
    if depth > 0 and random(3) == 1 then
        local t = {}
        local kind = random(5)
        for i = 1, random(0, 6) do
            local value = any(depth - 1)
            if kind == 1 then t[i] = value
            elseif kind == 2 then t[random(-2, 12)] = value
            elseif kind == 3 then t[make.string()] = value
            elseif kind == 4 then t[random(2) == 1 and i or make.string()] = value
            else t[random(-2 ^ 53 + 1, 2 ^ 53 - 1)] = value
            end
        end
        if kind == 1 and random(2) == 1 then json.array(t) end
        return t
    end
    return make[KINDS[random(#KINDS)]]()
end

function tests.random_values()
    math.randomseed(seed)
    for i = 1, 20000 do
        local value = any(4)
        local text = round_trip(value, "seed " .. seed .. " value " .. i)
        -- And once more from the decoded value: its marks must not change what it is.
        round_trip(json.decode(text), "seed " .. seed .. " value " .. i .. " again")
    end
    for i = 1, 20000 do
        round_trip(make.double(), "seed " .. seed .. " double " .. i)
        round_trip(make.decimal(), "seed " .. seed .. " decimal " .. i)
        round_trip(make.string(), "seed " .. seed .. " string " .. i)
    end
end

print("seed " .. seed)
local names = {}
for name in pairs(tests) do names[#names + 1] = name end
table.sort(names)
local failed = false
for _, name in ipairs(names) do
    local ok, problem = xpcall(tests[name], debug.traceback)
    if ok then
        print("ok codec " .. name)
    else
        failed = true
        io.stderr:write("FAILED codec ", name, ": ", problem, "\n")
    end
end
print(checks .. " checks")
os.exit(failed and 1 or 0, true)
