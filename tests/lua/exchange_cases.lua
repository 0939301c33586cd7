-- The conformance cases about files of other programs; conformance.lua requires this file where they stand on the page.
--
-- Must not: run by itself, nor test what only Lua has (that is exchange.lua).
-- Keeps: stores are compared in JSON's sense, as texts with every digit and in every order, because the codec would make
-- one of what differs only in those.

local coffer = require "coffer"
local support = require "support"

local case, open = support.case, support.open
local check, equal, refused = support.check, support.equal, support.refused
local not_exported, read, write = support.not_exported, support.read, support.write

-- A text without white space between its tokens, and with each string as the codec writes it.
local function normal(text)
    local parts, place = {}, 1
    while place <= #text do
        local from = text:find('"', place, true) or #text + 1
        parts[#parts + 1] = text:sub(place, from - 1):gsub("%s", "")
        if from > #text then break end
        local to = from
        repeat
            to = text:find('["\\]', to + 1)
            local is_escape = text:sub(to, to) == "\\"
            if is_escape then to = to + 1 end
        until not is_escape
        parts[#parts + 1] = coffer.encode(assert(coffer.decode(text:sub(from, to))))
        place = to + 1
    end
    return table.concat(parts)
end

-- Every document, past version and counter as lines; not the layer's own records.
local function everything(db)
    local lines = {}
    for _, key in ipairs(assert(db:listDatabaseKeys())) do
        if not key:find "^save_metadata" and key ~= "plugin_data" then
            local text = db:loadJson(key)
            lines[#lines + 1] = ("%q %s"):format(key, text and normal(text) or "is not there")
        end
    end
    return table.concat(lines, "\n")
end

local DOCUMENTS = {
    ["slot-1"] = '{"big":18446744073709551615,"low":-9223372036854775808,"longer":123456789012345678901234567890,'
        .. '"e":1e400,"d":1.0,"n":null,"t":true,"s":"=1+1","empty":{},"none":[]}',
    ['slot 2 "odd", key\n'] = '[{"a":1,"b.c":"x"},{"a":2,"b[0]":"\\u0000","":[1,[2,{"deep":[]}]]}]',
    ["=formula"] = '{"a":"@x","a":"twice","-b":"\\ud800 half"}',
    scalar = '" leading and trailing "',
    null = "null",
    crlf = '"line\\r\\nend\\ttab"',
    ["order-1"] = '{"x":1,"y":2}',
    ["order-2"] = '{"y":2,"x":1}',
    white = ' { "a" : [ 1 , 2 ] }\n',
    ["é😀"] = '"日本語 <&>"',
}

local function fill(db)
    for number = 1, 2 do
        assert(db:saveCharacterRosterState { [0] = { name = "Terra", level = number }, [255] = { name = "Locke" } })
    end
    assert(db:saveJson("equipment_sets", "[]"))
    assert(db:savePartyConfig { "Terra" })
    assert(db:clearDatabaseEntry "party_configs")
    for key, text in pairs(DOCUMENTS) do assert(db:saveJson(key, text)) end
end

case("exchange_round_trip", function(path)
    local db = open(path)
    fill(db)
    local before = everything(db)
    check(before:find("1e400", 1, true) and before:find('{"a":"@x","a":"twice"', 1, true), "what is compared")
    for _, format in ipairs { "json", "csv", "xml" } do
        local file = path .. "." .. format
        local exported = db:exportDatabaseForSharing(format, file)
        check(exported.success == true, exported.error)
        check(exported.path == file and exported.format == format, "path and format")
        equal(exported.documents, 14, "documents")
        equal(exported.bytes, #read(file), "bytes")
        check(exported.sequence >= 15 and exported.sequence <= 17, "the last commit in it")
        check(#exported.sha256 == 64 and not exported.sha256:find "[^0-9a-f]", "hash")
        check(math.abs(exported.time_ms / 1000 - os.time()) < 60, "time")
        equal(everything(db), before, "documents after an export")

        local other = open(path .. "_" .. format)
        local _, result = assert(other:importDatabaseFromExternal(file))
        check(result.format == format and result.documents == 14 and result.skipped == 0, "what was in the file")
        equal(result.saved, 14, "documents saved")
        equal(everything(other), before, "documents from " .. format)
        equal(other:versionCounters().party_configs_v, 1, "a counter")
        equal(other:loadVersion("character_roster", 1)[0].level, 1, "the first version")
        refused(coffer.ERROR_NOT_FOUND, other:loadPartyConfig())
        local _, again = assert(other:importDatabaseFromExternal(file, format))
        check(again.saved == 0 and again.commit == nil and again.undo == nil, "importing twice changes nothing")
    end
end)

case("exchange_defaults", function(path)
    local db = open(path)
    fill(db)
    local usual = db:exportDatabaseForSharing()
    check(usual.success and usual.format == "json", usual.error)
    local name = usual.path:sub(#path + 2)
    check(usual.path:sub(1, #path + 1) == path .. "/", "the store's folder: " .. usual.path)
    check(name:find "^database_export_%d%d%d%d%d%d%d%d_%d%d%d%d%d%d%.json$", "the name: " .. name)
    equal(usual.bytes, #read(usual.path), "bytes of the file")
    local _, result = assert(open(path .. "_other"):importDatabaseFromExternal(usual.path, "JSON"))
    check(result.format == "json" and result.saved == 14, "format in another case")
    for given, format in pairs { CSV = "csv", Xml = "xml", jSON = "json" } do
        local exported = db:exportDatabaseForSharing(given)
        check(exported.format == format and exported.path:find("%." .. format .. "$"), exported.error)
    end
    local INVALID = coffer.ERROR_INVALID_ARGUMENT
    local message = not_exported(INVALID, db:exportDatabaseForSharing("yaml", path .. ".yaml"))
    check(message:find("yaml", 1, true) and not io.open(path .. ".yaml"), message)
    refused(INVALID, db:importDatabaseFromExternal(usual.path, "yaml"))
    for _, own in ipairs { "/lock", "/journal-0000000000000001.coffer" } do
        local bytes = read(path .. own)
        not_exported(INVALID, db:exportDatabaseForSharing("json", path .. own))
        equal(read(path .. own), bytes, "a file of the store's own")
    end
    assert(db:close())
    equal(everything(open(path)), everything(open(path .. "_other")), "opened with exports in its folder")
end)

-- What is there of the documents that an import case saves.
local function now(db)
    local values = {}
    for i, key in ipairs { "a", "b", "c" } do values[i] = tostring((db:loadPersistentData(key))) end
    return table.concat(values, " ")
end

case("exchange_import", function(path)
    local db = open(path)
    local file = write(path .. "_by_content", '{"a":2,"b":2,"c":2}')
    local function import(options) return select(2, assert(db:importDatabaseFromExternal(file, nil, options))) end
    assert(db:savePersistentData("a", 1))
    assert(db:savePersistentData("b", 2))
    assert(db:savePersistentData("mine", "kept"))
    local plan = import { dry_run = true }
    check(plan.dry_run == true and plan.saved == 2 and plan.unchanged == 1 and plan.commit == nil, "the plan")
    equal(now(db), "1 2 nil", "after a dry run")
    local message = refused(coffer.ERROR_CONFLICT, db:importDatabaseFromExternal(file, nil, { on_conflict = "fail" }))
    check(message:find("a", 1, true), message)
    equal(now(db), "1 2 nil", "after a conflict")

    local skipped = import { on_conflict = "skip" }
    check(skipped.saved == 1 and skipped.unchanged == 1 and skipped.skipped == 1, "skipping")
    check(#skipped.skipped_documents == 1 and skipped.skipped_documents[1].key == "a", "what was skipped")
    equal(now(db), "1 2 2", "after skipping")
    local done = import()
    check(done.saved == 1 and done.unchanged == 2 and done.cleared == 0 and done.skipped == 0, "merging")
    check(done.format == "json" and done.documents == 3 and done.file_bytes == 19 and done.commit > 0, "the file")
    equal(now(db), "2 2 2", "after merging")
    equal(db:loadPersistentData "mine", "kept", "what the file does not have")
    equal(db:getSnapshot(done.undo).kind, "automatic", "the snapshot before")
    check(db:restoreDatabaseFromSnapshot(done.undo).success, "undoing")
    equal(now(db), "1 2 2", "after undoing")
    local replaced = import { mode = "replace" }
    check(replaced.saved == 1 and replaced.cleared == 1, "replacing")
    refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "mine")
    check(db:restoreDatabaseFromSnapshot(replaced.undo).success, "undoing")
    equal(db:loadPersistentData "mine", "kept", "what was cleared")

    write(file, '[{"key":"a","hp":3},{"key":"c","hp":4}]')
    equal(import().saved, 2, "an array with keys")
    equal(db:loadPersistentData("c").hp, 4, "an element")
    file = write(path .. "_items.csv", "\239\187\191id;name;price\r\n7;Potion;50\r\n8;\"Mega; potion\";1.50\r\n")
    equal(import({ key = "items" }).format, "csv", "a CSV with semicolons")
    equal(normal(db:loadJson "items"),
        normal '[{"id":7,"name":"Potion","price":50},{"id":8,"name":"Mega; potion","price":1.50}]', "its rows")
    equal(import({ key_column = "id" }).saved, 2, "a column of keys")
    equal(db:loadPersistentData("8").name, "Mega; potion", "a row")
    message = refused(coffer.ERROR_INVALID_OPTION, db:importDatabaseFromExternal(file, nil, { dryrun = true }))
    check(message:find("dryrun", 1, true), message)
end)

case("exchange_errors", function(path)
    local db = open(path)
    fill(db)
    local before, count = everything(db), #db:listSnapshots().snapshots
    for _, one in ipairs {
        { ".json", '{"a":1,\n"b":[1,', "line 2, column 8" },
        { ".csv", "a,b\n1,2\n1,2,3\n", "line 3, column 5" },
        { ".xml", '<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY a "b">]>\n<r/>', "line 2, column 1" },
    } do
        local file = write(path .. one[1], one[2])
        for _, format in ipairs { one[1]:sub(2), false } do
            local message =
                refused(coffer.ERROR_UNREADABLE, db:importDatabaseFromExternal(file, format or nil))
            check(message:find(one[3] .. ":", 1, true) and message:find(file, 1, true), message)
            equal(everything(db), before, "after " .. one[1])
        end
    end
    refused(coffer.ERROR_IO, db:importDatabaseFromExternal(path .. "_none"))
    not_exported(coffer.ERROR_IO, db:exportDatabaseForSharing("json", path .. "_none/out.json"))
    equal(everything(db), before, "after all of it")
    equal(#db:listSnapshots().snapshots, count, "snapshots")
end)

case("exchange_progress", function(path)
    local db = open(path)
    fill(db)
    local told, all = 0, 0
    local function watch(done, total)
        check(done >= told and done <= total, "progress goes on, up to its total")
        told, all = done, total
    end
    local exported = db:exportDatabaseForSharing("json", path .. ".json", watch)
    check(exported.success and exported.documents == 14, exported.error)
    check(told == all and all > 0, "an export is told up to its end")
    told, all = 0, 0
    local other = open(path .. "_other")
    local _, result = assert(other:importDatabaseFromExternal(exported.path, nil, nil, watch))
    equal(result.saved, 14, "documents")
    equal(told, exported.bytes, "an import is told up to the file's end")

    local function stop() return false end
    not_exported(coffer.ERROR_CANCELLED, db:exportDatabaseForSharing("json", path .. "_stopped.json", stop))
    check(not io.open(path .. "_stopped.json"), "a cancelled export leaves no file")
    local third = open(path .. "_third")
    refused(coffer.ERROR_CANCELLED, third:importDatabaseFromExternal(exported.path, nil, nil, stop))
    equal(everything(third), everything(open(path .. "_fourth")), "a cancelled import changes nothing")

    -- Only Lua has these: what progress throws comes through, and the callback is given back every time.
    for _ = 1, 3000 do
        local ok, problem = pcall(db.exportDatabaseForSharing, db, "json", path .. "_thrown.json", function()
            error("enough", 0)
        end)
        if ok or problem ~= "enough" then error("thrown: " .. tostring(problem)) end
    end
    not_exported(coffer.ERROR_INVALID_ARGUMENT, db:exportDatabaseForSharing("json", path .. "_n.json", 7))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:importDatabaseFromExternal(exported.path, nil, nil, "often"))
end)
