-- The whole screen: the bar at the top, the panels, the events of the hub, the keys, the status line.
--
-- Must not: change the game, or ask the store anything: it shows what the game holds.
-- Keeps: a region is drawn anew only when what it shows is no longer what it showed, which its signature tells. What was drawn
-- stays on a canvas; so a frame in which little happens costs little, with software rendering too.

local Pen = require "view.pen"
local graph = require "view.graph"
local people = require "view.people"
local road = require "view.road"
local theme = require "view.theme"

local color, place = theme.color, theme.place

local View = {}
View.__index = View

local NOTICE_SECONDS = 8
local NEW_SECONDS = 1.2

-- LÖVE's own font has no arrows: they are drawn, and a key can be a list of angles.
local UP, DOWN, LEFT, RIGHT = -math.pi / 2, math.pi / 2, math.pi, 0
local KEYS = {
    { { UP, DOWN }, "select" }, { "Enter", "join / leave" }, { "Tab", "panel" }, { { LEFT, RIGHT }, "swap item" },
    { "Del", "lay aside" },
    { "O", "best party" }, { "E", "best equipment" }, { "S", "snapshot" }, { "U", "undo" }, { "R", "redo" },
    { "Space", "rest" }, { "Esc", "quit" },
}

function View.new()
    local background = { theme.rgb(color.background) }
    local canvas = love.graphics.newCanvas(theme.WIDTH, theme.HEIGHT)
    -- It is shown pixel for pixel, and nothing has to be mixed: with software rendering that halves the time of a frame.
    canvas:setFilter("nearest", "nearest")
    return setmetatable({ pen = Pen.new(), background = background, canvas = canvas, shown = {} }, View)
end

local function top_words(game, at)
    local world, notice = game.model.world, game.notice
    local is_there = notice and at - notice.at < NOTICE_SECONDS
    return ("%.1f\n%.1f\n%d\n%s"):format(world.gold, world.paces, world.wins, is_there and notice.text or "")
end

local function top(pen, game, at)
    local x, y, width, height = unpack(place.top)
    local world = game.model.world
    pen:fill(color.panel, x, y, width, height)
    pen:words("The Long Road", x + 20, y + 11, color.text, "large")
    local notice = game.notice
    if notice and at - notice.at < NOTICE_SECONDS then
        pen:cut(notice.text, x + 220, y + 16, 560, notice.is_problem and color.bad or color.accent, "head")
    end
    local right = x + width - 20
    local function figure(value, label, which)
        right = right - pen:words(label, right, y + 17, color.dim, "text", "right") - 6
        right = right - pen:words(value, right, y + 11, which, "large", "right") - 22
    end
    figure(("%.1f"):format(world.gold), "gold", color.gold)
    figure(("%.1f"):format(world.paces), "paces", color.text)
    figure(tostring(world.wins), "wins", color.good)
end

local function event_line(pen, line, x, y, width, age)
    if age < NEW_SECONDS then pen:fill(color.accent, x + 6, y, width - 12, theme.FEED_ROW, 3, 0.28 * (1 - age / NEW_SECONDS)) end
    local which = theme.source[line.source] or color.dim
    pen:fill(which, x + 14, y + 6, 9, 9, 4)
    pen:words(("%d"):format(line.id), x + 76, y + 3, color.faint, "small", "right")
    pen:cut(line.source ~= "" and line.source or "the store", x + 86, y + 3, 132, which, "small")
    pen:cut(line.topic, x + 222, y + 3, 120, color.dim, "small")
    pen:cut(line.words, x + 346, y + 3, width - 360, color.text, "small")
end

local function feed_sign(game, at)
    local newest = game.feed.lines[1]
    return newest and at - newest.at < NEW_SECONDS + 0.1 and at or math.floor(at * 2)
end

