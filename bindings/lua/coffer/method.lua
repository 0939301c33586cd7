-- What the methods of the database object share: its class, its handle, the checks on their arguments and the way from a
-- status to results.
--
-- Must not: call the library but to give back its texts. The calls are in database.lua, snapshots.lua, exchange.lua,
-- health.lua, gateway.lua, calls.lua and hub.lua, which fill the class.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status), and a text that C handed out is
-- copied and given back at once.

local ffi = require "ffi"
local json = require "coffer.json"
local library = require "coffer.library"

local lib, failure = library.lib, library.failure
local find = string.find
local next, pairs, pcall, tonumber, type, getmetatable = next, pairs, pcall, tonumber, type, getmetatable

local OK = tonumber(lib.COFFER_OK)
local INVALID_JSON = tonumber(lib.COFFER_ERROR_INVALID_JSON)
local INVALID_OPTION = tonumber(lib.COFFER_ERROR_INVALID_OPTION)
local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)

-- The codec's largest. How deep a document may be is for the store to say, which knows its own options.
local DEPTH = 1024

local Database = {}
Database.__index = Database

local M = { Database = Database, text_out = ffi.typeof "char *[1]" }

--- The handle of the object that a method was called on; to be called by the method itself, whose caller is blamed.
function M.handle_of(self)
    if getmetatable(self) ~= Database then
        error("not a Coffer database: call its methods with a colon, as in db:flush()", 3)
    end
    return self.box[0]
end

--- What is wrong with an argument that C takes as text; nil if nothing. C text ends at its first NUL, so a string that
--- holds one would be cut without a word.
function M.argument_problem(what, text)
    if type(text) ~= "string" then return ("the %s must be a string, got %s"):format(what, type(text)) end
    if find(text, "\0", 1, true) then return ("the %s holds a NUL byte"):format(what) end
end

local argument_problem = M.argument_problem

--- The same for what may be left out.
function M.optional_problem(what, text)
    if text ~= nil then return argument_problem(what, text) end
end

function M.key_problem(key) return argument_problem("key", key) end

function M.version_problem(document, version)
    local problem = argument_problem("document", document)
    if problem then return problem end
    if type(version) ~= "number" or version % 1 ~= 0 or version < 0 or version > 2 ^ 53 then
        return "the version must be a whole number"
    end
end

--- What a handler threw, or gave as a reason, as one line of text.
function M.one_line(problem)
    local ok, text = pcall(tostring, problem)
    text = ok and type(text) == "string" and text or "an error that is no text"
    return (text:gsub("[\r\n]+%s*", " "))
end

function M.done(status)
    if status == OK then return true end
    return failure(status)
end

function M.take_text(status, out)
    if status ~= OK then return failure(status) end
    local text = ffi.string(out[0])
    lib.coffer_string_free(out[0])
    return text
end

function M.decoded(text, message, status)
    if not text then return nil, message, status end
    local value
    value, message = json.decode(text, DEPTH)
    if value == nil then return nil, message, INVALID_JSON end
    return value
end

--- What the library told, without the JSON nulls in it: absent, because their sentinel counts as true in a condition.
function M.without_nulls(told)
    for name, value in pairs(told) do
        if value == json.null then
            told[name] = nil
        elseif type(value) == "table" then
            M.without_nulls(value)
        end
    end
    return told
end

--- What a function of the library finds under a name, or all that it knows without one.
function M.look_up(db, name, find)
    local handle = M.handle_of(db)
    local problem = M.optional_problem("name", name)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = M.text_out()
    return M.decoded(M.take_text(find(handle, name, out), out))
end

--- The JSON text of a call's options, nil for none; false, message, status when they cannot be.
function M.options_text(options)
    if options == nil then return nil end
    if type(options) ~= "table" then
        return false, "the options must be a table, got " .. type(options), INVALID_ARGUMENT
    end
    local given = json.object()
    for name, value in pairs(options) do
        -- A list that came out empty must choose nothing: it is an empty array, not the object that {} usually is.
        if type(value) == "table" and next(value) == nil and not json.is_object(value) then value = json.array() end
        given[name] = value
    end
    local text, message = json.encode(given)
    if text then return text end
    return false, "options: " .. message, INVALID_OPTION
end

--- What is wrong with something that is to be told how far a work is; nil if nothing.
function M.progress_problem(progress)
    if progress ~= nil and type(progress) ~= "function" then
        return "the progress must be a function, got " .. type(progress)
    end
end

--- Returns what `call(callback)` returns, where C's callback tells `progress(done, total)`, which stops the work by returning
--- false. What it throws stops the work too, and is thrown on from here: no error may pass through C. C calls it on this
--- thread and only until it returns, so the callback can be given back at once.
function M.telling(progress, call)
    if progress == nil then return call(nil) end
    local has_thrown, thrown
    local callback = ffi.cast("coffer_progress_callback", function(_, done, total)
        local ok, answer = pcall(progress, tonumber(done), tonumber(total))
        if not ok then has_thrown, thrown = true, answer end
        return (ok and answer ~= false) and 0 or 1
    end)
    local status = call(callback)
    callback:free()
    if has_thrown then error(thrown, 0) end
    return status
end

function M.encoded(value)
    local text, message = json.encode(value, DEPTH)
    if text then return text end
    return nil, message, INVALID_JSON
end

return M
