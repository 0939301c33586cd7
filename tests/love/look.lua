-- Looks at pictures of the scene's window, pixel by pixel: whether what should be seen is there.
--
--     luajit look.lua CHECK PICTURE.ppm ARGUMENTS...      the checks are at the end
--
-- Must not: ask the store: a picture is right by what is on it.
-- Keeps: a check that does not hold says what it looked for, where, and what there was, and ends with 1.

local rules = require "rules"
local theme = require "view.theme"

local color, place = theme.color, theme.place
local byte = string.byte

-- Software rendering rounds: colours may be off by so much. Letters are mostly edges, which are mixed with the ground.
local NEAR, INK = 4, 60

local function fail(...)
    io.stderr:write(string.format(...), "\n")
    os.exit(1)
end

local function check(ok, ...)
    if not ok then fail(...) end
end

-- ---- pictures

local function read(file)
    local handle = assert(io.open(file, "rb"))
    local text = handle:read "*a"
    handle:close()
    local width, height, start = text:match "^P6%s+(%d+)%s+(%d+)%s+255%s()"
    check(width, "%s is no PPM picture", file)
    width, height = tonumber(width), tonumber(height)
    check(width == theme.WIDTH and height == theme.HEIGHT, "%s is %d by %d", file, width, height)
    check(#text == start - 1 + width * height * 3, "%s is cut off", file)
    return { text = text, start = start, width = width, file = file }
end

local function pixel(picture, x, y)
    return byte(picture.text, picture.start + (y * picture.width + x) * 3, picture.start + (y * picture.width + x) * 3 + 2)
end

local function is(picture, x, y, which, near)
    local red, green, blue = pixel(picture, x, y)
    return math.abs(red - which[1]) <= near and math.abs(green - which[2]) <= near and math.abs(blue - which[3]) <= near
end

-- How many pixels of a rectangle have a colour.
local function count(picture, which, x, y, width, height, near)
    local found = 0
    for row = y, y + height - 1 do
        for column = x, x + width - 1 do
            if is(picture, column, row, which, near or NEAR) then found = found + 1 end
        end
    end
    return found
end

-- The same for letters.
local function ink(picture, which, x, y, width, height) return count(picture, which, x, y, width, height, INK) end

local function rows_that_differ(one, other, x, y, width, height)
    local rows = 0
    for row = y, y + height - 1 do
        local from, to = one.start + (row * one.width + x) * 3, one.start + (row * one.width + x + width) * 3 - 1
        if one.text:sub(from, to) ~= other.text:sub(from, to) then rows = rows + 1 end
    end
    return rows
end

-- ---- what is where

local function roster_row(i)
    local x, y, width = unpack(place.roster)
    return x + 6, y + theme.HEAD + (i - 1) * theme.ROSTER_ROW, width - 12, theme.ROSTER_ROW
end

local function area(name)
    check(place[name], "there is no '%s' on the screen", name)
    return unpack(place[name])
end

local checks = {}

--- Every panel has its ground and its frame all around, and a title; the roster has its rows; the keys and the status are there.
function checks.panels(picture)
    for _, name in ipairs { "roster", "party", "equipment", "graph", "feed" } do
        local x, y, width, height = unpack(place[name])
        for _, side in ipairs {
            { x + 20, y, width - 40, 1 }, { x + 20, y + height - 1, width - 40, 1 },
            { x, y + 20, 1, height - 40 }, { x + width - 1, y + 20, 1, height - 40 },
        } do
            local pixels = side[3] * side[4]
            local found = count(picture, color.edge, unpack(side))
            check(found == pixels, "%s: %d of %d pixels of the frame at %d, %d", name, found, pixels, side[1], side[2])
        end
        local title = ink(picture, color.text, x + 10, y + 4, 160, theme.HEAD - 6)
        check(title > 40, "%s: no title, %d pixels", name, title)
        local ground = count(picture, color.panel, x + 1, y + 1, width - 2, theme.HEAD - 4)
        check(ground > width * 10, "%s: no ground behind the title, %d pixels", name, ground)
    end
    for i = 1, #rules.first_roster() do
        local words = ink(picture, color.text, roster_row(i))
        check(words > 40, "roster: no words in row %d, %d pixels", i, words)
    end
    local keys = count(picture, color.raised, area "help")
    check(keys > 3000, "keys: %d pixels of their grounds", keys)
    local status = ink(picture, color.dim, area "status")
    check(status > 300, "status: %d pixels of words", status)
    local saved = ink(picture, color.good, area "status")
    check(saved > 50, "status: it does not say that every frame is saved")
end

--- The graph: ARGUMENT columns at least have a bar of work, and one of Coffer's save below it; the line at 16.7 ms is whole.
function checks.graph(picture, columns)
    local graph = require "view.graph"
    local x, y, width = unpack(place.graph)
    local limit
    for row = y + graph.FRAME_TOP, y + graph.FRAME_TOP + graph.FRAME_HEIGHT do
        if count(picture, color.limit, x + 60, row, width - 80, 1) == width - 80 then limit = row end
    end
    check(limit, "graph: no line at 16.7 ms")
    local share = 1 - (limit - y - graph.FRAME_TOP) / graph.FRAME_HEIGHT
    check(math.abs(share * graph.FRAME_SCALE - 1000 / 60) < 0.6, "graph: the line is at %.1f ms", share * graph.FRAME_SCALE)
    local function with_bar(which, top, height)
        local found = 0
        for column = x, x + width - 1 do
            if count(picture, which, column, y + top, 1, height) > 0 then found = found + 1 end
        end
        return found
    end
    local work = with_bar(color.work, graph.FRAME_TOP, graph.FRAME_HEIGHT)
    local save = with_bar(color.save, graph.SAVE_TOP, graph.SAVE_HEIGHT)
    check(work >= tonumber(columns), "graph: %d columns with work", work)
    check(save >= tonumber(columns), "graph: %d columns with a save", save)
end

--- The row ARGUMENT of the roster has the ground of the selected one, and no other row has.
function checks.selected(picture, wanted)
    for i = 1, #rules.first_roster() do
        local x, y, width, height = roster_row(i)
        local share = count(picture, color.selected, x, y, width, height) / (width * height)
        if i == tonumber(wanted) then
            check(share > 0.6, "roster: row %d is not selected (%.2f of its ground)", i, share)
        else
            check(share < 0.01, "roster: row %d is selected, not %s", i, wanted)
        end
    end
end

--- The party has ARGUMENT members: that many places have a power in gold.
function checks.members(picture, wanted)
    local x, y, width, height = area "party"
    local wide, high, found = (width - 34) / 2, math.floor((height - theme.HEAD - 20) / 2), 0
    for i = 0, rules.PARTY_SIZE - 1 do
        local left, top = x + 12 + i % 2 * (wide + 10), y + theme.HEAD + 4 + math.floor(i / 2) * (high + 8)
        if ink(picture, color.gold, left, top, wide, high) > 40 then found = found + 1 end
    end
    check(found == tonumber(wanted), "party: %d members are seen, not %s", found, wanted)
end

local function source_of_line(picture, i)
    local x, y, width = area "feed"
    local top = y + theme.HEAD + (i - 1) * theme.FEED_ROW
    for name, which in pairs(theme.source) do
        local dot, words = count(picture, which, x + 14, top + 6, 9, 9), ink(picture, which, x + 86, top, 132, theme.FEED_ROW)
        if dot > 30 and words > 20 and ink(picture, color.text, x + 346, top, width - 360, theme.FEED_ROW) > 20 then
            return name
        end
    end
    return "nobody"
end

--- The newest events are of these sources, the newest first.
function checks.events(picture, ...)
    for i, wanted in ipairs { ... } do
        local found = source_of_line(picture, i)
        check(found == wanted, "events: line %d is of %s, not of %s", i, found, wanted)
    end
end

--- The bar below the road, which grows by a pixel a frame, shows no more than the store holds: ARGUMENT of the way, 0 to 1.
function checks.way(picture, stored)
    local x, y, width, height = area "road"
    local shown, held = count(picture, color.accent, x, y + height - 2, width, 1), width * tonumber(stored)
    check(shown > 0 and shown <= held + 1, "road: %d pixels of the way are seen, %.1f are stored", shown, held)
end

--- The same pixels in these places of two pictures.
function checks.same(picture, other, ...)
    other = read(other)
    for _, name in ipairs { ... } do
        local rows = rows_that_differ(picture, other, area(name))
        check(rows == 0, "%s: %d rows of pixels are not the same in %s and %s", name, rows, picture.file, other.file)
    end
end

--- Something else in each of these places.
function checks.differ(picture, other, ...)
    other = read(other)
    for _, name in ipairs { ... } do
        local rows = rows_that_differ(picture, other, area(name))
        check(rows >= 10, "%s: only %d rows of pixels differ in %s and %s", name, rows, picture.file, other.file)
    end
end

local chosen = checks[arg[1] or ""]
if not chosen or not arg[2] then
    io.stderr:write "usage: luajit look.lua panels|graph|selected|members|events|way|same|differ PICTURE.ppm ARGUMENTS...\n"
    os.exit(2)
end
chosen(read(arg[2]), unpack(arg, 3))
