-- The parts of the LÖVE scene that need no LÖVE: the model, its side of Coffer, and the two plug-ins, on a real store.
--
--     luajit parts.lua FOLDER DATA_PREFIX          as in examples/data/
--
-- Must not: depend on which game data it is given.

local coffer = require "coffer"
local Model, Store, rules = require "model", require "store", require "rules"
local equipment_optimizer = require "plugins.equipment_optimizer"
local party_optimizer = require "plugins.party_optimizer"

local folder, data = arg[1], arg[2]

local function read(name)
    local file = assert(io.open(data .. name .. ".json", "rb"))
    local text = file:read "*a"
    file:close()
    return text
end

local function texts()
    return { monsters = read "monsters", equipment = read "equipment", magic = read "magic-items" }
end

local function begin(name)
    local store = assert(Store.open(folder .. "/" .. name))
    local model = Model.new(store:catalogue(texts))
    store:load(model)
    store:begin_session()
    return store, model
end

local function wearers(model)
    local worn = {}
    for name, set in pairs(model.equipment) do
        for kind, index in pairs(set) do
            assert(model.item[index].kind == kind, name .. " wears a thing where it does not belong")
            assert(not worn[index], index .. " is worn twice")
            worn[index] = name
        end
    end
    return worn
end

local cases = {}

