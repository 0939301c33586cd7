-- What the scene's store holds, read by another process: waits until a condition is true, and prints a value.
--
--     luajit state.lua STORE SECONDS CONDITION [VALUE]       both are Lua expressions on roster, equipment, party, world,
--                                                            session, snapshots (the player's own), counters
-- Must not: change a byte of the store: it opens it read-only, which shows what a load by anybody else would give.
-- Keeps: it ends with 1, and with what there was instead, when the condition has not become true in time.

local ffi = require "ffi"
local coffer = require "coffer"

ffi.cdef "int usleep(unsigned microseconds);"

local store, seconds, condition, value = arg[1], tonumber(arg[2]), arg[3], arg[4] or "true"
if not condition or not seconds then
    io.stderr:write "usage: luajit state.lua STORE SECONDS CONDITION [VALUE]\n"
    os.exit(2)
end

local function stored(db, key)
    local found, message, status = db:loadPersistentData(key)
    if found == nil and status ~= coffer.ERROR_NOT_FOUND then error(message, 0) end
    return found
end

local function look()
    local db, message = coffer.open(store, { read_only = true, create = false })
    -- The game may not have made it yet; what else it may be is told in the end.
    if not db then return nil, message end
    local own = {}
    for _, one in ipairs(assert(db:listSnapshots()).snapshots) do
        if one.kind == "manual" then own[#own + 1] = one.id end
    end
    local state = {
        roster = stored(db, "character_roster"), equipment = stored(db, "equipment_sets"),
        party = stored(db, "party_configs"), world = stored(db, "love-party/world"),
        session = stored(db, "love-party/session"), snapshots = own, counters = assert(db:versionCounters()),
    }
    assert(db:close())
    return state
end

local condition_of, value_of = assert(loadstring("return " .. condition)), assert(loadstring("return " .. value))

local function evaluate(expression, state)
    return setfenv(expression, setmetatable(state, { __index = _G }))()
end

local state, why
local deadline = os.time() + seconds
repeat
    state, why = look()
    -- What the condition speaks of need not be there yet: that it fails is only told in the end.
    local ok, holds = false, nil
    if state then ok, holds = pcall(evaluate, condition_of, state) end
    if ok and holds then
        print(evaluate(value_of, state))
        os.exit(0)
    end
    if state and not ok then why = holds end
    ffi.C.usleep(50000)
until os.time() > deadline

io.stderr:write(("not within %d s: %s\n"):format(seconds, condition))
if why then io.stderr:write(tostring(why), "\n") end
if not state then os.exit(1) end
for _, name in ipairs { "party", "world", "session", "snapshots", "equipment" } do
    io.stderr:write(name, " = ", state[name] and coffer.encode(state[name]) or "nothing", "\n")
end
os.exit(1)
