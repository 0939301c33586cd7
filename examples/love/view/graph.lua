-- The frame-time graph: each frame's interval with the program's work in it, and below, on a scale of its own, what of it
-- Coffer's save took.
--
-- Must not: measure anything; frames.lua has the numbers.
-- Keeps: one scale for all frames that are shown, with its numbers beside it, and the line that a frame at 60 Hz must not pass.

local Frames = require "frames"
local theme = require "view.theme"

local color, place = theme.color, theme.place

local M = {}

-- The figures sort some hundred numbers: twice a second is enough, once there are that many.
local FIGURES_EVERY = 30
local BAR = 2
local LEFT = 56
M.FRAME_TOP, M.FRAME_HEIGHT, M.FRAME_SCALE = theme.HEAD + 4, 72, 25 -- ms at the top of the plot
M.SAVE_TOP, M.SAVE_HEIGHT = theme.HEAD + 98, 42
M.LIMIT = 1000 / 60
local SAVE_SCALES = { 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000 }

-- The smallest scale that all saves fit on, so that one long one is seen for what it is.
local function save_scale(frames)
    local most = 0
    for back = 0, Frames.SIZE - 1 do
        local i = frames:at(back)
        if not i then break end
        most = math.max(most, frames.save[i])
    end
    for _, scale in ipairs(SAVE_SCALES) do
        if most <= scale then return scale end
    end
    return most
end

-- One bar for each frame, the newest at the right.
local function bars(pen, frames, list, which, top, height, scale)
    local right = place.graph[1] + LEFT + Frames.SIZE * BAR - BAR
    for back = 0, Frames.SIZE - 1 do
        local i = frames:at(back)
        if not i then return end
        local high = math.min(height, math.max(1, height * list[i] / scale))
        pen:fill(which, right - back * BAR, top + height - high, BAR, high)
    end
end

local function milliseconds(value)
    if value < 0.9995 then return ("%.0f µs"):format(value * 1000) end
    return ("%.1f ms"):format(value)
end

local function scale_words(pen, text, y, which) pen:words(text, place.graph[1] + LEFT - 6, y, which or color.dim, "small", "right") end

local function key(pen, which, text, x, y)
    pen:fill(which, x, y + 4, 9, 9, 2)
    return x + 14 + pen:words(text, x + 14, y, color.dim, "small") + 14
end

local function frame_plot(pen, frames, figures)
    local x, y = place.graph[1] + LEFT, place.graph[2] + M.FRAME_TOP
    local width = Frames.SIZE * BAR
    pen:fill(color.background, x, y, width, M.FRAME_HEIGHT)
    bars(pen, frames, frames.interval, color.interval, y, M.FRAME_HEIGHT, M.FRAME_SCALE)
    bars(pen, frames, frames.work, color.work, y, M.FRAME_HEIGHT, M.FRAME_SCALE)
    local limit = y + M.FRAME_HEIGHT * (1 - M.LIMIT / M.FRAME_SCALE)
    pen:fill(color.limit, x, math.floor(limit), width, 1)
    scale_words(pen, "16.7", limit - 7, color.limit)
    scale_words(pen, "25 ms", y - 4)
    scale_words(pen, "0", y + M.FRAME_HEIGHT - 10)
    local below = y + M.FRAME_HEIGHT + 3
    local after = key(pen, color.interval, "frame " .. milliseconds(figures.interval.median), x, below)
    after = key(pen, color.work, "work " .. milliseconds(figures.work.median), after, below)
    key(pen, color.save, ("Coffer's save %s, p99 %s, max %s"):format(milliseconds(figures.save.median),
        milliseconds(figures.save.p99), milliseconds(figures.save.max)), after, below)
end

local function save_plot(pen, frames)
    local x, y = place.graph[1] + LEFT, place.graph[2] + M.SAVE_TOP
    local scale = save_scale(frames)
    pen:fill(color.background, x, y, Frames.SIZE * BAR, M.SAVE_HEIGHT)
    bars(pen, frames, frames.save, color.save, y, M.SAVE_HEIGHT, scale)
    scale_words(pen, scale < 1 and ("%g µs"):format(scale * 1000) or ("%g ms"):format(scale), y - 3)
    scale_words(pen, "0", y + M.SAVE_HEIGHT - 10)
end

local figures

function M.draw(pen, frames)
    local are_few = frames.count < FIGURES_EVERY
    if are_few or frames.count % FIGURES_EVERY == 0 or not figures then figures = frames:figures(Frames.SIZE) end
    local share = figures.save.median / M.LIMIT * 100
    pen:panel(place.graph, "Frame time", ("the save is %.1f %% of a frame"):format(share))
    frame_plot(pen, frames, figures)
    save_plot(pen, frames)
end

return M
