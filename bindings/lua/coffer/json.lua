-- The codec between Lua values and JSON: the one module the rest of the binding uses for it.
--
-- Must not: know of the database.
-- Keeps: what encode takes, decode gives back equal.
--
--   nil, null        JSON null is the sentinel `null` inside data; Lua nil is not a value and is refused
--   numbers          every double comes back bit for bit (-0 too); NaN and infinities are refused
--   64-bit integers  int64_t and uint64_t cdata are written digit for digit. Integers in the text from 2^53 on come
--                    back as such cdata, smaller ones as Lua numbers, larger than 64 bits as the nearest double
--   strings          valid UTF-8, or refused; a lone surrogate escape becomes its three bytes and goes back as the escape
--   tables           keys exactly 1..n: an array. Everything else: an object, integer keys as decimal digits (see
--                    marks.lua). An empty table is {} unless marked with array()
--
-- Both functions answer nil and a message when they cannot; a message names the path in the value, or the byte offset.

local marks = require "coffer.json.marks"
local encode = require("coffer.json.encode").encode
local decode = require("coffer.json.decode").decode

local M = {
    -- The store's own default for `max_depth`.
    MAX_DEPTH = 128,
    null = marks.null,
    array = marks.array,
    object = marks.object,
    is_array = marks.is_array,
    is_object = marks.is_object,
    shape = marks.shape,
    MARK = marks.MARK,
}

-- Deeper than any store allows. Lua's own stack would end a little later.
local DEEPEST = 1024

local function depth_of(max_depth)
    if max_depth == nil then return M.MAX_DEPTH end
    if type(max_depth) ~= "number" or max_depth < 1 or max_depth > DEEPEST then
        error("max_depth must be a number from 1 to " .. DEEPEST, 3)
    end
    return max_depth
end

--- encode(value[, max_depth]) -> text, or nil and a message.
function M.encode(value, max_depth)
    return encode(value, depth_of(max_depth))
end

--- decode(text[, max_depth]) -> value, or nil and a message.
function M.decode(text, max_depth)
    if type(text) ~= "string" then error("decode expects a string, got " .. type(text), 2) end
    return decode(text, depth_of(max_depth))
end

return M
