-- A program that uses an installed Coffer from LuaJIT: the session of client.c. It must not reach into the source tree:
-- the binding and the library come from where the package put them. Invariant: what it prints at the end names the version and
-- the ABI number of the library that it ran with.
--
--   luajit client.lua WORKING_FOLDER
local coffer = require "coffer"

local folder = assert(arg[1], "usage: client.lua WORKING_FOLDER")

local db = assert(coffer.open(folder))
local heard = 0
assert(db:on("database_changed", function(event)
    for _, change in ipairs(event.payload.changes) do
        if change.key == "hero" then heard = heard + 1 end
    end
end))
assert(db:savePersistentData("hero", { hp = 10 }))
assert(db:poll())
assert(heard == 1, "the event of the save comes once")
assert(db:createDatabaseSnapshot("before the boss"))
assert(db:savePersistentData("hero", { hp = 0 }))
assert(db:restoreDatabaseFromSnapshot("before the boss"))
assert(db:close())

db = assert(coffer.open(folder, { create = false }))
assert(assert(db:loadPersistentData("hero")).hp == 10, "the restored document is there after reopening")
assert(db:verifySnapshot("before the boss"))
assert(assert(db:analyzeDatabaseHealth { full = true }).integrity_status == "OK", "every byte is right")
assert(db:close())

print(("coffer %s abi %d"):format(coffer.version()))
