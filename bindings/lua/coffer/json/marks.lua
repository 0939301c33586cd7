-- What the encoder and the decoder have to agree on: the null sentinel, the marks for arrays and objects, and how a
-- Lua table key becomes a JSON key.
--
-- Must not: read or write JSON text, or know of the database.
-- Keeps: the key mapping is a bijection. Integer keys become their decimal digits. A string key that could be taken
-- for such digits gets one "=" in front, and so does one that is "=" signs followed by them; decoding takes one off.

local M = {}

local getmetatable, setmetatable, rawget = getmetatable, setmetatable, rawget
local find, match, sub, format = string.find, string.match, string.sub, string.format
local tonumber, type = tonumber, type

-- The integers that a double holds without sharing its value with a neighbour: below 2^53.
local EXACT = 2 ^ 53
M.EXACT = EXACT

-- A userdata of its own, so that no value of the caller's can be mistaken for it.
M.null = newproxy(true)
getmetatable(M.null).__tostring = function() return "null" end

-- Marks are metatables where the table has none. A table that has one of its own is remembered here instead: its
-- metatable may be a class that other tables share. MARK is the field by which another metatable can carry a mark
-- ("array" or "object"): the plug-in module needs that for the tables it hands out.
M.MARK = "__coffer_shape"
M.array_mt = { [M.MARK] = "array" }
M.object_mt = { [M.MARK] = "object" }
local marked = setmetatable({}, { __mode = "k" })

--- "array", "object" or nil.
function M.shape(t)
    local mt = getmetatable(t)
    if mt == nil then return nil end
    return type(mt) == "table" and rawget(mt, M.MARK) or marked[t]
end

local function mark(t, mt, name)
    if type(t) ~= "table" then
        error(name .. " expects a table, got " .. type(t), 3)
    end
    local old = getmetatable(t)
    if old == nil or old == M.array_mt or old == M.object_mt then return setmetatable(t, mt) end
    marked[t] = mt[M.MARK]
    return t
end

--- Marks t (a new table by default) so that it is saved as [] while it is empty.
function M.array(t) return mark(t == nil and {} or t, M.array_mt, "coffer.array") end

--- Marks t (a new table by default) so that it is saved as an object even when its keys are 1..n.
function M.object(t) return mark(t == nil and {} or t, M.object_mt, "coffer.object") end

function M.is_array(t) return type(t) == "table" and M.shape(t) == "array" end
function M.is_object(t) return type(t) == "table" and M.shape(t) == "object" end

-- The number of canonical digits, else nil: no leading zero, no "-0", within the exact range. 15 digits and a sign are
-- always within it; the comparison decides for 16.
local function integer_of(s)
    if #s > 17 or not (s == "0" or find(s, "^%-?[1-9]%d*$")) then return nil end
    local n = tonumber(s)
    return n < EXACT and n > -EXACT and n or nil
end

--- The JSON key (not yet quoted) of a Lua key, or nil and why there is none.
function M.to_json_key(k)
    if type(k) == "string" then
        local rest = match(k, "^=*(%-?%d+)$")
        if rest and integer_of(rest) then return "=" .. k end
        return k
    end
    if type(k) == "number" then
        if k % 1 == 0 and k < EXACT and k > -EXACT then return format("%d", k) end
        return nil, format("has the key %.17g, and only integer number keys can be saved", k)
    end
    return nil, "has a key of type " .. type(k) .. ", which cannot be saved"
end

--- The Lua key of a JSON key.
function M.from_json_key(s)
    local n = integer_of(s)
    if n then return n end
    local rest = match(s, "^=+(%-?%d+)$")
    if rest and integer_of(rest) then return sub(s, 2) end
    return s
end

return M
