-- A party screen whose every frame is saved by Coffer: LÖVE's callbacks, the keys, and the loop that times each frame.
--
--     love examples/love [STORE_FOLDER]        the store is in LÖVE's save folder by default
--
-- The parts: model.lua is the game, store.lua its side of Coffer, keeper.lua the thread for snapshots, plugins/ the two
-- plug-ins, feed.lua what the hub told, frames.lua what frames took, view/ the screen.
-- Must not: hold state of the game, or call Coffer.
-- Keeps: the order within a frame. The player's changes are saved before plug-ins hear of them, so nobody overwrites anybody.

local paths = require "paths"
paths.coffer()
local Feed, Frames, Model, Store = require "feed", require "frames", require "model", require "store"
local equipment_optimizer = require "plugins.equipment_optimizer"
local party_optimizer = require "plugins.party_optimizer"
local View = require "view.screen"

local now, sleep = love.timer.getTime, love.timer.sleep

local FRAME = 1 / 60
-- What plug-ins may take of a frame, in microseconds each.
local BUDGET_US = 2000

local game -- everything that a session has: store, model, plug-ins, feed, frames, view

local function say(text, is_problem) game.notice = { text = text, is_problem = is_problem, at = now() } end

-- What a call answered, for the player: a message, or a problem.
local function tell(text, problem)
    if text then say(text) elseif problem then say(problem, true) end
end

-- ---- beginning and end

local function store_path(argument)
    if argument then return argument end
    assert(love.filesystem.createDirectory "party.store", "LÖVE's save folder cannot be written")
    return love.filesystem.getSaveDirectory() .. "/party.store"
end

local function welcome(last)
    if not last then return "A new game: choose a party with the arrows and Enter, or let O do it." end
    return ("Found again as frame %d left it. This is start %d."):format(last.frames, game.store.session.starts)
end

function love.load(arguments)
    local path = store_path(arguments[1])
    local store = assert(Store.open(path))
    local model = Model.new(store:catalogue(paths.game_data))
    store:load(model)
    local feed = Feed.new()
    game = { store = store, model = model, feed = feed, frames = Frames.new(), view = View.new() }
    store:listen(model, function(event) feed:add(event, now()) end)
    tell(welcome(store:begin_session()))
    game.plugins = { equipment_optimizer.open(path), party_optimizer.open(path) }
    game.jobs, game.done = love.thread.getChannel "keeper-jobs", love.thread.getChannel "keeper-done"
    game.keeper = love.thread.newThread "keeper.lua"
    game.keeper:start(package.path, path)
end

-- One line for each kind of time, in milliseconds.
local function print_figures()
    local told = game.frames:figures()
    print(("frames %d"):format(told.frames))
    for _, name in ipairs { "interval", "work", "save" } do
        local one = told[name]
        print(("%-8s ms: median %.3f  p99 %.3f  max %.3f"):format(name, one.median, one.p99, one.max))
    end
    io.stdout:flush()
end

function love.quit()
    if not game then return end
    game.jobs:push { what = "close" }
    game.keeper:wait()
    for _, plugin in ipairs(game.plugins) do assert(plugin:close()) end
    assert(game.store:close())
    print_figures()
end

-- The keeper catches what goes wrong with a job; so this is its start, and nobody will answer what was asked of it.
function love.threaderror(_, message)
    game.store:finish(game.model, { what = "restore", problem = message })
    say(message, true)
end

-- ---- keys

-- The time that Coffer took for the frame's save, in seconds.
local function save()
    local start = now()
    local ok, problem = game.store:save_frame(game.model)
    local taken = now() - start
    if not ok then say("Not saved: " .. problem, true) end
    return taken
end

-- What the keeper is to do. Changes of this very frame are saved first, so that they are among what is kept or undone.
local function job(make)
    if not game.keeper:isRunning() then return say("The thread for snapshots has ended: start the game again.", true) end
    save()
    local made, problem = make(game.store)
    if made then game.jobs:push(made) else say(problem, true) end
