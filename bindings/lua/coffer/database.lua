-- The database object: the calls of the C ABI on a handle, as methods under their documented names. Those about snapshots
-- and differences are in snapshots.lua, those about other programs' files in exchange.lua, the health report in health.lua,
-- those about the API over HTTP in gateway.lua, those about plug-ins in calls.lua, those about events in hub.lua.
--
-- Must not: keep a copy of the data, or free text that it has not copied yet.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status). The handle is closed by close(),
-- or by the collector when the object was forgotten; the finalizer is a Lua function, and through it the library stays
-- loaded as long as one of its objects is there.

local ffi = require "ffi"
local json = require "coffer.json"
local library = require "coffer.library"
local method = require "coffer.method"

local lib, failure = library.lib, library.failure
local find = string.find
local tonumber, type = tonumber, type

local OK = tonumber(lib.COFFER_OK)
local INVALID_JSON = tonumber(lib.COFFER_ERROR_INVALID_JSON)
local INVALID_KEY = tonumber(lib.COFFER_ERROR_INVALID_KEY)
local INVALID_OPTION = tonumber(lib.COFFER_ERROR_INVALID_OPTION)
local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)
local TOO_SMALL = tonumber(lib.COFFER_ERROR_BUFFER_TOO_SMALL)
local ANY_REVISION = tonumber(lib.COFFER_ANY_REVISION)

local Database, text_out, handle_of = method.Database, method.text_out, method.handle_of
local key_problem, version_problem = method.key_problem, method.version_problem
local done, take_text, decoded, encoded = method.done, method.take_text, method.decoded, method.encoded

local u64_out = ffi.typeof "uint64_t[1]"
local i64_out = ffi.typeof "int64_t[1]"
local size_out = ffi.typeof "size_t[1]"
local bytes = ffi.typeof "char[?]"
local text_list = ffi.typeof "const char *[?]"
local i64_list = ffi.typeof "int64_t[?]"

-- A NUL would cut the text, and with it perhaps what makes it invalid.
local function text_problem(text)
    if type(text) ~= "string" then return "the JSON text must be a string, got " .. type(text) end
    if find(text, "\0", 1, true) then return "invalid JSON: the text holds a NUL byte" end
end

local LEVELS = {
    behind = tonumber(lib.COFFER_DURABILITY_BEHIND),
    written = tonumber(lib.COFFER_DURABILITY_WRITTEN),
    durable = tonumber(lib.COFFER_DURABILITY_DURABLE),
}

local function level_of(durability)
    if durability == nil then return tonumber(lib.COFFER_DURABILITY_DEFAULT) end
    if type(durability) == "number" and durability % 1 == 0 and durability >= -128 and durability < 128 then
        return durability
    end
    local level = LEVELS[durability]
    if level then return level end
    return nil, ("unknown durability '%s'"):format(tostring(durability))
end

local function expected_of(expected)
    if expected == nil then return ANY_REVISION end
    if type(expected) == "number" and expected % 1 == 0 and expected >= -2 ^ 53 and expected <= 2 ^ 53 then
        return expected
    end
    return nil, "expected must be a revision, a whole number"
end

-- The level and expected revision of a save's options; nil and why when they cannot be.
local function save_options(options)
    if options == nil then return level_of(nil), ANY_REVISION end
    if type(options) ~= "table" then return nil, "the options must be a table, got " .. type(options) end
    for name in pairs(options) do
        -- A misspelt `expected` must not turn into an unchecked save.
        if name ~= "durability" and name ~= "expected" then
            return nil, ("unknown option '%s'"):format(tostring(name))
        end
    end
    local level, problem = level_of(options.durability)
    if not level then return nil, problem end
    local expected
    expected, problem = expected_of(options.expected)
    if not expected then return nil, problem end
    return level, expected
end

-- ---- opening and closing

local function finalize(box) lib.coffer_close(box[0]) end

local function open(path, options)
    if find(path, "\0", 1, true) then return nil, "the path holds a NUL byte", INVALID_ARGUMENT end
    local text
    if options then
        local message
        text, message = json.encode(options)
        if not text then return nil, "options: " .. message, INVALID_OPTION end
    end
    local box = u64_out()
    local status = lib.coffer_open(path, text, box)
    if status ~= OK then return failure(status) end
    return setmetatable({ box = ffi.gc(box, finalize) }, Database)
end

function Database:close()
    local status = lib.coffer_close(handle_of(self))
    -- They ended with it: what was taken from the subscriptions is not to be handed out, and no call waits any more.
    self.subscriptions, self.exports = nil, nil
    -- After a close that succeeded, and after one that says the handle is gone, there is nothing left to finalize.
    if status == OK or status == lib.COFFER_ERROR_INVALID_HANDLE then ffi.gc(self.box, nil) end
    return done(status)
