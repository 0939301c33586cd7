-- Plug-ins of one process on one store: a roster, an equipment and a party editor in LuaJIT, and a balance tool in C++ on a
-- thread of its own. Each has a handle and a name of its own, hears what the others save, and calls their methods.
--
--     luajit hub.lua STORE [TOOL_THREAD_LIBRARY]
--
-- They must not know more of one another than names, events and methods: which of them is in which language or thread makes
-- no difference to the others. Each plug-in hears its own saves too and leaves them out, so that nobody answers himself.

local ffi = require "ffi"
local coffer = require "coffer"

local store, tool_file = arg[1], arg[2]
if not store then
    io.stderr:write "usage: luajit hub.lua STORE [TOOL_THREAD_LIBRARY]\n"
    os.exit(2)
end

-- Flushed, because the tool writes to the same place.
local function say(...)
    print((...):format(select(2, ...)))
    io.stdout:flush()
end

-- How long to wait for another plug-in, in milliseconds: longer than the usual second, for computers that are busy.
local PATIENCE = 10000

-- A plug-in: what it registers, and the keys whose changes it reacts to. Every call of Coffer that fails gives nil and a
-- message, which is what assert takes.
local function plugin(about, reactions)
    local db = assert(coffer.open(store, { plugin = about.name }))
    assert(db:registerPlugin(about))
    assert(db:on("database_changed", function(event)
        if event.source == about.name then return end
        for _, change in ipairs(event.payload.changes) do
            local react = reactions[change.key]
            if react and not change.cleared then
                say("  The %s plug-in hears that the %s plug-in saved %s.", about.name, event.source, change.key)
                react(change.data)
            end
        end
    end, { data = true }))
    return db
end

local roster, equipment, party

local function level(hero)
    for _, one in ipairs(assert(roster:loadCharacterRosterState())) do
        if one.name == hero then return one.level end
    end
    return nil, hero .. " is not in the roster" -- which is what the caller gets
end

local function congratulate(balance)
    local members = assert(roster:loadPartyConfig()).members
    say("  It wishes the %s party of %s good luck, in an event of its own.", balance.verdict, table.concat(members, " and "))
    assert(roster:publish("roster.good_luck", { to = members }))
end

roster = plugin({ name = "roster", version = "1.4.2", exports = { level = level } }, { balance = congratulate })

-- A method may call methods in turn, here one of a plug-in on the same thread.
local function best_weapon(hero)
    local found, message = roster:call("roster", "level", hero)
    if not found then return nil, message end
    return found >= 10 and { name = "sword", power = 2 * found } or { name = "dagger", power = found }
end

local function power(the_party)
    local sum = 0
    for _, hero in ipairs(the_party.members) do sum = sum + assert(best_weapon(hero)).power end
    return sum
end

local function equip(heroes)
    local sets = {}
    for _, hero in ipairs(heroes) do
        local weapon = assert(best_weapon(hero.name))
        say("  It gives %s a %s.", hero.name, weapon.name)
        sets[hero.name] = { weapon = weapon.name }
    end
    assert(equipment:saveEquipmentConfig(sets))
end

equipment = plugin({
    name = "equipment", version = "2.0.1", dependencies = { roster = "^1.0" },
    exports = { best_weapon = best_weapon, power = power },
}, { character_roster = equip })

-- The size is asked of the balance tool, which need not be there.
local function choose(sets)
    local size, problem, status = party:call("balance-tool", "party_size", {}, PATIENCE)
    if status == coffer.ERROR_UNKNOWN_PLUGIN then size = 1 end
    assert(size, problem)
    local members = coffer.array {}
    for hero in pairs(sets) do members[#members + 1] = hero end
    local powers = {}
    for _, hero in ipairs(members) do
        powers[hero] = assert(party:call("equipment", "best_weapon", hero, PATIENCE)).power
    end
    table.sort(members, function(one, other) return powers[one] > powers[other] end)
    for i = size + 1, #members do members[i] = nil end
    say("  It asks for the party's size, %d, and everybody's best weapon, and chooses %s.", size,
        table.concat(members, " and "))
    assert(party:savePartyConfig { members = members })
end

party = plugin({
    name = "party", version = "1.1.0", dependencies = { roster = "^1.0", equipment = "^2.0", ["balance-tool"] = "^1.0" },
}, { equipment_sets = choose })
assert(party:on("roster.*", function(event)
    say("  The party plug-in hears %s, for %d heroes.", event.topic, #event.payload.to)
end))

assert(equipment:on("database_sync", function(event)
    say("  The equipment plug-in hears the broadcast of the %s plug-in: the roster has version %d.", event.source,
        event.payload.versions.character_roster_v)
end))

-- The tool's thread. It is the same store, because the tool and this binding use the same copy of libcoffer.
local tool
if tool_file then
    ffi.cdef [[
        const char *tool_thread_start(const char *store);
        const char *tool_thread_stop(void);
    ]]
    tool = ffi.load(tool_file)
    local problem = tool.tool_thread_start(store)
    assert(problem == nil, problem ~= nil and ffi.string(problem))
end

-- What a game's main loop does in each frame: everybody's methods and handlers are called with what waits. A handler that
-- threw is told of by the second result.
local function frame()
    local count = 0
    for _, db in ipairs { roster, equipment, party } do
        local handled, problem = db:poll()
        count = count + assert(not problem and handled, problem)
    end
    return count
end

-- Frames until nobody has anything to say any more. The tool answers "settle" when it has handled all that was there before
-- the question, with how much that was; while this call waits, the tool's own calls of Lua methods are answered.
local function frames()
    local count
    repeat
        count = frame()
        if count == 0 and tool then count = assert(party:call("balance-tool", "settle", {}, PATIENCE)) end
    until count == 0
    say "All is quiet."
end

say "The plug-ins on the store:"
for _, one in ipairs(assert(party:plugins())) do
    local needs = {}
    for i, other in ipairs(one.dependencies) do
        needs[i] = ("%s %s (%s)"):format(other.name, other.requires, other.satisfied and other.found or "missing")
    end
    say("  %-12s %s  methods: %-18s  needs: %s", one.name, one.version, table.concat(one.exports, ", "),
        #needs > 0 and table.concat(needs, ", ") or "nothing")
end

say "The roster plug-in saves three heroes."
assert(roster:saveCharacterRosterState {
    { name = "Celes", level = 12 }, { name = "Locke", level = 7 }, { name = "Terra", level = 10 },
})
frames()

say "What is asked in vain comes back as a message:"
say("  %s.", select(2, party:call("equipment", "best_wepon", "Celes")))
say("  %s.", select(2, party:call("equipment", "best_weapon", "Kefka")))

local reference = party:registerDatabaseAsMasterReference()
local synced = party:syncTier1DataToHub()
say("The party plug-in is the holder of %s, and broadcasts to %d.", reference.name, synced.subscribers)
frames()

if tool then
    local problem = tool.tool_thread_stop()
    assert(problem == nil, problem ~= nil and ffi.string(problem))
    say("The tool's thread has ended. Plug-ins left: %d.", #party:plugins())
end
for _, db in ipairs { roster, equipment, party } do assert(db:close()) end
