-- What is special to the health report in Lua: what is not known, options that are tables, and what its progress may do.
--
--   luajit health.lua <empty folder>      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: repeat the conformance cases.
-- Keeps: each test has a store of its own, and none leaves a handle open.

local coffer = require "coffer"
local support = require "support"

local folder = assert(arg[1], "usage: health.lua <empty folder>")

local check, equal, refused = support.check, support.equal, support.refused

local FULL = { full = true }

local tests = {}

-- Whether JSON null is anywhere in a value, as it would count as true in a condition.
local function has_null(value)
    if value == coffer.null then return true end
    if type(value) ~= "table" then return false end
    for _, one in pairs(value) do
        if has_null(one) then return true end
    end
    return false
end

function tests.what_is_not_known_is_absent(db)
    local report = assert(db:analyzeDatabaseHealth())
    check(not has_null(report), "a null in the report of an empty store")
    check(not report.last_sync and not report.checked and not report.growth.days_until_quota, "absent")
    for _, one in ipairs(report.collections) do
        if one.documents == 0 then check(not one.largest and not one.newest_save_ms, one.name) end
    end
    check(coffer.is_array(report.findings) and coffer.is_array(report.anomalies), "empty lists are arrays")
    check(not has_null(assert(db:analyzeDatabaseHealth(FULL))), "a null in the full form")
end

-- A store that is damaged on purpose, as a plug-in would be told of it.
function tests.findings(db, path)
    for number = 1, 100 do assert(db:savePersistentData("slot-" .. number, ("x"):rep(1000))) end
    assert(db:checkpoint())
    local image
    for name in io.popen(("ls '%s'"):format(path)):lines() do
        if name:find "^image%-" then image = path .. "/" .. name end
    end
    local file = assert(io.open(image, "r+b"))
    file:seek("set", 80000)
    file:write "damage"
    file:close()
    local report = assert(db:analyzeDatabaseHealth(FULL))
    check(report.integrity_status == "CORRUPT" and report.score < 100, report.integrity_status)
    local cause, finding = report.causes[1], report.findings[1]
    check(image:sub(-#cause.file) == cause.file and cause.offset > 0 and cause.reason ~= "", "the cause")
    check(finding.points > 0 and finding.what ~= "" and finding.why ~= "" and finding["do"] ~= "", "the finding")
end

function tests.options(db)
    assert(db:savePersistentData("slot", 1))
    local options = { full = false, quota_bytes = 1e12 }
    check(assert(db:analyzeDatabaseHealth(options)).full == false, "a quota")
    check(options.full == false and options.quota_bytes == 1e12, "unchanged")
    check(db:analyzeDatabaseHealth { quota_bytes = coffer.null }, "null is no quota")
    check(db:analyzeDatabaseHealth { quota_bytes = 2 ^ 63 + 0ULL }, "an integer of 64 bits")
    check(db:analyzeDatabaseHealth {}, "no options")
    for _, wrong in ipairs { { full = 1 }, { quota_bytes = -1 }, { quota_bytes = 1.5 }, { 1 }, { full = print },
        { quota_bytes = 0 / 0 }, { quota_bytes = {} } } do
        refused(coffer.ERROR_INVALID_OPTION, db:analyzeDatabaseHealth(wrong))
    end
    for _, wrong in ipairs { "full", 7, true, print } do
        refused(coffer.ERROR_INVALID_ARGUMENT, db:analyzeDatabaseHealth(wrong))
    end
    for _, wrong in ipairs { "often", 7, true, {} } do
        refused(coffer.ERROR_INVALID_ARGUMENT, db:analyzeDatabaseHealth(FULL, wrong))
    end
    check(not pcall(db.analyzeDatabaseHealth, {}), "a method without its database throws")
end

-- What progress throws comes through as it is, and the callback is given back every time: there are few of them.
function tests.errors_in_progress(db)
    assert(db:savePersistentData("slot", 1))
    local thrown = { "a table" }
    for _, value in ipairs { "enough", thrown, false } do
        for _ = 1, 1000 do
            local ok, problem = pcall(db.analyzeDatabaseHealth, db, FULL, function() error(value, 0) end)
            if ok or problem ~= value then error("thrown: " .. tostring(problem)) end
        end
    end
    local ok, problem = pcall(db.analyzeDatabaseHealth, db, FULL, function(done, total)
        if done == total and done > 0 then error("at the end", 0) end
    end)
    check(not ok and problem == "at the end", tostring(problem))
    local yields = coroutine.wrap(function() return pcall(db.analyzeDatabaseHealth, db, FULL, coroutine.yield) end)
    ok, problem = yields()
    check(ok == false and tostring(problem):find("yield", 1, true), tostring(problem))
    for _ = 1, 1000 do refused(coffer.ERROR_CANCELLED, db:analyzeDatabaseHealth(FULL, function() return false end)) end
    check(db:analyzeDatabaseHealth(FULL, function() return nil end), "nil goes on")
    check(db:analyzeDatabaseHealth(FULL, function() return 0 end), "0 goes on")
end

function tests.progress_that_uses_the_store(db, path)
    assert(db:savePersistentData("slot", 1))
    local other, times = assert(coffer.open(path)), 0
    local report = assert(db:analyzeDatabaseHealth(FULL, function()
        times = times + 1
        assert(db:savePersistentData("told", times))
        equal(other:loadPersistentData "told", times, "a load within")
        equal(assert(other:analyzeDatabaseHealth()).full, false, "the quick form within")
        refused(coffer.ERROR_INVALID_ARGUMENT, db:analyzeDatabaseHealth(FULL))
        collectgarbage "step"
    end))
    check(times > 0 and report.integrity_status == "OK", report.integrity_status)
    assert(other:close())
end

-- Compiled code must not call C functions that call Lua, and what was called often enough without would be compiled.
function tests.compiled(db)
    assert(db:savePersistentData("slot", 1))
    local told = 0
    for _ = 1, 1000 do assert(db:analyzeDatabaseHealth()) end
    for _ = 1, 100 do
        assert(db:analyzeDatabaseHealth(FULL, function() told = told + 1 end))
        assert(db:analyzeDatabaseHealth())
    end
    check(told >= 200, "told " .. told .. " times")
end

for name, run in pairs(tests) do
    local path = folder .. "/" .. name
    local db = assert(coffer.open(path))
    local ok, problem = xpcall(function() run(db, path) end, debug.traceback)
    db:close()
    if not ok then
        io.stderr:write("FAILED ", name, ": ", problem, "\n")
        os.exit(1)
    end
end
equal(coffer.liveHandles(), 0, "live handles")
print "ok health"
