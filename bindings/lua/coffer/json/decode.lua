-- JSON text to Lua values.
--
-- Must not: write JSON, know of the database, or accept what RFC 8259 does not.
-- Keeps: a text is read whole or refused with the byte offset (from 0) of what is wrong. Integers beyond 2^53 come as
-- int64_t or uint64_t cdata, digit for digit; beyond 64 bits, and with a fraction or exponent, as the nearest double.
-- Of a duplicate key the last value stands.
--
-- Written for the trace compiler: one call per value, string.byte instead of patterns on the usual paths (patterns
-- leave the compiled trace), and object keys remembered by their raw text, so that a known key costs one look-up.

local ffi = require "ffi"
local marks = require "coffer.json.marks"

local M = {}

local byte, sub, find, char = string.byte, string.sub, string.find, string.char
local tonumber, setmetatable, error, pcall, type = tonumber, setmetatable, error, pcall, type
local concat = table.concat
local null, array_mt, object_mt = marks.null, marks.array_mt, marks.object_mt
local from_json_key = marks.from_json_key
local HUGE = math.huge
local EXACT = marks.EXACT

local uint64, int64 = ffi.typeof "uint64_t", ffi.typeof "int64_t"

-- Raw key text without escapes -> Lua key. Emptied when full, so that keys made of ids cannot grow it for ever.
local KEYS_KEPT, KEY_BYTES = 16384, 64
local keys, keys_count = {}, 0

local Failure = {}

local function fail(i, what)
    error(setmetatable({ at = i - 1, what = what }, Failure), 0)
end

local function skip(s, i)
    local b = byte(s, i)
    while b == 32 or b == 10 or b == 13 or b == 9 do
        i = i + 1
        b = byte(s, i)
    end
    return i, b
end

local ESCAPES = {
    [34] = '"', [92] = "\\", [47] = "/", [98] = "\b", [102] = "\f", [110] = "\n", [114] = "\r", [116] = "\t",
}

local function utf8(c)
    if c < 0x80 then return char(c) end
    local low = c % 64
    local rest = (c - low) / 64
    if c < 0x800 then return char(0xC0 + rest, 0x80 + low) end
    local mid = rest % 64
    rest = (rest - mid) / 64
    if c < 0x10000 then return char(0xE0 + rest, 0x80 + mid, 0x80 + low) end
    local high = rest % 64
    return char(0xF0 + (rest - high) / 64, 0x80 + high, 0x80 + mid, 0x80 + low)
end

local function hex4(s, i)
    if not find(s, "^%x%x%x%x", i) then fail(i, "four hexadecimal digits expected") end
    return tonumber(sub(s, i, i + 3), 16)
end

-- i stands on the "u". A lone surrogate becomes its three bytes (ED A0..BF xx), which the encoder turns back.
local function unicode_escape(s, i)
    local c = hex4(s, i + 1)
    i = i + 5
    if c >= 0xD800 and c < 0xDC00 and byte(s, i) == 92 and byte(s, i + 1) == 117 then
        local low = hex4(s, i + 2)
        if low >= 0xDC00 and low < 0xE000 then
            return utf8(0x10000 + (c - 0xD800) * 0x400 + (low - 0xDC00)), i + 6
        end
    end
    return utf8(c), i
end

-- The end of the well-formed UTF-8 sequence at i (its first byte is at least 128).
local function utf8_end(s, i, b)
    local c, low, high = byte(s, i + 1), 0x80, 0xBF
    local more
    if b >= 0xC2 and b <= 0xDF then more = 1
    elseif b >= 0xE0 and b <= 0xEF then
        more = 2
        if b == 0xE0 then low = 0xA0 elseif b == 0xED then high = 0x9F end
    elseif b >= 0xF0 and b <= 0xF4 then
        more = 3
        if b == 0xF0 then low = 0x90 elseif b == 0xF4 then high = 0x8F end
    else fail(i, "invalid UTF-8") end
    if not c or c < low or c > high then fail(i, "invalid UTF-8") end
    for j = i + 2, i + more do
        c = byte(s, j)
        if not c or c < 0x80 or c > 0xBF then fail(i, "invalid UTF-8") end
    end
    return i + more + 1
end

-- The first byte from i on that is not plain ASCII inside a string.
local function plain_end(s, i)
    local b = byte(s, i)
    while b and b >= 32 and b < 128 and b ~= 34 and b ~= 92 do
        i = i + 1
        b = byte(s, i)
    end
    return i, b
end

-- A string with escapes, or one that is broken; `from` is behind its quote, i where plain text ended.
local function escaped_string(s, from, i, b)
    local parts, n = {}, 0
    while b ~= 34 do
        if not b then fail(from - 1, "string without an end") end
        if b < 32 then fail(i, "control character in a string") end
        if b >= 128 then
            i = utf8_end(s, i, b)
        else -- the backslash
            if i > from then n = n + 1; parts[n] = sub(s, from, i - 1) end
            local c = byte(s, i + 1)
            n = n + 1
            if c == 117 then
                parts[n], i = unicode_escape(s, i + 1)
            else
                local text = ESCAPES[c or 0]
                if not text then fail(i, "unknown escape") end
                parts[n], i = text, i + 2
            end
            from = i
        end
        i, b = plain_end(s, i)
    end
    if n == 0 then return sub(s, from, i - 1), i + 1 end
    parts[n + 1] = sub(s, from, i - 1)
    return concat(parts), i + 1
end

-- i is behind the opening quote. Returns the string and the index behind the closing quote.
local function string_at(s, i)
    local j, b = plain_end(s, i)
    if b == 34 then return sub(s, i, j - 1), j + 1 end
    return escaped_string(s, i, j, b)
end

