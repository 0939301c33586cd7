-- The panels about people: the roster, the party's four places, and what the selected hero wears.
--
-- Must not: change the model.

local rules = require "rules"
local theme = require "view.theme"

local color, place = theme.color, theme.place
local MOST_POWER = 70
local MOST_VALUE = 14
local LABEL = { weapon = "Weapon", armour = "Armour", charm = "Charm" }

local M = {}

-- The ground of a row that is selected, and of one that would be if its panel had the keys.
local function select(pen, is_active, x, y, width, height)
    pen:fill(is_active and color.selected or color.selected_idle, x, y, width, height, 4)
    if is_active then pen:fill(color.accent, x, y, 4, height, 2) end
end

function M.roster(pen, model)
    local x, y, width = unpack(place.roster)
    local screen = model.world.screen
    pen:panel(place.roster, "Roster", "power")
    for i, hero in ipairs(model.roster) do
        local top = y + theme.HEAD + (i - 1) * theme.ROSTER_ROW
        if i == screen.row then select(pen, screen.panel == "roster", x + 6, top, width - 12, theme.ROSTER_ROW) end
        local quiet = i == screen.row and color.text or color.dim
        local place_in_party = model:place(hero.name)
        pen:badge(theme.calling[hero.calling] or color.dim, hero.name, x + 28, top + 13, 10)
        pen:words(hero.name, x + 48, top + 4)
        pen:words(hero.calling, x + 136, top + 4, quiet)
        pen:words("level " .. hero.level, x + 208, top + 4, quiet)
        if place_in_party then
            pen:fill(color.good, x + 278, top + 9, 8, 8, 4)
            pen:words(tostring(place_in_party), x + 292, top + 4, color.good)
        end
        pen:words(tostring(model:power_of(hero)), x + width - 16, top + 4, color.text, "text", "right")
    end
end

local function slot(pen, model, name, x, y, width, height)
    pen:fill(color.raised, x, y, width, height, 5)
    local hero = name and model:hero(name)
    if not hero then
        pen:outline(color.edge, x, y, width, height, 5)
        pen:words("free", x + width / 2, y + height / 2 - 9, color.faint, "text", "center")
        return
    end
    local which, power = theme.calling[hero.calling] or color.dim, model:power_of(hero)
    pen:fill(which, x, y, 4, height, 2)
    pen:badge(which, name, x + 34, y + 30, 19, "badge")
    pen:words(name, x + 62, y + 11, color.text, "head")
    pen:words(("%s, level %d"):format(hero.calling, hero.level), x + 62, y + 31, color.dim, "small")
    pen:words(tostring(power), x + width - 12, y + 9, color.gold, "large", "right")
    pen:bar(which, x + 14, y + 56, width - 26, 6, power / MOST_POWER)
    for i, kind in ipairs(rules.KINDS) do
        local item, top = model:worn(name, kind), y + 50 + i * 18
        pen:fill(theme.kind[kind], x + 14, top + 4, 8, 8, 2)
        pen:cut(item and item.name or "nothing", x + 30, top, width - 40, item and color.text or color.faint, "small")
    end
end

function M.party(pen, model)
    local x, y, width, height = unpack(place.party)
    local members = model.party.members
    pen:panel(place.party, ("Party  %d of %d"):format(#members, rules.PARTY_SIZE))
    local enough = model:power() >= model:threat()
    local right = x + width - 14
    right = right - pen:words(("needs %d"):format(model:threat()), right, y + 8, color.dim, "text", "right") - 12
    pen:words("power " .. model:power(), right, y + 8, enough and color.good or color.bad, "text", "right")
    local wide, high = (width - 34) / 2, (height - theme.HEAD - 20) / 2
    for i = 1, rules.PARTY_SIZE do
        local column, line = (i - 1) % 2, math.floor((i - 1) / 2)
        slot(pen, model, members[i], x + 12 + column * (wide + 10), y + theme.HEAD + 4 + line * (high + 8), wide, high)
    end
end

local function worn_rows(pen, model, hero)
    local x, y, width = unpack(place.equipment)
    local screen = model.world.screen
    for i, kind in ipairs(rules.KINDS) do
        local top, item = y + theme.HEAD + (i - 1) * theme.SLOT_ROW, model:worn(hero.name, kind)
        if i == screen.slot then select(pen, screen.panel == "equipment", x + 6, top, width - 12, theme.SLOT_ROW) end
        pen:fill(theme.kind[kind], x + 20, top + 14, 12, 12, 3)
        local quiet = i == screen.slot and color.text or color.dim
        pen:words(LABEL[kind], x + 42, top + 11, quiet)
        pen:cut(item and item.name or "nothing", x + 118, top + 11, 188, item and color.text or quiet)
        local worth = rules.worth(hero, item)
        pen:bar(theme.kind[kind], x + 312, top + 17, 60, 6, worth / MOST_VALUE)
        pen:words(("%g"):format(worth), x + width - 16, top + 11, color.text, "text", "right")
    end
end

-- The part of the stock around what is worn, with who has what.
local function stock_rows(pen, model, hero, top, rows)
    local x, _, width = unpack(place.equipment)
    local kind = rules.KINDS[model.world.screen.slot]
    local list, wearer = model:stock(kind)
    local worn, at = model:worn(hero.name, kind), 0
    for i, item in ipairs(list) do
        if item == worn then at = i end
    end
    local first = math.max(1, math.min(at - math.floor(rows / 2), #list - rows + 1))
    for i = first, math.min(first + rows - 1, #list) do
        local item, owner = list[i], wearer[list[i].index]
        local which = item == worn and color.accent or owner and color.faint or color.text
        pen:cut(item.name, x + 42, top, 200, which, "small")
        if owner then pen:words(owner == hero.name and "worn" or "with " .. owner, x + 250, top, which, "small") end
        pen:words(("%g"):format(rules.worth(hero, item)), x + width - 16, top, which, "small", "right")
        top = top + 18
    end
end

function M.equipment(pen, model)
    local x, y, width = unpack(place.equipment)
    local hero = model:selected()
    local favours = rules.FAVOURS[hero.calling]
    pen:panel(place.equipment, "Equipment of " .. hero.name, favours and ("%s: %s × 1.5"):format(hero.calling, favours))
    worn_rows(pen, model, hero)
    local top = y + theme.HEAD + #rules.KINDS * theme.SLOT_ROW + 8
    pen:fill(color.edge, x + 14, top, width - 28, 1)
    pen:words("Stock of this kind, with what each is worth here", x + 20, top + 8, color.dim, "small")
    stock_rows(pen, model, hero, top + 28, 6)
end

return M
