-- Three plug-ins in LuaJIT on one store: a roster, an equipment and a party editor. Each has a handle and a name of its own
-- and hears what the others save.
--
--     luajit hub.lua STORE
--
-- They must not call each other: the store's events are all that they know of one another. Each plug-in hears its own
-- saves too and leaves them out, so that nobody answers himself.

local coffer = require "coffer"

local store = arg[1]
if not store then
    io.stderr:write "usage: luajit hub.lua STORE\n"
    os.exit(2)
end

local function say(...) print((...):format(select(2, ...))) end

-- A plug-in: its name, its handle, and the keys whose changes it reacts to. Every call of Coffer that fails gives nil and
-- a message, which is what assert takes.
local function plugin(name, reactions)
    local db = assert(coffer.open(store, { plugin = name }))
    assert(db:on("database_changed", function(event)
        if event.source == name then return end
        for _, change in ipairs(event.payload.changes) do
            local react = reactions[change.key]
            if react and not change.cleared then
                say("  The %s plug-in hears that the %s plug-in saved %s.", name, event.source, change.key)
                react(db, change.data)
            end
        end
    end, { data = true }))
    return db
end

local roster = plugin("roster", {
    party_configs = function(db, party)
        say("  It wishes %s good luck, in an event of its own.", table.concat(party.members, " and "))
        assert(db:publish("roster.good_luck", { to = party.members }))
    end,
})

local equipment = plugin("equipment", {
    character_roster = function(db, heroes)
        local sets = {}
        for _, hero in ipairs(heroes) do
            sets[hero.name] = { weapon = hero.level >= 10 and "sword" or "dagger" }
            say("  It gives %s a %s.", hero.name, sets[hero.name].weapon)
        end
        assert(db:saveEquipmentConfig(sets))
    end,
})

local party = plugin("party", {
    equipment_sets = function(db, sets)
        local members = coffer.array {}
        for name, set in pairs(sets) do
            if set.weapon == "sword" then members[#members + 1] = name end
        end
        table.sort(members)
        say("  It puts everybody who has a sword into the party: %s.", table.concat(members, ", "))
        assert(db:savePartyConfig { members = members })
    end,
})
assert(party:on("roster.*", function(event)
    say("  The party plug-in hears %s, for %d heroes.", event.topic, #event.payload.to)
end))

assert(equipment:on("database_sync", function(event)
    say("  The equipment plug-in hears the broadcast of the %s plug-in: the roster has version %d.", event.source,
        event.payload.versions.character_roster_v)
end))

-- What a game's main loop does in each frame: everybody's handlers are called with what waits, until nobody has anything
-- to say any more. A handler that threw is told of by the second result.
local function frames()
    local number, count = 0, 0
    repeat
        number, count = number + 1, 0
        for _, db in ipairs { roster, equipment, party } do
            local handled, problem = db:poll()
            count = count + assert(not problem and handled, problem)
        end
    until count == 0
    say("After %d frames all is quiet.", number)
end

say "The roster plug-in saves three heroes."
assert(roster:saveCharacterRosterState {
    { name = "Celes", level = 12 }, { name = "Locke", level = 7 }, { name = "Terra", level = 10 },
})
frames()

local reference = party:registerDatabaseAsMasterReference()
local synced = party:syncTier1DataToHub()
say("The party plug-in is the holder of %s, and broadcasts to %d.", reference.name, synced.subscribers)
frames()
for _, db in ipairs { roster, equipment, party } do assert(db:close()) end
