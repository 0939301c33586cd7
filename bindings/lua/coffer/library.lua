-- Finds and loads the native library, once, and turns its failures into Lua results. The library is the file that
-- COFFER_LIBRARY names, else one on package.cpath, where LuaRocks installs it, else "coffer" where the platform looks.
--
-- Must not: know what the calls mean. Declarations come from coffer/cdef.lua, which is generated from the library's
-- source; nothing is declared here.
-- Keeps: a library of another ABI version is refused before its first real call.

local ffi = require "ffi"

local M = {}

-- LuaJIT refuses a second declaration of the constants: an editor that reloads its scripts gets here again.
if not pcall(function() return ffi.C.COFFER_ABI_VERSION end) then require "coffer.cdef" end

-- "coffer" on Windows alone: elsewhere a file of that name on package.cpath is somebody's Lua module.
local function found_on_cpath()
    if type(package.cpath) ~= "string" then return nil end -- some engines take it away
    return package.searchpath(ffi.os == "Windows" and "coffer" or "libcoffer", package.cpath)
end

local file = os.getenv "COFFER_LIBRARY"
local lib = ffi.load(file and file ~= "" and file or found_on_cpath() or "coffer")

if lib.coffer_abi_version() ~= lib.COFFER_ABI_VERSION then
    error(("coffer: the library has ABI version %d, this binding needs %d"):format(
        tonumber(lib.coffer_abi_version()), tonumber(lib.COFFER_ABI_VERSION)))
end

M.lib = lib

--- nil, message, status of the call that has just failed on this thread.
function M.failure(status)
    local message = ffi.string(lib.coffer_last_error())
    if message == "" then message = ffi.string(lib.coffer_status_name(status)) end
    return nil, message, status
end

local function constant_of(name) return tonumber(lib["COFFER_" .. name]) end

--- The value of a constant by its C name without COFFER_, or nil.
function M.constant(name)
    local ok, value = pcall(constant_of, name)
    return ok and value or nil
end

return M
