-- The conformance cases about the API over HTTP; conformance.lua requires this file where they stand on the page.
--
-- Must not: run by itself, nor test what only Lua has (that is gateway.lua).
-- Keeps: every problem is held against its form, not its status alone. Requests over TCP are another process's: Lua has no
-- sockets.

local coffer = require "coffer"
local clock = require "coffer.clock"
local support = require "support"

local case, open = support.case, support.open
local check, equal, refused, not_registered = support.check, support.equal, support.refused, support.not_registered

local function register(db, options)
    local api = db:registerDatabaseAPI(options)
    check(api.success == true, api.error)
    return api
end

-- Hands a request in with the token, unless the headers have another.
local function ask(db, api, method, target, headers, body)
    local given = { authorization = "Bearer " .. api.token }
    for name, value in pairs(headers or {}) do given[name] = value end
    return assert(db:handleRequest { method = method, target = target, headers = given, body = body })
end

local function answered(status, response)
    if response.status ~= status then
        error(("wanted %d, got %d: %s"):format(status, response.status, response.body), 2)
    end
    return response
end

local function problem(status, response)
    answered(status, response)
    equal(response.headers["content-type"], "application/problem+json", "media type")
    local told = assert(coffer.decode(response.body))
    check(told.status == status and type(told.title) == "string" and type(told.type) == "string", response.body)
    check(type(told.detail) == "string" and told.detail ~= "", response.body)
    return response
end