end

function Database:flush() return done(lib.coffer_flush(handle_of(self))) end

--- Writes an image now and waits for it.
function Database:checkpoint() return done(lib.coffer_checkpoint(handle_of(self))) end

--- What opening found and repaired, as a table.
function Database:recoveryReport()
    local out = text_out()
    return decoded(take_text(lib.coffer_recovery_report(handle_of(self), out), out))
end

--- load_phase11() -> what the documented layer has here: { integration_hub = { present =, version = or null, origin =
--- "built_in" | "left_out" | "host" }, backup_restore =, analytics =, import_export =, api_gateway = }.
function Database:load_phase11()
    local out = text_out()
    return decoded(take_text(lib.coffer_load_phase11(handle_of(self), out), out))
end

-- ---- documents, as JSON text

-- Loads go into one buffer that is kept, so that the usual load allocates its result alone. It is taken out while in
-- use: a finalizer may run in the midst and load something of its own.
local KEPT_BYTES = 1048576
local spare, spare_bytes = bytes(4096), 4096

local function load_text(handle, key)
    local buffer, capacity = spare, spare_bytes
    if buffer then spare = nil else buffer, capacity = bytes(4096), 4096 end
    local length = size_out()
    local status = lib.coffer_load_persistent_data_into(handle, key, buffer, capacity, length)
    while status == TOO_SMALL do
        -- Another thread may save a longer one meanwhile: hence the loop, and room to spare.
        capacity = tonumber(length[0]) * 1.25 + 64
        capacity = capacity - capacity % 1
        buffer = bytes(capacity)
        status = lib.coffer_load_persistent_data_into(handle, key, buffer, capacity, length)
    end
    local text = status == OK and ffi.string(buffer, length[0]) or nil
    if capacity <= KEPT_BYTES then spare, spare_bytes = buffer, capacity end
    if text then return text end
    return failure(status)
end

local function save_text(handle, key, text, options)
    if options == nil then return done(lib.coffer_save_persistent_data(handle, key, text)) end
    local level, expected = save_options(options)
    if not level then return nil, expected, INVALID_ARGUMENT end
    return done(lib.coffer_save_entry(handle, key, text, expected, level, nil))
end

--- saveJson(key, text[, options]) -> true. The text is kept byte for byte.
function Database:saveJson(key, text, options)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    problem = text_problem(text)
    if problem then return nil, problem, INVALID_JSON end
    return save_text(handle, key, text, options)
end

--- loadJson(key) -> the text as it was saved.
function Database:loadJson(key)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    return load_text(handle, key)
end

-- ---- documents, as values

--- savePersistentData(key, value[, { durability =, expected = }]) -> true.
function Database:savePersistentData(key, value, options)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    local text, message, status = encoded(value)
    if not text then return nil, message, status end
    return save_text(handle, key, text, options)
end

--- loadPersistentData(key) -> the value; nil, message, ERROR_NOT_FOUND when there is none.
function Database:loadPersistentData(key)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    return decoded(load_text(handle, key))
end

--- clearDatabaseEntry(key) -> true, also when there was nothing.
function Database:clearDatabaseEntry(key)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    return done(lib.coffer_clear_database_entry(handle, key))
end

--- listDatabaseKeys([prefix[, after[, limit]]]) -> an array of keys in byte order: those that start with prefix and
--- come after the key `after`, at most limit of them (all by default).
function Database:listDatabaseKeys(prefix, after, limit)
    local handle = handle_of(self)
    local problem = prefix ~= nil and key_problem(prefix) or after ~= nil and key_problem(after)
    if problem then return nil, problem, INVALID_KEY end
    limit = limit or 0
    if type(limit) ~= "number" or limit < 0 or limit % 1 ~= 0 or limit > 2 ^ 53 then
        return nil, "limit must be a whole number from 0 on", INVALID_ARGUMENT
    end
    local out = text_out()
    return decoded(take_text(lib.coffer_list_database_keys_with(handle, prefix, after, limit, out), out))
end

--- loadEntry(key) -> value, revision, time of the save in Unix milliseconds.
function Database:loadEntry(key)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    local out, revision, saved_at = text_out(), u64_out(), i64_out()
    local value, message, status =
        decoded(take_text(lib.coffer_load_entry(handle, key, out, revision, saved_at), out))
    if value == nil then return nil, message, status end
    return value, tonumber(revision[0]), tonumber(saved_at[0])
end

--- saveEntry(key, value[, { durability =, expected = }]) -> the new revision.
function Database:saveEntry(key, value, options)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    local level, expected = save_options(options)
    if not level then return nil, expected, INVALID_ARGUMENT end
    local text, message, status = encoded(value)
    if not text then return nil, message, status end
    local revision = u64_out()
    status = lib.coffer_save_entry(handle, key, text, expected, level, revision)
    if status ~= OK then return failure(status) end
    return tonumber(revision[0])