local function feed(pen, game, at)
    local x, y, width, height = unpack(place.feed)
    local lines = game.feed.lines
    pen:panel(place.feed, "Events of the hub", ("and %d saves of frames"):format(game.feed.frames))
    local rows = math.floor((height - theme.HEAD) / theme.FEED_ROW)
    for i = 1, math.min(rows, #lines) do
        event_line(pen, lines[i], x, y + theme.HEAD + (i - 1) * theme.FEED_ROW, width, at - lines[i].at)
    end
end

local function key_width(pen, name)
    return type(name) == "table" and #name * 14 or pen.font.small:getWidth(name)
end

local function key_name(pen, name, x, y)
    if type(name) == "string" then return pen:words(name, x, y + 4, color.text, "small") end
    for i, angle in ipairs(name) do pen:arrow(color.text, x + i * 14 - 7, y + 11, 5, angle) end
end

local function help(pen)
    local x, y, width, height = unpack(place.help)
    local total = 0
    for _, one in ipairs(KEYS) do total = total + key_width(pen, one[1]) + pen.font.small:getWidth(one[2]) + 18 end
    local gap = (width - total) / (#KEYS - 1)
    for _, one in ipairs(KEYS) do
        local wide = key_width(pen, one[1])
        pen:fill(color.raised, x, y + 1, wide + 12, height - 2, 3)
        key_name(pen, one[1], x + 6, y)
        x = x + wide + 18 + pen:words(one[2], x + wide + 18, y + 4, color.dim, "small") + gap
    end
end

local function status_texts(store)
    local snapshots, last, counters = #store.snapshots, store.snapshots[#store.snapshots], store.counters
    return {
        ("snapshots %d%s"):format(snapshots, last and (", last " .. last.id) or ""),
        ("commit %d"):format(store.sequence),
        ("versions: roster %d, equipment %d, party %d"):format(counters.character_roster_v, counters.equipment_sets_v,
            counters.party_configs_v),
        ("frames saved %d, start %d"):format(store.session.frames, store.session.starts),
    }
end

local function outcome(store)
    if store.restoring then return "restoring", color.gold end
    if not store.is_saved then return "the last frame is not saved", color.bad end
    return "every frame is saved", color.good
end

local function status(pen, game)
    local x, y, width, height = unpack(place.status)
    pen:fill(color.panel, x, y, width, height)
    local left = x + 20
    for i, text in ipairs(status_texts(game.store)) do
        if i > 1 then pen:fill(color.edge, left - 16, y + 8, 1, height - 16) end
        -- Numbers that grow must not push the next text about.
        left = left + math.ceil(pen:words(text, left, y + 6, color.dim, "small") / 24) * 24 + 32
    end
    local text, which = outcome(game.store)
    pen:words(text, width - 20, y + 6, which, "small", "right")
end

-- What is drawn where, with a value that differs when it has to be drawn again.
local function edits(game) return game.model.edits end
local function each_second_frame(game) return math.floor(game.frames.count / 2) end
local function ten_a_second(game, at) return math.floor(at * 10) end
local REGIONS = {
    { place = place.top, sign = top_words, draw = top },
    { place = place.road, sign = function(game) return game.model.edits * 1e6 + game.model.world.seconds end,
        draw = function(pen, game) road.draw(pen, game.model) end },
    { place = place.roster, sign = edits, draw = function(pen, game) people.roster(pen, game.model) end },
    { place = place.party, sign = edits, draw = function(pen, game) people.party(pen, game.model) end },
    { place = place.equipment, sign = edits, draw = function(pen, game) people.equipment(pen, game.model) end },
    { place = place.graph, sign = each_second_frame, draw = function(pen, game) graph.draw(pen, game.frames) end },
    { place = place.feed, sign = feed_sign, draw = feed },
    { place = place.help, sign = function() return true end, draw = help },
    { place = place.status, sign = ten_a_second, draw = status },
}

--- Draws all of it. `game` is what main.lua holds, `at` the moment in seconds.
function View:draw(game, at)
    local graphics = love.graphics
    graphics.setCanvas(self.canvas)
    if next(self.shown) == nil then graphics.clear(self.background) end
    for i, region in ipairs(REGIONS) do
        local sign = region.sign(game, at)
        if sign ~= self.shown[i] then
            graphics.setScissor(unpack(region.place))
            self.pen:fill(color.background, unpack(region.place))
            region.draw(self.pen, game, at)
            self.shown[i] = sign
        end
    end
    graphics.setScissor()
    graphics.setCanvas()
    graphics.setBlendMode("replace", "premultiplied")
    graphics.setColor(1, 1, 1)
    graphics.draw(self.canvas)
    graphics.setBlendMode "alpha"
end

return View
