-- The strip at the top where the party walks: what changes in every frame, so that every frame has something to save.
--
-- Must not: keep any state: two frames of the same world look the same.

local rules = require "rules"
local theme = require "view.theme"

local graphics = love.graphics
local color, rgb = theme.color, theme.rgb

local M = {}

local STEP = 26 -- pixels a pace of the ground

local function hills(x, y, width, paces)
    graphics.setColor(rgb(color.hill))
    local shift = (paces * 5) % 190
    for i = 0, math.ceil(width / 190) + 1 do
        local left = x + i * 190 - shift - 95
        graphics.polygon("fill", left - 120, y, left, y - 38, left + 60, y - 22, left + 130, y)
    end
end

local function stones(x, y, width, paces)
    graphics.setColor(rgb(color.path))
    local shift = (paces * STEP) % 64
    for i = 0, math.ceil(width / 64) do
        graphics.rectangle("fill", x + i * 64 - shift, y + 8, 22, 3)
        graphics.rectangle("fill", x + i * 64 - shift + 34, y + 14, 12, 2)
    end
end

-- A walker: two legs, a body, a head.
local function walker(pen, which, name, x, ground, phase)
    local swing = math.sin(phase) * 5
    graphics.setColor(rgb(color.faint))
    graphics.setLineWidth(3)
    graphics.line(x, ground - 14, x - swing, ground)
    graphics.line(x, ground - 14, x + swing, ground)
    local top = ground - 34 - math.abs(math.cos(phase)) * 2
    graphics.setColor(rgb(which))
    graphics.rectangle("fill", x - 8, top, 16, 22, 5)
    pen:badge(which, name, x, top - 9, 8)
end

local function foe(pen, model, x, ground)
    local it = model:foe()
    graphics.setColor(rgb(color.bad))
    graphics.polygon("fill", x - 16, ground, x - 12, ground - 30, x - 18, ground - 44, x, ground - 36, x + 18, ground - 44,
        x + 12, ground - 30, x + 16, ground)
    graphics.setColor(rgb(color.background))
    graphics.rectangle("fill", x - 7, ground - 28, 4, 4)
    graphics.rectangle("fill", x + 3, ground - 28, 4, 4)
    pen:words(it.name, x + 26, ground - 44, color.text, "text")
    pen:words(("needs a power of %d"):format(model:threat()), x + 26, ground - 25, color.dim, "small")
end

function M.draw(pen, model)
    local x, y, width, height = unpack(theme.place.road)
    local ground, world = y + height - 26, model.world
    pen:fill(color.sky, x, y, width, height)
    hills(x, ground, width, world.paces)
    pen:fill(color.ground, x, ground, width, 26)
    stones(x, ground, width, world.paces)
    -- The foe stands still on the ground that passes by.
    local left = 1 - model:progress()
    foe(pen, model, x + 262 + left * (width - 500), ground + 4)
    local members = model.party.members
    for i, name in ipairs(members) do
        local hero = model:hero(name)
        walker(pen, hero and theme.calling[hero.calling] or color.dim, name, x + 60 + (rules.PARTY_SIZE - i) * 46, ground + 5,
            world.paces * 3 + i * 1.3)
    end
    if #members == 0 then pen:words("Nobody walks: choose a party.", x + 24, y + 38, color.text) end
    if world.resting and #members > 0 then pen:words("resting", x + 24, y + 4, color.dim, "small") end
    pen:bar(color.accent, x, y + height - 4, width, 4, model:progress())
end

return M
