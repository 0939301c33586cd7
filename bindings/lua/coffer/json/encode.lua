-- Lua values to JSON text.
--
-- Must not: read JSON, know of the database, or call metamethods of the data (tables are read raw).
-- Keeps: what cannot come back as it went in is refused, with the path of the culprit (`party.members[3].hp is NaN`).
-- Doubles come back bit for bit, 64-bit cdata integers digit for digit. The order of an object's keys is not promised.
--
-- Pieces are collected in one table and joined at the end. Whether a table contains itself is looked up only from
-- UNCHECKED levels on: a cycle gets there, ordinary data hardly ever does, and the usual path pays nothing.

local ffi = require "ffi"
local marks = require "coffer.json.marks"

local M = {}

local byte, find, format, gsub, sub = string.byte, string.find, string.format, string.gsub, string.sub
local concat, next, rawget, type, tostring = table.concat, next, rawget, type, tostring
local tonumber, error, pcall, getmetatable, setmetatable = tonumber, error, pcall, getmetatable, setmetatable
local floor, HUGE = math.floor, math.huge
local istype = ffi.istype
local null, to_json_key, shape = marks.null, marks.to_json_key, marks.shape
local EXACT = marks.EXACT

local uint64, int64 = ffi.typeof "uint64_t", ffi.typeof "int64_t"

-- Lua key -> '"key":'. Emptied when full, so that keys made of ids cannot grow it for ever.
local NAMES_KEPT, NAME_BYTES = 16384, 64
local names, names_count = {}, 0

-- A joined text longer than this does not leave its pieces behind in the table kept for the next call.
local REUSE_BYTES = 65536
local spare

-- Where the encoder stands: the tables it is inside of and the key it took in each. Weak, so that the last value
-- saved is not kept alive.
local UNCHECKED = 12
local nodes, taken = setmetatable({}, { __mode = "v" }), {}

local Failure = {}

local function path_to(depth)
    local parts = {}
    for i = 1, depth do
        local k = taken[i]
        if type(k) == "number" then
            parts[i] = format("[%.14g]", k)
        elseif type(k) == "string" and find(k, "^[%a_][%w_]*$") then
            parts[i] = i > 1 and "." .. k or k
        else
            -- Cut, and freed of quotes and control characters: the message is one line.
            parts[i] = '["' .. gsub(sub(tostring(k), 1, 40), '[%c"\\]', "?") .. '"]'
        end
    end
    return depth > 0 and concat(parts) or "the value"
end

local function refuse(depth, reason)
    error(setmetatable({ text = path_to(depth) .. " " .. reason }, Failure), 0)
end

local function check_depth(t, depth, limit)
    for i = 1, depth - 1 do
        if nodes[i] == t then
            refuse(depth - 1, "is a cycle: it is the same table as " .. path_to(i - 1))
        end
    end
    if depth > limit then refuse(depth - 1, "is nested too deeply (the limit is " .. limit .. ")") end
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
    ["\t"] = "\\t" }

local function escape(c) return ESCAPES[c] or format("\\u%04x", byte(c)) end

-- Three bytes ED A0..BF xx: a lone surrogate, as the decoder writes it.
local function surrogate_escape(bytes)
    local _, b, c = byte(bytes, 1, 3)
    return format("\\u%04x", 0xD000 + (b - 0x80) * 64 + (c - 0x80))
end

-- The index behind the sequence at i, or nil when it is not UTF-8; lone surrogates pass, a pair of them does not,
-- because it would come back as one character.
local function sequence_end(s, i, b)
    local c, d, e = byte(s, i + 1, i + 3)
    if not c or c < 0x80 or c > 0xBF then return nil end
    if b >= 0xC2 and b <= 0xDF then return i + 2 end
    if not d or d < 0x80 or d > 0xBF then return nil end
    if b >= 0xE0 and b <= 0xEF then
        if b == 0xE0 and c < 0xA0 then return nil end
        if b == 0xED and c >= 0xA0 and c < 0xB0 and find(s, "^\237[\176-\191]", i + 3) then return nil end
        return i + 3
    end
    if not e or e < 0x80 or e > 0xBF then return nil end
    if b < 0xF0 or b > 0xF4 or b == 0xF0 and c < 0x90 or b == 0xF4 and c > 0x8F then return nil end
    return i + 4
end

-- What stands between the quotes for a string that is not plain ASCII, or nil when it is not UTF-8.
local function escaped(s)
    local i = find(s, "[\128-\255]")
    local surrogates = false
    while i do
        local b = byte(s, i)
        if b == 0xED and (byte(s, i + 1) or 0) >= 0xA0 then surrogates = true end
        i = sequence_end(s, i, b)
        if not i then return nil end
        b = byte(s, i)
        if b and b < 128 then i = find(s, "[\128-\255]", i) elseif not b then i = nil end
    end
    s = gsub(s, '[%c"\\]', escape)
    if surrogates then s = gsub(s, "\237[\160-\191][\128-\191]", surrogate_escape) end
    return s
end

