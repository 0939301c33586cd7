-- The methods of the database object for plug-ins: registering, looking up, calling each other's methods and answering.
--
-- Must not: give C a Lua function to call. Calls may come from any thread and Lua runs on its own, so what exports is
-- called by poll, and by whoever waits for an answer, with the calls that they take from the library.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status). Each call that the library gave is
-- answered or refused once, whatever its method throws, ends, closes or calls meanwhile.
--
-- The plug-ins of one Lua state can call each other on its one thread, because a call that waits answers the calls that wait
-- for any of them. It hands out no events: those are poll's alone. A plug-in lasts until unregisterPlugin() or until its
-- database is closed or forgotten; being registered keeps no database from being forgotten.

local ffi = require "ffi"
local json = require "coffer.json"
local clock = require "coffer.clock"
local library = require "coffer.library"
local method = require "coffer.method"

local lib, failure = library.lib, library.failure
local microseconds = clock.microseconds
local running = coroutine.running
local max, min = math.max, math.min
local getmetatable, next, pairs, pcall, setmetatable, tonumber, type =
    getmetatable, next, pairs, pcall, setmetatable, tonumber, type

local OK = tonumber(lib.COFFER_OK)
local PENDING = tonumber(lib.COFFER_ERROR_PENDING)
local TIMED_OUT = tonumber(lib.COFFER_ERROR_TIMED_OUT)
local INVALID_HANDLE = tonumber(lib.COFFER_ERROR_INVALID_HANDLE)
local INVALID_UTF8 = tonumber(lib.COFFER_ERROR_INVALID_UTF8)
local INVALID_OPTION = tonumber(lib.COFFER_ERROR_INVALID_OPTION)
local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)

local Database, text_out, handle_of = method.Database, method.text_out, method.handle_of
local argument_problem, one_line = method.argument_problem, method.one_line
local take_text, decoded, encoded = method.take_text, method.decoded, method.encoded

local u64_out = ffi.typeof "uint64_t[1]"

local M = {}
local NONE = {}

-- ---- answering

-- How many methods run within each other on one coroutine before calls are left waiting. The library's own limit, which is
-- lower, ends circles; this one keeps many strangers that call at once from using up Lua's stack.
local DEEPEST = 64
local nesting = setmetatable({}, { __mode = "k" })
local MAIN = {} -- stands for the coroutine that has no object

local function refuse(request, reason)
    reason = reason:gsub("%z", "?")
    if lib.coffer_hub_refuse(request, reason) == INVALID_UTF8 then
        lib.coffer_hub_refuse(request, (reason:gsub("[\128-\255]", "?")))
    end
end

-- Ends a request with what its method gave; what is wrong with the method, or nil. That nobody waits any more, or that the
-- plug-in has left meanwhile, is nothing wrong with it.
local function settle(request, ok, answer, message)
    if not ok then
        local problem = one_line(answer)
        refuse(request, problem)
        return problem
    end
    if answer == nil then
        refuse(request, message == nil and "the method gave no answer" or one_line(message))
        return
    end
    local text, problem = encoded(answer)
    if text then
        local status = lib.coffer_hub_answer(request, text)
        if status == OK or status == TIMED_OUT or status == INVALID_ARGUMENT or status == INVALID_HANDLE then return end
        local _
        _, problem = failure(status)
    end
    problem = "the answer: " .. problem
    refuse(request, problem)
    return problem
end

--- answer_one(db) -> whether a call waited for a plug-in of this database; it has been answered or refused then. The second
--- result is what is wrong with the method that it was for.
function M.answer_one(db)
    if not next(db.exports or NONE) then return false end
    local here = running() or MAIN
    local depth = nesting[here] or 0
    if depth >= DEEPEST then return false end
    local request, out = u64_out(), text_out()
    local status = lib.coffer_hub_next_call(db.box[0], request, out)
    if status ~= OK then return false end
    local call, problem = decoded(take_text(status, out))
    if not call then
        refuse(request[0], problem)
        return true, problem
    end
    local argument, methods = call.argument, (db.exports or NONE)[call.plugin]
    call.argument = nil
    if not methods then
        -- A finalizer ended it just now.
        refuse(request[0], "the plug-in left")
        return true
    end
    nesting[here] = depth + 1
    local ok, answer, message = pcall(methods[call.method], argument, call)
    nesting[here] = depth > 0 and depth or nil
    return true, settle(request[0], ok, answer, message)
