-- What is special to the API over HTTP in Lua: options and requests that are tables, what is absent, texts of every kind,
-- when an API ends, and endpoints of plug-ins of this very Lua state.
--
--   luajit gateway.lua <empty folder>      LUA_PATH and COFFER_LIBRARY set by the runner
--
-- Must not: repeat the conformance cases.
-- Keeps: each test has a store of its own, with two handles on it, and none leaves a handle open.

local coffer = require "coffer"
local support = require "support"
local microseconds = require("coffer.clock").microseconds

local folder = assert(arg[1], "usage: gateway.lua <empty folder>")

local check, equal, refused, not_registered = support.check, support.equal, support.refused, support.not_registered

local TOKEN = ("secret"):rep(4)

local function register(db, options)
    local given = { token = TOKEN, allow_write = true }
    for name, value in pairs(options or {}) do given[name] = value end
    local api = db:registerDatabaseAPI(given)
    check(api.success == true, api.error)
    return api
end

local function ask(db, method, target, body)
    return assert(db:handleRequest {
        method = method, target = target, headers = { authorization = "Bearer " .. TOKEN }, body = body,
    })
end

local tests = {}

function tests.what_is_absent(db)
    local api = db:registerDatabaseAPI()
    equal(api.error, nil, "no error")
    for _, table in ipairs { api, api.status, api.export, unpack(api.endpoints) } do
        for name, value in pairs(table) do check(value ~= coffer.null, name .. " is null") end
    end
    check(not api.address and not api.inspector and not api.status.address, "no addresses")
    assert(db:registerPlugin { name = "p", version = "1.0.0", exports = { ask = function() return {} end } })
    local endpoint = assert(db:registerEndpoint { plugin = "p", call = "ask", method = "GET", path = "/p" })
    check(endpoint.endpoint_id == "p.ask" and not endpoint.address, "no address of a plug-in's endpoint")
end

function tests.options(db)
    local options = { limits = {}, allow_origins = {}, listen = coffer.null, token = TOKEN }
    local api = db:registerDatabaseAPI(options)
    check(api.success and api.token == TOKEN and api.status.per_minute == 60, api.error)
    check(next(options.limits) == nil and not coffer.is_object(options.limits), "unchanged")
    check(not coffer.is_array(options.allow_origins) and options.listen == coffer.null, "unchanged")
    assert(db:unregisterDatabaseAPI())
    api = register(db, { allow_origins = { "http://localhost:5173" }, max_body_bytes = 10 })
    equal(ask(db, "PUT", "/api/database/documents/slot", '"12345678"').status, 201, "ten bytes")
    equal(ask(db, "PUT", "/api/database/documents/slot", '"123456789"').status, 413, "eleven bytes")
    assert(db:unregisterDatabaseAPI())
    for _, wrong in ipairs { { listen = 8321 }, { listen = "0.0.0.0:0" }, { token = "short" }, { limits = { 60 } },
        { limits = { status = 0 } }, { limits = "many" }, { allow_origins = "http://localhost" }, { allow_write = print },
        { "127.0.0.1:0" }, { max_body_bytes = 0 / 0 } } do
        not_registered(coffer.ERROR_INVALID_OPTION, db:registerDatabaseAPI(wrong))
    end
    for _, wrong in ipairs { "127.0.0.1:0", 8321, true, print } do
        not_registered(coffer.ERROR_INVALID_ARGUMENT, db:registerDatabaseAPI(wrong))
    end
    check(db:registerDatabaseAPI().success, "nothing was registered")
end

function tests.arguments(db)
    register(db)
    local ARGUMENT, OPTION = coffer.ERROR_INVALID_ARGUMENT, coffer.ERROR_INVALID_OPTION
    for _, wrong in ipairs { "GET", 7, true, print } do
        refused(ARGUMENT, db:handleRequest(wrong))
        refused(ARGUMENT, db:registerEndpoint(wrong))
    end
    refused(ARGUMENT, db:handleRequest())
    refused(ARGUMENT, db:registerEndpoint())
    for _, wrong in ipairs { {}, { method = "GET" }, { target = "/" }, { method = "GET", target = "/", body = {} },
        { method = "GET", target = "/", headers = { "a: b" } }, { method = "GET", target = "/", headrs = {} },
        { method = "GET", target = "/", body = "\255" }, { method = "GET", target = "/", headers = { a = print } },
        { method = 7, target = "/" }, { "GET", "/" } } do
        refused(OPTION, db:handleRequest(wrong))
    end
    for _, wrong in ipairs { { method = "GET", target = "status" }, { method = "", target = "/" },
        { method = "GET", target = "/a b" }, { method = "GET", target = "/", headers = { ["a b"] = "c" } },
        { method = "GET", target = "/", headers = { a = "b\r\nc: d" } } } do
        refused(ARGUMENT, db:handleRequest(wrong))
    end
    assert(db:registerPlugin { name = "p", version = "1.0.0", exports = { ask = function() return {} end } })
    for _, wrong in ipairs { {}, { "p" }, { plugin = "p", call = "ask", method = "GET" }, { plugin = print },
        { plugin = "p", call = "ask", method = "GET", path = "/", per_minute = 1 },
        { plugin = "p", call = "ask", method = "GET", path = "/x", per_minute = 0 },
        { plugin = "p", call = "ask", method = "BREW", path = "/x" },
        { plugin = "p", call = "ask", method = "GET", path = "/x", surprise = 1 } } do
        refused(OPTION, db:registerEndpoint(wrong))
    end
    for _, wrong in ipairs { 7, {}, "a\0b", false } do refused(ARGUMENT, db:unregisterEndpoint(wrong)) end
    refused(ARGUMENT, db:unregisterEndpoint())
    refused(coffer.ERROR_NOT_FOUND, db:unregisterEndpoint "status")
    for _, name in ipairs { "registerDatabaseAPI", "unregisterDatabaseAPI", "registerEndpoint", "unregisterEndpoint",
        "handleRequest" } do
        check(not pcall(db[name], {}), name .. " without its database throws")
    end
