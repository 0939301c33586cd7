-- The conformance cases about snapshots; conformance.lua requires this file where they stand on the page.
--
-- Must not: run by itself, nor look into a store's folder.
-- Keeps: what a case compares before and after a restore is every document, not only those that it changed.

local coffer = require "coffer"
local support = require "support"

local case, open = support.case, support.open
local check, equal, refused, patch = support.check, support.equal, support.refused, support.patch
local not_restored, read, write = support.not_restored, support.read, support.write

local function restored(result)
    if not result.success then error(("not restored: %s"):format(result.error), 2) end
    return result
end

-- Every document of the store but the snapshots' records and what only ever grows, as one text.
local function contents(db)
    local lines = {}
    for _, key in ipairs(assert(db:listDatabaseKeys())) do
        local text = not key:find "^save_metadata" and not key:find "_v%d*$" and db:loadJson(key)
        if text then lines[#lines + 1] = key .. "=" .. text end
    end
    return table.concat(lines, " ")
end

local function keys_of(list)
    local keys = {}
    for i, one in ipairs(list) do keys[i] = one.key end
    table.sort(keys)
    return table.concat(keys, " ")
end

local function exists(db, key)
    for _, one in ipairs(assert(db:listDatabaseKeys(key))) do
        if one == key then return true end
    end
    return false
end

case("snapshot_create", function(path)
    local db = open(path)
    assert(db:savePersistentData("a", { 1 }))
    assert(db:savePersistentData("b", { 2, 3 }))
    assert(db:saveCharacterRosterState { "Terra" })
    local id, record = db:createDatabaseSnapshot "before the boss"
    equal(id, "snapshot-3", "id")
    check(record.id == id and record.label == "before the boss" and record.kind == "manual", "record")
    check(record.pinned == false and record.sequence == 3 and record.documents == 3, "record")
    equal(record.bytes, #"[1]" + #"[2,3]" + #'["Terra"]', "bytes")
    check(math.abs(record.created_at_ms / 1000 - os.time()) < 60, "time")
    equal(record.collections.plugin_data.documents, 2, "documents of plugin_data")
    equal(record.collections.plugin_data.bytes, #"[1]" + #"[2,3]", "bytes of plugin_data")
    equal(record.collections.character_roster.documents, 1, "documents of character_roster")
    equal(record.collections.party_configs.documents, 0, "documents of party_configs")
    check(record.versions.character_roster_v == 1 and record.versions.party_configs_v == 0, "counters")
    local usual, named = assert(db:createDatabaseSnapshot())
    equal(named.label, "database_snapshot", "label by default")
    equal(select(2, assert(db:createDatabaseSnapshot "")).label, "database_snapshot", "an empty label")
    check(usual ~= id, "ids differ")

    local key = "save_metadata/snapshots/" .. id
    check(exists(db, key), "the record is listed")
    equal(db:loadPersistentData(key).label, "before the boss", "the record as a document")
    refused(coffer.ERROR_RESERVED_KEY, db:savePersistentData(key, {}))
    refused(coffer.ERROR_RESERVED_KEY, db:clearDatabaseEntry(key))
    equal(db:getSnapshot(id).label, "before the boss", "the record afterwards")
    refused(coffer.ERROR_INVALID_ARGUMENT, db:createDatabaseSnapshot(("x"):rep(257)))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:createDatabaseSnapshot(7))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:createDatabaseSnapshot "a\0b")
end)

case("snapshot_restore", function(path)
    local db = open(path)
    assert(db:savePersistentData("kept", { 0 }))
    assert(db:saveEntry("changed", { 1 }))
    assert(db:savePersistentData("cleared", { 2 }))
    assert(db:saveCharacterRosterState { "Terra" })
    local id = assert(db:createDatabaseSnapshot "town")
    local before = contents(db)
    assert(db:savePersistentData("changed", { 10 }))
    assert(db:clearDatabaseEntry "cleared")
    assert(db:savePersistentData("new", { 3 }))
    assert(db:saveCharacterRosterState { "Locke" })
    assert(db:savePartyConfig {})
    local after = contents(db)
    local result = restored(db:restoreDatabaseFromSnapshot(id))
    equal(contents(db), before, "documents")
    check(result.id == id and result.dry_run == false and result.saved == 3 and result.cleared == 2, "result")
    check(result.commit > 0 and result.undo:find "^snapshot%-%d+$" and result.changes == nil, "commit and undo")
    equal(select(2, db:loadEntry "changed"), 3, "revisions go on")
    equal(select(2, db:loadEntry "kept"), 1, "what was the same")
    equal(db:versionCounters().character_roster_v, 3, "counters go on")
    equal(db:loadVersion("character_roster", 2)[1], "Locke", "the version between")
    local undo = db:getSnapshot(result.undo)
    check(undo.kind == "automatic" and undo.reason == "restore", "kind of the undo snapshot")

    local again = restored(db:restoreDatabaseFromSnapshot(id))
    check(again.saved == 0 and again.cleared == 0, "nothing differs")
    check(again.commit == nil and again.undo == nil, "no commit, no undo")
    restored(db:restoreDatabaseFromSnapshot(result.undo))
    equal(contents(db), after, "documents after undoing")
end)

case("snapshot_restore_part", function(path)
    local db = open(path)
    local function save(value)
        for _, key in ipairs { "a", "b", "character_roster", "party_configs" } do
            assert(db:savePersistentData(key, value))
        end
    end
    local function now()
        local values = {}
        for i, key in ipairs { "a", "b", "character_roster", "party_configs" } do
            values[i] = db:loadPersistentData(key)
        end
        return table.concat(values, " ")
    end
    save "old"
    local id = assert(db:createDatabaseSnapshot())
    save "new"
    assert(db:savePersistentData("extra", 1))
    local before = contents(db)
    local plan = restored(db:restoreDatabaseFromSnapshot(id, { dry_run = true }))
    check(plan.dry_run == true and plan.saved == 4 and plan.cleared == 1, "the plan")
    check(plan.commit == nil and plan.undo == nil, "a dry run has no commit and no undo")
    equal(keys_of(plan.changes), "a b character_roster extra party_configs", "what would change")
    for _, one in ipairs(plan.changes) do
        equal(one.action, one.key == "extra" and "clear" or "save", "what would happen to " .. one.key)
    end
    equal(contents(db), before, "documents after a dry run")

    restored(db:restoreDatabaseFromSnapshot(id, { collections = { "plugin_data" } }))
    equal(now(), "old old new new", "one collection")
    refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "extra")
    save "new"
    restored(db:restoreDatabaseFromSnapshot(id, { keys = { "b", "character_roster", "never there" } }))
    equal(now(), "new old old new", "some keys")
    local nothing = restored(db:restoreDatabaseFromSnapshot(id, { keys = {} }))
    check(nothing.saved == 0 and nothing.commit == nil, "an empty list restores nothing")
    equal(now(), "new old old new", "an empty list")
    local UNKNOWN = coffer.ERROR_INVALID_OPTION
    local message = not_restored(UNKNOWN, db:restoreDatabaseFromSnapshot(id, { collectons = { "plugin_data" } }))
    check(message:find("collectons", 1, true), message)
    not_restored(UNKNOWN, db:restoreDatabaseFromSnapshot(id, { collections = { "save_metadata" } }))
    not_restored(UNKNOWN, db:restoreDatabaseFromSnapshot(id, { keys = "a" }))
    not_restored(UNKNOWN, db:restoreDatabaseFromSnapshot(id, { keys = { print } }))
    not_restored(coffer.ERROR_INVALID_ARGUMENT, db:restoreDatabaseFromSnapshot(id, "dry_run"))
    equal(now(), "new old old new", "after what was refused")
end)

