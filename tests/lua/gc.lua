-- Forgotten databases are closed by the collector, and the library is loaded, used and let go again and again.
--
--   luajit gc.lua <empty folder>      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: close by hand what a test forgets on purpose.
-- Keeps: the count of live handles is the library's own, not a count kept here.

local folder = assert(arg[1], "usage: gc.lua <empty folder>")
local ffi = require "ffi"

local function collect()
    -- Once to find the dead, once to run the finalizers, once to free.
    for _ = 1, 3 do collectgarbage "collect" end
end

-- Load, use, let go, load again, before the binding is there to keep the library: what an editor's reload comes to. The
-- failing call uses the library's thread-local state, and the open store its background thread.
local function use_and_unload(round)
    local file = os.getenv "COFFER_LIBRARY"
    local lib = ffi.load(file and file ~= "" and file or "coffer")
    local db = ffi.new "uint64_t[1]"
    assert(lib.coffer_open(folder .. "/unload", nil, db) == 0, ffi.string(lib.coffer_last_error()))
    assert(lib.coffer_save_persistent_data(db[0], "round", tostring(round)) == 0)
    assert(lib.coffer_save_persistent_data(db[0], "round", "{") == lib.COFFER_ERROR_INVALID_JSON)
    assert(ffi.string(lib.coffer_last_error()) ~= "")
    assert(lib.coffer_close(db[0]) == 0)
    assert(lib.coffer_live_handles() == 0)
end

require "coffer.cdef"
for round = 1, 20 do
    use_and_unload(round)
    collect()
end

local coffer = require "coffer"

local function live(wanted, what)
    local got = coffer.liveHandles()
    if got ~= wanted then error(("%s: wanted %d live handles, found %d"):format(what, wanted, got), 2) end
end

-- Run in a function of its own, so that no stack slot here keeps its objects.
local function forget(count, path)
    for i = 1, count do
        local db = assert(coffer.open(path .. (i % 3)))
        assert(db:savePersistentData("n", i))
        assert(db:loadPersistentData "n" == i)
    end
end

local function test_forgotten()
    live(0, "at the start")
    collectgarbage "stop"
    forget(10, folder .. "/forgotten")
    live(10, "before a collection")
    collectgarbage "restart"
    collect()
    live(0, "after a collection")
    local db = assert(coffer.open(folder .. "/forgotten1"))
    assert(db:loadPersistentData "n" == 10, "a forgotten database kept its save")
    assert(db:close())
end

local function test_closed_by_hand()
    local function run()
        local db = assert(coffer.open(folder .. "/by_hand"))
        assert(db:close())
        live(0, "after close")
        -- The next one may take the same place in the library's table: collecting the closed object must not close it.
        return assert(coffer.open(folder .. "/by_hand"))
    end
    local other = run()
    collect()
    live(1, "the other handle")
    assert(other:savePersistentData("doc", 1))
    assert(other:close())
    live(0, "after both")
end