end

function tests.texts(db)
    register(db)
    local target = "/api/database/documents/slot"
    for _, text in ipairs { '"é😀日本語"', '"\\u0000"', '"\\ud800"', " \t\n[ 1.50 , 1e400 ]\n",
        '"' .. ("x"):rep(3000000) .. '"', "18446744073709551615", "null", '"\127"' } do
        check(ask(db, "PUT", target, text).status <= 204, text:sub(1, 20))
        check(ask(db, "GET", target).body == text and db:loadJson "slot" == text, text:sub(1, 20))
    end
    for _, text in ipairs { "\0", '"a\0b"', '"a\nb"', "" } do
        equal(ask(db, "PUT", target, text).status, 400, ("%q"):format(text))
    end
    equal(db:loadJson "slot", '"\127"', "what was saved last")
    -- As a query and as a document's key, in the codec's own way with digits.
    assert(db:savePersistentData("7", "seven"))
    equal(ask(db, "GET", "/api/database/documents/7").body, '"seven"', "a key of digits")
end

function tests.problems_are_responses(db)
    register(db)
    local response, message = db:handleRequest { method = "GET", target = "/nowhere" }
    check(response.status == 404 and message == nil, "an unknown path")
    equal(coffer.lastError(), "", "no error")
    equal(ask(db, "GET", "/api/database/events").status, 501, "a stream")
    equal(ask(db, "GET", "/api/database/documents/a/b/c").status, 404, "an unknown document")
end

function tests.an_api_ends_with_its_database(db, other)
    local api = register(db, { listen = "127.0.0.1:0" })
    assert(other:registerPlugin { name = "p", version = "1.0.0", exports = { ask = function() return {} end } })
    local wish = { plugin = "p", call = "ask", method = "GET", path = "/p" }
    assert(other:registerEndpoint(wish))
    equal(ask(other, "GET", "/api/database/status").status, 200, "handed in through another handle")
    assert(db:close())
    refused(coffer.ERROR_NOT_FOUND, other:handleRequest { method = "GET", target = "/" })
    local status, text = support.received(support.send(folder .. "/ends", api, "GET", "/", ""))
    check(status == nil, "nobody listens any more: " .. text)
    refused(coffer.ERROR_NOT_FOUND, other:registerEndpoint(wish))
    local path = folder .. "/an_api_ends_with_its_database"
    local third = assert(coffer.open(path))
    register(third)
    assert(other:registerEndpoint(wish))
    assert(other:close())
    equal(ask(third, "GET", "/p").status, 404, "an endpoint ends with its database")
    assert(third:close())
end

-- A plug-in of this Lua state cannot answer while its only thread waits for the response: that ends, and nothing is left.
function tests.endpoints_of_this_very_state(db, other)
    register(db)
    local ran = 0
    assert(db:registerPlugin { name = "p", version = "1.0.0", exports = {
        ask = function()
            ran = ran + 1
            return { body = ran }
        end,
    } })
    assert(db:registerEndpoint { plugin = "p", call = "ask", method = "GET", path = "/p", id = "mine" })
    for _, one in ipairs { db, other } do
        local start = microseconds()
        local response = ask(one, "GET", "/p")
        local passed = microseconds() - start
        equal(response.status, 504, response.body)
        check(passed > 900000 and passed < 5000000, passed .. " us")
    end
    equal(db:poll(), 0, "nobody waits for them any more")
    equal(ran, 0, "methods")
    check(other:call("p", "ask", {}).body == 1, "a call afterwards")
end