case("snapshot_unknown", function(path)
    local db = open(path)
    local UNKNOWN = coffer.ERROR_UNKNOWN_SNAPSHOT
    refused(UNKNOWN, db:getSnapshot "latest")
    assert(db:savePersistentData("a", 1))
    local id = assert(db:createDatabaseSnapshot "town")
    local message = not_restored(UNKNOWN, db:restoreDatabaseFromSnapshot "twon")
    check(message:find("town", 1, true) and message:find(id, 1, true), message)
    message = refused(UNKNOWN, db:getSnapshot(id .. "0"))
    check(message:find(id, 1, true), message)
    refused(UNKNOWN, db:deleteSnapshot "twon")
    refused(UNKNOWN, db:pinSnapshot "twon")
    refused(UNKNOWN, db:verifySnapshot "twon")
    refused(UNKNOWN, db:diffSnapshots "twon")
    refused(UNKNOWN, db:diffSnapshots("town", "twon"))
    refused(UNKNOWN, db:loadFromSnapshot("twon", "a"))
    refused(UNKNOWN, db:exportSnapshot("twon", path .. "_file"))
    equal(db:getSnapshot("latest").id, id, "latest")
    equal(db:getSnapshot("town").id, id, "a label")
    local second = assert(db:createDatabaseSnapshot "town")
    equal(db:getSnapshot("town").id, second, "the newest with the label")
    not_restored(coffer.ERROR_INVALID_ARGUMENT, db:restoreDatabaseFromSnapshot "now")
    not_restored(coffer.ERROR_INVALID_ARGUMENT, db:restoreDatabaseFromSnapshot(nil))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:deleteSnapshot "sequence:1")
