-- The conformance cases (tests/conformance/CASES.md) through the Lua binding: one function per case, under its name.
--
--   luajit conformance.lua <empty folder>      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: use anything that a store of another case left behind; each case opens its own below the folder.
-- Keeps: the cases run in the page's order. Those about snapshots are in snapshot_cases.lua, about events in hub_cases.lua,
-- about plug-ins and modules in call_cases.lua, about files of other programs in exchange_cases.lua, about the health report
-- in health_cases.lua, about the API over HTTP in gateway_cases.lua.

local coffer = require "coffer"
local support = require "support"

local case, open = support.case, support.open
local check, equal, refused, patch = support.check, support.equal, support.refused, support.patch

local COLLECTIONS_AND_COUNTERS = {
    "character_roster", "character_roster_v", "equipment_sets", "equipment_sets_v", "party_configs",
    "party_configs_v", "plugin_data", "save_metadata",
}

case("version", function()
    local version, abi = coffer.version()
    check(version:find "^%d+%.%d+%.%d+$", "version " .. version)
    equal(abi, coffer.ABI_VERSION, "ABI version")
end)

case("fresh_store_keys", function(path)
    equal(table.concat(open(path):listDatabaseKeys(), " "), table.concat(COLLECTIONS_AND_COUNTERS, " "), "keys")
end)

case("save_and_load", function(path)
    local db = open(path)
    local text = ' { "b" : 1.50,\n\t"a":[ 1 , 2 ], "a": null } '
    equal(db:saveJson("doc", text), true, "save")
    equal(db:loadJson("doc"), text, "text")
    local value = { name = "Terra", level = 42, items = { 0, 1, 255 }, by_id = { [0] = "a", [7] = "b" } }
    equal(db:savePersistentData("value", value), true, "save of a value")
    local loaded = assert(db:loadPersistentData "value")
    check(loaded.name == "Terra" and loaded.level == 42 and loaded.items[3] == 255, "value")
    check(loaded.by_id[0] == "a" and loaded.by_id[7] == "b", "integer keys")
    equal(db:savePersistentData("false", false), true)
    equal(db:loadPersistentData "false", false, "false as a document")
end)

case("load_missing", function(path)
    local db = open(path)
    check(refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "nobody"):find("nobody", 1, true), "message")
    refused(coffer.ERROR_NOT_FOUND, db:loadJson "nobody")
    refused(coffer.ERROR_NOT_FOUND, db:loadEntry "nobody")
end)

case("overwrite_counts_revisions", function(path)
    local db = open(path)
    for revision = 1, 3 do
        equal(db:saveEntry("doc", { n = revision }), revision, "revision of the save")
        local value, got, saved_at = db:loadEntry "doc"
        equal(value.n, revision, "value")
        equal(got, revision, "revision")
        check(math.abs(saved_at / 1000 - os.time()) < 60, "time of the save")
    end
end)

case("clear_and_recreate", function(path)
    local db = open(path)
    equal(db:saveEntry("doc", 1), 1)
    equal(db:clearDatabaseEntry "doc", true, "clear")
    equal(db:clearDatabaseEntry "doc", true, "second clear")
    refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "doc")
    local before = db:saveEntry("doc", 2)
    check(before > 1, "revision went on")
    equal(select(2, db:loadEntry "doc"), before, "revision")
    equal(db:clearEntry("doc", { expected = before }), true, "clear of a revision")
end)

local TIER1 = {
    { "character_roster", "saveCharacterRosterState", "loadCharacterRosterState" },
    { "equipment_sets", "saveEquipmentConfig", "loadEquipmentConfig" },
    { "party_configs", "savePartyConfig", "loadPartyConfig" },
}

case("tier1_round_trip", function(path)
    local db = open(path)
    for _, names in ipairs(TIER1) do
        local save, load = db[names[2]], db[names[3]]
        refused(coffer.ERROR_NOT_FOUND, load(db))
        equal(save(db, { [0] = names[1], [3] = "first" }), true, names[2])
        equal(save(db, { [0] = names[1], [3] = "second" }), true, names[2])
        local value = assert(load(db))
        check(value[0] == names[1] and value[3] == "second", names[3])
    end
end)