local function test_kept()
    local db = assert(coffer.open(folder .. "/kept"))
    for i = 1, 2000 do
        -- Garbage of every kind that the calls make, under collection.
        assert(db:savePersistentData("doc" .. i % 50, { i, tostring(i), { x = i } }))
        assert(db:loadPersistentData("doc" .. i % 50)[1] == i)
        if i % 100 == 0 then
            assert(#db:listDatabaseKeys "doc" == math.min(i, 50))
            collect()
        end
    end
    live(1, "a database in use")
    assert(db:close())
    live(0, "in the end")
end

-- A subscription neither keeps its database from being collected, also when its handler uses it, nor goes before it.
local function test_subscriptions()
    local heard = 0
    local function subscribe(path)
        local db = assert(coffer.open(path))
        assert(db:on("*", function()
            heard = heard + 1
            return db
        end))
        return db
    end
    local db = subscribe(folder .. "/heard")
    collect()
    assert(db:publish("topic", 1))
    assert(db:poll() == 1 and heard == 1, "a subscription whose object nobody keeps")
    local kept = assert(subscribe(folder .. "/held"):on("topic", function() heard = heard + 1 end))
    collect()
    live(2, "a subscription keeps its database")
    assert(kept:off())
    kept, db = nil, nil
    collect()
    live(0, "forgotten databases with subscriptions")
end

-- Plug-ins and calls neither keep their database from being collected nor go before it.
local function test_plugins()
    local function register(path, name)
        local db = assert(coffer.open(path))
        assert(db:registerPlugin { name = name, version = "1.0.0", exports = { self = function()
            assert(#db:plugins() > 0)
            return name
        end } })
        return db
    end
    local path = folder .. "/plugins"
    local kept = register(path, "kept")
    do
        local forgotten = register(path, "forgotten")
        assert(kept:call("forgotten", "self", 1) == "forgotten")
    end
    collect()
    live(1, "a forgotten database with a plug-in")
    assert(#kept:plugins() == 1, "its plug-in left with it")
    local other = assert(coffer.open(path))
    for _ = 1, 20 do
        assert(register(path, "soon forgotten"))
        collect()
        assert(other:call("kept", "self", 1) == "kept")
    end
    -- A call keeps the database that it was made through.
    local call = assert(coffer.open(path):beginCall("kept", "self", 1, 60000))
    collect()
    live(3, "with a call under way")
    assert(kept:poll() == 1 and call:await() == "kept")
    assert(other:beginCall("kept", "self", 1, 60000))
    kept, other, call = nil, nil, nil
    collect()
    live(0, "forgotten databases with plug-ins and calls")
end

-- Neither an API, listening or not, nor an endpoint keeps its database from being collected.
local function test_apis()
    local path = folder .. "/apis"
    local other = assert(coffer.open(path))
    assert(other:registerPlugin { name = "p", version = "1.0.0", exports = { ask = function() return {} end } })
    for round = 1, 10 do
        do
            local db = assert(coffer.open(path))
            local api = db:registerDatabaseAPI { listen = round % 2 == 0 and "127.0.0.1:0" or nil }
            assert(api.success, api.error)
            local endpoints = assert(coffer.open(path))
            assert(endpoints:registerEndpoint { plugin = "p", call = "ask", method = "GET", path = "/p" })
        end
        collect()
        live(1, "a forgotten database with an API, and one with an endpoint")
        local request = { method = "GET", target = "/api/database/status" }
        assert(select(3, other:handleRequest(request)) == coffer.ERROR_NOT_FOUND, "its API left with it")
    end
    assert(other:close())
end

-- Other plug-ins load the library by themselves; letting theirs go must not pull it from under ours.
local function test_loading_again()
    local db = assert(coffer.open(folder .. "/loading"))
    local file = os.getenv "COFFER_LIBRARY"
    for _ = 1, 20 do
        local lib = ffi.load(file and file ~= "" and file or "coffer")
        assert(ffi.string(lib.coffer_version()) == coffer.version())
        assert(tonumber(lib.coffer_live_handles()) == 1, "one library, one table of handles")
        lib = nil
        collect()
        assert(db:savePersistentData("doc", 1), "a save after another user let the library go")
    end
    assert(db:close())
end

-- The binding itself loaded anew, as an editor does that reloads its scripts, with a database still open.
local function test_binding_again()
    local old = assert(coffer.open(folder .. "/again"))
    for _ = 1, 5 do
        for name in pairs(package.loaded) do
            if name:find "^coffer" then package.loaded[name] = nil end
        end
        local again = require "coffer"
        assert(again ~= coffer)
        local db = assert(again.open(folder .. "/again"))
        assert(db:savePersistentData("doc", { again.null, again.array() }))
        assert(old:loadPersistentData("doc")[1] == coffer.null)
        assert(db:close())
        collect()
    end
    assert(old:close())
    live(0, "after loading anew")
end

for _, test in ipairs { test_forgotten, test_closed_by_hand, test_kept, test_subscriptions, test_plugins, test_apis,
    test_loading_again, test_binding_again } do test() end
-- One more is left for the end of the process, whose finalizers run while the library is still there.
LEFT = assert(coffer.open(folder .. "/left"))
assert(LEFT:savePersistentData("doc", 1, { durability = "behind" }))
print "ok gc"