end

--- clearEntry(key[, { durability =, expected = }]) -> true.
function Database:clearEntry(key, options)
    local handle = handle_of(self)
    local problem = key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    local level, expected = save_options(options)
    if not level then return nil, expected, INVALID_ARGUMENT end
    return done(lib.coffer_clear_entry(handle, key, expected, level))
end

-- The text of one batch item, false for a clear; nil, message, status when the item cannot be.
local function batch_text(item)
    if type(item) ~= "table" then return nil, "must be a table, got " .. type(item), INVALID_ARGUMENT end
    local problem = key_problem(item.key)
    if problem then return nil, problem, INVALID_KEY end
    local ways = (item.clear and 1 or 0) + (item.data ~= nil and 1 or 0) + (item.json ~= nil and 1 or 0)
    if ways ~= 1 then return nil, "needs exactly one of data, json and clear", INVALID_ARGUMENT end
    if item.clear then return false end
    if item.data ~= nil then return encoded(item.data) end
    problem = text_problem(item.json)
    if problem then return nil, problem, INVALID_JSON end
    return item.json
end

--- saveBatch({ { key =, data = | json = | clear = true, expected = }, ... }[, durability]) -> the commit's sequence
--- number. All of it is saved, or nothing.
function Database:saveBatch(items, durability)
    local handle = handle_of(self)
    if type(items) ~= "table" then return nil, "the batch must be a table", INVALID_ARGUMENT end
    local level, problem = level_of(durability)
    if not level then return nil, problem, INVALID_ARGUMENT end
    local count = #items
    local keys, documents, expected = text_list(count), text_list(count), i64_list(count)
    local anchors = {} -- C sees only pointers; this keeps their strings alive
    local sequence = u64_out()
    for i = 1, count do
        local item = items[i]
        local text, message, status = batch_text(item)
        if text == nil then return nil, ("batch[%d]: %s"):format(i, message), status end
        local revision
        revision, message = expected_of(item.expected)
        if not revision then return nil, ("batch[%d]: %s"):format(i, message), INVALID_ARGUMENT end
        anchors[i] = text
        keys[i - 1], documents[i - 1], expected[i - 1] = item.key, text or nil, revision
    end
    -- Nothing is allocated between the loop and the call, so nothing is collected.
    local status = lib.coffer_save_batch(handle, keys, documents, expected, count, level, sequence)
    if status ~= OK then return failure(status) end
    return tonumber(sequence[0])
end

-- ---- the three Tier 1 documents and their versions

local function tier1(name)
    local save_name, load_name = "coffer_save_" .. name, "coffer_load_" .. name
    return function(self, value)
        local handle = handle_of(self)
        local text, message, status = encoded(value)
        if not text then return nil, message, status end
        return done(lib[save_name](handle, text))
    end, function(self)
        local out = text_out()
        return decoded(take_text(lib[load_name](handle_of(self), out), out))
    end
end

Database.saveCharacterRosterState, Database.loadCharacterRosterState = tier1 "character_roster_state"
Database.saveEquipmentConfig, Database.loadEquipmentConfig = tier1 "equipment_config"
Database.savePartyConfig, Database.loadPartyConfig = tier1 "party_config"

--- rollBackVersion(document, version) -> the number of the new version, which has the text of the earlier one.
function Database:rollBackVersion(document, version)
    local handle = handle_of(self)
    local problem = version_problem(document, version)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local new_version = u64_out()
    local status = lib.coffer_roll_back_version(handle, document, version, new_version)
    if status ~= OK then return failure(status) end
    return tonumber(new_version[0])
end

--- loadVersion(document, version) -> the value; document is "character_roster", "equipment_sets" or "party_configs".
function Database:loadVersion(document, version)
    local handle = handle_of(self)
    local problem = version_problem(document, version)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_load_version(handle, document, version, out), out))
end

--- listVersions(document) -> an array of { version, saved_at_ms, bytes }, oldest first.
function Database:listVersions(document)
    local handle = handle_of(self)
    local problem = method.argument_problem("document", document)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_list_versions(handle, document, out), out))
end

--- versionCounters() -> { character_roster_v =, equipment_sets_v =, party_configs_v = }.
function Database:versionCounters()
    local out = text_out()
    return decoded(take_text(lib.coffer_version_counters(handle_of(self), out), out))
end

require "coffer.snapshots"
require "coffer.exchange"
require "coffer.health"
require "coffer.gateway"
require "coffer.calls"
require "coffer.hub"

return { open = open }
