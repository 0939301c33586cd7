-- The methods of the database object for events: subscribing, polling, publishing, the broadcast and the references.
--
-- Must not: give C a Lua function to call. Events may be published on any thread and Lua runs on its own, so handlers are
-- called by poll alone, with what it takes from the library. What answers calls is in calls.lua.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status), but for syncTier1DataToHub and
-- registerDatabaseAsMasterReference, whose documented answer is a table either way. Each event that the library gave is
-- handed to its handler once, whatever handlers throw, end or poll meanwhile; none is called while it still runs.
--
-- A subscription lasts until off() or until its database is closed or forgotten, whether or not anybody keeps the object.

local ffi = require "ffi"
local json = require "coffer.json"
local calls = require "coffer.calls"
local clock = require "coffer.clock"
local library = require "coffer.library"
local method = require "coffer.method"

local lib, failure = library.lib, library.failure
local microseconds = clock.microseconds
local getmetatable, ipairs, pcall, setmetatable, tonumber, type =
    getmetatable, ipairs, pcall, setmetatable, tonumber, type

local OK = tonumber(lib.COFFER_OK)
local NOT_FOUND = tonumber(lib.COFFER_ERROR_NOT_FOUND)
local INVALID_HANDLE = tonumber(lib.COFFER_ERROR_INVALID_HANDLE)
local INVALID_OPTION = tonumber(lib.COFFER_ERROR_INVALID_OPTION)
local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)

local Database, text_out, handle_of = method.Database, method.text_out, method.handle_of
local argument_problem, one_line = method.argument_problem, method.one_line
local answer_one = calls.answer_one
local done, take_text, decoded, encoded = method.done, method.take_text, method.decoded, method.encoded

local u64_out = ffi.typeof "uint64_t[1]"

-- What a database without subscriptions polls. Lists are replaced, never changed: poll may be in the midst of one when a
-- handler, or a finalizer, subscribes or ends something.
local NONE = {}

local Subscription = {}
Subscription.__index = Subscription

local function is_count(value)
    return type(value) == "number" and value % 1 == 0 and value >= 0 and value <= 2 ^ 53
end

-- ---- subscribing

-- The JSON text of a subscription's options; nil, message, status when they cannot be.
local function subscribe_options(options)
    if options == nil then return "{}" end
    if type(options) ~= "table" then
        return nil, "the options must be a table, got " .. type(options), INVALID_ARGUMENT
    end
    if options.direct then return nil, "direct: Lua handlers are called by poll", INVALID_OPTION end
    local text, message = json.encode(options)
    if not text then return nil, "options: " .. message, INVALID_OPTION end
    return text
end

--- on(topic, handler[, { data = true, since =, queue = }]) -> a subscription, with :off() and :replay(since). A topic with
--- * at its end stands for all that begin so. The handler is called by poll with { topic =, sequence =, id =, source =,
--- time_ms =, payload = }: sequence is the commit, id counts the store's events (0: brought back from the journal), source
--- is the publisher's option `plugin`. Each commit is an event "database_changed" with payload.changes = { { collection =,
--- key =, revision =, old_revision =, cleared = }, ... }, and with `data` also data, the document. `since`: begin with what
--- was committed after that commit. `queue`: how many events wait at most, 4096 by default; what was missed is told by one
--- event "overflow" with payload = { events =, from_sequence =, to_sequence = }.
function Database:on(topic, handler, options)
    local handle = handle_of(self)
    local problem = argument_problem("topic", topic)
    if not problem and type(handler) ~= "function" then
        problem = "the handler must be a function, got " .. type(handler)
    end
    if problem then return nil, problem, INVALID_ARGUMENT end
    local text, message, status = subscribe_options(options)
    if not text then return nil, message, status end
    local out = u64_out()
    status = lib.coffer_hub_subscribe(handle, topic, text, nil, nil, nil, out)
    if status ~= OK then return failure(status) end
    local made = setmetatable({ db = self, handle = out[0], handler = handler }, Subscription)
    local list = { made }
    for i, one in ipairs(self.subscriptions or NONE) do list[i], list[i + 1] = one, made end
    self.subscriptions = list
    return made
end

local function subscription_of(self)
    if getmetatable(self) ~= Subscription then
        error("not a Coffer subscription: call its methods with a colon, as in subscription:off()", 3)
    end
    return self.handle
end

--- off() -> true. Nothing more is heard, not even what already waits. A second time is refused.
function Subscription:off()
    local status = lib.coffer_hub_unsubscribe(subscription_of(self))
    self.next = nil
    local left = {}
    for _, one in ipairs(self.db.subscriptions or NONE) do
        if one ~= self then left[#left + 1] = one end
    end
    self.db.subscriptions = left
    return done(status)
end

--- replay(since) -> true: forgets what waits, and goes on with everything that was committed after `since`. After an
--- "overflow" that is its from_sequence less one.
function Subscription:replay(since)
    local handle = subscription_of(self)
    if not is_count(since) then return nil, "since must be a commit's number, a whole number", INVALID_ARGUMENT end
    local status = lib.coffer_hub_replay(handle, since)
    if status == OK then self.next = nil end
    return done(status)
end

-- ---- polling

-- Takes a subscription's next event from the library, unless one was taken that still waits to be the oldest (so one
-- more than `queue` may wait), or its handler still runs and must not be called within itself.
local function look(one)
    if one.next or one.running then return end
    local out = text_out()
    local status = lib.coffer_hub_next(one.handle, out)
    if status == NOT_FOUND or status == INVALID_HANDLE then return end
    local event, message = decoded(take_text(status, out))
    one.next = event or { lost = message }