end

-- The databases that have registered a plug-in, in that order. Nothing is kept alive by it. It is replaced, never changed:
-- it may be walked through when a method, or a finalizer, registers another.
local WEAK = { __mode = "v" }
local databases = setmetatable({ n = 0 }, WEAK)

local function remember(db)
    local list, count = setmetatable({}, WEAK), 0
    for i = 1, databases.n do
        local one = databases[i]
        if one and one ~= db and one.exports then
            count = count + 1
            list[count] = one
        end
    end
    list[count + 1], list.n = db, count + 1
    databases = list
end

-- Answers one call for each database of this Lua state that has one waiting. True if there was any.
local function answer_all_once()
    local list, answered = databases, false
    for i = 1, list.n do
        local db = list[i]
        if db and M.answer_one(db) then answered = true end
    end
    return answered
end

-- ---- registering

-- The plug-in as the library wants to be told of it, and a copy of its methods; nil, message, status when it cannot be.
local function told_of(plugin)
    if type(plugin) ~= "table" then return nil, "the plug-in must be a table, got " .. type(plugin), INVALID_ARGUMENT end
    local problem = argument_problem("name", plugin.name)
    if problem then return nil, problem, INVALID_OPTION end
    if plugin.direct then return nil, "direct: Lua methods are called by poll", INVALID_OPTION end
    if plugin.exports ~= nil and type(plugin.exports) ~= "table" then
        return nil, "exports must be a table of functions by name, got " .. type(plugin.exports), INVALID_ARGUMENT
    end
    local methods, names = {}, json.array {}
    for name, handler in pairs(plugin.exports or NONE) do
        if type(name) ~= "string" or type(handler) ~= "function" then
            return nil, ("exports must be functions by name, got a %s by a %s"):format(type(handler), type(name)),
                INVALID_ARGUMENT
        end
        methods[name], names[#names + 1] = handler, name
    end
    table.sort(names)
    local told = {}
    for name, value in pairs(plugin) do told[name] = value end
    told.exports = names
    local text, message = json.encode(told)
    if not text then return nil, "the plug-in: " .. message, INVALID_OPTION end
    return text, methods
end

--- registerPlugin { name =, version =, dependencies = { [name] = requirement } or { name, ... }, exports = { [method] =
--- function(argument, call) return answer end } } -> true. All but name and version may be left out. Dependencies are told
--- by plugins(), not enforced. A method is called by poll, or while something else of this Lua state waits for an answer;
--- call is { plugin =, method =, caller = }, the last one the option `plugin` of the handle that called. Its answer is any
--- value but nil. nil, message refuses, and so does throwing: the caller gets ERROR_CALL_FAILED with the message.
--- ERROR_NAME_TAKEN says who has the name. Others hear "plugin_registered", and "plugin_left" in the end.
function Database:registerPlugin(plugin)
    local handle = handle_of(self)
    local text, methods, status = told_of(plugin)
    if not text then return nil, methods, status end
    -- Calls may wait as soon as the library knows the plug-in: so all that can fail comes before.
    local exports = { [plugin.name] = methods }
    for name, others in pairs(self.exports or NONE) do exports[name] = exports[name] or others end
    status = lib.coffer_hub_register_plugin(handle, text, nil, nil, nil)
    if status ~= OK then return failure(status) end
    self.exports = exports
    remember(self)
    return true
end

--- unregisterPlugin(name) -> true. What it has not answered fails at its callers. ERROR_NAME_TAKEN if another handle
--- registered it.
function Database:unregisterPlugin(name)
    local handle = handle_of(self)
    local problem = argument_problem("name", name)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local status = lib.coffer_hub_unregister_plugin(handle, name)
    if status ~= OK then return failure(status) end
    local left = {}
    for other, methods in pairs(self.exports or NONE) do
        if other ~= name then left[other] = methods end
    end
    self.exports = left
    return true
end

--- plugins([name]) -> an array of every plug-in on the store, by name, each { name =, version =, holder =, dependencies = {
--- { name =, requires =, found = version or null, satisfied = }, ... }, exports = { method, ... }, direct = }; or the one of
--- that name; nil, message, ERROR_UNKNOWN_PLUGIN when there is none.
function Database:plugins(name) return method.look_up(self, name, lib.coffer_hub_plugins) end

-- ---- calling

-- How long a call that waits looks for nothing but its answer, in microseconds. Long slices spare the processor, short ones
-- answer sooner what others ask.
local SHORTEST, LONGEST = 50, 1000

-- Asks the library for the outcome until it is there or the time is over, and answers others meanwhile. The status; the
-- answer is in out if it is OK.
local function await(call, deadline, out)
    local slice = 0
    while true do
        local status = lib.coffer_hub_await_call(call, slice, out)
        if status ~= PENDING or deadline == 0 then return status end
        local left = deadline - microseconds()
        if left <= 0 then return lib.coffer_hub_await_call(call, 0, out) end
        slice = answer_all_once() and 0 or min(max(2 * slice, SHORTEST), LONGEST, left)
    end
end

-- The handle of a call that was begun, as the only element of an array; nil, message, status when it could not be.
local function begin(handle, plugin, name, value, limit_ms)
    local problem = argument_problem("plugin", plugin) or argument_problem("method", name)
    if limit_ms == nil then limit_ms = 0 end
    if type(limit_ms) ~= "number" or limit_ms % 1 ~= 0 or limit_ms < 0 or limit_ms >= 2 ^ 32 then
        problem = problem or "limit_ms must be a whole number of milliseconds, from 0 to 4294967295"
    end
    if problem then return nil, problem, INVALID_ARGUMENT end
    local text, message, status = encoded(value)
    if not text then return nil, message, status end
    local box = u64_out()
    status = lib.coffer_hub_begin_call(handle, plugin, name, text, limit_ms, box)
    if status ~= OK then return failure(status) end
    return box
end

--- call(plugin, method, value[, limit_ms]) -> the answer, having waited for it at most limit_ms milliseconds (1,000 by
--- default). While it waits, calls are answered that wait for plug-ins of this Lua state; such a method is not interrupted
--- when the time is over. Events wait for poll. ERROR_UNKNOWN_PLUGIN for plug-in and method, ERROR_CALL_FAILED with the
--- plug-in's message, ERROR_TIMED_OUT, ERROR_CALLS_TOO_DEEP for calls that lead to each other more than 32 deep.
function Database:call(plugin, name, value, limit_ms)
    local box, message, status = begin(handle_of(self), plugin, name, value, limit_ms)
    if not box then return nil, message, status end
    local out = text_out()
    return decoded(take_text(await(box[0], math.huge, out), out))
end

-- A call that was begun. Its database stays open for it.
local Call = {}
Call.__index = Call

-- Calls that were forgotten before their outcome was told, each by its number. The library keeps them until somebody asks, so
-- they are asked for when there are twice as many as were left the last time. The finalizer itself calls nothing: it runs
-- anywhere, also between a call that failed and the look at why.
local forgotten, forgotten_most = {}, 64

local function ask_for_forgotten()
    local asked, left = forgotten, {}
    forgotten = left
    for i = 1, #asked do
        if lib.coffer_hub_await_call(asked[i], 0, nil) == PENDING then left[#left + 1] = asked[i] end
    end
    forgotten_most = max(64, 2 * #left)
end

local function finalize(box)
    forgotten[#forgotten + 1] = box[0]
end

--- beginCall(plugin, method, value[, limit_ms]) -> a call, with :await([wait_us]). The rest is as for call; nobody waits.
function Database:beginCall(plugin, name, value, limit_ms)
    if #forgotten >= forgotten_most then ask_for_forgotten() end
    local box, message, status = begin(handle_of(self), plugin, name, value, limit_ms)
    if not box then return nil, message, status end
    return setmetatable({ db = self, box = ffi.gc(box, finalize) }, Call)
end

--- await([wait_us]) -> the answer, as from call; nil, message, ERROR_PENDING while there is none. Without wait_us it only
--- looks; else it waits so many microseconds for it, and answers others meanwhile as call does. The outcome is told once:
--- asking again is ERROR_INVALID_HANDLE.
function Call:await(wait_us)
    if getmetatable(self) ~= Call then
        error("not a Coffer call: call its methods with a colon, as in call:await()", 2)
    end
    if wait_us == nil then wait_us = 0 end
    if type(wait_us) ~= "number" or not (wait_us >= 0) then
        return nil, "wait_us must be a number from 0 on", INVALID_ARGUMENT
    end
    local out = text_out()
    local status = await(self.box[0], wait_us > 0 and microseconds() + wait_us or 0, out)
    if status ~= PENDING then ffi.gc(self.box, nil) end
    return decoded(take_text(status, out))
end

return M
