-- The items and the foes of a new game, made from the game data's JSON.
--
-- Must not: read files, or keep anything: what it makes is stored by Coffer when a game begins, and read
-- from there ever after.
-- Keeps: fields that a data set does not have have a stand-in, so that any list of named things makes a game.

local M = {}

local WEAPON = { "bow", "spear", "hook", "sword", "axe", "blade" }
local ARMOUR = { "coat", "shield", "cloak", "boots", "mail", "armor" }
local RARITY = { Common = 2, Uncommon = 3, Rare = 5, ["Very Rare"] = 7, Legendary = 9 }
local COINS = { cp = 0.01, sp = 0.1, gp = 1 }
local CHARMS = { ring = true, rod = true, staff = true, wand = true, ["wondrous-items"] = true }
local LONGEST_NAME = 22

local function names_one_of(name, words)
    for _, word in ipairs(words) do
        if name:lower():find(word, 1, true) then return true end
    end
    return false
end

-- "2d6" is worth its mean.
local function mean_of(dice)
    local count, sides = tostring(dice):match "^(%d+)d(%d+)"
    if not count then return tonumber(dice) or 1 end
    return count * (sides + 1) / 2
end

local function value_by_price(object)
    local cost = type(object.cost) == "table" and object.cost or {}
    local gold = (tonumber(cost.quantity) or 1) * (COINS[cost.unit] or 1)
    return math.min(9, 2 + math.floor(math.log(1 + gold) * 1.5))
end

local function kind_and_value(object)
    if type(object.damage) == "table" then return "weapon", object.weapon_category and mean_of(object.damage.damage_dice) end
    if type(object.armor_class) == "table" then
        return "armour", math.max(2, (tonumber(object.armor_class.base) or 2) - 9)
    end
    if object.equipment_category then return nil end
    if names_one_of(object.name, WEAPON) then return "weapon", value_by_price(object) end
    if names_one_of(object.name, ARMOUR) then return "armour", value_by_price(object) end
end

local function charm_value(object)
    local category = type(object.equipment_category) == "table" and object.equipment_category.index
    if category and not CHARMS[category] then return nil end
    local rarity = type(object.rarity) == "table" and object.rarity.name
    return RARITY[rarity]
end

-- At most `count` of a list, spread over all of it.
local function spread(list, count)
    if #list <= count then return list end
    local chosen = {}
    for i = 1, count do chosen[i] = list[1 + math.floor((i - 1) * (#list - 1) / (count - 1) + 0.5)] end
    return chosen
end

local function is_usable(object)
    return type(object.name) == "string" and type(object.index) == "string" and #object.name <= LONGEST_NAME
        and not object.name:find "[,:]"
end

local function by_value(a, b) return a.value < b.value or a.value == b.value and a.name < b.name end

local function add(all, kinds, count)
    table.sort(kinds, by_value)
    for _, item in ipairs(spread(kinds, count)) do all[#all + 1] = item end
end

--- The items, weakest first within each kind: { index =, name =, kind =, value = }.
function M.items(equipment, magic)
    local found = { weapon = {}, armour = {}, charm = {} }
    local function keep(object, kind, value)
        if kind and value and is_usable(object) then
            table.insert(found[kind], { index = object.index, name = object.name, kind = kind, value = value })
        end
    end
    for _, object in ipairs(equipment) do
        if is_usable(object) then keep(object, kind_and_value(object)) end
    end
    for _, object in ipairs(magic) do keep(object, "charm", charm_value(object)) end
    local items = {}
    add(items, found.weapon, 14)
    add(items, found.armour, 10)
    add(items, found.charm, 12)
    return items
end

--- The foes, in the order in which they are met: { name =, type =, rating = }.
function M.foes(monsters)
    local all = {}
    for _, object in ipairs(monsters) do
        local rating = tonumber(object.challenge_rating)
        if rating and is_usable(object) then all[#all + 1] = { name = object.name, type = object.type, rating = rating } end
    end
    table.sort(all, function(a, b) return a.rating < b.rating or a.rating == b.rating and a.name < b.name end)
    return spread(all, 24)
end

return M