case("gateway_registers", function(path)
    local db, other = open(path, { plugin = "mine" }), open(path, { plugin = "other" })
    local api = register(db)
    for name, wanted in pairs { status = 60, export = 30 } do
        local endpoint = api[name]
        check(type(endpoint.endpoint_id) == "string" and endpoint.endpoint_id ~= "", "id")
        check(endpoint.method == "GET" and endpoint.path == "/api/database/" .. name, "method and path")
        equal(endpoint.per_minute, wanted, name .. " a minute")
        equal(endpoint.address, nil, "address of " .. name)
    end
    check(api.address == nil and api.inspector == nil and #api.token >= 16, "no address, and a token")
    local ids = {}
    for _, endpoint in ipairs(api.endpoints) do ids[endpoint.endpoint_id] = endpoint.method .. " " .. endpoint.path end
    equal(ids[api.status.endpoint_id], "GET /api/database/status", "among all of them")

    for _, one in ipairs { db, other } do
        local message = not_registered(coffer.ERROR_NAME_TAKEN, one:registerDatabaseAPI())
        check(message:find("mine", 1, true), message)
    end
    refused(coffer.ERROR_NAME_TAKEN, other:unregisterDatabaseAPI())
    equal(db:unregisterDatabaseAPI(), true, "unregistering")
    refused(coffer.ERROR_NOT_FOUND, db:unregisterDatabaseAPI())
    refused(coffer.ERROR_NOT_FOUND, db:handleRequest { method = "GET", target = "/api/database/status" })

    for named, options in pairs { lisen = { lisen = "127.0.0.1:0" }, stats = { limits = { stats = 5 } } } do
        local message = not_registered(coffer.ERROR_INVALID_OPTION, db:registerDatabaseAPI(options))
        check(message:find(named, 1, true), message)
    end
    api = register(other, { limits = { status = 7, export = 2 } })
    check(api.status.per_minute == 7 and api.export.per_minute == 2, "limits")
end)

case("gateway_requests", function(path)
    local db = open(path)
    local api = register(db)
    local text = ' {"name": "Térra", "hp": 1.50}'
    assert(db:saveJson("slot 1/é", text))
    local target = "/api/database/status"
    local response = problem(401, assert(db:handleRequest { method = "GET", target = target }))
    check(response.headers["www-authenticate"]:find "^Bearer", "what is missing")
    problem(401, ask(db, api, "GET", target, { authorization = "Bearer " .. ("0"):rep(#api.token) }))
    response = answered(200, ask(db, api, "GET", target))
    equal(response.headers["content-type"], "application/json", "media type")
    local status = assert(coffer.decode(response.body))
    check(status.status == "OK" and status.version == coffer.version(), response.body)
    check(status.documents == 1 and status.bytes == #text and status.sequence == 1, response.body)

    target = "/api/database/documents/slot%201/%C3%A9"
    response = answered(200, ask(db, api, "GET", target))
    check(response.body == text and response.headers.etag == '"1"', "the document and its revision")
    local same = answered(304, ask(db, api, "GET", target, { ["if-none-match"] = '"1"' }))
    check(same.body == "" and same.headers.etag == '"1"', "unchanged")
    assert(db:saveJson("slot 1/é", "2"))
    response = answered(200, ask(db, api, "GET", target, { ["if-none-match"] = '"1"' }))
    check(response.body == "2" and response.headers.etag == '"2"', "changed")
    equal(answered(200, ask(db, api, "HEAD", target)).body, "", "the head alone")

    problem(404, ask(db, api, "GET", "/api/database/nothing"))
    problem(404, ask(db, api, "GET", "/api/database/documents/nobody"))
    problem(400, ask(db, api, "GET", "/api/database/status?surprise=1"))
    response = problem(405, ask(db, api, "DELETE", "/api/database/status"))
    check(response.headers.allow:find("GET", 1, true), response.headers.allow)
    problem(403, ask(db, api, "PUT", target, nil, "3"))
    equal(db:loadJson "slot 1/é", "2", "the document")
end)

case("gateway_writes", function(path)
    local db, other = open(path), open(path)
    local api = register(db, { allow_write = true })
    local target = "/api/database/documents/slot"
    local function put(text, headers) return ask(other, api, "PUT", target, headers, text) end
    local response = answered(201, put ' { "n": 1 }')
    equal(response.headers.etag, '"1"', "its revision")
    equal(db:loadJson "slot", ' { "n": 1 }', "what was put")
    problem(412, put("[2]", { ["if-match"] = '"9"' }))
    problem(412, put("[2]", { ["if-none-match"] = "*" }))
    problem(400, put "{")
    equal(db:loadJson "slot", ' { "n": 1 }', "after what was refused")
    response = answered(204, put("[2]", { ["if-match"] = '"1"' }))
    check(response.headers.etag == '"2"' and db:loadPersistentData("slot")[1] == 2, "the second revision")
    assert(other:savePersistentData("slot", { 3 }))
    equal(answered(200, ask(db, api, "GET", target)).body, "[3]", "what others saved")

    response = answered(201, ask(db, api, "POST", "/api/database/snapshots", nil, '{"label":"before"}'))
    local id = assert(coffer.decode(response.body)).id
    equal(db:getSnapshot(id).label, "before", "the snapshot")
    equal(response.headers.location, "/api/database/snapshots/" .. id, "where it is")
    answered(204, ask(db, api, "DELETE", target))
    refused(coffer.ERROR_NOT_FOUND, db:loadPersistentData "slot")
    problem(404, ask(db, api, "DELETE", target))
    response = answered(200, ask(db, api, "POST", response.headers.location .. "/restore"))
    equal(assert(coffer.decode(response.body)).saved, 1, "documents brought back")
    equal(db:loadPersistentData("slot")[1], 3, "the document")
end)

case("gateway_limits", function(path)
    local db = open(path)
    local api = register(db, { limits = { status = 2 } })
    for _ = 1, 2 do answered(200, ask(db, api, "GET", "/api/database/status")) end
    local wait = problem(429, ask(db, api, "GET", "/api/database/status")).headers["retry-after"]
    check(wait:find "^%d+$" and tonumber(wait) >= 1 and tonumber(wait) <= 60, "when to come back: " .. wait)
    for _ = 1, 5 do answered(200, ask(db, api, "GET", "/api/database/collections")) end
end)

case("gateway_listens", function(path)
    local db = open(path)
    local api = register(db, { listen = "127.0.0.1:0" })
    check(api.address:find "^http://127%.0%.0%.1:%d+$", api.address)
    equal(api.inspector, api.address .. "/#token=" .. api.token, "the page")
    for _, endpoint in ipairs(api.endpoints) do
        equal(endpoint.address, api.address .. endpoint.path, "address of " .. endpoint.endpoint_id)
    end
    local function status() return support.received(support.send(path, api, "GET", "/api/database/status", "")) end
    local got, body = status()
    check(got == 200 and coffer.decode(body).status == "OK", body)
    equal(db:unregisterDatabaseAPI(), true, "unregistering")
    got, body = status()
    check(got == nil, "nobody listens any more: " .. body)
end)

-- Sends a request to the plug-in's endpoint, and polls until it was answered there.
local function through_poll(path, db, api, target, body)
    local pipe, start = support.send(path, api, "POST", target, body), clock.microseconds()
    while true do
        local count, failed = db:poll()
        if failed then error(failed, 2) end
        if count > 0 then return support.received(pipe) end
        if clock.microseconds() - start > 2e7 then error("no call came: " .. select(2, support.received(pipe)), 2) end
    end
end

case("gateway_endpoint", function(path)
    local db, other = open(path), open(path)
    local seen
    assert(db:registerPlugin { name = "equipment", version = "1.0.0", exports = { best = function(request)
        seen = request
        if request.parameters.slot == "none" then return nil, "no such slot" end
        return { status = 203, body = { slot = request.parameters.slot, for_level = request.body.level } }
    end } })
    local wish = { plugin = "equipment", call = "best", method = "POST", path = "/equipment/{slot}/best" }
    refused(coffer.ERROR_NOT_FOUND, db:registerEndpoint(wish))
    local api = register(other, { listen = "127.0.0.1:0" })
    local endpoint = assert(db:registerEndpoint(wish))
    check(endpoint.method == "POST" and endpoint.path == wish.path and endpoint.per_minute > 0, "what was registered")
    equal(endpoint.address, api.address .. wish.path, "its address")

    local status, body = through_poll(path, db, api, "/equipment/left%20hand/best?sort=by%20power&top=3", '{"level":42}')
    equal(status, 203, "its status")
    local best = assert(coffer.decode(body))
    check(best.slot == "left hand" and best.for_level == 42, body)
    check(seen.id == endpoint.endpoint_id and seen.method == "POST", "which endpoint")
    check(seen.path == "/equipment/left%20hand/best" and seen.parameters.slot == "left hand", "where")
    check(seen.query.sort == "by power" and seen.query.top == "3", "query")
    check(seen.content_type == "application/json" and seen.body.level == 42, "body")
    status, body = through_poll(path, db, api, "/equipment/none/best", "{}")
    equal(status, 502, "a refusal")
    check(coffer.decode(body).detail:find("no such slot", 1, true), body)
    check(coffer.decode(ask(other, api, "GET", "/api/openapi.json").body).paths[wish.path], "in the OpenAPI document")

    refused(coffer.ERROR_NAME_TAKEN, db:registerEndpoint(wish))
    refused(coffer.ERROR_NAME_TAKEN,
        db:registerEndpoint { plugin = "equipment", call = "best", method = "POST", path = wish.path, id = "another" })
    -- They may come yet; until then each request is refused.
    for i, unknown in ipairs { { "equipmint", "best" }, { "equipment", "worst" } } do
        local target = "/unknown/" .. i
        assert(db:registerEndpoint { plugin = unknown[1], call = unknown[2], method = "GET", path = target })
        problem(503, ask(other, api, "GET", target))
    end
    refused(coffer.ERROR_INVALID_OPTION,
        db:registerEndpoint { plugin = "equipment", call = "best", method = "GET", path = "/api/database/mine" })
    refused(coffer.ERROR_NOT_FOUND, other:unregisterEndpoint(endpoint.endpoint_id))
    equal(db:unregisterEndpoint(endpoint.endpoint_id), true, "removing it")
    problem(404, ask(other, api, "POST", "/equipment/none/best", nil, "{}"))
    refused(coffer.ERROR_NOT_FOUND, db:unregisterEndpoint(endpoint.endpoint_id))
end)
