-- The conformance cases about the health report; conformance.lua requires this file where they stand on the page.
--
-- Must not: run by itself, nor test what only Lua has (that is health.lua).
-- Keeps: what is counted was saved by the case itself; the store's own records are not.

local coffer = require "coffer"
local support = require "support"

local case, open = support.case, support.open
local check, equal, refused = support.check, support.equal, support.refused

local function fill(db)
    assert(db:saveJson("character_roster", '{"0":"Terra"}'))
    assert(db:saveJson("equipment_sets", "[]"))
    assert(db:saveJson("party_configs", '["Terra","Locke"]'))
    for number = 1, 4 do assert(db:savePersistentData("slot-" .. number, ("x"):rep(100 * number))) end
end

local function by_name(list)
    local found, names = {}, {}
    for i, one in ipairs(list) do found[one.name], names[i] = one, one.name end
    table.sort(names)
    return found, table.concat(names, " ")
end

local function is_recent(time_ms) return type(time_ms) == "number" and math.abs(time_ms / 1000 - os.time()) < 60 end

case("health_report", function(path)
    local db = open(path)
    fill(db)
    local report = assert(db:analyzeDatabaseHealth())
    check(report.integrity_status == "OK" and report.score == 100, report.integrity_status .. " " .. report.score)
    equal(#report.findings, 0, "findings")
    equal(#report.causes, 0, "causes")
    equal(report.total_records, 7, "records")
    equal(report.character_roster_size, #'{"0":"Terra"}', "roster")
    equal(report.equipment_sets_size, #"[]", "equipment")
    equal(report.party_configs_size, #'["Terra","Locke"]', "party")
    check(({ stable = 1, growing = 1, shrinking = 1, unknown = 1 })[report.trend], "trend " .. tostring(report.trend))
    check(report.full == false and report.checked == nil and is_recent(report.time_ms), "which form, and when")
    equal(report.sequence, 7, "the last commit")

    local collections, names = by_name(report.collections)
    equal(names, "character_roster equipment_sets party_configs plugin_data save_metadata", "collections")
    local slots = collections.plugin_data
    check(slots.documents == 4 and slots.bytes == 1000 + 4 * #'""', "documents of plug-ins")
    check(slots.largest.key == "slot-4" and slots.largest.bytes == 402, "the largest")
    check(is_recent(slots.newest_save_ms) and slots.oldest_save_ms <= slots.newest_save_ms, "times")
    local tier1
    tier1, names = by_name(report.tier1)
    equal(names, "character_roster equipment_sets party_configs", "Tier 1")
    check(tier1.party_configs.version == 1 and tier1.party_configs.bytes == report.party_configs_size, "party")
    assert(db:savePartyConfig {})
    equal(by_name(db:analyzeDatabaseHealth().tier1).party_configs.version, 2, "the next version")

    equal(report.last_sync, nil, "before the first broadcast")
    assert(db:syncTier1DataToHub().success)
    check(is_recent(db:analyzeDatabaseHealth().last_sync), "after the first broadcast")
    local message = refused(coffer.ERROR_INVALID_OPTION, db:analyzeDatabaseHealth { ful = true })
    check(message:find("ful", 1, true), message)
end)

case("health_full", function(path)
    local db = open(path)
    fill(db)
    assert(db:checkpoint())
    assert(db:savePersistentData("slot-5", ("y"):rep(1000000)))
    local told, all, times = 0, 0, 0
    local report = assert(db:analyzeDatabaseHealth({ full = true }, function(done, total)
        check(done >= told and done <= total, "progress goes on, up to its total")
        told, all, times = done, total, times + 1
    end))
    check(times > 1 and told == all and all > 1000000, "it is told up to its end")
    check(report.full == true and report.integrity_status == "OK" and report.score == 100, report.integrity_status)
    check(report.checked.files >= 2 and report.checked.bytes > 1000000, "what was checked")
    refused(coffer.ERROR_CANCELLED, db:analyzeDatabaseHealth({ full = true }, function() return false end))
    check(db:analyzeDatabaseHealth({ full = true }).checked, "again, with nobody told")
end)
