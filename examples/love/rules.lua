-- The rules of the game: callings, what equipment is worth on whom, which foe threatens how much.
--
-- Must not: know of LÖVE, of Coffer or of the screen; it is shared by the scene and by both plug-ins.
-- Keeps: every function depends on its arguments alone.

local M = {}

M.PARTY_SIZE = 4
M.KINDS = { "weapon", "armour", "charm" }
M.FIGHTS_A_LEVEL = 3

-- Each calling makes half as much again of one kind of equipment.
M.FAVOURS = {
    Knight = "armour", Warden = "armour", Ranger = "weapon", Duelist = "weapon", Smith = "weapon",
    Mage = "charm", Healer = "charm", Bard = "charm",
}

--- The heroes of a new game.
function M.first_roster()
    local heroes = {}
    local function hero(name, calling, level, might, grit, wits)
        heroes[#heroes + 1] =
            { name = name, calling = calling, level = level, might = might, grit = grit, wits = wits, fights = 0 }
    end
    hero("Maren", "Knight", 7, 8, 10, 4)
    hero("Tolv", "Ranger", 6, 9, 6, 5)
    hero("Isk", "Mage", 8, 3, 4, 12)
    hero("Brannoc", "Smith", 5, 10, 8, 3)
    hero("Oda", "Healer", 6, 3, 6, 10)
    hero("Quill", "Bard", 4, 4, 5, 9)
    hero("Ferro", "Warden", 7, 7, 11, 3)
    hero("Sable", "Duelist", 8, 11, 5, 6)
    hero("Wren", "Ranger", 3, 7, 4, 6)
    hero("Halvar", "Knight", 4, 7, 8, 3)
    return heroes
end

--- What an item is worth on a hero; 0 for none.
function M.worth(hero, item)
    if not item then return 0 end
    return M.FAVOURS[hero.calling] == item.kind and item.value * 1.5 or item.value
end

--- A hero's power with a set of equipment, { weapon = index, ... }, and the items by index.
function M.hero_power(hero, set, items)
    local power = hero.level + hero.might + hero.grit + hero.wits
    for _, kind in ipairs(M.KINDS) do
        power = power + M.worth(hero, set and items[set[kind]])
    end
    return math.floor(power + 0.5)
end

--- The power of a party, together and each, of members who are in the roster.
function M.party_power(members, roster, sets, items)
    local by_name, total, each = {}, 0, {}
    for _, hero in ipairs(roster) do by_name[hero.name] = hero end
    for _, name in ipairs(members) do
        local hero = by_name[name]
        if hero then
            each[name] = M.hero_power(hero, sets[name], items)
            total = total + each[name]
        end
    end
    return total, each
end

--- What a foe asks of a party. Who has beaten all of them meets them again, stronger.
function M.threat(foe, round)
    return math.floor((70 + 7 * foe.rating) * (1 + 0.2 * round))
end

return M
