-- Coffer for LuaJIT 2.1: require("coffer").open(path, options) gives a database (its methods:
-- coffer/database.lua, coffer/snapshots.lua, coffer/exchange.lua, coffer/health.lua, coffer/gateway.lua, coffer/calls.lua
-- and coffer/hub.lua).
--
-- The library is the file named by the environment variable COFFER_LIBRARY, else the one that LuaRocks installed (on
-- package.cpath), else "coffer" where the platform looks.
-- Constants are fields under their C names without the prefix: coffer.ERROR_BUSY, coffer.DURABILITY_DURABLE.
--
-- Must not: hold database state; each database object owns its own handle.
-- Keeps the one rule for results. A call that fails for any reason outside the program's text (the disk, another
-- process, a value that cannot be saved, a key that is not there) answers nil, a one-line message and the status
-- number, and never throws. A success never starts with nil. It can start with false, where false is what was saved.
-- Only misuse throws: a method without its database, or open with something that is not a path.

local ffi = require "ffi"
local json = require "coffer.json"
local library = require "coffer.library"
local database = require "coffer.database"

local lib = library.lib

local M = {
    null = json.null,
    array = json.array,
    object = json.object,
    is_array = json.is_array,
    is_object = json.is_object,
    encode = json.encode,
    decode = json.decode,
}

--- open(path[, options]) -> database, or nil, message, status. The options are a table of the names in the README,
--- as in { durability = "durable", plugin = "party-optimizer" }.
function M.open(path, options)
    if type(path) ~= "string" then error("coffer.open expects a path, got " .. type(path), 2) end
    if options ~= nil and type(options) ~= "table" then
        error("coffer.open expects a table of options, got " .. type(options), 2)
    end
    return database.open(path, options)
end

--- The library's version, as in "0.1.0", and its ABI version.
function M.version()
    return ffi.string(lib.coffer_version()), tonumber(lib.coffer_abi_version())
end

--- The C name of a status, as in "COFFER_ERROR_BUSY".
function M.statusName(status)
    return ffi.string(lib.coffer_status_name(status))
end

--- Why the last call on this thread failed; "" after a success.
function M.lastError()
    return ffi.string(lib.coffer_last_error())
end

--- How many databases are open in this process, by any language.
function M.liveHandles()
    return tonumber(lib.coffer_live_handles())
end

return setmetatable(M, {
    __index = function(t, name)
        if type(name) ~= "string" or not name:find "^[A-Z][A-Z0-9_]*$" then return nil end
        local value = library.constant(name)
        if value ~= nil then rawset(t, name, value) end
        return value
    end,
})
