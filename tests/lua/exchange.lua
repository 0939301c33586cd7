-- What is special to files of other programs in Lua: data as tables with integer keys, what Lua cannot hold, options that
-- are tables, and the messages of failures.
--
--   luajit exchange.lua <empty folder>      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: repeat the conformance cases.
-- Keeps: each test has a store of its own, and none leaves a handle open.

local coffer = require "coffer"
local support = require "support"

local folder = assert(arg[1], "usage: exchange.lua <empty folder>")

local check, equal, refused = support.check, support.equal, support.refused
local not_exported, read = support.not_exported, support.read

local function write(name, bytes) return support.write(folder .. "/" .. name, bytes) end

-- A file of the plug-in that Coffer replaces.
local OLD = [[{"version":"1.2.0","timestamp":1700000000,
"character_roster":{"0":{"name":"Terra","items":{"0":17,"1":0,"255":3}},"1":{"name":"Locke"},"13":{"name":"Gogo"}},
"equipment_sets":{"7":["sword","shield"]},"party_configs":{"active":[0,13]},
"versions":{"character_roster_v":4,"equipment_sets_v":2,"party_configs_v":1}}]]

local tests = {}

function tests.the_replaced_plugins_file(db)
    local data, result = assert(db:importDatabaseFromExternal(write("old.json", OLD)))
    local roster = data.character_roster
    check(roster[0].items[0] == 17 and roster[0].items[255] == 3 and roster[13].name == "Gogo", "integer keys")
    check(roster["0"] == nil and roster["13"] == nil, "and no others")
    check(data.equipment_sets[7][2] == "shield" and data.party_configs.active[2] == 13, "the others")
    for name in pairs(data) do
        check(name == "character_roster" or name == "equipment_sets" or name == "party_configs", name)
    end
    check(result.saved == 3 and result.format == "json" and result.data == nil, "the result")
    local saved = assert(db:loadCharacterRosterState())
    equal(coffer.encode(saved), coffer.encode(roster), "what was saved")
    check(db:listDatabaseKeys()[1] == "character_roster" and not db:loadPersistentData "versions", "documents")
end

function tests.integer_keys_through_every_format(db, path)
    local roster = { [0] = { [255] = "a", ["0"] = "text" }, [-1] = { 1, 2, 3 }, name = { [2 ^ 40] = true } }
    assert(db:saveCharacterRosterState(roster))
    assert(db:savePersistentData("slot", { [0] = 0x7fffffffffffffffLL, [1] = 0xffffffffffffffffULL, [2] = -0.5 }))
    local texts = { db:loadJson "character_roster", db:loadJson "slot" }
    for _, format in ipairs { "json", "csv", "xml" } do
        local exported = db:exportDatabaseForSharing(format, folder .. "/integers." .. format)
        check(exported.success, exported.error)
        local other = assert(coffer.open(path .. "_" .. format))
        local data = assert(other:importDatabaseFromExternal(exported.path))
        local got = data.character_roster
        check(got[0][255] == "a" and got[0]["0"] == "text" and got[0][0] == nil, "integers and digits")
        check(got[-1][3] == 3 and got.name[2 ^ 40] == true, "other integers")
        local slot = assert(other:loadPersistentData "slot")
        check(slot[0] == 0x7fffffffffffffffLL and slot[1] == 0xffffffffffffffffULL and slot[2] == -0.5, "numbers")
        equal(other:loadJson "character_roster", texts[1], "the text")
        equal(other:loadJson "slot", texts[2], "the text")
        assert(other:close())
    end
end

function tests.data(db)
    local function import(text, options)
        return db:importDatabaseFromExternal(write("data.json", text), nil, options)
    end
    local data = assert(import '{"slot":1}')
    equal(next(data), nil, "a file without Tier 1 documents")
    data = assert(import '{"character_roster":null,"equipment_sets":[],"party_configs":{}}')
    check(data.character_roster == coffer.null, "null")
    check(coffer.is_array(data.equipment_sets) and not coffer.is_array(data.party_configs), "empty ones")
    data = assert(import('{"character_roster":[1],"party_configs":[2]}', { collections = { "party_configs" } }))
    check(data.character_roster == nil and data.party_configs[1] == 2, "one collection's")
    data = assert(import('{"character_roster":[3]}', { dry_run = true, data = true }))
    check(data.character_roster[1] == 3 and db:loadCharacterRosterState() == coffer.null, "a dry run's")
end

-- An import that took place must not look as if it had failed.
function tests.what_lua_cannot_hold(db)
    local deep = ("["):rep(1024) .. ("]"):rep(1024)
    for name, document in pairs { ['x,"data":{.json'] = "1e400", deep = deep } do
        local file = write(name, ('{"character_roster":%s,"slot":%q}'):format(document, name))
        local data, result = db:importDatabaseFromExternal(file)
        check(data, tostring(result))
        check(next(data) == nil and result.data_problem:find "^invalid JSON: ", "what it says")
        check(result.saved == 2 and result.path == file, "the result")
        equal(db:loadPersistentData "slot", name, "what was saved")
        equal(db:loadJson "character_roster", document, "what was saved")
        check(db:restoreDatabaseFromSnapshot(result.undo).success, "undone")
        refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "slot")
    end
    -- As the first alone could be, behind what only the whole result is too deep for.
    local data, result = assert(db:importDatabaseFromExternal(
        write("less.json", ('{"character_roster":%s}'):format(deep:sub(2, -2)))))
    check(type(data.character_roster[1]) == "table" and result.data_problem == nil, "a little less deep")
