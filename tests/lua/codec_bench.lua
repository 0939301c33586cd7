-- How fast the Lua codec is: nanoseconds per call on a document of about 200 bytes, megabytes a second on a large one.
--
--   luajit codec_bench.lua      (and with -joff, for platforms that forbid compiled code)
--
-- Must not: decide anything; it is no test.
-- Keeps: each figure is the best of several rounds, because the machine's other work only ever adds time.

local json = require "coffer.json"

local SMALL = '{"name":"Terra","level":42,"hp":1250,"mp":310.5,"equipped":true,"items":[0,1,255],' ..
    '"stats":{"str":31,"agi":33,"vit":28,"mag":39},"esper":"Maduin","pos":{"x":12.25,"y":-7.5},' ..
    '"commands":["Fight","Morph","Magic"]}'

local ROUNDS = 7

-- Seconds for one call, the best of the rounds.
local function best(count, call, argument)
    local shortest = 1 / 0
    for _ = 1, ROUNDS do
        local started = os.clock()
        for _ = 1, count do call(argument) end
        shortest = math.min(shortest, (os.clock() - started) / count)
    end
    return shortest
end

local function report(name, text, count)
    local value = assert(json.decode(text))
    assert(json.encode(value))
    collectgarbage()
    local encoding = best(count, json.encode, value)
    local decoding = best(count, json.decode, text)
    print(("%-28s %9d bytes  encode %10.0f ns %6.1f MB/s  decode %10.0f ns %6.1f MB/s"):format(
        name, #text, encoding * 1e9, #text / encoding / 1e6, decoding * 1e9, #text / decoding / 1e6))
end

local function repeated(count, make)
    local parts = {}
    for i = 1, count do parts[i] = make(i) end
    return "[" .. table.concat(parts, ",") .. "]"
end

report("one character", SMALL, 50000)
report("100 characters", repeated(100, function(i) return (SMALL:gsub("42", i)) end), 500)
report("40,000 different characters", repeated(40000, function(i)
    return (SMALL:gsub("42", i):gsub("Terra", "Terra " .. i))
end), 1)
report("numbers with fractions", repeated(10000, function(i) return ("%.17g"):format(i / 7) end), 20)
report("whole numbers", repeated(10000, function(i) return i * 17 end), 50)
report("long text", repeated(100, function() return '"' .. ("The quick brown fox. "):rep(100) .. '"' end), 200)
report("long text, not ASCII", repeated(100, function() return '"' .. ("カイエン "):rep(100) .. '"' end), 100)
report("keys that are ids", (repeated(5000, function(i) return ('"%d":%d'):format(i * 3, i) end):gsub("^.", "{"):gsub(".$", "}")),
    20)
