-- Drawing with the theme: panels, words, bars, badges.
--
-- Must not: know of the game.
-- Keeps: each function sets the colour and the font that it needs; none relies on what was set before.

local theme = require "view.theme"

local graphics = love.graphics
local color, rgb = theme.color, theme.rgb

local Pen = {}
Pen.__index = Pen

function Pen.new() return setmetatable({ font = theme.fonts() }, Pen) end

function Pen:fill(which, x, y, width, height, round, alpha)
    graphics.setColor(rgb(which, alpha))
    graphics.rectangle("fill", x, y, width, height, round or 0)
end

function Pen:outline(which, x, y, width, height, round)
    graphics.setColor(rgb(which))
    graphics.setLineWidth(1)
    graphics.rectangle("line", x + 0.5, y + 0.5, width - 1, height - 1, round or 0)
end

--- Words at a place; `align` is left (with x as the left end), or right (with x as the right one), or center. How wide.
function Pen:words(text, x, y, which, font, align)
    font = self.font[font or "text"]
    local width = font:getWidth(text)
    if align == "right" then x = x - width elseif align == "center" then x = x - width / 2 end
    graphics.setFont(font)
    graphics.setColor(rgb(which or color.text))
    graphics.print(text, math.floor(x), math.floor(y))
    return width
end

--- The same, cut to a width.
function Pen:cut(text, x, y, width, which, font)
    local measured = self.font[font or "text"]
    if measured:getWidth(text) > width then
        -- Names may be of any language, and are cut between letters.
        local letters = {}
        for letter in text:gmatch "[%z\1-\127\194-\244][\128-\191]*" do letters[#letters + 1] = letter end
        repeat letters[#letters] = nil until #letters == 0 or measured:getWidth(table.concat(letters) .. "…") <= width
        text = table.concat(letters) .. "…"
    end
    return self:words(text, x, y, which, font)
end

--- A panel with its title, and words at the right of it.
function Pen:panel(place, title, note, note_color)
    local x, y, width, height = unpack(place)
    self:fill(color.panel, x, y, width, height, 6)
    self:outline(color.edge, x, y, width, height, 6)
    self:words(title, x + 14, y + 7, color.text, "head")
    if note then self:words(note, x + width - 14, y + 8, note_color or color.dim, "text", "right") end
end

--- A bar that is filled to a share of it.
function Pen:bar(which, x, y, width, height, share)
    self:fill(color.edge, x, y, width, height, height / 2)
    local filled = width * math.max(0, math.min(1, share))
    if filled >= 1 then self:fill(which, x, y, math.max(filled, height), height, height / 2) end
end

--- A small triangle that points to an angle.
function Pen:arrow(which, x, y, size, angle)
    local along, across = math.cos(angle) * size, math.sin(angle) * size
    graphics.setColor(rgb(which))
    graphics.polygon("fill", x + along, y + across, x - along * 0.7 - across, y - across * 0.7 + along,
        x - along * 0.7 + across, y - across * 0.7 - along)
end

--- A round badge with the first letter of a name.
function Pen:badge(which, name, x, y, radius, font)
    graphics.setColor(rgb(which))
    graphics.circle("fill", x, y, radius, 20)
    font = font or "small"
    self:words(name:sub(1, 1), x, y - self.font[font]:getHeight() / 2, color.background, font, "center")
end

return Pen
