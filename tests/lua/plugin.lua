-- coffer.plugin and its shim under the replaced plug-in's require path: the documented answers, in a fresh process.
--
--   COFFER_PATH=<store that does not exist yet> luajit plugin.lua      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: use coffer.open on the plug-in's store before the plug-in has.
-- Keeps: every call is made through a wrapper that fails when the function throws or answers with more than one value.

local path = assert(os.getenv "COFFER_PATH", "COFFER_PATH names the store to make")

local checks = 0

local function check(condition, what)
    checks = checks + 1
    if not condition then error(what or "a check failed", 2) end
end

local function only(...)
    check(select("#", ...) == 1, "answered with " .. select("#", ...) .. " values")
    return (...)
end

-- The one answer of a documented function.
local function answer(call, ...) return only(call(...)) end

local DOCUMENTED = {
    "savePersistentData", "loadPersistentData", "clearDatabaseEntry", "listDatabaseKeys", "saveCharacterRosterState",
    "loadCharacterRosterState", "saveEquipmentConfig", "loadEquipmentConfig", "savePartyConfig", "loadPartyConfig",
    "createDatabaseSnapshot", "restoreDatabaseFromSnapshot", "syncTier1DataToHub", "registerDatabaseAsMasterReference",
    "load_phase11", "exportDatabaseForSharing", "importDatabaseFromExternal", "analyzeDatabaseHealth",
    "registerDatabaseAPI",
}

local function test_names()
    local before = {}
    for name in pairs(_G) do before[name] = true end
    local shim = require "plugins.database-persistence-layer.plugin"
    local plugin = require "coffer.plugin"
    for _, name in ipairs(DOCUMENTED) do
        check(type(plugin[name]) == "function", name .. " is missing")
        check(shim[name] == plugin[name] and _G[name] == plugin[name], name .. " in the shim and as a global")
        before[name] = true
    end
    for name in pairs(_G) do check(before[name], "a global nobody documented: " .. name) end
    return plugin
end

local function test_before_the_first_save(plugin)
    check(answer(plugin.loadPersistentData, "settings") == nil, "a load before the first save")
    for _, name in ipairs { "loadCharacterRosterState", "loadEquipmentConfig", "loadPartyConfig" } do
        local value = answer(plugin[name])
        check(type(value) == "table" and next(value) == nil, name .. " before the first save")
        check(plugin.lastError() == "", plugin.lastError())
    end
    local keys = {}
    for _, key in ipairs(answer(plugin.listDatabaseKeys)) do keys[key] = true end
    for _, key in ipairs { "character_roster", "equipment_sets", "party_configs", "save_metadata", "plugin_data" } do
        check(keys[key], key .. " is not listed")
    end
end

