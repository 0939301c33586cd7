-- The game's side of Coffer: everything is found when the game starts, and every frame is saved, in one commit.
--
-- Must not: decide anything about the game, or wait for the disk: snapshots and restores are the keeper's, on its own thread.
-- Keeps: a frame is saved whole or not at all. What another plug-in saved is never overwritten unseen: a save names the
-- revisions that it knows, and is refused when one of them is old. While a restore runs, nothing is saved.

local coffer = require "coffer"
local catalogue = require "catalogue"

local Store = {}
Store.__index = Store

-- The game's name on the hub.
Store.NAME = "party-screen"

local DOCUMENTS = { roster = "character_roster", equipment = "equipment_sets", party = "party_configs" }
local NAMES = {}
for name, key in pairs(DOCUMENTS) do NAMES[key] = name end
local WORLD, SESSION = "love-party/world", "love-party/session"
local ITEMS, FOES = "love-party/items", "love-party/foes"

-- What an undo takes back. The session counts on, as it tells of the program and not of the game.
local RESTORED = { keys = { "character_roster", "equipment_sets", "party_configs", WORLD } }

--- open(path) -> the store, or nil and why not.
function Store.open(path)
    local db, message = coffer.open(path, { plugin = Store.NAME })
    if not db then return nil, message end
    local self = { db = db, path = path, revisions = {}, redos = {}, snapshots = {}, sequence = 0, commits = 0 }
    return setmetatable(self, Store)
end

local function decoded(text, what)
    local value, message = coffer.decode(text)
    return assert(value, message and what .. ": " .. message)
end

