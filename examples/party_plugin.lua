-- A plug-in in LuaJIT: it puts monsters and spells into the store, reads the engine's roster, and chooses a party and a
-- foe that it can face.
--
--     luajit party_plugin.lua STORE MONSTERS.json SPELLS.json
--
-- It must not know where the roster comes from: the engine saved it, and the store is all that they share. Every call
-- of Coffer that fails gives nil and a message, which is what assert takes.

local coffer = require "coffer"

local BATCH = 100
local PARTY = 4

local store, monsters_file, spells_file = arg[1], arg[2], arg[3]
if not spells_file then
    io.stderr:write "usage: luajit party_plugin.lua STORE MONSTERS.json SPELLS.json\n"
    os.exit(2)
end

local function read_file(name)
    local file = assert(io.open(name, "rb"))
    local text = assert(file:read "*a")
    file:close()
    return text
end

-- Saves each object of a JSON array as a document of its own, a hundred at a time. A batch is one commit, so this is
-- faster than single saves, and no other reader ever sees half a batch.
local function import(db, file, collection)
    local objects = assert(coffer.decode(read_file(file)))
    local batch, batches = {}, 0
    for i, object in ipairs(objects) do
        batch[#batch + 1] = { key = collection .. "/" .. object.index, data = object }
        if #batch == BATCH or i == #objects then
            assert(db:saveBatch(batch))
            batch, batches = {}, batches + 1
        end
    end
    print(("It saves %3d documents under %s/, at most %d in a batch (batches: %d)."):format(
        #objects, collection, BATCH, batches))
end

-- The heroes with the highest levels, and how many hit points they have together.
local function choose_members(roster)
    local heroes = roster.heroes
    table.sort(heroes, function(a, b) return a.level > b.level or a.level == b.level and a.name < b.name end)
    local members, strength = coffer.array {}, 0
    for i = 1, math.min(PARTY, #heroes) do
        members[i] = heroes[i].name
        strength = strength + heroes[i].hit_points
    end
    return members, strength
end

-- The strongest monster that the party can still face.
local function choose_foe(db, strength)
    local best
    for _, key in ipairs(assert(db:listDatabaseKeys "monsters/")) do
        local monster = assert(db:loadPersistentData(key))
        if monster.hit_points <= strength and (not best or monster.hit_points > best.hit_points) then best = monster end
    end
    return best
end

-- The names of the spells that a party of beginners can cast.
local function choose_spells(db)
    local names = coffer.array {}
    for _, key in ipairs(assert(db:listDatabaseKeys "spells/")) do
        local spell = assert(db:loadPersistentData(key))
        if spell.level == 1 and #names < PARTY then names[#names + 1] = spell.name end
    end
    return names
end

local db = assert(coffer.open(store, { plugin = "party-plugin" }))
import(db, monsters_file, "monsters")
import(db, spells_file, "spells")

local members, strength = choose_members(assert(db:loadCharacterRosterState()))
local foe = choose_foe(db, strength)
local spells = choose_spells(db)
assert(db:savePartyConfig { members = members, foe = foe and foe.index or coffer.null, spells = spells })

-- What the plug-in remembers for itself goes under a prefix of its own, so that plug-ins do not meet.
local choice = { strength = strength, foe = foe and foe.name or coffer.null }
local revision = assert(db:saveEntry("party-plugin/choice", choice))

local counters = assert(db:versionCounters())
print(("From the engine's roster it chooses %s,"):format(table.concat(members, ", ")))
print(("who have %d hit points together; their foe is %s."):format(strength, foe and foe.name or "nobody"))
print(("That is party version %d. Its own notes are at revision %d."):format(counters.party_configs_v, revision))
assert(db:close())
