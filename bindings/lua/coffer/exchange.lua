-- The methods of the database object for files of other programs: JSON, CSV and XML, written and taken in.
--
-- Must not: read or write such a file itself, nor let the compiler have the functions that C calls Lua from: LuaJIT cannot.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status), but for exportDatabaseForSharing,
-- whose documented answer is a table either way. An import that took place is never answered as one that failed.

local jit = require "jit"
local json = require "coffer.json"
local library = require "coffer.library"
local method = require "coffer.method"

local lib = library.lib
local find, sub = string.find, string.sub
local pairs, tonumber, type = pairs, tonumber, type

local INVALID_OPTION = tonumber(lib.COFFER_ERROR_INVALID_OPTION)
local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)

local Database, text_out, handle_of = method.Database, method.text_out, method.handle_of
local argument_problem, optional_problem = method.argument_problem, method.optional_problem
local options_text, take_text, decoded = method.options_text, method.take_text, method.decoded
local progress_problem, telling = method.progress_problem, method.telling

-- ---- writing

local function exported(handle, format, path, progress)
    local problem = optional_problem("format", format) or optional_problem("path", path) or progress_problem(progress)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    local function export(callback)
        return lib.coffer_export_database_for_sharing(handle, format, path, callback, nil, out)
    end
    jit.off(export)
    return decoded(take_text(telling(progress, export), out))
end

--- exportDatabaseForSharing([format[, path[, progress]]]) -> { success = true, path =, format =, bytes =, documents =, sequence =,
--- sha256 =, time_ms = }: bytes and hash of the file, and the last commit that is in it. The format is "json", "csv" or
--- "xml", JSON by default; the path is database_export_YYYYMMDD_HHMMSS.<format> (UTC) in the store's folder by default. A
--- file that is there is replaced when the new one is complete. progress(done, total) is told in bytes how far it is; when it returns
--- false the work stops with ERROR_CANCELLED, and leaves nothing. It must not yield. A failure is { success = false,
--- error = message, status = }.
function Database:exportDatabaseForSharing(format, path, progress)
    local result, message, status = exported(handle_of(self), format, path, progress)
    if not result then return { success = false, error = message, status = status } end
    result.success = true
    return result
end

-- ---- taking in

-- The options with `data`, as JSON text; false, message, status when they cannot be.
local function import_options(options)
    local given = { data = true }
    if type(options) == "table" then
        if options.data ~= nil and options.data ~= true then
            return false, "options: data: the data are the first result, so it is true or left out", INVALID_OPTION
        end
        for name, value in pairs(options) do given[name] = value end
    elseif options ~= nil then
        given = options
    end
    return options_text(given)
end

-- The result of an import that took place. JSON can hold what Lua cannot, as 1e400: such data is left out, and what was
-- wrong with it is told in the result. A quote within a string is escaped, so what is found is the member.
local function taken_in(text)
    local result, message, status = decoded(text)
    if result then return result.data, result end
    local place = find(text, ',"data":{', 1, true)
    if not place then return nil, message, status end
    result, message, status = decoded(sub(text, 1, place - 1) .. "}")
    if not result then return nil, message, status end
    local data
    data, message = decoded(sub(text, place + #',"data":', -2))
    result.data_problem = message
    return data or {}, result
end

--- importDatabaseFromExternal(path[, format[, { mode = "merge" | "replace", on_conflict = "overwrite" | "skip" | "fail",
--- collections = { ... }, key_column =, key =, dry_run =, lenient =, whole = }[, progress]]]) -> those of character_roster,
--- equipment_sets and party_configs that the file has, by name, and what became of the file: { path =, format =,
--- file_bytes =, dry_run =, documents =, saved =, unchanged =, cleared =, skipped =, skipped_documents = { { key =, line =,
--- column =, reason = }, ... }, commit =, undo = }. The commit, and the snapshot of the state before, whose restoring undoes
--- it, are there only if something changed. data_problem is there if the file's data is nothing that Lua can hold. The
--- file may be an export or anybody's; its beginning tells the format by default. ERROR_UNREADABLE, with line and column
--- in the message, ERROR_CONFLICT if on_conflict is "fail"; on any failure nothing has changed. progress is as for an export,
--- and ERROR_CANCELLED too.
function Database:importDatabaseFromExternal(path, format, options, progress)
    local handle = handle_of(self)
    local problem = argument_problem("path", path) or optional_problem("format", format) or progress_problem(progress)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local given, message, status = import_options(options)
    if not given then return nil, message, status end
    local out, text = text_out(), nil
    local function import(callback)
        return lib.coffer_import_database_from_external(handle, path, format, given, callback, nil, out)
    end
    jit.off(import)
    text, message, status = take_text(telling(progress, import), out)
    if not text then return nil, message, status end
    local data, result
    data, result, status = taken_in(text)
    if not data then return nil, result, status end
    -- Absent, because the sentinel for JSON null counts as true in a condition.
    if result.commit == json.null then result.commit = nil end
    if result.undo == json.null then result.undo = nil end
    result.data = nil
    return data, result
end