--- The items and foes, from the store; on the first start they are made of the game data, which `read` gives.
function Store:catalogue(read)
    local db = self.db
    local items, message, status = db:loadPersistentData(ITEMS)
    if items then return { items = items, foes = assert(db:loadPersistentData(FOES)) } end
    assert(status == coffer.ERROR_NOT_FOUND, message)
    local texts = assert(read())
    items = catalogue.items(decoded(texts.equipment, "equipment.json"), decoded(texts.magic, "magic-items.json"))
    local foes = catalogue.foes(decoded(texts.monsters, "monsters.json"))
    assert(#items > 0 and #foes > 0, "the game data has no item or no foe that the game can use")
    assert(db:saveBatch { { key = ITEMS, data = items }, { key = FOES, data = foes } })
    return { items = items, foes = foes }
end

-- A document with its revision, which the next save of it will name; 0 when it is not there.
local function find(self, key)
    local value, revision, status = self.db:loadEntry(key)
    if value == nil then
        assert(status == coffer.ERROR_NOT_FOUND, revision)
        self.revisions[key] = 0
        return nil
    end
    self.revisions[key] = revision
    return value
end

--- Puts what is stored into the model; what is not there yet stays as the model has it, and is saved with the next frame.
function Store:load(model)
    for name, key in pairs(DOCUMENTS) do
        local value = find(self, key)
        if value then model:set(name, value) end
    end
    local world = find(self, WORLD)
    if world then model:set("world", world) end
    self.counters = assert(self.db:versionCounters())
end

--- Begins a session: counts this start, and gives what the one before left. Found again is what its last frame saved.
function Store:begin_session()
    local last = find(self, SESSION)
    self.session = { starts = (last and last.starts or 0) + 1, frames = last and last.frames or 0 }
    self:look_at_snapshots()
    return last
end

-- ---- the save of a frame

local function documents_of(self, model)
    self.session.frames = self.session.frames + 1
    local batch = { { key = SESSION, data = self.session }, { key = WORLD, data = model.world } }
    for name, key in pairs(DOCUMENTS) do
        if model.changed[name] then
            batch[#batch + 1] = { key = key, data = model[name], expected = self.revisions[key] }
        end
    end
    return batch
end

--- Saves a frame: the world as it stands, and of roster, equipment and party what has changed. True, or nil and why not:
--- when a plug-in was quicker, its documents are in the model now.
function Store:save_frame(model)
    if self.restoring then return true end
    -- Other tools shall find an empty party as a list.
    coffer.array(model.party.members)
    local batch = documents_of(self, model)
    local sequence, message, status = self.db:saveBatch(batch)
    self.is_saved = sequence ~= nil
    if not sequence then
        if status == coffer.ERROR_CONFLICT then self:load(model) end
        return nil, message
    end
    self.sequence, self.commits = sequence, self.commits + 1
    for i = 3, #batch do
        local key = batch[i].key
        self.revisions[key] = self.revisions[key] + 1
        model.changed[NAMES[key]] = nil
        -- An edit of the player's ends the way forward, and the next undo begins at the newest snapshot again.
        self.undone, self.redos = nil, {}
    end
    if #batch > 2 then self.counters = assert(self.db:versionCounters()) end
    return true
end

-- ---- what others did

--- Calls `heard` with each event of the hub in poll(). What others saved of the model's documents is put into it.
function Store:listen(model, heard)
    assert(self.db:on("*", function(event)
        if event.topic == "database_changed" and event.source ~= Store.NAME then
            for _, change in ipairs(event.payload.changes) do
                local name = NAMES[change.key]
                if name and change.revision > self.revisions[change.key] then model:set(name, find(self, change.key)) end
            end
            self.counters = assert(self.db:versionCounters())
        end
        heard(event)
    end))
end

--- The game's own methods and events; nil and a message when one failed.
function Store:poll(budget_us)
    local count, problem = self.db:poll(0, budget_us)
    return count and not problem, problem
end

--- Asks another plug-in for something, without waiting; `answered(answer, message)` is called in a later frame.
function Store:ask(plugin, method, argument, answered)
    local call, message = self.db:beginCall(plugin, method, argument)
    if not call then return answered(nil, message) end
    self.asked = self.asked or {}
    table.insert(self.asked, { call = call, answered = answered })
end

--- Hands out the answers that have come.
function Store:take_answers()
    local asked = self.asked
    if not asked or #asked == 0 then return end
    self.asked = {}
    for _, one in ipairs(asked) do
        local answer, message, status = one.call:await()
        if answer == nil and status == coffer.ERROR_PENDING then
            table.insert(self.asked, one)
        else
            one.answered(answer, message)
        end
    end
end

-- ---- going back

--- Looks which snapshots there are: the player's own, newest last.
function Store:look_at_snapshots()
    local own = {}
    for _, one in ipairs(assert(self.db:listSnapshots()).snapshots) do
        if one.kind == "manual" then own[#own + 1] = one end
    end
    self.snapshots = own
end

-- The snapshot that an undo goes to: the newest, or the one before that which was just gone back to.
local function undo_target(self)
    local list = self.snapshots
    if not self.undone then return list[#list] end
    for i = #list, 2, -1 do
        if list[i].id == self.undone then return list[i - 1] end
    end
    return nil
end

--- The job of the keeper that makes a snapshot.
function Store:snapshot_job()
    return { what = "snapshot", label = "player-" .. self.session.frames }
end

local function restore_job(self, id, way)
    self.restoring = true
    return { what = "restore", way = way, id = id, options = RESTORED }
end

--- The job of the keeper that goes back to the last snapshot, or one further; nil and why not.
function Store:undo_job()
    local target = undo_target(self)
    if target then return restore_job(self, target.id, "undo") end
    return nil, self.undone and "There is no earlier snapshot." or "There is no snapshot yet: S makes one."
end

--- The job that takes the last undo back; nil and why not.
function Store:redo_job()
    local id = table.remove(self.redos)
    if id then return restore_job(self, id, "redo") end
    return nil, "Nothing was undone."
end

--- Takes what the keeper did into the model. What happened, in words.
function Store:finish(model, done)
    if done.what == "restore" then
        self.restoring = nil
        self:load(model)
    end
    self:look_at_snapshots()
    if done.problem then return nil, done.problem end
    if done.what == "snapshot" then return ("Snapshot %s is made."):format(done.id) end
    self.undone = done.way == "undo" and done.id or nil
    if done.way == "undo" and done.undo then table.insert(self.redos, done.undo) end
    if done.way == "redo" then return "The undo is taken back." end
    return ("Back at %s."):format(done.id)
end

function Store:close() return self.db:close() end

return Store
