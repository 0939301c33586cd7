-- The last events of the hub, as lines to be shown.
--
-- Must not: know of the store or of the screen.
-- Keeps: the saves of frames are counted and not shown, unless they carry a change of the player's.

local Feed = {}
Feed.__index = Feed

local MOST = 32
local OFTEN = { ["love-party/world"] = true, ["love-party/session"] = true }
local WHAT = { character_roster = "roster", equipment_sets = "equipment", party_configs = "party" }
local SNAPSHOT = "save_metadata/snapshots/"

function Feed.new() return setmetatable({ lines = {}, frames = 0, shown = 0 }, Feed) end

-- What a commit did; nil for the save of a frame and nothing else.
local function saved(changes)
    local documents, snapshot = {}, nil
    for _, change in ipairs(changes) do
        if change.key:sub(1, #SNAPSHOT) == SNAPSHOT then
            snapshot = change.key:sub(#SNAPSHOT + 1)
        elseif WHAT[change.key] then
            documents[#documents + 1] = ("%s r%d"):format(WHAT[change.key], change.revision)
        elseif not OFTEN[change.key] then
            documents[#documents + 1] = change.key
        end
    end
    if #documents == 0 then return snapshot and "makes " .. snapshot end
    -- A restore keeps what it replaces as a snapshot, in the same commit.
    return (snapshot and "restores " or "saves ") .. table.concat(documents, ", ")
end

local DESCRIBED = {
    ["party.rated"] = function(payload)
        return ("power %d with %d in the party"):format(payload.power, payload.members)
    end,
    ["party.chosen"] = function(payload) return "chooses " .. table.concat(payload.members, ", ") end,
    plugin_registered = function(payload) return ("is there, version %s"):format(payload.version) end,
    plugin_left = function() return "has left" end,
}

-- What an event says; nil for the save of a frame and nothing else.
local function words_of(event)
    local describe = DESCRIBED[event.topic]
    if describe then return describe(event.payload) end
    if event.topic ~= "database_changed" then return "publishes" end
    return saved(event.payload.changes)
end

--- Takes an event, at a moment in seconds.
function Feed:add(event, now)
    local words = words_of(event)
    if not words then
        self.frames = self.frames + 1
        return
    end
    self.shown = self.shown + 1
    table.insert(self.lines, 1, { id = event.id, source = event.source, topic = event.topic, words = words, at = now })
    self.lines[MOST + 1] = nil
end

return Feed
