-- What is special to plug-ins in Lua: methods that throw, recurse, poll, end, close and yield; who is answered while a call
-- waits; and the limits of poll.
--
--   luajit calls.lua <empty folder>      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: repeat the conformance cases.
-- Keeps: each test has a store of its own, with two handles on it, and none leaves a handle open.

local coffer = require "coffer"
local support = require "support"
local microseconds = require("coffer.clock").microseconds
local lib = require("coffer.library").lib

local folder = assert(arg[1], "usage: calls.lua <empty folder>")

local equal, refused = support.equal, support.refused

local function has(text, part)
    if not text:find(part, 1, true) then error(("%q is not in %q"):format(part, text), 2) end
end

local function register(db, name, exports)
    assert(db:registerPlugin { name = name, version = "1.0.0", exports = exports })
end

-- A plug-in that stands for one of another thread: it is registered through a database that has no other, so that this Lua
-- state neither knows nor answers it.
local function register_stranger(name)
    local stranger = assert(coffer.open(folder .. "/" .. name))
    assert(lib.coffer_hub_register_plugin(stranger.box[0], '{"name":"stranger","version":"1.0.0","exports":["ask"]}', nil,
        nil, nil) == coffer.OK)
    return stranger
end

local function echo(argument) return argument end

local function work_for(us)
    local start = microseconds()
    while microseconds() - start < us do end
end

local tests = {}

function tests.methods_that_fail(db, other)
    register(db, "p", {
        echo = echo,
        throws = function() error("one\n  two", 0) end,
        throws_a_table = function() error { code = 7 } end,
        throws_what_throws = function() error(setmetatable({}, { __tostring = function() error "worse" end })) end,
        throws_bytes = function() error("a\255b\0c", 0) end,
        throws_nil = function() error() end,
        refuses = function() return nil, "no such hero" end,
        refuses_in_lines = function() return nil, "one\ntwo" end,
        refuses_by_number = function() return nil, 42 end,
        answers_nothing = function() end,
        answers_a_function = function() return { x = print } end,
        answers_too_deep = function()
            local answer = {}
            for _ = 1, 128 do answer = { answer } end
            return answer
        end,
    })
    -- What the caller is told, and what poll tells of.
    for name, wanted in pairs {
        throws = { "one two", "one two" }, throws_a_table = { "table: 0x", "table: 0x" },
        throws_what_throws = { "an error that is no text", "an error that is no text" }, throws_nil = { "nil", "nil" },
        throws_bytes = { "a?b?c", "a\255b\0c" }, refuses = { "no such hero" }, refuses_in_lines = { "one two" },
        refuses_by_number = { "42" }, answers_nothing = { "the method gave no answer" },
        answers_a_function = { "the answer: x is a function", "the answer: x is a function" },
        answers_too_deep = { "the answer: ", "the answer: " },
    } do
        has(refused(coffer.ERROR_CALL_FAILED, other:call("p", name, 1)), wanted[1])
        local call = assert(other:beginCall("p", name, 1))
        local fine = assert(other:beginCall("p", "echo", name))
        local count, problem = db:poll()
        equal(count, 2, "calls")
        if wanted[2] then has(tostring(problem), wanted[2]) else equal(problem, nil, name) end
        has(refused(coffer.ERROR_CALL_FAILED, call:await()), wanted[1])
        equal(fine:await(), name, "the others still get theirs")
        equal(select(2, db:poll()), nil, "an error is told once")
    end
end

function tests.values(db, other)
    register(db, "p", { echo = echo, kind = function(argument) return tostring(argument) end })
    for _, text in ipairs {
        "null", "false", "true", "0", "-0", "[]", "{}", '""', "9007199254740993", "-9223372036854775808",
        "18446744073709551615", "0.1", '[null,[],{},{"a":null}]', '{"0":"Terra","255":"none"}',
    } do
        local value = coffer.decode(text)
        local answer, problem = other:call("p", "echo", value)
        assert(answer ~= nil, problem)
        equal(coffer.encode(answer), text, "answer")
        equal(type(answer), type(value), "its type")
    end
    local answer = other:call("p", "echo", { [0] = "Terra", [7] = "Celes" })
    assert(answer[0] == "Terra" and answer[7] == "Celes", "integer keys")
    equal(other:call("p", "kind", coffer.null), "null", "null as an argument")
    equal(other:call("p", "kind", 2 ^ 53 + 1LL), "9007199254740993LL", "an integer as an argument")