end

local function ask(plugin, method, argument, text)
    game.store:ask(plugin, method, argument, function(answer, message) tell(answer and text(answer), message) end)
end

local actions = {}

function actions.up() game.model:move(-1) end
function actions.down() game.model:move(1) end
function actions.tab() game.model:switch_panel() end
function actions.space() tell(game.model:rest()) end
function actions.escape() love.event.quit() end
function actions.s() job(game.store.snapshot_job) end
function actions.u() job(game.store.undo_job) end
function actions.r() job(game.store.redo_job) end

function actions.enter()
    local model = game.model
    tell(model.world.screen.panel == "roster" and model:toggle_member() or model:swap(1))
end

function actions.right() tell(game.model:swap(1)) end
function actions.left() tell(game.model:swap(-1)) end
function actions.backspace() tell(game.model:swap(0)) end

function actions.o()
    ask("party-optimizer", "best_party", { size = 4 }, function(answer)
        return ("The party optimizer sends %s."):format(table.concat(answer.members, ", "))
    end)
end

function actions.e()
    ask("equipment-optimizer", "optimise", {}, function(answer)
        return answer.changed > 0 and ("The equipment optimizer changes %d items."):format(answer.changed)
            or "The equipment optimizer finds nothing better."
    end)
end

local SAME = { ["return"] = "enter", kpenter = "enter", f5 = "s", delete = "backspace" }
local WITH_CTRL = { z = "u", y = "r", s = "s" }

-- Which of the two keys Ctrl are down at this event. love.keyboard.isDown tells of the moment after all events of the frame.
local ctrl = {}

function love.keyreleased(key) ctrl[key] = nil end

function love.keypressed(key)
    if key == "lctrl" or key == "rctrl" then ctrl[key] = true end
    -- Between the order to restore and its end, a change would be lost: the next frame takes keys again.
    if game.store.restoring and key ~= "escape" then return end
    local action
    if next(ctrl) then action = WITH_CTRL[key] else action = SAME[key] or key end
    if actions[action] then actions[action]() end
end

-- ---- a frame

local function hear()
    for _, plugin in ipairs(game.plugins) do
        local count, problem = plugin:poll(0, BUDGET_US)
        if not count or problem then say(problem, true) end
    end
    local ok, problem = game.store:poll(BUDGET_US)
    if not ok then say(problem, true) end
    game.store:take_answers()
end

local function update(seconds)
    local done = game.done:pop()
    if done then tell(game.store:finish(game.model, done)) end
    if not game.store.restoring then tell(game.model:tick(seconds)) end
    local taken = save()
    hear()
    return taken
end

local function draw()
    love.graphics.origin()
    love.graphics.clear(game.view.background)
    game.view:draw(game, now())
    love.graphics.present()
end

-- Waits for the end of the frame. Sleeping is exact to a millisecond, so the last two are waited for in small steps.
local function wait_until(moment)
    local left = moment - now()
    if left > 0.002 then sleep(left - 0.002) end
    while now() < moment do sleep(0) end
end

-- Handles what came in; the exit status when the game shall end.
local function events()
    love.event.pump()
    for name, a, b, c, d, e, f in love.event.poll() do
        if name == "quit" and not (love.quit and love.quit()) then return a or 0 end
        if love.handlers[name] then love.handlers[name](a, b, c, d, e, f) end
    end
end

-- In place of LÖVE's own loop, because the work of a frame is to be told from the wait for the next.
function love.run()
    love.load(love.arg.parseGameArguments(arg))
    local last, due = now(), now() + FRAME
    return function()
        local start = now()
        local status = events()
        if status then return status end
        love.timer.step()
        local taken = update(math.min(start - last, 0.1))
        if love.graphics.isActive() then draw() end
        game.frames:add((start - last) * 1000, (now() - start) * 1000, taken * 1000)
        last = start
        wait_until(due)
        due = math.max(due + FRAME, now())
    end
end
