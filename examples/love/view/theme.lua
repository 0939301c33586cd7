-- The colours, fonts and places of the screen, which is 1280 by 720.
--
-- Must not: draw, or need LÖVE but for fonts(): tests read colours and places from here too.
-- Keeps: colours are whole numbers from 0 to 255 here, and what LÖVE takes in `rgb`.

local M = {}

M.WIDTH, M.HEIGHT = 1280, 720

M.color = {
    background = { 16, 19, 26 },
    panel = { 25, 30, 41 },
    raised = { 33, 40, 54 },
    edge = { 46, 56, 75 },
    text = { 233, 237, 244 },
    dim = { 141, 152, 172 },
    faint = { 112, 124, 147 },
    selected = { 43, 74, 122 },
    selected_idle = { 38, 49, 70 },
    accent = { 106, 169, 255 },
    gold = { 240, 196, 92 },
    good = { 123, 216, 143 },
    bad = { 255, 107, 107 },
    limit = { 255, 138, 76 },
    interval = { 74, 90, 120 },
    work = { 95, 168, 160 },
    save = { 255, 122, 144 },
    sky = { 32, 43, 66 },
    hill = { 38, 54, 74 },
    ground = { 58, 66, 60 },
    path = { 92, 84, 70 },
}

-- Who says something on the hub.
M.source = {
    ["party-screen"] = { 106, 169, 255 },
    ["equipment-optimizer"] = { 240, 179, 90 },
    ["party-optimizer"] = { 123, 216, 143 },
    keeper = { 199, 146, 234 },
}

M.calling = {
    Knight = { 108, 142, 205 }, Warden = { 92, 150, 138 }, Ranger = { 118, 168, 92 }, Duelist = { 206, 104, 104 },
    Smith = { 196, 132, 80 }, Mage = { 146, 116, 206 }, Healer = { 216, 196, 128 }, Bard = { 204, 118, 172 },
}

M.kind = { weapon = { 206, 104, 104 }, armour = { 108, 142, 205 }, charm = { 146, 116, 206 } }

-- The same places for all who draw: x, y, width, height.
M.place = {
    top = { 0, 0, 1280, 48 },
    road = { 16, 56, 1248, 96 },
    roster = { 16, 164, 372, 300 },
    party = { 400, 164, 428, 300 },
    equipment = { 840, 164, 424, 300 },
    graph = { 16, 476, 600, 180 },
    feed = { 628, 476, 636, 180 },
    help = { 16, 664, 1248, 22 },
    status = { 0, 692, 1280, 28 },
}

M.HEAD = 30 -- the height of a panel's title
M.ROSTER_ROW = 26
M.SLOT_ROW = 40
M.FEED_ROW = 21

function M.fonts()
    local font = {}
    for name, size in pairs { small = 12, text = 14, head = 15, large = 22, badge = 20 } do
        font[name] = love.graphics.newFont(size)
        -- Letters stand on whole pixels, and look the same wherever they are kept in the font's own picture.
        font[name]:setFilter("nearest", "nearest")
    end
    return font
end

--- A colour as LÖVE takes it.
function M.rgb(color, alpha) return color[1] / 255, color[2] / 255, color[3] / 255, alpha or 1 end

return M
