-- The documented plain functions, to stand where a plug-in's own persistence module stood:
--
--   local persistence = require "coffer.plugin"
--   persistence.savePersistentData("settings", { volume = 7 })
--
-- They work on the store named by the environment variable COFFER_PATH, by default coffer.db in the working directory,
-- which is opened by the first call that needs it. While it cannot be opened every call fails, and the next one tries
-- again. lastError() says why the last call failed.
--
-- Must not: throw, whatever it is given, nor answer with more than one value: callers pass the answers straight on.
-- Keeps the documented answers: saves and clears true or false, loads the data or nil, Tier 1 loads an empty table before
-- the first save, an import the data or nil, a restore, a broadcast, a registration, an export, a health report and
-- load_phase11 a table either way. A Tier 1 load that fails answers nil, so that nobody takes a broken store for an empty
-- one.

local json = require "coffer.json"

local M = {}

local coffer, db
local problem = ""

local function database()
    if db then return db end
    -- A missing library must not make this module's require fail.
    coffer = coffer or require "coffer"
    local path = os.getenv "COFFER_PATH"
    local opened, message = coffer.open(path and path ~= "" and path or "coffer.db")
    if not opened then error(message, 0) end
    db = opened
    return db
end

local function is_missing(status) return status == coffer.ERROR_NOT_FOUND end

local function call(method, ...)
    local opened = database()
    return opened[method](opened, ...)
end

-- The method's results, with the message remembered; what it throws becomes nil.
local function attempt(method, ...)
    local ok, a, b, c = pcall(call, method, ...)
    problem = ""
    if not ok then
        problem = tostring(a)
        return nil, problem
    end
    if a == nil then problem = tostring(b) end
    return a, b, c
end

local function saved(...) return (attempt(...)) ~= nil end

local function missing_argument(name)
    problem = name .. " is missing"
    return false
end

-- saved_at is not among the data: it is answered by the metatable, so that pairs() does not show it and saving the table
-- again saves what was saved before. A saved_at of the data's own wins by being there.
local function with_saved_at(value, saved_at_ms)
    return setmetatable(value, {
        __index = { saved_at = math.floor(saved_at_ms / 1000) },
        [json.MARK] = json.shape(value),
    })
end

--- true; false when key or data is missing or cannot be saved.
function M.savePersistentData(key, data)
    if key == nil then return missing_argument "key" end
    if data == nil then return missing_argument "data" end
    return saved("savePersistentData", key, data)
end

--- The data, or nil. A table answers .saved_at, the time of its save in Unix seconds.
function M.loadPersistentData(key)
    local value, _, saved_at_ms = attempt("loadEntry", key)
    -- JSON null, which only another language can have saved, is no data in Lua.
    if value == nil or value == coffer.null then return nil end
    if type(value) == "table" then return with_saved_at(value, saved_at_ms) end
    return value
end

--- true, also when there was nothing; false when it failed.
function M.clearDatabaseEntry(key)
    return saved("clearDatabaseEntry", key)
end

--- An array of every key, the collections included; nil when it failed.
function M.listDatabaseKeys()
    return (attempt "listDatabaseKeys")
end

local function tier1(name)
    local save_name, load_name = "save" .. name, "load" .. name
    M[save_name] = function(data)
        if data == nil then return missing_argument "data" end
        return saved(save_name, data)
    end
    M[load_name] = function()
        local value, _, status = attempt(load_name)
        if value == nil and coffer and is_missing(status) then
            problem = ""
            return {}
        end
        if value == nil or value == coffer.null then return nil end
        return value
    end
end

tier1 "CharacterRosterState"
tier1 "EquipmentConfig"
tier1 "PartyConfig"

--- The snapshot's id; nil when it failed. The label is "database_snapshot" by default.
function M.createDatabaseSnapshot(label)
    return (attempt("createDatabaseSnapshot", label))
end

-- The answer of a method that gives a table either way; `outcome` is the field that tells which.
local function told(outcome, ...)
    local result = attempt(...)
    if result == nil then return { [outcome] = false, error = problem } end
    if not result[outcome] then problem = result.error end
    return result
end

--- A table with success = true and what was restored, or with success = false and error.
function M.restoreDatabaseFromSnapshot(id)
    return told("success", "restoreDatabaseFromSnapshot", id)
end

--- A table with success = true, event_id and subscribers, or with success = false and error.
function M.syncTier1DataToHub()
    return told("success", "syncTier1DataToHub")
end

--- A table with registered = true and ref_id, or with registered = false and error; who holds it is told if another does.
function M.registerDatabaseAsMasterReference()
    return told("registered", "registerDatabaseAsMasterReference")
end

--- A table with success = true, path and format, or with success = false and error. The format is "json", "csv" or "xml",
--- JSON by default; the path is database_export_YYYYMMDD_HHMMSS.<format> in the store's folder by default.
function M.exportDatabaseForSharing(format, path)
    return told("success", "exportDatabaseForSharing", format, path)
end

--- A table with those of character_roster, equipment_sets and party_configs that the file has, having saved everything
--- that is in it; nil when it failed, and then nothing has changed. The file's beginning tells the format by default. If
--- the file has numbers that Lua cannot hold, as 1e400, the table is empty, and lastError() says so.
function M.importDatabaseFromExternal(path, format)
    local data, result = attempt("importDatabaseFromExternal", path, format)
    if data == nil then return nil end
    problem = result.data_problem or ""
    for name, value in pairs(data) do
        if value == coffer.null then data[name] = nil end
    end
    return data
end

--- A table with success = true and total_records, character_roster_size, equipment_sets_size, party_configs_size, last_sync,
--- integrity_status, trend and all else that the method of a database tells, or with success = false and error.
function M.analyzeDatabaseHealth(options, progress)
    local report = attempt("analyzeDatabaseHealth", options, progress)
    if report == nil then return { success = false, error = problem } end
    report.success = true
    return report
end

--- A table with success = true and the endpoints status and export, each with endpoint_id and path, or with success = false
--- and error. The API lasts as long as the process.
function M.registerDatabaseAPI(options)
    return told("success", "registerDatabaseAPI", options)
end

local MODULES = { "integration_hub", "backup_restore", "analytics", "import_export", "api_gateway" }
local warned = {}

local function warn_once(name)
    if warned[name] then return end
    warned[name] = true
    -- An engine's environment may have no io.
    pcall(function() io.stderr:write("coffer: this build has no ", name, "; what needs it fails\n") end)
end

--- What there is of integration_hub, backup_restore, analytics, import_export and api_gateway, by name, each a table with
--- version and origin. What is missing is not in it, and is told once on the standard error output. Empty when it failed.
function M.load_phase11()
    local found, modules = {}, attempt "load_phase11"
    if modules == nil then return found end
    for _, name in ipairs(MODULES) do
        local module = modules[name]
        if module and module.present then found[name] = module else warn_once(name) end
    end
    return found
end

--- Why the last call failed, in one line; "" after a success.
function M.lastError() return problem end

return M
