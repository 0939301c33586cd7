-- The plug-in "equipment-optimizer": dresses who joins the party, and shares out the best equipment when it is asked to.
--
-- Must not: know who else is on the store. It hears of the party from the hub, and reads what it needs from the store.
-- Keeps: who joins takes nothing from anybody. A wish for the best dresses the party anew, and takes from those who stay at
-- home what is better there. It saves only what differs, so it answers no event of its own.

local coffer = require "coffer"
local rules = require "rules"

local NAME = "equipment-optimizer"

local function by_index(items)
    local found = {}
    for _, item in ipairs(items) do found[item.index] = item end
    return found
end

-- What is stored, or a stand-in before the first save of it.
local function stored(db, load, missing)
    local value, message, status = db[load](db)
    if value == nil and status == coffer.ERROR_NOT_FOUND then return missing end
    return assert(value, message)
end

-- The best item of a kind for a hero that is not taken.
local function best(items, hero, kind, taken)
    local chosen
    for _, one in ipairs(items) do
        local better = not chosen or rules.worth(hero, one) > rules.worth(hero, chosen)
        if one.kind == kind and not taken[one.index] and better then chosen = one end
    end
    return chosen
end

-- The set, by item, of everybody who is not among these heroes.
local function worn_by_others(all, heroes)
    local is_one, owner = {}, {}
    for _, hero in ipairs(heroes) do is_one[hero.name] = true end
    for name, set in pairs(all) do
        if not is_one[name] then
            for _, index in pairs(set) do owner[index] = set end
        end
    end
    return owner
end

-- Those first who make more of a kind, then the higher levels.
local function in_order(heroes, kind)
    local order = {}
    for i, hero in ipairs(heroes) do order[i] = hero end
    table.sort(order, function(a, b)
        local one, other = rules.FAVOURS[a.calling] == kind, rules.FAVOURS[b.calling] == kind
        if one ~= other then return one end
        return a.level > b.level or a.level == b.level and a.name < b.name
    end)
    return order
end

-- Dresses these heroes anew, in `all`, with what nobody wears, or with what others wear too. How many items differ.
local function dress(items, all, heroes, from_others)
    local owner, taken, changed = worn_by_others(all, heroes), {}, 0
    if not from_others then
        for index in pairs(owner) do taken[index] = true end
    end
    for _, kind in ipairs(rules.KINDS) do
        for _, hero in ipairs(in_order(heroes, kind)) do
            local set, chosen = all[hero.name] or {}, best(items, hero, kind, taken)
            local index = chosen and chosen.index
            if index then taken[index] = true end
            if set[kind] ~= index then set[kind], changed = index, changed + 1 end
            all[hero.name] = set
            if owner[index] then owner[index][kind] = nil end
        end
    end
    return changed
end

local function open(path)
    local db = assert(coffer.open(path, { plugin = NAME }))
    local items = assert(db:loadPersistentData "love-party/items")
    local item = by_index(items)

    local function roster() return stored(db, "loadCharacterRosterState", {}) end
    local function members() return stored(db, "loadPartyConfig", { members = {} }).members end

    -- What everybody wears, and its revision.
    local function sets()
        local value, revision, status = db:loadEntry "equipment_sets"
        if value == nil and status == coffer.ERROR_NOT_FOUND then return {}, 0 end
        return assert(value, revision), revision
    end

    -- The heroes of these names, in the roster's order; only those who wear nothing, if so wished.
    local function heroes_of(names, all, only_bare)
        local wanted, found = {}, {}
        for _, name in ipairs(names) do wanted[name] = true end
        for _, hero in ipairs(roster()) do
            local bare = next(all[hero.name] or {}) == nil
            if wanted[hero.name] and (bare or not only_bare) then found[#found + 1] = hero end
        end
        return found
    end

    -- Those of these heroes who wear nothing get what nobody wears, or all of them the best that there is. When somebody else
    -- saves in between, as a restore on the keeper's thread may, it is done again with what is there then.
    local function dress_and_save(names, wish)
        local is_best = wish == "best"
        while true do
            local all, revision = sets()
            local changed = dress(items, all, heroes_of(names, all, not is_best), is_best)
            if changed == 0 then return 0 end
            local saved, message, status = db:saveBatch { { key = "equipment_sets", data = all, expected = revision } }
            if saved then return changed end
            assert(status == coffer.ERROR_CONFLICT, message)
        end
    end

    -- What each hero could have as power, if all equipment were theirs to choose from.
    local function strengths()
        local powers = coffer.object {}
        for _, hero in ipairs(roster()) do
            local set = {}
            for _, kind in ipairs(rules.KINDS) do
                local chosen = best(items, hero, kind, {})
                set[kind] = chosen and chosen.index
            end
            powers[hero.name] = rules.hero_power(hero, set, item)
        end
        return powers
    end

    local function power(names)
        local total, each = rules.party_power(names, roster(), (sets()), item)
        return { total = total, each = coffer.object(each) }
    end

    assert(db:registerPlugin {
        name = NAME, version = "1.1.0",
        exports = {
            strengths = strengths, power = power,
            optimise = function() return { changed = dress_and_save(members(), "best") } end,
        },
    })

    -- Who joins the party with nothing on is dressed. A commit that has equipment of its own, as a restore has, knows better.
    assert(db:on("database_changed", function(event)
        local party_changed
        for _, change in ipairs(event.payload.changes) do
            if change.key == "equipment_sets" then return end
            party_changed = party_changed or change.key == "party_configs"
        end
        if party_changed then dress_and_save(members(), "bare") end
    end))
    assert(db:on("party.chosen", function(event) dress_and_save(event.payload.members, "best") end))

    return db
end

return { NAME = NAME, open = open }