end

-- What was brought back from the journal has the id 0 and goes first, by its commits.
local function is_older(event, other)
    if not event.id then return true end
    if not other.id then return false end
    if event.id ~= other.id then return event.id < other.id end
    return event.id == 0 and event.sequence < other.sequence
end

local function look_at_all(list)
    for i = 1, #list do look(list[i]) end
end

-- Allocates nothing, so that no finalizer runs that could end or poll what is being compared.
local function oldest_of(list)
    local oldest
    for i = 1, #list do
        local one = list[i]
        if one.next and (not oldest or is_older(one.next, oldest.next)) then oldest = one end
    end
    return oldest
end

-- The subscription whose event is the oldest. Another thread may have published to one that was empty when it was looked
-- at, and then to a later one: so all are looked at again. What is older than the event found first is there by then,
-- because an event goes to everybody before the next one does.
local function pick(db)
    local list = db.subscriptions or NONE
    look_at_all(list)
    if not oldest_of(list) then return end
    look_at_all(list)
    return oldest_of(list)
end

-- Calls a handler with its event; why it failed, or nil.
local function deliver(one)
    local event = one.next
    one.next = nil
    if event.lost then return event.lost end
    one.running = true
    local ok, problem = pcall(one.handler, event)
    one.running = nil
    if not ok then return one_line(problem) end
end

local function poll_limits(max_events, budget_us)
    if max_events == nil then max_events = 0 end
    if budget_us == nil then budget_us = 0 end
    if not is_count(max_events) then return nil, "max_events must be a whole number from 0 on" end
    if type(budget_us) ~= "number" or not (budget_us >= 0) then return nil, "budget_us must be a number from 0 on" end
    return max_events > 0 and max_events or math.huge, budget_us > 0 and budget_us or math.huge
end

-- Answers the call that waits, or delivers the oldest event. Whether there was any, and what is wrong with its handler.
local function handle_one(db)
    local answered, problem = answer_one(db)
    if answered then return true, problem end
    local one = pick(db)
    if one then return true, deliver(one) end
    return false
end

--- poll([max_events[, budget_us]]) -> how many calls and events were handled: the calls that wait for plug-ins of this
--- database, and then the events, in the order of their ids over all its subscriptions. It stops after max_events, and when
--- the next one would probably take longer than budget_us in all; 0 is no limit. A handler that throws has had its call or
--- event, and the others still get theirs: the first error's message is the second result. Handlers may call everything,
--- poll too, which leaves out handlers of events that still run.
function Database:poll(max_events, budget_us)
    -- Without a subscription nothing else would tell that the database is closed.
    local status = lib.coffer_hub_references(handle_of(self), nil, nil)
    if status ~= OK then return failure(status) end
    local limit, budget = poll_limits(max_events, budget_us)
    if not limit then return nil, budget, INVALID_ARGUMENT end
    local count, problem = 0, nil
    local start = microseconds()
    while count < limit do
        if count > 0 and budget < math.huge then
            local passed = microseconds() - start
            if passed + passed / count > budget then break end
        end
        local handled, failed = handle_one(self)
        if not handled then break end
        count = count + 1
        problem = problem or failed
    end
    return count, problem
end

-- ---- publishing, and the documented broadcast and reference

--- publish(topic, value) -> the event's id. The store's own topics are refused.
function Database:publish(topic, value)
    local handle = handle_of(self)
    local problem = argument_problem("topic", topic)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local text, message, status = encoded(value)
    if not text then return nil, message, status end
    local id = u64_out()
    status = lib.coffer_hub_publish(handle, topic, text, id)
    if status ~= OK then return failure(status) end
    return tonumber(id[0])
end

--- syncTier1DataToHub() -> { success = true, event_id =, subscribers =, time_ms = }, having published the newest Tier 1
--- documents as "database_sync". A failure is { success = false, error = message, status = }.
function Database:syncTier1DataToHub()
    local out = text_out()
    local result, message, status = decoded(take_text(lib.coffer_sync_tier1_data_to_hub(handle_of(self), out), out))
    return result or { success = false, error = message, status = status }
end

--- registerDatabaseAsMasterReference() -> { registered = true, ref_id =, name = "database-persistence-layer", holder =,
--- about = { version =, provides =, capabilities = } }. If another handle on the store holds it, registered is false, the
--- rest tells of that one, and error says so. A failure is { registered = false, error = message, status = }.
function Database:registerDatabaseAsMasterReference()
    local out = text_out()
    local result, message, status =
        decoded(take_text(lib.coffer_register_database_as_master_reference(handle_of(self), out), out))
    if not result then return { registered = false, error = message, status = status } end
    if not result.registered then
        result.error = ("%s is held by another handle, of the plug-in '%s'"):format(result.name, result.holder)
    end
    return result
end

--- references([name]) -> an array of every reference, by name, each { ref_id =, name =, holder =, about = }; or the one of
--- that name; nil, message, ERROR_NOT_FOUND when there is none.
function Database:references(name) return method.look_up(self, name, lib.coffer_hub_references) end