local function test_persistent_data(plugin)
    local data = { volume = 7, names = { [0] = "Terra", [1] = "Locke", [255] = "none" }, list = { 1, 2, 3 } }
    check(answer(plugin.savePersistentData, "settings", data) == true, "save")
    local loaded = answer(plugin.loadPersistentData, "settings")
    check(loaded.volume == 7 and loaded.names[0] == "Terra" and loaded.names[255] == "none", "data")
    check(#loaded.list == 3, "list")
    check(math.abs(loaded.saved_at - os.time()) <= 60 and loaded.saved_at % 1 == 0, "saved_at in seconds")
    for name in pairs(loaded) do check(data[name] ~= nil, "pairs() shows " .. tostring(name)) end

    -- What was loaded and saved again is what was saved.
    check(answer(plugin.savePersistentData, "copy", loaded) == true, "save of what was loaded")
    local coffer = require "coffer"
    local db = assert(coffer.open(path))
    check(not db:loadJson("copy"):find("saved_at", 1, true), "saved_at went into the data")
    check(answer(plugin.savePersistentData, "own", { saved_at = "mine" }) == true, "save with saved_at")
    check(answer(plugin.loadPersistentData, "own").saved_at == "mine", "saved_at of the data's own")

    -- An empty array is marked under its saved_at too.
    check(answer(plugin.savePersistentData, "empty", coffer.array()) == true, "save of an empty array")
    local empty = answer(plugin.loadPersistentData, "empty")
    check(coffer.is_array(empty) and empty.saved_at, "an empty array")
    check(answer(plugin.savePersistentData, "empty", empty) == true and db:loadJson "empty" == "[]", "[] again")

    for _, value in ipairs { 7, "text", true, false, -0.5 } do
        check(answer(plugin.savePersistentData, "plain", value) == true, "save of a plain value")
        check(answer(plugin.loadPersistentData, "plain") == value, "a plain value")
    end
    assert(db:saveJson("null", "null"))
    check(answer(plugin.loadPersistentData, "null") == nil, "null of another language")
    assert(db:close())
end

local function test_clear(plugin)
    check(answer(plugin.clearDatabaseEntry, "settings") == true, "clear")
    check(answer(plugin.loadPersistentData, "settings") == nil, "a load after the clear")
    check(answer(plugin.clearDatabaseEntry, "never there") == true, "clear of nothing")
end

local function test_failures(plugin)
    check(answer(plugin.savePersistentData, nil, { 1 }) == false, "no key")
    check(answer(plugin.savePersistentData, "settings", nil) == false, "no data")
    check(answer(plugin.savePersistentData) == false, "no arguments")
    check(answer(plugin.savePersistentData, "", 1) == false, "an empty key")
    check(answer(plugin.savePersistentData, {}, 1) == false and answer(plugin.savePersistentData, 7, 1) == false, "keys")
    check(answer(plugin.savePersistentData, "settings", { hp = 0 / 0 }) == false, "NaN")
    check(plugin.lastError():find("hp is NaN", 1, true), plugin.lastError())
    check(answer(plugin.savePersistentData, "settings", { print }) == false, "a function")
    check(answer(plugin.loadPersistentData, "settings") == nil, "nothing was saved")
    check(answer(plugin.loadPersistentData) == nil and answer(plugin.loadPersistentData, {}) == nil, "load without a key")
    check(answer(plugin.clearDatabaseEntry) == false, "clear without a key")
    check(answer(plugin.saveCharacterRosterState, { print }) == false, "a roster that cannot be saved")
    check(answer(plugin.saveCharacterRosterState) == false, "no roster")
end

local function test_tier1(plugin)
    for _, names in ipairs {
        { "saveCharacterRosterState", "loadCharacterRosterState", "character_roster" },
        { "saveEquipmentConfig", "loadEquipmentConfig", "equipment_sets" },
        { "savePartyConfig", "loadPartyConfig", "party_configs" },
    } do
        check(answer(plugin[names[1]], { [0] = { name = "Terra" }, [7] = { name = "Celes" } }) == true, names[1])
        check(answer(plugin.loadPersistentData, names[3] .. "_v") == 1, "the counter")
        check(answer(plugin[names[1]], { [0] = { name = "Locke" } }) == true, names[1])
        local value = answer(plugin[names[2]])
        check(value[0].name == "Locke" and value[7] == nil, names[2])
        check(answer(plugin.loadPersistentData, names[3] .. "_v1")[7].name == "Celes", "version 1")
        check(answer(plugin.savePersistentData, names[3] .. "_v1", {}) == false, "a past version")
    end
    check(answer(plugin.saveEquipmentConfig, {}) == true, "an empty table")
    local value = answer(plugin.loadEquipmentConfig)
    check(type(value) == "table" and next(value) == nil, "an empty table again")
end

local function test_snapshots(plugin)
    check(answer(plugin.savePersistentData, "slot", { [0] = "Terra" }) == true, "save")
    local usual = answer(plugin.createDatabaseSnapshot)
    check(type(usual) == "string" and usual:find "^snapshot%-%d+$", "the id")
    local named = answer(plugin.createDatabaseSnapshot, "before the boss")
    check(named ~= usual, "ids differ")
    local key = "save_metadata/snapshots/"
    check(answer(plugin.loadPersistentData, key .. usual).label == "database_snapshot", "the documented label")
    check(answer(plugin.loadPersistentData, key .. named).label == "before the boss", "a label of one's own")
    check(answer(plugin.savePersistentData, "slot", { [0] = "Locke" }) == true, "save")
    check(answer(plugin.savePersistentData, "new", 1) == true, "save")

    local result = answer(plugin.restoreDatabaseFromSnapshot, usual)
    check(result.success == true and result.error == nil and plugin.lastError() == "", plugin.lastError())
    check(result.saved == 1 and result.cleared == 1, "what was restored")
    check(answer(plugin.loadPersistentData, "slot")[0] == "Terra", "the data that was")
    check(answer(plugin.loadPersistentData, "new") == nil, "what was not there")
    check(answer(plugin.restoreDatabaseFromSnapshot, result.undo).success == true, "undoing it")
    check(answer(plugin.loadPersistentData, "slot")[0] == "Locke", "the data before the restore")
    check(answer(plugin.restoreDatabaseFromSnapshot, "before the boss").success == true, "by its label")
    -- The id goes straight on, and only the id.
    check(answer(plugin.restoreDatabaseFromSnapshot, plugin.createDatabaseSnapshot "straight on").success == true, "straight on")

    local unknown = answer(plugin.restoreDatabaseFromSnapshot, "befor the boss")
    check(unknown.success == false and unknown.error:find("before the boss", 1, true), tostring(unknown.error))
    check(plugin.lastError() == unknown.error, "the last error")
    check(answer(plugin.listDatabaseKeys) ~= nil and plugin.lastError() == "", "a success clears it")
    for _, id in ipairs { 7, true, {}, print, "", "a\0b", "now" } do
        local refused = answer(plugin.restoreDatabaseFromSnapshot, id)
        check(refused.success == false and type(refused.error) == "string" and refused.error ~= "", tostring(id))
    end
    check(answer(plugin.restoreDatabaseFromSnapshot).success == false, "no id")
    for _, label in ipairs { 7, false, {}, print, "\255", ("x"):rep(257) } do
        check(answer(plugin.createDatabaseSnapshot, label) == nil, "the label " .. tostring(label))
        check(plugin.lastError() ~= "", "the last error for the label " .. tostring(label))
    end
    check(answer(plugin.loadPersistentData, "slot")[0] == "Terra", "nothing changed")
end

local function test_hub(plugin)
    local coffer = require "coffer"
    local db = assert(coffer.open(path, { plugin = "another" }))
    local heard
    assert(db:on("database_sync", function(event) heard = event end))
    check(answer(plugin.saveCharacterRosterState, { [0] = "Celes" }) == true, "save")
    local synced = answer(plugin.syncTier1DataToHub)
    check(synced.success == true and synced.error == nil and plugin.lastError() == "", plugin.lastError())
    check(db:poll() == 1 and heard.id == synced.event_id and synced.subscribers == 1, "the broadcast")
    check(heard.payload.character_roster[0] == "Celes" and heard.payload.timestamp_ms == synced.time_ms, "what it carries")

    check(db:registerDatabaseAsMasterReference().registered == true, "another plug-in is first")
    local refused = answer(plugin.registerDatabaseAsMasterReference)
    check(refused.registered == false and refused.holder == "another" and refused.ref_id ~= nil, "who holds it")
    check(refused.error:find("'another'", 1, true) and plugin.lastError() == refused.error, tostring(refused.error))
    assert(db:close())
    local registered = answer(plugin.registerDatabaseAsMasterReference)
    check(registered.registered == true and registered.error == nil and plugin.lastError() == "", plugin.lastError())
    check(registered.name == "database-persistence-layer" and type(registered.ref_id) == "string", "the reference")
    check(answer(plugin.registerDatabaseAsMasterReference).ref_id == registered.ref_id, "again")
end

local function write(name, text)
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
    return name
end

local function test_exchange(plugin)
    check(answer(plugin.saveCharacterRosterState, { [0] = { name = "Terra" }, [255] = { name = "Umaro" } }) == true, "save")
    for _, format in ipairs { "json", "csv", "xml" } do
        local name = path .. "_shared." .. format
        local exported = answer(plugin.exportDatabaseForSharing, format, name)
        check(exported.success == true and exported.error == nil and plugin.lastError() == "", plugin.lastError())
        check(exported.path == name and exported.format == format, "path and format")
        check(answer(plugin.saveCharacterRosterState, {}) == true, "save")
        local data = answer(plugin.importDatabaseFromExternal, name, format)
        check(type(data) == "table" and plugin.lastError() == "", plugin.lastError())
        check(data.character_roster[0].name == "Terra" and data.character_roster[255].name == "Umaro", "the data")
        check(answer(plugin.loadCharacterRosterState)[255].name == "Umaro", "what was saved")
        os.remove(name)
    end
    local usual = answer(plugin.exportDatabaseForSharing)
    check(usual.format == "json" and usual.path:find "/database_export_%d%d%d%d%d%d%d%d_%d%d%d%d%d%d%.json$", usual.path)
    -- The path goes straight on.
    check(answer(plugin.importDatabaseFromExternal, plugin.exportDatabaseForSharing().path) ~= nil, plugin.lastError())

    -- A file of the plug-in that this one replaces; null of another program is no data in Lua.
    local old = write(path .. "_old.json", [[{"version":"1.2.0","timestamp":1700000000,
        "character_roster":{"0":{"items":{"0":1,"255":2}},"13":{"name":"Gogo"}},"equipment_sets":null,
        "party_configs":[],"versions":{"character_roster_v":9,"equipment_sets_v":0,"party_configs_v":1}}]])
    local data = answer(plugin.importDatabaseFromExternal, old)
    check(data.character_roster[0].items[255] == 2 and data.character_roster[13].name == "Gogo", "integer keys")
    check(data.equipment_sets == nil and next(data.party_configs) == nil, "null and an empty array")
    for name in pairs(data) do check(name ~= "versions" and name ~= "saved", "not documented: " .. name) end
    check(answer(plugin.loadCharacterRosterState)[13].name == "Gogo", "what was saved")

    local held = write(path .. "_held.json", '{"equipment_sets":{"power":1e400}}')
    check(next(answer(plugin.importDatabaseFromExternal, held)) == nil, "what Lua cannot hold")
    check(plugin.lastError():find("out of range", 1, true), plugin.lastError())
    local torn = write(path .. "_torn.json", '{"character_roster":{"0":1},\n"party_configs":[')
    check(answer(plugin.importDatabaseFromExternal, torn) == nil, "a torn file")
    check(plugin.lastError():find("line 2, column 18", 1, true), plugin.lastError())
    for _, wrong in ipairs { 7, true, {}, print, "", "a\0b", "/nowhere/x", torn } do
        check(answer(plugin.importDatabaseFromExternal, wrong) == nil and plugin.lastError() ~= "", tostring(wrong))
        check(answer(plugin.importDatabaseFromExternal, old, wrong) == nil and plugin.lastError() ~= "", tostring(wrong))
        -- As a format, and as a path unless it is one.
        for count = 1, wrong == torn and 1 or 2 do
            local refused = answer(plugin.exportDatabaseForSharing, count == 1 and wrong or "json", wrong)
            check(refused.success == false and type(refused.error) == "string", tostring(wrong))
            check(plugin.lastError() == refused.error, "the last error")
        end
    end
    check(answer(plugin.importDatabaseFromExternal) == nil, "no path")
    check(answer(plugin.loadCharacterRosterState)[13].name == "Gogo", "nothing changed")
    for _, name in ipairs { old, held, torn } do os.remove(name) end
end

local function test_health(plugin)
    check(answer(plugin.saveCharacterRosterState, { [0] = "Terra" }) == true, "save")
    local report = answer(plugin.analyzeDatabaseHealth)
    check(report.success == true and report.error == nil and plugin.lastError() == "", plugin.lastError())
    check(report.integrity_status == "OK" and type(report.trend) == "string", "the verdict")
    check(report.total_records >= 1 and report.character_roster_size == #'{"0":"Terra"}', "what it counts")
    check(type(report.equipment_sets_size) == "number" and type(report.party_configs_size) == "number", "sizes")
    check(type(report.last_sync) == "number", "the broadcast before")
    local told = 0
    report = answer(plugin.analyzeDatabaseHealth, { full = true }, function() told = told + 1 end)
    check(report.success == true and report.checked.files > 0 and told > 0, "the full form")
    local thrown = answer(plugin.analyzeDatabaseHealth, { full = true }, function() error "enough" end)
    check(thrown.success == false and thrown.error:find("enough", 1, true), "what its progress throws")
    for _, wrong in ipairs { 7, true, "full", print, { ful = true } } do
        local refused = answer(plugin.analyzeDatabaseHealth, wrong)
        check(refused.success == false and type(refused.error) == "string", tostring(wrong))
        check(plugin.lastError() == refused.error and refused.integrity_status == nil, "the last error")
    end
end

local function test_api(plugin)
    for _, wrong in ipairs { 7, true, "127.0.0.1:0", print, { lisen = "127.0.0.1:0" } } do
        local refused = answer(plugin.registerDatabaseAPI, wrong)
        check(refused.success == false and type(refused.error) == "string", tostring(wrong))
        -- Whoever looks for the endpoints without asking for success must not take a number for one.
        check(refused.status == nil and refused.export == nil and plugin.lastError() == refused.error, "no endpoints")
    end
    local api = answer(plugin.registerDatabaseAPI)
    check(api.success == true and api.error == nil and plugin.lastError() == "", plugin.lastError())
    for name, wanted in pairs { status = 60, export = 30 } do
        local endpoint = api[name]
        check(type(endpoint.endpoint_id) == "string" and endpoint.path == "/api/database/" .. name, name)
        check(endpoint.method == "GET" and endpoint.per_minute == wanted, name)
    end
    local again = answer(plugin.registerDatabaseAPI)
    check(again.success == false and plugin.lastError() == again.error, "a second time")
    local db = assert(require("coffer").open(path))
    local headers = { authorization = "Bearer " .. api.token }
    local response = db:handleRequest { method = "GET", target = "/api/database/status", headers = headers }
    check(response.status == 200, "it is there for others too")
    assert(db:close())
end

-- Calls with the standard error output replaced by a list, which is the second result.
local function overheard(call)
    local said, outer = {}, io.stderr
    io.stderr = { write = function(_, ...) said[#said + 1] = table.concat { ... } end }
    local result = answer(call)
    io.stderr = outer
    return result, said
end

local function test_modules(plugin)
    local found, said = overheard(plugin.load_phase11)
    local version = require("coffer").version()
    for _, name in ipairs { "integration_hub", "backup_restore", "analytics", "import_export", "api_gateway" } do
        local module = found[name]
        check(module.present == true and module.version == version and module.origin == "built_in", name)
        found[name] = nil
    end
    check(next(found) == nil and #said == 0 and plugin.lastError() == "", "nothing else")
end

-- As in a build that leaves modules out.
local function test_missing_modules(plugin)
    local Database = require("coffer.method").Database
    local whole = Database.load_phase11
    function Database.load_phase11(db)
        local modules = whole(db)
        modules.analytics.present, modules.api_gateway = false, nil
        return modules
    end
    local found, said = overheard(plugin.load_phase11)
    check(found.integration_hub.present == true and not found.analytics and not found.api_gateway, "what is there")
    check(#said == 2 and plugin.lastError() == "", "a missing one is no error")
    for i, name in ipairs { "analytics", "api_gateway" } do
        check(said[i]:find("^coffer: [^\n]*" .. name .. "[^\n]*\n$"), said[i])
    end
    found, said = overheard(plugin.load_phase11)
    check(found.integration_hub.present == true and #said == 0, "a warning is told once")
    -- One that has not warned yet, and has no place to.
    package.loaded["coffer.plugin"] = nil
    local again, outer = require "coffer.plugin", io.stderr
    package.loaded["coffer.plugin"] = plugin
    io.stderr = nil
    local result = answer(again.load_phase11)
    io.stderr = outer
    Database.load_phase11 = whole
    check(result.integration_hub.present == true, "without a place for warnings")
end

-- A store that cannot be opened makes every function answer its failure, and throw nothing.
local function test_without_a_store()
    local script = [[
        local plugin = require "coffer.plugin"
        assert(plugin.savePersistentData("k", 1) == false)
        assert(plugin.lastError() ~= "")
        assert(plugin.loadPersistentData("k") == nil)
        assert(plugin.clearDatabaseEntry("k") == false)
        assert(plugin.listDatabaseKeys() == nil)
        assert(plugin.saveCharacterRosterState({}) == false)
        assert(plugin.loadCharacterRosterState() == nil)
        assert(plugin.createDatabaseSnapshot() == nil)
        assert(plugin.lastError() ~= "")
        local restored = plugin.restoreDatabaseFromSnapshot("snapshot-1")
        assert(restored.success == false and restored.error ~= "")
        local synced = plugin.syncTier1DataToHub()
        assert(synced.success == false and synced.error ~= "")
        local registered = plugin.registerDatabaseAsMasterReference()
        assert(registered.registered == false and registered.error ~= "")
        local exported = plugin.exportDatabaseForSharing("json", "/nowhere/x.json")
        assert(exported.success == false and exported.error ~= "")
        assert(plugin.importDatabaseFromExternal("/nowhere/x.json") == nil and plugin.lastError() ~= "")
        local report = plugin.analyzeDatabaseHealth()
        assert(report.success == false and report.error ~= "")
        local api = plugin.registerDatabaseAPI()
        assert(api.success == false and api.error ~= "" and api.status == nil)
        assert(next(plugin.load_phase11()) == nil and plugin.lastError() ~= "")
        io.stdout:write "all failed quietly"
    ]]
    local interpreter = 0
    while arg[interpreter - 1] do interpreter = interpreter - 1 end
    local name = path .. ".script.lua"
    local file = assert(io.open(name, "w"))
    file:write(script)
    file:close()
    -- The script itself stands where the store's folder would have to be; and a library that is not there.
    for _, setting in ipairs { ("COFFER_PATH='%s'"):format(name), "COFFER_LIBRARY=/nowhere/no-such-library" } do
        local run = assert(io.popen(("%s '%s' '%s' 2>&1"):format(setting, arg[interpreter], name)))
        local output = run:read "*a"
        run:close()
        check(output == "all failed quietly", setting .. ": " .. output)
    end
    os.remove(name)
end

local plugin = test_names()
for _, test in ipairs { test_before_the_first_save, test_persistent_data, test_clear, test_failures, test_tier1,
    test_snapshots, test_hub, test_exchange, test_health, test_api, test_modules, test_missing_modules,
    test_without_a_store } do test(plugin) end
print("ok plugin (" .. checks .. " checks)")
