-- The conformance cases about plug-ins that call each other, and about modules; conformance.lua requires this file where they
-- stand on the page.
--
-- Must not: run by itself, nor test what only Lua has (that is calls.lua).
-- Keeps: a call that must fail is followed by one that works.

local coffer = require "coffer"
local clock = require "coffer.clock"
local support = require "support"

local case, open = support.case, support.open
local check, equal, refused = support.check, support.equal, support.refused

local function poll(db, ...)
    local count, problem = db:poll(...)
    if problem then error(problem, 2) end
    return count
end

local function register(db, name, exports)
    assert(db:registerPlugin { name = name, version = "1.0.0", exports = exports })
end

local function echo(argument) return argument end

case("hub_plugins", function(path)
    local mine, other = open(path, { plugin = "editor" }), open(path, { plugin = "tools" })
    local heard = {}
    assert(other:on("plugin*", function(event)
        heard[#heard + 1] = event.topic .. " " .. event.payload.name .. " " .. event.payload.version
    end))
    check(coffer.is_array(other:plugins()) and #other:plugins() == 0, "none at first")
    assert(other:registerPlugin { name = "roster", version = "1.4.2" })
    equal(mine:registerPlugin {
        name = "optimizer", version = "1.2.0-beta.1", dependencies = { roster = "^1.0", items = ">=2", tools = "*" },
        exports = { optimize = echo, best = echo },
    }, true, "registering")
    local told = assert(other:plugins "optimizer")
    check(told.name == "optimizer" and told.version == "1.2.0-beta.1" and told.holder == "editor", "who")
    equal(table.concat(told.exports, " "), "best optimize", "exports")
    equal(told.direct, false, "direct")
    local items, roster, tools = unpack(told.dependencies)
    check(items.name == "items" and items.requires == ">=2" and items.found == coffer.null and not items.satisfied, "items")
    check(roster.name == "roster" and roster.found == "1.4.2" and roster.satisfied == true, "roster")
    check(tools.name == "tools" and tools.satisfied == false, "a handle's name is no plug-in")
    check(#other:plugins() == 2 and other:plugins()[1].name == "optimizer", "all by name")

    local taken = refused(coffer.ERROR_NAME_TAKEN, other:registerPlugin { name = "optimizer", version = "9.0.0" })
    check(taken:find("editor", 1, true), taken)
    refused(coffer.ERROR_NAME_TAKEN, mine:registerPlugin { name = "optimizer", version = "9.0.0" })
    refused(coffer.ERROR_NAME_TAKEN, other:unregisterPlugin "optimizer")
    refused(coffer.ERROR_INVALID_OPTION, mine:registerPlugin { name = "x", version = "1" })
    refused(coffer.ERROR_INVALID_OPTION, mine:registerPlugin { name = "x", version = "1.0.0", dependencies = { a = "new" } })
    equal(other:unregisterPlugin "roster", true, "unregistering")
    local nearest = refused(coffer.ERROR_UNKNOWN_PLUGIN, other:plugins "optimiser")
    check(nearest:find("optimizer", 1, true), nearest)
    refused(coffer.ERROR_UNKNOWN_PLUGIN, other:unregisterPlugin "roster")
    equal(mine:plugins("optimizer").dependencies[2].satisfied, false, "a dependency that left")
    assert(mine:close())
    refused(coffer.ERROR_UNKNOWN_PLUGIN, other:plugins "optimizer")
    poll(other)
    equal(table.concat(heard, ", "), "plugin_registered roster 1.4.2, plugin_registered optimizer 1.2.0-beta.1, "
        .. "plugin_left roster 1.4.2, plugin_left optimizer 1.2.0-beta.1", "events")
end)

case("hub_calls", function(path)
    local mine, other = open(path, { plugin = "mine" }), open(path, { plugin = "other" })
    local seen
    register(mine, "p", {
        tell = function(argument, call)
            seen = call
            return { argument, argument }
        end,
    })
    local text = '[9007199254740993,18446744073709551615,-9223372036854775808,0.1,-0,1e300,null,[],{},{"a":[null]},"é\\u0000"]'
    local argument = assert(coffer.decode(text))
    text = assert(coffer.encode(argument))
    local call = assert(other:beginCall("p", "tell", argument))
    refused(coffer.ERROR_PENDING, call:await())
    equal(poll(other), 0, "another handle's poll leaves it")
    check(not seen, "before poll")
    equal(poll(mine), 1, "calls polled")
    check(seen.plugin == "p" and seen.method == "tell" and seen.caller == "other", "who and what")
    equal(coffer.encode(assert(call:await())), "[" .. text .. "," .. text .. "]", "the answer")
    equal(poll(mine), 0, "nothing else")

    seen = nil
    equal(coffer.encode(assert(other:call("p", "tell", argument))), "[" .. text .. "," .. text .. "]", "while it waits")
    check(seen, "the method ran")
    equal(coffer.encode(assert(mine:call("p", "tell", coffer.null))), "[null,null]", "one's own")
    equal(seen.caller, "mine", "the caller")
end)

-- Each plug-in asks the next one; what the innermost one was told, and how many ran.
local function circle(one, other)
    local ran, innermost = 0, nil
    for name, with in pairs { a = { one, "b" }, b = { other, "a" } } do
        register(with[1], name, {
            next = function(argument)
                ran = ran + 1
                local answer, message, status = with[1]:call(with[2], "next", argument)
                innermost = innermost or status
                return answer, message
            end,
        })
    end
    local message = refused(coffer.ERROR_CALL_FAILED, one:call("a", "next", 1))
    check(message:find("would be call 33", 1, true), message)
    equal(ran, 32, "methods that ran")
    equal(innermost, coffer.ERROR_CALLS_TOO_DEEP, "the innermost")
end

case("hub_call_failures", function(path)
    local mine, other = open(path), open(path)
    register(mine, "p", {
        echo = echo,
        refuse = function() return nil, "no such hero" end,
        wrong = function() return { print } end,
        slow = function()
            local start = clock.microseconds()
            while clock.microseconds() - start < 60000 do end
            return "late"
        end,
    })
    local function works() equal(other:call("p", "echo", false), false, "a call afterwards") end
    local nearest = refused(coffer.ERROR_UNKNOWN_PLUGIN, other:call("q", "echo", 1))
    check(nearest:find('"p"', 1, true), nearest)
    nearest = refused(coffer.ERROR_UNKNOWN_PLUGIN, other:beginCall("p", "ecko", 1))
    check(nearest:find('"echo"', 1, true), nearest)
    works()
    local message = refused(coffer.ERROR_CALL_FAILED, other:call("p", "refuse", 1))
    check(message:find("no such hero", 1, true), message)
    works()
    local unanswered = assert(other:beginCall("p", "echo", 1, 20))
    local start, status = clock.microseconds(), nil
    repeat
        local _
        _, message, status = unanswered:await()
    until status ~= coffer.ERROR_PENDING
    refused(coffer.ERROR_TIMED_OUT, nil, message, status)
    check(clock.microseconds() - start > 15000, "not before the limit")
    equal(poll(mine), 0, "nobody waits for it any more")
    works()
    refused(coffer.ERROR_TIMED_OUT, other:call("p", "slow", 1, 30))
    works()
    refused(coffer.ERROR_INVALID_JSON, other:call("p", "echo", { print }))
    refused(coffer.ERROR_INVALID_JSON, other:beginCall("p", "echo", 0 / 0))
    message = refused(coffer.ERROR_CALL_FAILED, other:call("p", "wrong", 1))
    check(message:find("the answer: ", 1, true), message)
    works()
    circle(mine, other)
    works()
end)

case("hub_begin_call", function(path)
    local mine, other = open(path), open(path)
    register(mine, "p", { echo = echo })
    local first, second = assert(other:beginCall("p", "echo", { 1 })), assert(other:beginCall("p", "echo", { 2 }))
    refused(coffer.ERROR_PENDING, first:await(0))
    equal(poll(mine), 2, "calls polled")
    equal(second:await()[1], 2, "the second")
    equal(first:await()[1], 1, "the first")
    refused(coffer.ERROR_INVALID_HANDLE, first:await())
    local left = assert(other:beginCall("p", "echo", 3))
    assert(mine:unregisterPlugin "p")
    local message = refused(coffer.ERROR_CALL_FAILED, left:await())
    check(message:find("left", 1, true), message)
    refused(coffer.ERROR_INVALID_HANDLE, left:await(1000))
    register(mine, "p", { echo = echo })
    left = assert(other:beginCall("p", "echo", 4))
    assert(mine:close())
    refused(coffer.ERROR_CALL_FAILED, left:await())
end)

case("hub_host", function(path)
    local db = open(path)
    local result = db:syncTier1DataToHub()
    check(result.success == true and result.host == nil, "a sync without a host")
end)

case("phase11", function(path)
    local modules = assert(open(path):load_phase11())
    local count = 0
    for _, name in ipairs { "integration_hub", "backup_restore", "analytics", "import_export", "api_gateway" } do
        local module = modules[name]
        check(module.present == true and module.version == coffer.version() and module.origin == "built_in", name)
        count = count + 1
    end
    for _ in pairs(modules) do count = count - 1 end
    equal(count, 0, "modules")
end)