case("tier1_versions", function(path)
    local db = open(path)
    for _, names in ipairs(TIER1) do
        assert(db[names[2]](db, { 1 }))
        assert(db[names[2]](db, { 1, 2 }))
        equal(#db:loadVersion(names[1], 1), 1, "version 1")
        equal(#db:loadVersion(names[1], 2), 2, "version 2")
        local versions = assert(db:listVersions(names[1]))
        equal(#versions, 2, "versions listed")
        for i, size in ipairs { #"[1]", #"[1,2]" } do
            equal(versions[i].version, i, "version number")
            equal(versions[i].bytes, size, "size")
            check(math.abs(versions[i].saved_at_ms / 1000 - os.time()) < 60, "time")
        end
        equal(db:versionCounters()[names[1] .. "_v"], 2, "counter")
        refused(coffer.ERROR_NOT_FOUND, db:loadVersion(names[1], 3))
    end
    refused(coffer.ERROR_INVALID_ARGUMENT, db:loadVersion("no_such_document", 1))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:listVersions "no_such_document")
end)

case("roll_back", function(path)
    local db = open(path)
    for _, names in ipairs(TIER1) do
        assert(db[names[2]](db, { 1 }))
        assert(db[names[2]](db, { 1, 2 }))
        equal(db:rollBackVersion(names[1], 1), 3, "the new version")
        equal(#db:loadPersistentData(names[1]), 1, "the newest document")
        equal(#db:loadVersion(names[1], 2), 2, "version 2")
        refused(coffer.ERROR_NOT_FOUND, db:rollBackVersion(names[1], 9))
        equal(db:versionCounters()[names[1] .. "_v"], 3, "counter")
    end
    db:close()
end)

case("version_diff", function(path)
    local db = open(path)
    for _, names in ipairs(TIER1) do
        assert(db[names[2]](db, { name = "Terra", level = 1, items = { 0 } }))
        assert(db[names[2]](db, { name = "Terra", level = 2, items = { 0, 255 } }))
        assert(db[names[2]](db, { name = "Terra", level = 2, items = { 0, 255 }, gone = coffer.null }))
        patch(db:diffVersions(names[1], 1, 2), "add /items/1 255", "replace /level 2")
        patch(db:diffVersions(names[1], 2, 1), "remove /items/1", "replace /level 1")
        patch(db:diffVersions(names[1], 2, 0), "add /gone null")
        patch(db:diffVersions(names[1], 0, 2), "remove /gone")
        local nothing = assert(db:diffVersions(names[1], 2, 2))
        check(coffer.is_array(nothing) and #nothing == 0, "a version and itself")
        refused(coffer.ERROR_NOT_FOUND, db:diffVersions(names[1], 1, 9))
        refused(coffer.ERROR_NOT_FOUND, db:diffVersions(names[1], 9, 0))
    end
    refused(coffer.ERROR_INVALID_ARGUMENT, db:diffVersions("no_such_document", 1, 2))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:diffVersions("character_roster", 1, 1.5))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:diffVersions("character_roster", 1))
end)

case("tier1_through_keys", function(path)
    local db = open(path)
    equal(db:loadPersistentData "character_roster_v", 0, "counter of a new store")
    assert(db:saveCharacterRosterState { "first" })
    assert(db:savePersistentData("character_roster", { "second" }))
    equal(db:loadPersistentData("character_roster")[1], "second", "newest")
    equal(db:loadPersistentData "character_roster_v", 2, "counter")
    equal(db:loadPersistentData("character_roster_v1")[1], "first", "version 1")
    equal(db:loadCharacterRosterState()[1], "second", "Tier 1 load")
end)

case("past_versions_are_kept", function(path)
    local db = open(path)
    assert(db:saveCharacterRosterState { "first" })
    for _, key in ipairs { "character_roster_v1", "character_roster_v", "character_roster_v9", "save_metadata/x" } do
        refused(coffer.ERROR_RESERVED_KEY, db:savePersistentData(key, { "changed" }))
        refused(coffer.ERROR_RESERVED_KEY, db:clearDatabaseEntry(key))
    end
    equal(db:loadPersistentData("character_roster_v1")[1], "first", "version 1")
    equal(db:loadPersistentData "character_roster_v", 1, "counter")
end)

case("list_with_prefix", function(path)
    local db = open(path)
    for _, key in ipairs { "p/b", "p/a", "p/é", "q", "p/Z", "p/a/1" } do assert(db:savePersistentData(key, 1)) end
    local function list(...) return table.concat(assert(db:listDatabaseKeys(...)), " ") end
    equal(list "p/", "p/Z p/a p/a/1 p/b p/é", "prefix")
    equal(list("p/", "p/a"), "p/a/1 p/b p/é", "after")
    equal(list("p/", "p/a", 2), "p/a/1 p/b", "limit")
    equal(list("p/", nil, 1), "p/Z", "limit alone")
    equal(list "none/", "", "no match")
    check(coffer.is_array(db:listDatabaseKeys "none/"), "an empty list is an array")
    equal(#db:listDatabaseKeys(), #COLLECTIONS_AND_COUNTERS + 6, "all")
end)

case("batch_is_atomic", function(path)
    local db = open(path)
    assert(db:savePersistentData("old", 1))
    check(db:saveBatch { { key = "a", data = { 1 } }, { key = "b", json = "[2]" }, { key = "old", clear = true } } > 0)
    equal(db:loadPersistentData("a")[1], 1, "a")
    equal(db:loadJson "b", "[2]", "b")
    refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "old")

    local function unchanged()
        equal(db:loadPersistentData("a")[1], 1, "a afterwards")
        refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "c")
    end
    refused(coffer.ERROR_INVALID_JSON, db:saveBatch { { key = "a", data = 9 }, { key = "c", json = "[1," } })
    unchanged()
    refused(coffer.ERROR_CONFLICT, db:saveBatch { { key = "a", data = 9 }, { key = "c", data = 1, expected = 4 } })
    unchanged()
    local message = refused(coffer.ERROR_INVALID_JSON, db:saveBatch { { key = "a", data = { x = { 0 / 0 } } } })
    check(message:find("batch[1]: x[1] is NaN", 1, true), message)
    unchanged()
    refused(coffer.ERROR_INVALID_ARGUMENT, db:saveBatch { { key = "a" } })
    refused(coffer.ERROR_INVALID_ARGUMENT, db:saveBatch { { key = "a", data = 1 }, { key = "a", clear = true } })
    unchanged()
    check(db:saveBatch({ { key = "c", data = 1, expected = 0 } }, "durable") > 0, "expected in a batch")
end)

case("expected_revision", function(path)
    local db = open(path)
    equal(db:saveEntry("doc", "one", { expected = 0 }), 1, "must not exist")
    refused(coffer.ERROR_CONFLICT, db:saveEntry("doc", "again", { expected = 0 }))
    equal(db:saveEntry("doc", "two", { expected = 1 }), 2, "right revision")
    refused(coffer.ERROR_CONFLICT, db:saveEntry("doc", "stale", { expected = 1 }))
    refused(coffer.ERROR_CONFLICT, db:savePersistentData("doc", "stale", { expected = 1 }))
    refused(coffer.ERROR_CONFLICT, db:clearEntry("doc", { expected = 1 }))
    equal(db:loadPersistentData "doc", "two", "document")
    refused(coffer.ERROR_INVALID_ARGUMENT, db:saveEntry("doc", 1, { expected = -2 }))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:saveEntry("doc", 1, { expectd = 2 }))
end)

case("durability_levels", function(path)
    for _, level in ipairs { "behind", "written", "durable" } do
        local db = open(path .. "_" .. level, { durability = level })
        equal(db:savePersistentData("doc", level), true, level)
        equal(db:loadPersistentData "doc", level, level)
        assert(db:close())
    end
    local db = open(path)
    for _, level in ipairs { "behind", "written", "durable", coffer.DURABILITY_DURABLE } do
        equal(db:savePersistentData("doc", level, { durability = level }), true, level)
        equal(db:loadPersistentData "doc", level, level)
    end
    refused(coffer.ERROR_INVALID_ARGUMENT, db:savePersistentData("doc", 1, { durability = 9 }))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:savePersistentData("doc", 1, { durability = "sometimes" }))
    refused(coffer.ERROR_INVALID_OPTION, coffer.open(path .. "_unknown", { durability = "sometimes" }))
end)

-- The binding's fast path keeps a buffer that starts at 4,096 bytes: texts around that size and far above it.
case("load_into_buffer", function(path)
    local db = open(path)
    for _, size in ipairs { 2, 4094, 4095, 4096, 4097, 100000, 3000000, 5 } do
        local text = '"' .. ("x"):rep(size - 2) .. '"'
        assert(db:saveJson("doc", text))
        check(db:loadJson "doc" == text, size .. " bytes")
    end
end)

case("reopen_finds_all", function(path)
    local db = open(path)
    assert(db:saveEntry("doc", 1))
    assert(db:saveEntry("doc", { x = 2 }))
    assert(db:saveCharacterRosterState { "first" })
    assert(db:saveCharacterRosterState { "second" })
    local _, _, saved_at = db:loadEntry "doc"
    local keys = table.concat(db:listDatabaseKeys(), " ")
    equal(db:close(), true, "close")
    db = open(path)
    local value, revision, again = db:loadEntry "doc"
    check(value.x == 2 and revision == 2 and again == saved_at, "entry")
    equal(db:loadVersion("character_roster", 1)[1], "first", "version 1")
    equal(db:loadCharacterRosterState()[1], "second", "newest")
    equal(db:versionCounters().character_roster_v, 2, "counter")
    equal(table.concat(db:listDatabaseKeys(), " "), keys, "keys")
    equal(db:saveEntry("doc", 3), 3, "next revision")
    local report = assert(db:recoveryReport())
    check(report.torn_bytes == 0 and report.salvaged == false and #report.lost == 0, "report of a clean store")
end)

case("two_handles_one_store", function(path)
    local one, two = open(path), open(path, { plugin = "second" })
    assert(one:savePersistentData("doc", "from one"))
    equal(two:loadPersistentData "doc", "from one", "seen by the second")
    assert(two:savePersistentData("doc", "from two"))
    equal(one:loadPersistentData "doc", "from two", "seen by the first")
    assert(one:close())
    equal(two:loadPersistentData "doc", "from two", "after closing the first")
    equal(two:savePersistentData("doc", "on"), true, "save after closing the first")
end)

case("read_only", function(path)
    local writer = open(path)
    assert(writer:savePersistentData("doc", 1))
    local reader = open(path, { read_only = true })
    equal(reader:loadPersistentData "doc", 1, "load")
    refused(coffer.ERROR_READ_ONLY, reader:savePersistentData("doc", 2))
    refused(coffer.ERROR_READ_ONLY, reader:clearDatabaseEntry "doc")
    refused(coffer.ERROR_READ_ONLY, reader:saveCharacterRosterState { 1 })
    refused(coffer.ERROR_READ_ONLY, reader:saveBatch { { key = "doc", data = 2 } })
    refused(coffer.ERROR_READ_ONLY, reader:createDatabaseSnapshot())
    support.not_restored(coffer.ERROR_READ_ONLY, reader:restoreDatabaseFromSnapshot "latest")
    local exported = reader:exportDatabaseForSharing("json", path .. ".json")
    check(exported.success and exported.documents == 1, exported.error)
    refused(coffer.ERROR_READ_ONLY, reader:importDatabaseFromExternal(path .. ".json"))
    equal(writer:loadPersistentData "doc", 1, "document")
end)

case("options", function(path)
    local message = refused(coffer.ERROR_INVALID_OPTION, coffer.open(path, { durabilty = "written" }))
    check(message:find("durabilty", 1, true), message)
    refused(coffer.ERROR_NO_STORE, coffer.open(path, { create = false }))
    refused(coffer.ERROR_INVALID_OPTION, coffer.open(path, { flush_interval_ms = 0 }))
    refused(coffer.ERROR_INVALID_OPTION, coffer.open(path, { plugin = print }))
    refused(coffer.ERROR_INVALID_OPTION, coffer.open(path, { snapshots_kept = 0 }))
    local db = open(path, { snapshot_every_minutes = 60, snapshots_kept = 3 })
    refused(coffer.ERROR_INVALID_OPTION, coffer.open(path, { snapshot_every_minutes = 30 }))
    equal(db:savePersistentData("doc", 1), true, "save")
end)

case("invalid_json", function(path)
    local db = open(path)
    assert(db:saveJson("doc", "[1]"))
    for _, text in ipairs { "{", "[1,]", "01", "nul", "", '"\1"', "{} x", "[1]\0", '{"a"}', "+1", ".5" } do
        refused(coffer.ERROR_INVALID_JSON, db:saveJson("doc", text))
    end
    refused(coffer.ERROR_INVALID_UTF8, db:saveJson("doc", '"\255"'))
    refused(coffer.ERROR_INVALID_JSON, db:saveJson("doc", { 1 }))
    local message = refused(coffer.ERROR_INVALID_JSON,
        db:savePersistentData("doc", { party = { members = { 1, 2, { hp = 0 / 0 } } } }))
    check(message:find("party.members[3].hp is NaN", 1, true), message)
    equal(db:loadJson "doc", "[1]", "document")
end)

case("invalid_keys", function(path)
    local db = open(path)
    refused(coffer.ERROR_INVALID_KEY, db:savePersistentData("", 1))
    refused(coffer.ERROR_INVALID_KEY, db:savePersistentData(("k"):rep(1025), 1))
    refused(coffer.ERROR_INVALID_KEY, db:loadPersistentData(("k"):rep(1025)))
    refused(coffer.ERROR_INVALID_KEY, db:savePersistentData("a\0b", 1))
    refused(coffer.ERROR_INVALID_KEY, db:savePersistentData(7, 1))
    refused(coffer.ERROR_INVALID_KEY, db:clearDatabaseEntry(nil))
    refused(coffer.ERROR_INVALID_UTF8, db:savePersistentData("\255", 1))
    equal(db:savePersistentData(("k"):rep(1024), 1), true, "1,024 bytes")
    equal(db:loadPersistentData(("k"):rep(1024)), 1, "1,024 bytes")
end)

case("too_large_and_too_deep", function(path)
    local db = open(path, { max_document_bytes = 100, max_depth = 3 })
    equal(db:saveJson("doc", '"' .. ("x"):rep(98) .. '"'), true, "100 bytes")
    refused(coffer.ERROR_TOO_LARGE, db:saveJson("doc", '"' .. ("x"):rep(99) .. '"'))
    refused(coffer.ERROR_TOO_LARGE, db:savePersistentData("doc", ("x"):rep(99)))
    equal(db:savePersistentData("deep", { { { 1 } } }), true, "three levels")
    refused(coffer.ERROR_TOO_DEEP, db:savePersistentData("deep", { { { { 1 } } } }))
    equal(db:loadPersistentData("deep")[1][1][1], 1, "document")
end)

case("unicode", function(path)
    local db = open(path)
    for _, text in ipairs { "plain", "é", "日本語", "😀", "\127", "\194\128", "\239\191\191", "\244\143\191\191", "a\tb" } do
        equal(db:savePersistentData(text, { [text] = text }), true, "save")
        equal(db:loadPersistentData(text)[text], text, "value")
    end
    local raw = '["\\u0000\\ud83d\\ude00 \\ud800","é日本語😀"]'
    assert(db:saveJson("raw", raw))
    equal(db:loadJson "raw", raw, "text")
    local value = db:loadPersistentData "raw"
    equal(value[1]:sub(1, 6), "\0😀 ", "escapes")
    assert(db:savePersistentData("again", value))
    equal(db:loadPersistentData("again")[1], value[1], "NUL and lone surrogate")
end)

case("last_error", function(path)
    local db = open(path)
    local message = refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "the-missing-key")
    check(message:find("the-missing-key", 1, true), message)
    equal(coffer.lastError(), message, "last error")
    assert(db:savePersistentData("doc", 1))
    equal(coffer.lastError(), "", "last error after a success")
end)

case("closed_handle", function(path)
    local db = open(path)
    assert(db:savePersistentData("doc", 1))
    equal(db:close(), true, "close")
    local CLOSED = coffer.ERROR_INVALID_HANDLE
    refused(CLOSED, db:close())
    refused(CLOSED, db:savePersistentData("doc", 2))
    refused(CLOSED, db:loadPersistentData "doc")
    refused(CLOSED, db:loadEntry "doc")
    refused(CLOSED, db:saveEntry("doc", 2))
    refused(CLOSED, db:clearDatabaseEntry "doc")
    refused(CLOSED, db:listDatabaseKeys())
    refused(CLOSED, db:saveBatch { { key = "doc", data = 2 } })
    refused(CLOSED, db:saveCharacterRosterState {})
    refused(CLOSED, db:loadPartyConfig())
    refused(CLOSED, db:listVersions "character_roster")
    refused(CLOSED, db:versionCounters())
    refused(CLOSED, db:flush())
    refused(CLOSED, db:checkpoint())
    refused(CLOSED, db:recoveryReport())
    refused(CLOSED, db:createDatabaseSnapshot())
    refused(CLOSED, db:listSnapshots())
    refused(CLOSED, db:getSnapshot "latest")
    refused(CLOSED, db:deleteSnapshot "latest")
    refused(CLOSED, db:pinSnapshot "latest")
    refused(CLOSED, db:verifySnapshot "latest")
    refused(CLOSED, db:diffSnapshots "latest")
    refused(CLOSED, db:diffVersions("character_roster", 1, 2))
    refused(CLOSED, db:loadFromSnapshot("latest", "doc"))
    refused(CLOSED, db:exportSnapshot("latest", path .. "_file"))
    refused(CLOSED, db:importSnapshot(path .. "_file"))
    support.not_restored(CLOSED, db:restoreDatabaseFromSnapshot "latest")
    refused(CLOSED, db:on("*", print))
    refused(CLOSED, db:poll())
    refused(CLOSED, db:publish("topic", 1))
    refused(CLOSED, db:references())
    refused(CLOSED, db:registerPlugin { name = "p", version = "1.0.0" })
    refused(CLOSED, db:unregisterPlugin "p")
    refused(CLOSED, db:plugins())
    refused(CLOSED, db:call("p", "m", 1))
    refused(CLOSED, db:beginCall("p", "m", 1))
    refused(CLOSED, db:load_phase11())
    refused(CLOSED, db:importDatabaseFromExternal(path .. "_file"))
    support.not_exported(CLOSED, db:exportDatabaseForSharing("json", path .. "_file"))
    refused(CLOSED, db:analyzeDatabaseHealth())
    support.not_registered(CLOSED, db:registerDatabaseAPI())
    refused(CLOSED, db:unregisterDatabaseAPI())
    refused(CLOSED, db:registerEndpoint { plugin = "p", call = "m", method = "GET", path = "/p" })
    refused(CLOSED, db:unregisterEndpoint "p.m")
    refused(CLOSED, db:handleRequest { method = "GET", target = "/api/database/status" })
    equal(db:syncTier1DataToHub().status, CLOSED, "sync")
    equal(db:registerDatabaseAsMasterReference().status, CLOSED, "registration")
    check(not pcall(db.flush, {}), "a method without its database throws")
end)

case("flush_and_checkpoint", function(path)
    local db = open(path, { durability = "behind" })
    assert(db:savePersistentData("one", 1))
    equal(db:flush(), true, "flush")
    assert(db:savePersistentData("two", 2))
    equal(db:checkpoint(), true, "checkpoint")
    assert(db:savePersistentData("three", 3))
    assert(db:close())
    db = open(path)
    check(db:loadPersistentData "one" == 1 and db:loadPersistentData "two" == 2 and db:loadPersistentData "three" == 3)
end)

require "snapshot_cases"
require "hub_cases"
require "call_cases"
require "exchange_cases"
require "health_cases"
require "gateway_cases"

case("no_live_handles", function()
    equal(coffer.liveHandles(), 0, "live handles")
end)

support.run()