end

function tests.recursion(db, other)
    local function factorial(through, with)
        return function(n)
            if n <= 1 then return 1 end
            local rest, message = through:call(with, "factorial", n - 1)
            return rest and n * rest, message
        end
    end
    register(db, "p", { factorial = factorial(db, "q") })
    register(other, "q", { factorial = factorial(other, "p") })
    for n = 1, 20 do
        local wanted = 1
        for i = 1, n do wanted = wanted * i end
        equal(db:call("p", "factorial", n), wanted, n)
    end
    -- As far as it goes, again and again: nothing is left behind.
    for _ = 1, 10 do
        assert(db:call("p", "factorial", 32))
        refused(coffer.ERROR_CALL_FAILED, db:call("p", "factorial", 33))
    end
    local inner = coroutine.wrap(function() return other:call("q", "factorial", 5) end)
    equal(inner(), 120, "in a coroutine")
end

-- While a call waits for another thread's plug-in, those of this Lua state are answered, and no event is handed out.
function tests.others_are_answered_while_it_waits(db, other)
    local stranger = register_stranger "others_are_answered_while_it_waits"
    local heard, methods = 0, 0
    assert(db:on("topic", function() heard = heard + 1 end))
    local third = assert(coffer.open(folder .. "/others_are_answered_while_it_waits"))
    for name, of in pairs { p = db, q = other, r = third } do
        register(of, name, {
            ask = function(argument)
                methods = methods + 1
                return name .. argument
            end,
        })
    end
    local calls = {}
    for i, name in ipairs { "p", "q", "r", "p" } do calls[i] = assert(other:beginCall(name, "ask", i)) end
    assert(db:publish("topic", 1))
    local start = microseconds()
    refused(coffer.ERROR_TIMED_OUT, db:call("stranger", "ask", 1, 40))
    local passed = microseconds() - start
    assert(passed >= 40000 and passed < 500000, passed)
    equal(methods, 4, "methods")
    for i, wanted in ipairs { "p1", "q2", "r3", "p4" } do equal(calls[i]:await(), wanted, "answer") end
    equal(heard, 0, "no events")
    equal(db:poll(), 1, "what is left to poll")
    assert(third:close() and stranger:close())
end

function tests.waiting_a_while(db, other)
    local stranger = register_stranger "waiting_a_while"
    register(db, "p", { echo = echo })
    local call = assert(other:beginCall("stranger", "ask", 1))
    local start = microseconds()
    refused(coffer.ERROR_PENDING, call:await(20000))
    local passed = microseconds() - start
    assert(passed >= 20000 and passed < 300000, passed)
    local own = assert(other:beginCall("p", "echo", "waited"))
    refused(coffer.ERROR_PENDING, own:await())
    start = microseconds()
    equal(own:await(1e6), "waited", "answered by the one who waits")
    assert(microseconds() - start < 500000, "it does not wait longer than needed")
    assert(stranger:close())
    refused(coffer.ERROR_CALL_FAILED, call:await(math.huge))
    for _, wrong in ipairs { -1, 0 / 0, "1", {} } do refused(coffer.ERROR_INVALID_ARGUMENT, own:await(wrong)) end
    assert(not pcall(own.await, {}), "a method without its call throws")
    assert(not pcall(own.await), "a method without its call throws")
end