local function is_plain(s)
    for i = 1, #s do
        local b = byte(s, i)
        if b < 32 or b > 126 or b == 34 or b == 92 then return false end
    end
    return true
end

-- '"key":' for a Lua key.
local function name_of(k, depth)
    local text, reason = to_json_key(k)
    if not text then refuse(depth, reason) end
    text = is_plain(text) and text or escaped(text)
    if not text then refuse(depth, "has a key that is not valid UTF-8") end
    local name = '"' .. text .. '":'
    if #name <= NAME_BYTES then
        if names_count >= NAMES_KEPT then names, names_count = {}, 0 end
        names[k], names_count = name, names_count + 1
    end
    return name
end

-- The shortest of %.15g to %.17g that reads back as x.
local function shortest(x)
    local text = format("%.15g", x)
    if tonumber(text) ~= x then
        text = format("%.16g", x)
        if tonumber(text) ~= x then text = format("%.17g", x) end
    end
    -- Digits alone would be read as a 64-bit integer.
    if (x >= EXACT or x <= -EXACT) and not find(text, "e", 1, true) then text = text .. "e0" end
    return text
end

-- A piece for the number: the number itself where joining prints it exactly (%.14g), else text. With a divisor that is
-- a power of ten, y / divisor == x says that x is the double nearest to that decimal, so its digits are enough.
local function number_piece(x, depth)
    if x % 1 == 0 then
        if x < 1e14 and x > -1e14 then return x end
        if x < EXACT and x > -EXACT then return format("%d", x) end
    elseif x < 1e8 and x > -1e8 then
        local y = floor(x * 1e3 + 0.5)
        if y / 1e3 == x then return x end
        y = floor(x * 1e6 + 0.5)
        if y / 1e6 == x then return x end
    elseif x ~= x then refuse(depth, "is NaN")
    end
    if x == HUGE or x == -HUGE then refuse(depth, "is infinite") end
    return shortest(x)
end

local function other_piece(v, depth)
    if v == null then return "null" end
    local kind = type(v)
    if kind == "cdata" then
        if istype(int64, v) then return sub(tostring(v), 1, -3) end
        if istype(uint64, v) then return sub(tostring(v), 1, -4) end
        refuse(depth, "is cdata other than int64_t and uint64_t, which cannot be saved")
    end
    refuse(depth, "is a " .. kind .. ", which cannot be saved")
end

-- The count of keys when they are exactly 1..count, else nil.
local function dense_count(t)
    if rawget(t, 1) == nil then return nil end
    local count = 0
    for _ in next, t do
        count = count + 1
        if rawget(t, count) == nil then return nil end
    end
    return count
end

local put_table

local function put_value(out, n, v, depth, limit)
    local kind = type(v)
    if kind == "string" then
        if is_plain(v) then
            out[n + 1], out[n + 2], out[n + 3] = '"', v, '"'
            return n + 3
        end
        local text = escaped(v)
        if not text then refuse(depth, "is a string that is not valid UTF-8") end
        out[n + 1], out[n + 2], out[n + 3] = '"', text, '"'
        return n + 3
    elseif kind == "number" then
        out[n + 1] = number_piece(v, depth)
    elseif kind == "table" then
        return put_table(out, n, v, depth + 1, limit)
    elseif kind == "boolean" then
        out[n + 1] = v and "true" or "false"
    else
        out[n + 1] = other_piece(v, depth)
    end
    return n + 1
end

local function put_array(out, n, t, count, depth, limit)
    local lead = "["
    for i = 1, count do
        n = n + 1
        out[n] = lead
        taken[depth] = i
        n = put_value(out, n, rawget(t, i), depth, limit)
        lead = ","
    end
    out[n + 1] = "]"
    return n + 1
end

-- depth: how many tables are open with this one.
function put_table(out, n, t, depth, limit)
    nodes[depth] = t
    if depth > UNCHECKED or depth > limit then check_depth(t, depth, limit) end
    if next(t) == nil then
        out[n + 1] = shape(t) == "array" and "[]" or "{}"
        return n + 1
    end
    local count = dense_count(t)
    if count and shape(t) ~= "object" then return put_array(out, n, t, count, depth, limit) end
    local lead = "{"
    for k, v in next, t do
        out[n + 1] = lead
        out[n + 2] = names[k] or name_of(k, depth - 1)
        taken[depth] = k
        n = put_value(out, n + 2, v, depth, limit)
        lead = ","
    end
    out[n + 1] = "}"
    return n + 1
end

--- The JSON text of a value, or nil and what cannot be saved, with its path.
function M.encode(value, max_depth)
    -- Taken out while in use: a finalizer may run in the midst of this and encode something of its own.
    local out = spare or {}
    spare = nil
    local ok, n = pcall(put_value, out, 0, value, 0, max_depth)
    if not ok then
        if getmetatable(n) == Failure then return nil, n.text end
        return nil, tostring(n)
    end
    local text = concat(out, "", 1, n)
    if #text <= REUSE_BYTES then spare = out end
    return text
end

return M