-- Works until something is so, which another process brings about.
local function wait_until(is_so, work)
    local start = microseconds()
    while not is_so() do
        check(microseconds() - start < 2e7, "nothing came")
        work()
    end
end

-- The built-in server's requests wait for poll, and for whoever waits for something else.
function tests.endpoints_through_the_server(db, other, path)
    local api = register(other, { listen = "127.0.0.1:0" })
    local seen = {}
    local methods = {
        empty = function() return {} end,
        null = function() return { body = coffer.null } end,
        array = function() return { status = 201, body = coffer.array(), headers = { location = "/x" } } end,
        throws = function() error "worse" end,
        plain = function() return true end,
        shout = function() return { headers = { ["content-length"] = "7" } } end,
    }
    assert(db:registerPlugin { name = "p", version = "1.0.0", exports = {
        ask = function(request, call)
            seen[#seen + 1] = request
            check(call.plugin == "p" and call.method == "ask", "whose call")
            return methods[request.parameters.what](request)
        end,
    } })
    assert(db:registerEndpoint { plugin = "p", call = "ask", method = "POST", path = "/p/{what}" })
    local function through(what, body, wait)
        local pipe, count = support.send(path, api, "POST", "/p/" .. what, body), #seen
        wait_until(function() return #seen > count end, wait)
        return support.received(pipe)
    end
    local function poll() db:poll() end
    for what, wanted in pairs { empty = 204, null = 200, array = 201, throws = 502, plain = 502, shout = 502 } do
        local status, body = through(what, "", poll)
        equal(status, wanted, what .. ": " .. body)
    end
    check(seen[1].body == coffer.null, "no body")
    -- A call that waits for somebody else's plug-in answers them too.
    local lib = require("coffer.library").lib
    local stranger = assert(coffer.open(path))
    assert(lib.coffer_hub_register_plugin(stranger.box[0], '{"name":"stranger","version":"1.0.0","exports":["ask"]}', nil,
        nil, nil) == coffer.OK)
    local status = through("null?7=seven&name=8", '{"0":[null,{}]}', function() other:call("stranger", "ask", 1, 100) end)
    equal(status, 200, "answered while it waits")
    local request = seen[#seen]
    check(request.query[7] == "seven" and request.query.name == "8", "names that are digits are numbers")
    check(request.body[0][1] == coffer.null and type(request.body[0][2]) == "table", "the body")
    assert(stranger:close())
end

-- A method that ends the API, which waits for the request that the method is to answer.
function tests.methods_that_end_the_api(db, other, path)
    local ended = 0
    local wish = { plugin = "p", call = "ask", method = "POST", path = "/p/{what}" }
    local ways = {
        asks = function() return { body = ask(db, "GET", "/api/database/status").status } end,
        unregisters = function()
            assert(other:unregisterDatabaseAPI())
            return {}
        end,
        closes = function()
            assert(other:close())
            return {}
        end,
    }
    assert(db:registerPlugin { name = "p", version = "1.0.0", exports = {
        ask = function(request)
            local answer = ways[request.parameters.what]()
            ended = ended + 1
            return answer
        end,
    } })
    for i, what in ipairs { "asks", "unregisters", "closes" } do
        local api = register(other, { listen = "127.0.0.1:0" })
        assert(db:registerEndpoint(wish))
        local pipe = support.send(path, api, "POST", "/p/" .. what, "")
        wait_until(function() return ended == i end, function() db:poll() end)
        local status, body = support.received(pipe)
        check(what ~= "asks" or status == 200 and body == "200", "a request within a request: " .. body)
        check(what == "asks" or status == 503 or status == nil, "it ended: " .. body)
        if what == "asks" then assert(other:unregisterDatabaseAPI()) end
    end
    refused(coffer.ERROR_NOT_FOUND, db:unregisterDatabaseAPI())
end

-- Many calls, so that a text that is not given back, or is given back twice, shows.
function tests.again_and_again(db)
    for round = 1, 50 do
        local api = register(db, { limits = { status = 1000 } })
        check(#api.endpoints > 2, "endpoints")
        for _ = 1, 20 do equal(ask(db, "GET", "/api/database/status").status, 200) end
        refused(coffer.ERROR_INVALID_OPTION, db:handleRequest {})
        assert(db:unregisterDatabaseAPI())
        if round % 10 == 0 then collectgarbage() end
    end
end

for name, run in pairs(tests) do
    local path = folder .. "/" .. name
    local db, other = assert(coffer.open(path)), assert(coffer.open(path))
    local ok, problem = xpcall(run, debug.traceback, db, other, path)
    db:close()
    other:close()
    if not ok then
        io.stderr:write("FAILED ", name, ": ", problem, "\n")
        os.exit(1)
    end
end
collectgarbage "collect"
equal(coffer.liveHandles(), 0, "live handles")
print "ok gateway"