end)

case("snapshot_list_pin_delete", function(path)
    local db = open(path)
    local empty = assert(db:listSnapshots())
    check(coffer.is_array(empty.snapshots) and #empty.snapshots == 0, "no snapshots")
    assert(db:savePersistentData("a", 1))
    local first = assert(db:createDatabaseSnapshot "first")
    assert(db:savePersistentData("a", 2))
    local second = assert(db:createDatabaseSnapshot "second")
    local list = assert(db:listSnapshots())
    equal(#list.snapshots, 2, "snapshots listed")
    check(list.snapshots[1].id == first and list.snapshots[2].id == second, "oldest first")
    equal(list.snapshots[1].label, "first", "label")
    check(list.journal.from_sequence == 0 and list.journal.to_sequence == 4, "the journal's reach")
    check(list.journal.from_time_ms > 0 and list.history_bytes == 0, "time and bytes")
    assert(db:checkpoint())
    list = assert(db:listSnapshots())
    equal(list.journal.from_sequence, 4, "the journal's reach after a checkpoint")
    check(list.history_bytes > 0, "what past versions take")

    equal(db:pinSnapshot(first).pinned, true, "pinned")
    equal(db:getSnapshot(first).pinned, true, "pinned afterwards")
    equal(db:listSnapshots().snapshots[1].pinned, true, "pinned in the list")
    equal(db:pinSnapshot(first, false).pinned, false, "let go")
    equal(db:pinSnapshot(second, true).pinned, true, "pinned by true")
    refused(coffer.ERROR_INVALID_ARGUMENT, db:pinSnapshot(first, 0))

    equal(db:deleteSnapshot(first), true, "delete")
    refused(coffer.ERROR_UNKNOWN_SNAPSHOT, db:getSnapshot(first))
    refused(coffer.ERROR_UNKNOWN_SNAPSHOT, db:deleteSnapshot(first))
    list = assert(db:listSnapshots()).snapshots
    check(#list == 1 and list[1].id == second, "the list after a delete")
    check(not exists(db, "save_metadata/snapshots/" .. first), "the keys after a delete")
    check(exists(db, "save_metadata/snapshots/" .. second), "the other's key")
end)

case("snapshot_diff", function(path)
    local db = open(path)
    assert(db:savePersistentData("hero", { hp = 10, gold = 5 }))
    assert(db:savePersistentData("gone", 1))
    assert(db:saveEquipmentConfig { "sword" })
    local first = assert(db:createDatabaseSnapshot "first")
    assert(db:savePersistentData("hero", { hp = 7, gold = 5 }))
    assert(db:clearDatabaseEntry "gone")
    assert(db:savePersistentData("new", { 1 }))
    assert(db:saveEquipmentConfig { "sword", "bow" })
    local second = assert(db:createDatabaseSnapshot "second")
    for _, to in ipairs { second, "now" } do
        local difference = assert(db:diffSnapshots("first", to))
        check(difference.from.id == first and difference.to.id == to, "sides")
        check(#difference.added == 1 and #difference.removed == 1 and #difference.changed == 2, "how much")
        check(difference.added[1].key == "new" and difference.added[1].bytes == 3, "added")
        check(difference.removed[1].key == "gone" and difference.removed[1].bytes == 1, "removed")
        check(difference.changed[1].key == "equipment_sets" and difference.changed[2].key == "hero", "changed")
        patch(difference.changed[1].patch, 'add /1 "bow"')
        patch(difference.changed[2].patch, "replace /hp 7")
    end
    local back = assert(db:diffSnapshots("second", "first"))
    equal(keys_of(back.added), "gone", "added the other way")
    equal(keys_of(back.removed), "new", "removed the other way")
    local nothing = assert(db:diffSnapshots(second))
    equal(nothing.to.id, "now", "now by default")
    check(#nothing.added == 0 and #nothing.changed == 0 and #nothing.removed == 0, "nothing differs")
    assert(db:savePersistentData("new", { 2 }))
    equal(keys_of(db:diffSnapshots(second).changed), "new", "one and now")
end)

case("snapshot_load", function(path)
    local db = open(path)
    assert(db:savePersistentData("doc", { [0] = "Terra", [7] = "Celes" }))
    assert(db:savePersistentData("false", false))
    assert(db:saveCharacterRosterState { "first" })
    local id = assert(db:createDatabaseSnapshot())
    assert(db:savePersistentData("doc", { [0] = "Locke" }))
    assert(db:savePersistentData("later", 1))
    assert(db:saveCharacterRosterState { "second" })
    local before = contents(db)
    local value = assert(db:loadFromSnapshot(id, "doc"))
    check(value[0] == "Terra" and value[7] == "Celes", "the document as it was")
    equal(db:loadFromSnapshot(id, "false"), false, "false as a document")
    equal(db:loadFromSnapshot(id, "character_roster")[1], "first", "the roster as it was")
    equal(db:loadFromSnapshot("now", "doc")[0], "Locke", "now")
    local message = refused(coffer.ERROR_NOT_FOUND, db:loadFromSnapshot(id, "later"))
    check(message:find("later", 1, true), message)
    refused(coffer.ERROR_INVALID_KEY, db:loadFromSnapshot(id, ""))
    refused(coffer.ERROR_INVALID_KEY, db:loadFromSnapshot(id))
    equal(contents(db), before, "documents afterwards")
end)

-- Saves until the clock has gone on, so that a time means one state; the time before.
local function tick(db, saved_at)
    repeat
        assert(db:saveEntry("tick", 1))
        local _, _, now = db:loadEntry "tick"
    until now > saved_at
    return saved_at
end

case("snapshot_moment", function(path)
    local db = open(path)
    for number = 1, 5 do assert(db:savePersistentData("a", number)) end
    assert(db:checkpoint())
    local from_time = db:listSnapshots().journal.from_time_ms
    assert(db:savePersistentData("a", 6))
    assert(db:savePersistentData("a", 7))
    local _, _, saved_at = db:loadEntry "a"
    local time = tick(db, saved_at)
    assert(db:savePersistentData("a", 8))
    local result = restored(db:restoreDatabaseFromSnapshot "sequence:6")
    check(result.id == "sequence:6" and result.sequence == 6, "what was restored")
    equal(db:loadPersistentData "a", 6, "after the commit 6")
    equal(db:loadFromSnapshot("sequence:7", "a"), 7, "a document at a moment")
    restored(db:restoreDatabaseFromSnapshot(("time:%d"):format(time)))
    equal(db:loadPersistentData "a", 7, "at the time")
    restored(db:restoreDatabaseFromSnapshot "sequence:5")
    equal(db:loadPersistentData "a", 5, "at the checkpoint")
    local before = contents(db)
    local REACH = coffer.ERROR_OUT_OF_REACH
    not_restored(REACH, db:restoreDatabaseFromSnapshot "sequence:4")
    not_restored(REACH, db:restoreDatabaseFromSnapshot(("time:%d"):format(from_time - 1000)))
    not_restored(REACH, db:restoreDatabaseFromSnapshot "sequence:100000")
    refused(REACH, db:loadFromSnapshot("sequence:4", "a"))
    not_restored(coffer.ERROR_INVALID_ARGUMENT, db:restoreDatabaseFromSnapshot "sequence:x")
    equal(contents(db), before, "documents after what was refused")
end)

case("snapshot_export_import", function(path)
    local db, file = open(path), path .. "_é.coffer"
    for number = 1, 50 do assert(db:savePersistentData("slot/" .. number, { number })) end
    assert(db:saveCharacterRosterState { [0] = "Terra" })
    assert(db:createDatabaseSnapshot "town")
    local before = contents(db)
    assert(db:savePersistentData("slot/7", "later"))
    local exported = assert(db:exportSnapshot("town", file))
    check(exported.documents == 51 and exported.path == file and exported.id == "snapshot-51", "what was written")
    local bytes = read(file)
    equal(exported.file_bytes, #bytes, "size of the file")

    local other = open(path .. "_other")
    assert(other:savePersistentData("mine", 1))
    assert(other:savePersistentData("slot/7", "mine"))
    local mine = contents(other)
    local imported = assert(other:importSnapshot(file))
    check(imported.kind == "imported" and imported.label == "town" and imported.documents == 51, "what was taken in")
    equal(contents(other), mine, "documents after the import")
    equal(other:importSnapshot(file, "again").label, "again", "a label of its own")
    assert(os.remove(file))
    equal(other:verifySnapshot(imported.id).documents, 51, "verified")
    restored(other:restoreDatabaseFromSnapshot(imported.id))
    equal(contents(other), before, "documents after the restore")

    local count = #other:listSnapshots().snapshots
    for place = 1, #bytes, 41 do
        local byte = bytes:byte(place)
        write(file, bytes:sub(1, place - 1) .. string.char((byte + 1) % 256) .. bytes:sub(place + 1))
        local value, message, status = other:importSnapshot(file)
        check(value == nil, "damage at byte " .. place .. " was taken in")
        -- In the file's first bytes, damage can look like another format.
        check(status == coffer.ERROR_CORRUPT or place < 64 and status == coffer.ERROR_UNSUPPORTED_FORMAT, message)
    end
    write(file, bytes:sub(1, -2))
    refused(coffer.ERROR_CORRUPT, other:importSnapshot(file))
    refused(coffer.ERROR_IO, other:importSnapshot(file .. ".none"))
    refused(coffer.ERROR_INVALID_ARGUMENT, other:importSnapshot(nil))
    refused(coffer.ERROR_INVALID_ARGUMENT, other:exportSnapshot("now", nil))
    equal(contents(other), before, "documents after what was refused")
    equal(#other:listSnapshots().snapshots, count, "snapshots after what was refused")
end)

case("snapshot_reopen", function(path)
    local db, states = open(path), {}
    for round = 1, 4 do
        for number = 1, 20 do assert(db:savePersistentData("slot/" .. number, { round, number })) end
        if round > 2 then assert(db:clearDatabaseEntry "slot/1") end
        assert(db:createDatabaseSnapshot("round " .. round))
        states[round] = contents(db)
        if round == 2 then assert(db:checkpoint()) end
        if round == 3 then
            assert(db:close())
            db = open(path)
        end
    end
    assert(db:checkpoint())
    assert(db:close())
    db = open(path)
    equal(#db:listSnapshots().snapshots, 4, "snapshots")
    for _, round in ipairs { 1, 4, 2, 3 } do
        local name = "round " .. round
        local verified = assert(db:verifySnapshot(name))
        equal(verified.documents, db:getSnapshot(name).documents, "documents verified")
        check(verified.bytes > 0 and verified.files > 0 and verified.file_bytes > 0, "what was read")
        restored(db:restoreDatabaseFromSnapshot(name))
        equal(contents(db), states[round], name)
    end
end)