function tests.poll_counts(db, other)
    local order = {}
    register(db, "p", {
        ask = function(argument)
            order[#order + 1] = "call " .. argument
            return argument
        end,
    })
    assert(db:on("topic", function(event)
        order[#order + 1] = "event " .. event.payload
        if event.payload == 1 then assert(other:beginCall("p", "ask", 4)) end
    end))
    for number = 1, 3 do
        assert(db:publish("topic", number))
        assert(other:beginCall("p", "ask", number))
    end
    for _, limit in ipairs { 1, 3, 2 } do equal(db:poll(limit), limit, "as many as asked") end
    equal(db:poll(0), 1, "the rest")
    equal(table.concat(order, ", "),
        "call 1, call 2, call 3, event 1, call 4, event 2, event 3", "calls first, then events")
    equal(db:poll(), 0, "nothing is left")
end

function tests.budget(db, other)
    register(db, "p", {
        slow = function()
            work_for(2000)
            return true
        end,
    })
    for _ = 1, 50 do assert(other:beginCall("p", "slow", 1, 60000)) end
    local count = assert(db:poll(nil, 20000))
    assert(count >= 1 and count <= 10, count .. " calls of 2 ms in 20 ms")
    equal(db:poll(3, 1e9), 3, "both limits")
    equal(db:poll(), 47 - count, "the rest")
end

function tests.methods_that_poll(db, other)
    local order = {}
    register(db, "p", {
        ask = function(argument)
            order[#order + 1] = "in " .. argument
            if argument == 1 then equal(db:poll(), 2, "the inner poll") end
            order[#order + 1] = "out " .. argument
            return argument
        end,
    })
    assert(db:on("topic", function(event) order[#order + 1] = event.payload end))
    local first, second = assert(other:beginCall("p", "ask", 1)), assert(other:beginCall("p", "ask", 2))
    assert(db:publish("topic", "event"))
    equal(db:poll(), 1, "the outer poll")
    equal(table.concat(order, ", "), "in 1, in 2, out 2, event, out 1", "order")
    equal(first:await(), 1)
    equal(second:await(), 2)
end

function tests.methods_that_end_their_plugin(db, other)
    register(db, "p", {
        leave = function()
            assert(db:unregisterPlugin "p")
            return "gone"
        end,
    })
    local waits = assert(other:beginCall("p", "leave", 1))
    local later = assert(other:beginCall("p", "leave", 2))
    local count, problem = db:poll()
    equal(count, 1, "calls")
    equal(problem, nil, "that it left is no fault")
    has(refused(coffer.ERROR_CALL_FAILED, waits:await()), "left")
    has(refused(coffer.ERROR_CALL_FAILED, later:await()), "left")
    -- One registers anew, with another method under the old name.
    local second
    register(db, "p", {
        change = function()
            assert(db:unregisterPlugin "p")
            register(db, "p", { change = second })
            return 1
        end,
    })
    second = function() return 2 end
    refused(coffer.ERROR_CALL_FAILED, other:call("p", "change", 1))
    equal(other:call("p", "change", 1), 2, "the new method")
end

function tests.methods_that_close(db, other)
    register(db, "p", {
        close = function()
            assert(db:close())
            return "closed"
        end,
    })
    register(other, "q", {
        close_caller = function()
            assert(other:close())
            return "closed"
        end,
        echo = echo,
    })
    local third = assert(coffer.open(folder .. "/methods_that_close"))
    register(third, "r", { echo = echo })
    local waits = assert(third:beginCall("p", "close", 1))
    equal(db:poll(), 1, "calls, with the handle closed in the first")
    refused(coffer.ERROR_CALL_FAILED, waits:await())
    refused(coffer.ERROR_INVALID_HANDLE, db:poll())
    equal(other:call("r", "echo", 1), 1, "with a closed database among those that are answered")
    refused(coffer.ERROR_INVALID_HANDLE, other:call("q", "close_caller", 1))
    refused(coffer.ERROR_UNKNOWN_PLUGIN, third:call("q", "echo", 1))
    local begun = assert(third:beginCall("r", "echo", 1))
    assert(third:close())
    refused(coffer.ERROR_INVALID_HANDLE, begun:await(1000))
end

-- Many others call at once, and each method waits for one that does not answer.
function tests.nesting(db, other)
    local stranger = register_stranger "nesting"
    local depth, deepest, ran = 0, 0, 0
    register(db, "p", {
        ask = function()
            depth, ran = depth + 1, ran + 1
            deepest = math.max(deepest, depth)
            local _, _, status = db:call("stranger", "ask", 1, 2)
            depth = depth - 1
            return status
        end,
    })
    local calls = {}
    for i = 1, 300 do calls[i] = assert(other:beginCall("p", "ask", 1, 60000)) end
    repeat local count, problem = db:poll() until assert(not problem and count, problem) == 0
    equal(ran, 300, "methods")
    assert(deepest > 32 and deepest <= 64, deepest .. " within each other")
    for i = 1, 300 do equal(calls[i]:await(), coffer.ERROR_TIMED_OUT, "answer") end
    assert(stranger:close())
end

-- A method that yields holds up whoever waits for it; what is never resumed is over with its limit.
function tests.methods_that_yield(db, other)
    register(db, "p", { ask = function(argument) return coroutine.yield(argument) end, echo = echo })
    local waits = coroutine.create(function() return other:call("p", "ask", 1) end)
    local _, yielded = coroutine.resume(waits)
    equal(yielded, 1, "what it yielded")
    equal(other:call("p", "echo", 2), 2, "meanwhile")
    local _, answer = coroutine.resume(waits, 3)
    equal(answer, 3, "answer")
    -- Until they are over the library counts them as calls within calls.
    for _ = 1, 4 do
        for _ = 1, 20 do
            local left = coroutine.wrap(function() return other:call("p", "ask", 1, 100) end)
            equal(left(), 1, "what it yielded")
        end
        work_for(100000)
    end
    has(refused(coffer.ERROR_CALL_FAILED, other:call("p", "ask", 1)), "yield")
    equal(other:call("p", "echo", 2), 2, "afterwards")
end

-- A finalizer runs in the midst of anything that allocates. Interpreted, because LuaJIT 2.1.0-beta3 has a bug of its own: a
-- loop over pairs() that was compiled may never end when it runs in a finalizer.
function tests.finalizers(db, other)
    local ended = 0
    jit.off()
    jit.flush()
    register(db, "p", { echo = echo })
    for round = 1, 300 do
        do
            local forgotten = newproxy(true)
            getmetatable(forgotten).__gc = function()
                ended = ended + 1
                register(db, "of the finalizer", { echo = echo })
                assert(other:call("of the finalizer", "echo", round) == round)
                assert(db:unregisterPlugin "of the finalizer")
                assert(db:poll())
            end
        end
        collectgarbage "step"
        local name = "q" .. round
        register(db, name, { echo = echo })
        equal(other:call("p", "echo", round), round, "answer")
        equal(other:call(name, "echo", round), round, "answer of what was just registered")
        assert(db:unregisterPlugin(name))
    end
    collectgarbage "collect"
    collectgarbage "collect"
    jit.on()
    equal(ended, 300, "finalizers")
    equal(#db:plugins(), 1, "plug-ins left")
end

-- Calls that were forgotten do not use up the library's 65,536, whether or not their outcome was there.
function tests.forgotten_calls(db, other)
    register(db, "p", { echo = echo })
    local stranger = register_stranger "forgotten_calls"
    for round = 1, 70000 do
        assert(other:beginCall(round % 2 == 0 and "p" or "stranger", round % 2 == 0 and "echo" or "ask", round, 20))
        if round % 3 == 0 then assert(other:beginCall("stranger", "ask", round, 20)) end
        if round % 100 == 0 then
            assert(db:poll())
            collectgarbage "collect"
        end
    end
    equal(other:call("p", "echo", 1), 1, "a call afterwards")
    assert(stranger:close())
end

function tests.exports_are_copied(db, other)
    local exports = { first = echo }
    register(db, "p", exports)
    exports.first, exports.second = nil, echo
    equal(other:call("p", "first", 1), 1, "as it was registered")
    refused(coffer.ERROR_UNKNOWN_PLUGIN, other:call("p", "second", 1))
    register(db, "q", { first = function() return "q" end })
    equal(other:call("q", "first", 1), "q", "a second plug-in of the same handle")
    equal(other:call("p", "first", 1), 1, "and the first")
    refused(coffer.ERROR_NAME_TAKEN, db:registerPlugin { name = "p", version = "1.0.0", exports = { first = print } })
    equal(other:call("p", "first", 1), 1, "what was refused changes nothing")
    -- The same name on another store is another plug-in.
    local elsewhere = assert(coffer.open(folder .. "/elsewhere"))
    register(elsewhere, "p", { first = function() return "elsewhere" end })
    equal(elsewhere:call("p", "first", 1), "elsewhere", "on its own store")
    equal(other:call("p", "first", 1), 1, "on this one")
    assert(elsewhere:close())
end

function tests.arguments(db)
    local ARGUMENT, OPTION = coffer.ERROR_INVALID_ARGUMENT, coffer.ERROR_INVALID_OPTION
    for _, wrong in ipairs { "p", 7, print, true } do refused(ARGUMENT, db:registerPlugin(wrong)) end
    refused(ARGUMENT, db:registerPlugin())
    for _, exports in ipairs { "m", 7, { "m" }, { m = 7 }, { [true] = print } } do
        refused(ARGUMENT, db:registerPlugin { name = "p", version = "1.0.0", exports = exports })
    end
    for _, wrong in ipairs {
        { name = "p" }, { version = "1.0.0" }, { name = 7, version = "1.0.0" }, { name = "", version = "1.0.0" },
        { name = "a\0b", version = "1.0.0" }, { name = "p", version = "1.0.0", surprise = 1 },
        { name = "p", version = "1.0.0", direct = true }, { name = "p", version = "1.0.0", exports = { [""] = print } },
        { name = "p", version = "1.0.0", dependencies = print }, { name = "p", version = "1.0.0", [1] = "p" },
    } do refused(OPTION, db:registerPlugin(wrong)) end
    equal(#db:plugins(), 0, "nothing was registered")
    equal(db:registerPlugin { name = "p", version = "1.0.0", dependencies = {}, direct = false }, true, "without exports")
    equal(db:registerPlugin { name = "q", version = "1.0.0", dependencies = { "p" }, exports = {} }, true, "with none")
    equal(db:plugins("q").dependencies[1].satisfied, true, "an array of dependencies")
    for _, wrong in ipairs { 7, {}, "a\0b", false } do
        refused(ARGUMENT, db:call(wrong, "m", 1))
        refused(ARGUMENT, db:beginCall("p", wrong, 1))
        refused(ARGUMENT, db:unregisterPlugin(wrong))
        refused(ARGUMENT, db:plugins(wrong))
    end
    refused(ARGUMENT, db:unregisterPlugin())
    for _, wrong in ipairs { -1, 1.5, 2 ^ 32, 0 / 0, "1", {} } do refused(ARGUMENT, db:call("p", "m", 1, wrong)) end
    refused(coffer.ERROR_INVALID_JSON, db:call("p", "m", nil))
    for _, name in ipairs { "registerPlugin", "unregisterPlugin", "plugins", "call", "beginCall", "load_phase11" } do
        assert(not pcall(db[name], {}), name .. " without its database throws")
    end
end

for name, run in pairs(tests) do
    local path = folder .. "/" .. name
    local db, other = assert(coffer.open(path)), assert(coffer.open(path))
    local ok, problem = xpcall(run, debug.traceback, db, other)
    db:close()
    other:close()
    if not ok then
        io.stderr:write("FAILED ", name, ": ", problem, "\n")
        os.exit(1)
    end
end
collectgarbage "collect"
equal(coffer.liveHandles(), 0, "live handles")
print "ok calls"
