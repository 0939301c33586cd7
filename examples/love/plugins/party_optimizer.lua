-- The plug-in "party-optimizer": chooses the strongest party when it is asked to, and rates the party after each change.
--
-- Must not: know how power comes about: it asks "equipment-optimizer", which another program could stand for.
-- Keeps: at most one rating a poll, however many changes there were.

local coffer = require "coffer"
local rules = require "rules"

local NAME = "party-optimizer"
local RATED = { character_roster = true, equipment_sets = true, party_configs = true }

local function open(path)
    local db = assert(coffer.open(path, { plugin = NAME }))
    local is_old = false

    local function best_party(wish)
        local powers = assert(db:call("equipment-optimizer", "strengths", {}))
        local names = {}
        for name in pairs(powers) do names[#names + 1] = name end
        table.sort(names, function(a, b) return powers[a] > powers[b] or powers[a] == powers[b] and a < b end)
        local members = coffer.array {}
        for i = 1, math.min(wish.size or rules.PARTY_SIZE, #names) do members[i] = names[i] end
        assert(db:savePartyConfig { members = members })
        assert(db:publish("party.chosen", { members = members }))
        return { members = members }
    end

    local function rate()
        local party, message, status = db:loadPartyConfig()
        if not party and status == coffer.ERROR_NOT_FOUND then return end
        local members = assert(party, message).members
        local rating = assert(db:call("equipment-optimizer", "power", coffer.array(members)))
        assert(db:publish("party.rated", { power = rating.total, members = #members }))
    end

    assert(db:registerPlugin {
        name = NAME, version = "2.0.3", dependencies = { ["equipment-optimizer"] = "^1.0" },
        exports = { best_party = best_party },
    })
    assert(db:on("database_changed", function(event)
        for _, change in ipairs(event.payload.changes) do is_old = is_old or RATED[change.key] or false end
    end))

    -- What a plug-in does after its handlers have run, for which a host calls this instead of the database's poll.
    local function poll(_, max_events, budget_us)
        local count, problem = db:poll(max_events, budget_us)
        if count and is_old then
            is_old = false
            local ok, message = pcall(rate)
            if not ok then problem = problem or message end
        end
        return count, problem
    end

    return { poll = poll, close = function() return db:close() end }
end

return { NAME = NAME, open = open }
