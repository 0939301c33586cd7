-- The state of the game, and all that can happen to it: who is in the party, who wears what, how far they have come.
--
-- Must not: know of LÖVE or of Coffer. What it holds are plain tables, four of which are documents: roster, equipment, party
-- and world.
-- Keeps: a change of one of the first three is noted in `changed`, which is how it gets into the next frame's save; the world
-- changes in every frame. `edits` grows with whatever the panels show, the selection included. An item is worn by one hero
-- at most. Who is in the party is in the roster.

local rules = require "rules"

local Model = {}
Model.__index = Model

local PACES_A_SECOND = 2.2
local PACES_TO_FOE = 44
local THROWN_BACK = 14
local COINS_A_PACE = 0.6

--- A game that has just begun, with this catalogue: { items =, foes = }.
function Model.new(catalogue)
    local self = setmetatable({ foes = catalogue.foes, items = catalogue.items, item = {}, changed = {}, edits = 0 },
        Model)
    for _, item in ipairs(catalogue.items) do self.item[item.index] = item end
    self:set("roster", rules.first_roster())
    self:set("equipment", {})
    self:set("party", { members = {} })
    self:set("world", {
        seconds = 0, paces = 0, leg = 0, gold = 120, foe = 1, round = 0, wins = 0, resting = false,
        screen = { panel = "roster", row = 1, slot = 1 },
    })
    self.changed = { roster = true, equipment = true, party = true }
    return self
end

--- Takes a document that came from the store, and so is no change.
function Model:set(name, document)
    self[name] = document
    self.changed[name] = nil
    self.power_known = nil
    self.edits = self.edits + 1
end

local function touch(self, name)
    self.changed[name] = true
    self.power_known = nil
    self.edits = self.edits + 1
end

-- ---- looking

function Model:hero(name)
    for _, hero in ipairs(self.roster) do
        if hero.name == name then return hero end
    end
end

function Model:selected() return self.roster[self.world.screen.row] or self.roster[1] end

--- Where in the party a hero is; nil if nowhere.
function Model:place(name)
    for i, member in ipairs(self.party.members) do
        if member == name then return i end
    end
end

function Model:worn(name, kind)
    local set = self.equipment[name]
    return set and self.item[set[kind]]
end

function Model:power_of(hero) return rules.hero_power(hero, self.equipment[hero.name], self.item) end

--- The power of the whole party, counted again only after a change.
function Model:power()
    if not self.power_known then
        self.power_known = rules.party_power(self.party.members, self.roster, self.equipment, self.item)
    end
    return self.power_known
end

function Model:foe() return self.foes[self.world.foe] or self.foes[1] end

function Model:threat() return rules.threat(self:foe(), self.world.round) end

--- How much of the way to the foe is behind the party, 0 to 1.
function Model:progress() return self.world.leg / PACES_TO_FOE end

--- The items of a kind, and by index who wears them.
function Model:stock(kind)
    local list, wearer = {}, {}
    for _, item in ipairs(self.items) do
        if item.kind == kind then list[#list + 1] = item end
    end
    for name, set in pairs(self.equipment) do
        if set[kind] then wearer[set[kind]] = name end
    end
    return list, wearer
end

-- ---- the player's changes

--- Moves the selection by one row, around the end.
function Model:move(step)
    local screen = self.world.screen
    self.edits = self.edits + 1
    if screen.panel == "roster" then
        screen.row = (screen.row - 1 + step) % #self.roster + 1
    else
        screen.slot = (screen.slot - 1 + step) % #rules.KINDS + 1
    end
end

function Model:switch_panel()
    local screen = self.world.screen
    self.edits = self.edits + 1
    screen.panel = screen.panel == "roster" and "equipment" or "roster"
end

--- Takes the selected hero into the party or out of it. What happened, in words.
function Model:toggle_member()
    local name, members = self:selected().name, self.party.members
    local place = self:place(name)
    if place then
        table.remove(members, place)
    elseif #members >= rules.PARTY_SIZE then
        return ("The party is full: %s has to wait until somebody leaves."):format(name)
    else
        members[#members + 1] = name
    end
    touch(self, "party")
    return name .. (place and " leaves the party." or " joins the party.")
end

--- Gives the selected hero the next or the previous item of the selected kind that nobody else wears; step 0 takes it off.
function Model:swap(step)
    local name, kind = self:selected().name, rules.KINDS[self.world.screen.slot]
    local list, wearer = self:stock(kind)
    local worn, at = self:worn(name, kind), 0
    for i, item in ipairs(list) do
        if item == worn then at = i end
    end
    local chosen
    if step ~= 0 then
        -- Position 0 is "nothing", so that all of the list is passed, and bare hands once.
        repeat at = (at + step) % (#list + 1) until at == 0 or not wearer[list[at].index]
        chosen = list[at]
    end
    local set = self.equipment[name] or {}
    set[kind] = chosen and chosen.index or nil
    self.equipment[name] = set
    touch(self, "equipment")
    return chosen and ("%s takes the %s."):format(name, chosen.name) or ("%s lays the %s aside."):format(name, kind)
end

function Model:rest()
    self.world.resting = not self.world.resting
    self.edits = self.edits + 1
    return self.world.resting and "The party rests." or "The party walks on."
end

-- ---- what time does

-- Everybody in the party learns from a fight, won or lost. Who gains a level by it, in words.
local function learn(self)
    local risen = {}
    for _, name in ipairs(self.party.members) do
        local hero = self:hero(name)
        if hero then
            hero.fights = hero.fights + 1
            if hero.fights % rules.FIGHTS_A_LEVEL == 0 then
                hero.level = hero.level + 1
                risen[#risen + 1] = name
            end
        end
    end
    touch(self, "roster")
    return #risen > 0 and (" A level more: %s."):format(table.concat(risen, ", ")) or ""
end

local function fight(self)
    local world, foe, threat = self.world, self:foe(), self:threat()
    if self:power() < threat then
        world.leg = PACES_TO_FOE - THROWN_BACK
        return ("The %s throws the party back.%s"):format(foe.name, learn(self))
    end
    world.wins, world.gold, world.leg = world.wins + 1, world.gold + threat, 0
    world.foe = world.foe + 1
    if world.foe > #self.foes then world.foe, world.round = 1, world.round + 1 end
    return ("The party beats the %s.%s"):format(foe.name, learn(self))
end

--- Lets time pass. What happened, in words, or nil.
function Model:tick(seconds)
    local world = self.world
    if world.resting then return end
    world.seconds = world.seconds + seconds
    if #self.party.members == 0 then return end
    local paces = PACES_A_SECOND * seconds
    world.paces, world.leg = world.paces + paces, world.leg + paces
    world.gold = world.gold + COINS_A_PACE * paces
    return world.leg >= PACES_TO_FOE and fight(self) or nil
end

return Model