local function key_at(s, i)
    local j = find(s, '"', i, true)
    if not j then fail(i - 1, "string without an end") end
    local raw = j - i <= KEY_BYTES and sub(s, i, j - 1) or nil
    local key = raw and keys[raw]
    if key then return key, j + 1 end
    local text, after = string_at(s, i)
    key = from_json_key(text)
    if text == raw then
        if keys_count >= KEYS_KEPT then keys, keys_count = {}, 0 end
        keys[raw], keys_count = key, keys_count + 1
    end
    return key, after
end

-- An integer of 16 digits or more, its text checked already.
local function big_integer(text)
    local negative = byte(text) == 45
    local digits = negative and sub(text, 2) or text
    local count = #digits
    local plain = tonumber(text)
    if plain < EXACT and plain > -EXACT then return plain end
    if count > 20 or count == 20 and (negative or digits > "18446744073709551615") then return plain end
    if count == 19 and negative and digits > "9223372036854775808" then return plain end
    local n = uint64(tonumber(sub(digits, 1, count - 9))) * 1000000000ULL + uint64(tonumber(sub(digits, count - 8)))
    if negative then return -int64(n) end
    if n <= 9223372036854775807ULL then return int64(n) end
    return n
end

-- The rest of a number whose integer digits ended at i: fraction, exponent, and the value by the runtime's own exact
-- conversion.
local function number_tail(s, from, i)
    local b = byte(s, i)
    local integer = true
    if b == 46 then
        integer = false
        local first = i + 1
        repeat
            i = i + 1
            b = byte(s, i)
        until not (b and b >= 48 and b <= 57)
        if i == first then fail(i, "digit expected") end
    end
    if b == 101 or b == 69 then
        integer = false
        b = byte(s, i + 1)
        if b == 43 or b == 45 then i = i + 1 end
        local first = i + 1
        repeat
            i = i + 1
            b = byte(s, i)
        until not (b and b >= 48 and b <= 57)
        if i == first then fail(i, "digit expected") end
    end
    local text = sub(s, from, i - 1)
    if integer then return big_integer(text), i end
    local n = tonumber(text)
    if n == HUGE or n == -HUGE then fail(from, "number out of range") end
    return n, i
end

-- b is the byte at i. Up to 15 digits are exact in a double as they are counted up.
local function number_at(s, i, b)
    local from = i
    if b == 45 then
        i = i + 1
        b = byte(s, i)
    end
    if not (b and b >= 48 and b <= 57) then fail(i, i == from and "value expected" or "digit expected") end
    local first, n = i, b - 48
    i = i + 1
    b = byte(s, i)
    while b and b >= 48 and b <= 57 do
        n = n * 10 + (b - 48)
        i = i + 1
        b = byte(s, i)
    end
    if i - first > 1 and byte(s, first) == 48 then fail(first, "number with a leading zero") end
    if b == 46 or b == 101 or b == 69 or i - first > 15 then return number_tail(s, from, i) end
    if first == from then return n, i end
    if n == 0 then return -0.0, i end
    return -n, i
end

local value_at

local function array_at(s, i, room)
    local t, n = setmetatable({}, array_mt), 0
    local b
    i, b = skip(s, i)
    if b == 93 then return t, i + 1 end
    while true do
        n = n + 1
        t[n], i = value_at(s, i, room)
        b = byte(s, i)
        if b ~= 44 and b ~= 93 then i, b = skip(s, i) end
        if b == 93 then return t, i + 1 end
        if b ~= 44 then fail(i, "',' or ']' expected") end
        i = i + 1
    end
end

local function object_at(s, i, room)
    local t = {}
    local b, key
    i, b = skip(s, i)
    if b == 125 then return t, i + 1 end
    while true do
        if b ~= 34 then fail(i, "string key expected") end
        key, i = key_at(s, i + 1)
        b = byte(s, i)
        if b ~= 58 then
            i, b = skip(s, i)
            if b ~= 58 then fail(i, "':' expected") end
        end
        t[key], i = value_at(s, i + 1, room)
        b = byte(s, i)
        if b ~= 44 and b ~= 125 then i, b = skip(s, i) end
        if b == 125 then
            -- Without the mark, keys 1..n would go back as an array.
            if t[1] ~= nil then setmetatable(t, object_mt) end
            return t, i + 1
        end
        if b ~= 44 then fail(i, "',' or '}' expected") end
        i, b = skip(s, i + 1)
    end
end

-- room: how many levels may still be opened.
function value_at(s, i, room)
    local b = byte(s, i)
    if b == 32 or b == 10 or b == 13 or b == 9 then i, b = skip(s, i + 1) end
    if b == 34 then return string_at(s, i + 1) end
    if b == 123 then
        if room < 1 then fail(i, "nested too deeply") end
        return object_at(s, i + 1, room - 1)
    elseif b == 91 then
        if room < 1 then fail(i, "nested too deeply") end
        return array_at(s, i + 1, room - 1)
    elseif b == 116 and sub(s, i, i + 3) == "true" then return true, i + 4
    elseif b == 102 and sub(s, i, i + 4) == "false" then return false, i + 5
    elseif b == 110 and sub(s, i, i + 3) == "null" then return null, i + 4
    end
    return number_at(s, i, b)
end

local function whole(s, room)
    local value, i = value_at(s, 1, room)
    i = skip(s, i)
    if i <= #s then fail(i, "text after the value") end
    return value
end

--- The value of a JSON text, or nil and what is wrong with it and where. JSON null is the sentinel, never nil.
function M.decode(text, max_depth)
    local ok, value = pcall(whole, text, max_depth)
    if ok then return value end
    if getmetatable(value) == Failure then
        return nil, "invalid JSON: " .. value.what .. " at byte " .. value.at
    end
    return nil, tostring(value)
end

return M
