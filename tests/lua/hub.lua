-- What is special to events in Lua: handlers that throw, end, subscribe, poll and close; the limits of poll; and the order
-- over several subscriptions, which poll keeps by itself.
--
--   luajit hub.lua <empty folder>      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: repeat the conformance cases.
-- Keeps: each test has a store of its own, and none leaves a handle open.

local coffer = require "coffer"
local support = require "support"

local folder = assert(arg[1], "usage: hub.lua <empty folder>")

local equal, refused = support.equal, support.refused

local tests = {}

function tests.errors_in_handlers(db)
    local heard = {}
    assert(db:on("a", function(event)
        heard[#heard + 1] = event.payload
        if event.payload % 2 == 1 then error(("odd\nnumber %d"):format(event.payload), 0) end
    end))
    assert(db:on("a", function() error(setmetatable({}, { __tostring = function() error "worse" end })) end))
    assert(db:on("last", function() error "the last error" end))
    for number = 1, 4 do assert(db:publish("a", number)) end
    assert(db:publish("last", 5))
    local count, problem = db:poll(1)
    equal(count, 1, "events of the first poll")
    equal(problem, "odd number 1", "the error")
    count, problem = db:poll()
    equal(count, 8, "an event whose handler threw is counted, and the others follow")
    equal(problem, "an error that is no text", "the first error")
    equal(table.concat(heard, " "), "1 2 3 4", "no event is lost or comes again")
    count, problem = db:poll()
    equal(count, 0, "nothing is left")
    equal(problem, nil, "an error is told once")
end

function tests.order(db)
    local heard = {}
    local function note(name) return function(event) heard[#heard + 1] = name .. event.payload end end
    -- The subscription that is looked at first hears the later events.
    assert(db:on("late", note "l"))
    assert(db:on("*", note "*"))
    assert(db:on("early", note "e"))
    for number = 1, 2 do assert(db:publish("early", number)) end
    assert(db:publish("late", 3))
    for _, limit in ipairs { 1, 2, 1, 5 } do assert(db:poll(limit)) end
    equal(table.concat(heard, " "), "*1 e1 *2 e2 l3 *3", "by the ids of events, with limits in between")
    -- What is brought back comes before what is new, by its commits.
    heard = {}
    local function commit(name) return function(event) heard[#heard + 1] = name .. event.sequence end end
    for number = 1, 3 do assert(db:savePersistentData("slot", { number })) end
    assert(db:on("database_changed", commit "second ", { since = 1 }))
    assert(db:on("database_changed", commit "first ", { since = 0 }))
    assert(db:publish("early", 9))
    equal(db:poll(5), 5, "events")
    equal(table.concat(heard, ", "), "first 1, second 2, first 2, second 3, first 3", "what was brought back")
end

-- Another thread publishes while poll looks from one subscription to the next. A hook stands in for it, at each instruction
-- of poll in turn.
function tests.order_under_a_publisher(db)
    local heard, moments = {}, 0
    local function note(event) heard[#heard + 1] = event.id end
    assert(db:on("first", note))
    assert(db:on("second", note))
    assert(db:on("second", note))
    jit.off()
    jit.flush() -- hooks are not called in what is compiled already
    for moment = 1, 600 do
        local passed = 0
        debug.sethook(function()
            passed = passed + 1
            if passed ~= moment then return end
            moments = moments + 1
            assert(db:publish("first", 1) and db:publish("second", 2))
        end, "", 1)
        assert(db:poll())
        debug.sethook()
        assert(db:poll())
    end
    jit.on()
    assert(moments >= 50 and moments < 600, moments .. " moments")
    equal(#heard, 3 * moments, "events")
    for i = 2, #heard do assert(heard[i] >= heard[i - 1], "an event before an older one") end
end

function tests.handlers_that_poll(db)
    local heard, depth = {}, 0
    assert(db:on("a", function(event)
        depth = depth + 1
        equal(depth, 1, "a handler within itself")
        heard[#heard + 1] = "a" .. event.payload
        if event.payload == 1 then equal(db:poll(), 2, "events of the inner poll") end
        depth = depth - 1
    end))
    assert(db:on("b", function(event)
        heard[#heard + 1] = "b" .. event.payload
        if event.payload < 5 then assert(db:publish("b", event.payload + 4)) end
    end))
    for number, topic in ipairs { "a", "b", "a" } do assert(db:publish(topic, number)) end
    equal(db:poll(), 2, "events of the outer poll")
    equal(table.concat(heard, " "), "a1 b2 b6 a3", "events")
end

function tests.handlers_that_subscribe_and_end(db)
    local heard, subscriptions = {}, {}
    local function subscribe(number)
        subscriptions[number] = assert(db:on("a", function(event)
            heard[#heard + 1] = number .. ":" .. event.payload
            if number == 1 then
                assert(subscriptions[2]:off()) -- its event was taken from the library already
                subscribe(3)
            end
            if number == 3 then assert(subscriptions[3]:replay(0) == nil, "no commits can be heard by this topic") end
        end))
    end
    subscribe(1)
    subscribe(2)
    assert(db:publish("a", "x"))
    local _, problem = db:poll()
    equal(problem, nil, "error")
    equal(table.concat(heard, " "), "1:x", "one that was ended hears nothing more")
    assert(subscriptions[1]:off())
    assert(db:publish("a", "y"))
    _, problem = db:poll()
    equal(problem, nil, "error")
    equal(table.concat(heard, " "), "1:x 3:y", "one that was added hears what came after")
end

-- A finalizer runs in the midst of anything that allocates, poll's looking included.
function tests.ending_in_a_finalizer(db)
    local heard, ended = 0, 0
    for round = 1, 300 do
        local subscription = assert(db:on("a", function() heard = heard + 1 end))
        local other = assert(db:on("a", function() heard = heard + 1 end))
        assert(db:publish("a", round))
        do
            local forgotten = newproxy(true)
            getmetatable(forgotten).__gc = function()
                ended = ended + 1
                assert(subscription:off())
                assert(db:poll())
            end
        end
        collectgarbage "step"
        local _, problem = db:poll()
        equal(problem, nil, "error")
        assert(other:off())
    end
    collectgarbage "collect"
    collectgarbage "collect"
    equal(ended, 300, "finalizers")
    assert(heard >= 300, heard)
end

function tests.replay_forgets_what_waits(db)
    local heard = {}
    local function note(event) heard[#heard + 1] = event.sequence end
    assert(db:on("other", note))
    local subscription = assert(db:on("database_changed", note))
    assert(db:publish("other", 1))
    for number = 1, 3 do assert(db:savePersistentData("slot", { number })) end
    -- To know that this is the oldest, poll has taken the first commit from the library too.
    equal(db:poll(1), 1, "the event that is no commit")
    equal(subscription:replay(1), true, "replay")
    equal(db:poll(), 2, "what was committed after 1")
    equal(table.concat(heard, " "), "0 2 3", "events")
    for _, since in ipairs { -1, 1.5, 2 ^ 60, "1", false } do
        refused(coffer.ERROR_INVALID_ARGUMENT, subscription:replay(since))
    end
    refused(coffer.ERROR_INVALID_ARGUMENT, subscription:replay())
end

function tests.closing_in_a_handler(db)
    local heard = 0
    for _ = 1, 3 do
        assert(db:on("*", function()
            heard = heard + 1
            assert(db:close())
        end))
    end
    assert(db:publish("a", 1))
    local count, problem = db:poll()
    equal(count, 1, "events")
    equal(problem, nil, "error")
    equal(heard, 1, "nothing after closing")
    refused(coffer.ERROR_INVALID_HANDLE, db:poll())
end

function tests.budget(db)
    local clock = require("coffer.clock").microseconds
    assert(db:on("slow", function()
        local start = clock()
        while clock() - start < 2000 do end
    end))
    for _ = 1, 50 do assert(db:publish("slow", 1)) end
    local start = clock()
    local count = assert(db:poll(nil, 20000))
    local passed = clock() - start
    assert(count >= 1 and count <= 10, count .. " events of 2 ms in 20 ms")
    -- Room for a machine that is busy with other things.
    assert(passed >= 2000 and passed < 500000, passed)
    equal(db:poll(3, 1e9), 3, "both limits")
    assert(db:poll(0, 0) == 47 - count, "the rest")
    equal(db:poll(nil, 1), 0, "nothing left")
end

function tests.arguments(db)
    local INVALID = coffer.ERROR_INVALID_ARGUMENT
    for _, wrong in ipairs { "print", 7, {}, true } do refused(INVALID, db:on("a", wrong)) end
    for _, wrong in ipairs { 7, {}, "a\0b", ("x"):rep(257) } do refused(INVALID, db:on(wrong, print)) end
    refused(INVALID, db:on("a", print, "data"))
    for _, wrong in ipairs { { queue = 0 }, { queue = 2 ^ 30 }, { dat = true }, { data = 1 }, { 1 }, { data = print } } do
        refused(coffer.ERROR_INVALID_OPTION, db:on("a", print, wrong))
    end
    for _, wrong in ipairs { -1, 1.5, 0 / 0, "1", {} } do refused(INVALID, db:poll(wrong)) end
    for _, wrong in ipairs { -1, 0 / 0, "1", {} } do refused(INVALID, db:poll(0, wrong)) end
    refused(INVALID, db:references(7))
    equal(db:poll(), 0, "nothing was subscribed")
    local subscription = assert(db:on("a", print, {}))
    assert(not pcall(subscription.off, {}), "a method without its subscription throws")
    assert(not pcall(subscription.replay, nil, 1), "a method without its subscription throws")
end

for name, run in pairs(tests) do
    local db = assert(coffer.open(folder .. "/" .. name))
    local ok, problem = xpcall(run, debug.traceback, db)
    db:close()
    if not ok then
        io.stderr:write("FAILED ", name, ": ", problem, "\n")
        os.exit(1)
    end
end
equal(coffer.liveHandles(), 0, "live handles")
print "ok hub"
