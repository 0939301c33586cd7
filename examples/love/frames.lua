-- How long the last frames took, all of them and Coffer's save in them, and what is typical.
--
-- Must not: measure; it is told. Nothing is allocated for a frame.
-- Keeps: the last SIZE frames in a ring, and for the figures at the end the last KEPT.

local Frames = {}
Frames.__index = Frames

Frames.SIZE = 264
local KEPT = 36000 -- ten minutes

function Frames.new() return setmetatable({ count = 0, interval = {}, work = {}, save = {} }, Frames) end

--- A frame of `interval` milliseconds, of which the program worked `work` and Coffer saved `save`.
function Frames:add(interval, work, save)
    local i = self.count % KEPT + 1
    self.interval[i], self.work[i], self.save[i] = interval, work, save
    self.count = self.count + 1
end

--- The place of the frame `back` before the newest, for interval, work and save; nil if there is none.
function Frames:at(back)
    if back >= self.count or back >= KEPT then return nil end
    return (self.count - 1 - back) % KEPT + 1
end

local function figures(list, count)
    local sorted = {}
    for i = 1, count do sorted[i] = list[i] end
    table.sort(sorted)
    local function at(share) return sorted[math.max(1, math.ceil(share * count))] or 0 end
    return { median = at(0.5), p99 = at(0.99), max = sorted[count] or 0 }
end

--- Median, p99 and max in milliseconds of the newest `last` frames (all that are kept, without it), by name.
function Frames:figures(last)
    local count = math.min(self.count, last or KEPT, KEPT)
    local told = { frames = self.count }
    for _, name in ipairs { "interval", "work", "save" } do
        local list = {}
        for i = 1, count do list[i] = self[name][self:at(i - 1)] end
        told[name] = figures(list, count)
    end
    return told
end

return Frames
