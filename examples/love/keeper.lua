-- A thread of its own for what waits for the disk: making snapshots and restoring them. So no frame waits for it.
--
--     love.thread.newThread("keeper.lua"):start(package.path, store_path)
--
-- Jobs come by the channel "keeper-jobs", and each is answered once by "keeper-done"; a job `close` ends the thread. The
-- store is the game's own: every open of a folder in a process shares one.
-- Must not: touch the model, which belongs to the game's thread.
-- Keeps: a job that fails, or throws, is answered with its problem.

local paths, store_path = ...
package.path = paths

local jobs, done = love.thread.getChannel "keeper-jobs", love.thread.getChannel "keeper-done"
local coffer = require "coffer"
local db = assert(coffer.open(store_path, { plugin = "keeper", create = false }))

local work = {}

function work.snapshot(job)
    local id, message = db:createDatabaseSnapshot(job.label)
    return { id = id, problem = not id and message or nil }
end

function work.restore(job)
    local result = db:restoreDatabaseFromSnapshot(job.id, job.options)
    if not result.success then return { problem = result.error } end
    return { id = job.id, undo = result.undo }
end

while true do
    local job = jobs:demand()
    if job.what == "close" then break end
    local ok, answer = pcall(work[job.what], job)
    if not ok then answer = { problem = tostring(answer) } end
    answer.what, answer.way = job.what, job.way
    done:push(answer)
end
assert(db:close())