-- The party has four places, and nobody is in it twice.
function cases.party_is_full()
    local store, model = begin "full"
    for row = 1, 6 do
        model.world.screen.row = row
        model:toggle_member()
    end
    assert(#model.party.members == rules.PARTY_SIZE)
    model.world.screen.row = 2
    model:toggle_member()
    assert(#model.party.members == 3 and not model:place(model.roster[2].name))
    assert(store:close())
end

-- Going through the stock comes past everything that is free, and nothing that another wears.
function cases.items_are_worn_once()
    local store, model = begin "worn"
    model.world.screen.panel = "equipment"
    local list = model:stock "weapon"
    model:swap(1)
    local first = model:worn(model.roster[1].name, "weapon")
    assert(first == list[1])
    model.world.screen.row = 2
    local seen = {}
    for _ = 1, #list do
        model:swap(1)
        wearers(model)
        local item = model:worn(model.roster[2].name, "weapon")
        seen[item and item.index or "nothing"] = true
    end
    for i = 2, #list do assert(seen[list[i].index], "not come by: " .. list[i].index) end
    assert(seen.nothing and not seen[first.index])
    assert(store:close())
end

-- Who is thrown back learns, so that no foe stays for ever; who wins meets the next one.
function cases.fights_teach()
    local store, model = begin "fights"
    local hero = model:selected()
    local level = hero.level
    model:toggle_member()
    local function fight()
        repeat local words = model:tick(0.1) until words
    end
    for _ = 1, rules.FIGHTS_A_LEVEL do fight() end
    assert(model.world.wins == 0 and hero.level == level + 1 and model.changed.roster)
    hero.might = 1000
    model:set("roster", model.roster)
    fight()
    assert(model.world.wins == 1 and model.world.foe == 2 and model.world.leg == 0)
    assert(store:close())
end

-- What frames saved is found by the next start.
function cases.found_again()
    local store, model = begin "again"
    model:toggle_member()
    model:tick(1.5)
    assert(store:save_frame(model))
    assert(store:close())
    local next_store, found = begin "again"
    assert(next_store.session.starts == 2 and found.world.paces == model.world.paces and found.world.paces > 3)
    assert(found:place(model.roster[1].name) == 1 and next(found.changed) == nil)
    assert(next_store:close())
end

-- Without a change a frame saves the world and the session alone: no version of roster, equipment or party comes about.
function cases.frames_make_no_versions()
    local store, model = begin "versions"
    assert(store:save_frame(model))
    for _ = 1, 50 do
        model:tick(1 / 60)
        assert(store:save_frame(model))
    end
    assert(store.db:versionCounters().party_configs_v == 1)
    assert(store.db:loadEntry "love-party/session".frames == 51)
    assert(store:close())
end

-- A change that was made on an old state is refused, and the newer one is shown.
function cases.nothing_is_overwritten_unseen()
    local store, model = begin "conflict"
    assert(store:save_frame(model))
    local other = assert(coffer.open(folder .. "/conflict", { plugin = "somebody" }))
    assert(other:savePartyConfig { members = { "Oda" } })
    model:toggle_member()
    local saved, problem = store:save_frame(model)
    assert(not saved, "the change on an old state was saved")
    assert(problem:find("party_configs", 1, true), problem)
    assert(#model.party.members == 1 and model.party.members[1] == "Oda")
    assert(store:save_frame(model))
    assert(other:loadPartyConfig().members[1] == "Oda")
    assert(other:close() and store:close())
end

-- The game with its two plug-ins: its store and model, the topics of what they publish, a frame, and the end of all.
local function begin_with_plugins(name)
    local path = folder .. "/" .. name
    local store, model = begin(name)
    local heard = {}
    store:listen(model, function(event)
        if event.topic ~= "database_changed" then heard[#heard + 1] = event.topic end
    end)
    local plugins = { equipment_optimizer.open(path), party_optimizer.open(path) }
    local function frame()
        assert(store:save_frame(model))
        for _, plugin in ipairs(plugins) do
            local _, problem = plugin:poll()
            assert(not problem, problem)
        end
        assert(store:poll(0))
        store:take_answers()
    end
    local function close()
        for _, plugin in ipairs(plugins) do assert(plugin:close()) end
        assert(store:close())
    end
    frame()
    return store, model, heard, frame, close
end

-- Each plug-in hears what the other does: a member who joins bare is dressed, and the party is rated.
function cases.plugins_answer_each_other()
    local _, model, heard, frame, close = begin_with_plugins "plugins"
    model:toggle_member()
    for _ = 1, 3 do frame() end
    local name = model.roster[1].name
    for _, kind in ipairs(rules.KINDS) do assert(model:worn(name, kind), name .. " has no " .. kind) end
    assert(heard[#heard] == "party.rated", heard[#heard])
    close()
end

-- A wish makes the best party, which is dressed with the best.
function cases.plugins_find_the_best()
    local store, model, _, frame, close = begin_with_plugins "best"
    -- The first four are dressed then; of these the best party leaves some at home.
    for row = 1, rules.PARTY_SIZE do
        model.world.screen.row = row
        model:toggle_member()
        frame()
    end
    for _ = 1, 3 do frame() end

    local power, answered = model:power(), nil
    store:ask("party-optimizer", "best_party", { size = 4 }, function(answer, problem) answered = assert(answer, problem) end)
    for _ = 1, 4 do frame() end
    assert(answered and #answered.members == 4 and #model.party.members == 4)
    wearers(model)
    assert(model:power() > power, "the best party is no stronger than the first four")
    for _, kind in ipairs(rules.KINDS) do
        -- The stock ends with the best, and as much is what the party has, whoever wore it before.
        local list, left = model:stock(kind), 0
        for i = math.max(1, #list - rules.PARTY_SIZE + 1), #list do left = left + list[i].value end
        for _, member in ipairs(model.party.members) do
            local item = model:worn(member, kind)
            left = left - (item and item.value or 0)
        end
        assert(left == 0, kind .. ": better ones stay at home")
    end
    local revision = select(2, store.db:loadEntry "equipment_sets")
    store:ask("equipment-optimizer", "optimise", {}, function(answer) answered = answer end)
    for _ = 1, 3 do frame() end
    assert(answered.changed == 0 and select(2, store.db:loadEntry "equipment_sets") == revision)
    close()
end

local names = {}
for name in pairs(cases) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
    local ok, problem = xpcall(cases[name], debug.traceback)
    if not ok then
        io.stderr:write(name, ": ", tostring(problem), "\n")
        os.exit(1)
    end
    print("ok " .. name)
end