end

function tests.options(db)
    local file = write("options.json", '{"a":1,"character_roster":[1]}')
    local INVALID, ARGUMENT = coffer.ERROR_INVALID_OPTION, coffer.ERROR_INVALID_ARGUMENT
    local options = { collections = {}, dry_run = false }
    local data, result = assert(db:importDatabaseFromExternal(file, "json", options))
    check(next(data) == nil and result.skipped == 2 and result.saved == 0, "an empty list takes nothing")
    check(options.data == nil and options.collections[1] == nil and not coffer.is_array(options.collections), "unchanged")
    for _, wrong in ipairs { { data = false }, { data = 1 }, { mode = "merg" }, { dry_run = 1 }, { 1 }, { mode = print },
        { collections = { "save_metadata" } }, { collections = "plugin_data" }, { on_conflict = 0 / 0 } } do
        local message = refused(INVALID, db:importDatabaseFromExternal(file, nil, wrong))
        check(message:find("options: ", 1, true), message)
    end
    for _, wrong in ipairs { "dry_run", 7, true, print } do
        refused(ARGUMENT, db:importDatabaseFromExternal(file, nil, wrong))
    end
    equal(db:loadPersistentData "a", nil, "nothing was taken")
    local _, whole = assert(db:importDatabaseFromExternal(file, nil, { whole = true, key = "all" }))
    check(whole.documents == 1 and db:loadPersistentData("all").a == 1, "one document")
    file = write("careless.xml", '<coffer xmlns="urn:coffer:export:1"><document collection="plugin_data" key="plus">'
        .. "<NUMBER>+7</NUMBER></document></coffer>")
    refused(coffer.ERROR_UNREADABLE, db:importDatabaseFromExternal(file))
    check(db:importDatabaseFromExternal(file, nil, { lenient = true }), coffer.lastError())
    equal(db:loadPersistentData "plus", 7, "what was carelessly written")
end

function tests.arguments(db)
    local file = write("arguments.json", '{"a":1}')
    local ARGUMENT = coffer.ERROR_INVALID_ARGUMENT
    for _, wrong in ipairs { 7, true, false, {}, print, "a\0b", "" } do
        refused(ARGUMENT, db:importDatabaseFromExternal(wrong))
        refused(ARGUMENT, db:importDatabaseFromExternal(file, wrong))
        not_exported(ARGUMENT, db:exportDatabaseForSharing(wrong))
        not_exported(ARGUMENT, db:exportDatabaseForSharing("json", wrong))
    end
    refused(ARGUMENT, db:importDatabaseFromExternal())
    refused(coffer.ERROR_INVALID_UTF8, db:importDatabaseFromExternal "\255")
    not_exported(coffer.ERROR_INVALID_UTF8, db:exportDatabaseForSharing("csv", "\255"))
    equal(read(file), '{"a":1}', "nothing was written")
    equal(db:loadPersistentData "a", nil, "nothing was taken")
    check(not pcall(db.exportDatabaseForSharing, {}), "a method without its database throws")
    check(not pcall(db.importDatabaseFromExternal, nil, file), "a method without its database throws")
end

function tests.places(db)
    -- The column counts characters, not bytes.
    local file = write("place.json", '{"slot":1,\n "é😀":nul}')
    local message = refused(coffer.ERROR_UNREADABLE, db:importDatabaseFromExternal(file))
    check(message:find("line 2, column 10:", 1, true), message)
    file = write("place.csv", "key,hp\na,1\n,2\n")
    message = refused(coffer.ERROR_UNREADABLE, db:importDatabaseFromExternal(file))
    check(message:find("line 3, column 1:", 1, true), message)
    file = write("place.json", '{"fine":1,\n"save_metadata/x":2,\n  "character_roster_v":3}')
    local _, result = assert(db:importDatabaseFromExternal(file))
    equal(result.skipped, 2, "documents skipped")
    local first, second = result.skipped_documents[1], result.skipped_documents[2]
    check(first.key == "save_metadata/x" and first.line == 2 and first.reason ~= "", "the first")
    check(second.key == "character_roster_v" and second.line == 3 and second.column > 2, "the second")
end

-- Many calls, so that a text that is not given back, or is given back twice, shows.
function tests.again_and_again(db)
    assert(db:savePersistentData("slot", ("x"):rep(1000)))
    for round = 1, 50 do
        local exported = db:exportDatabaseForSharing("csv", folder .. "/again.csv")
        check(exported.success, exported.error)
        check(db:importDatabaseFromExternal(exported.path), coffer.lastError())
        if round % 10 == 0 then collectgarbage() end
    end
end

for name, run in pairs(tests) do
    local path = folder .. "/" .. name
    local db = assert(coffer.open(path, { max_depth = 1024 }))
    local ok, problem = xpcall(function() run(db, path) end, debug.traceback)
    db:close()
    if not ok then
        io.stderr:write("FAILED ", name, ": ", problem, "\n")
        os.exit(1)
    end
end
equal(coffer.liveHandles(), 0, "live handles")
print "ok exchange"
