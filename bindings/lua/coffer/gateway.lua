-- The methods of the database object for the API over HTTP: registering it, the plug-ins' endpoints, and requests that came
-- to a server of the host's own.
--
-- Must not: look at paths, tokens or limits: the library's router does, for its own server and for handleRequest alike.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status), but for registerDatabaseAPI, whose
-- documented answer is a table either way. A problem that is told in HTTP, as 404, is a response and so a success.
--
-- An API, and an endpoint, last until they are unregistered or until the database that they were registered through is
-- closed or forgotten; being registered keeps no database from being forgotten.

local json = require "coffer.json"
local library = require "coffer.library"
local method = require "coffer.method"

local lib = library.lib
local pairs, tonumber, type = pairs, tonumber, type

local INVALID_OPTION = tonumber(lib.COFFER_ERROR_INVALID_OPTION)
local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)

local Database, text_out, handle_of = method.Database, method.text_out, method.handle_of
local argument_problem, options_text = method.argument_problem, method.options_text
local done, take_text, decoded, without_nulls = method.done, method.take_text, method.decoded, method.without_nulls

-- ---- the API

-- The options as JSON text; false, message, status when they cannot be. Limits by the endpoint's id are an object, also
-- when there are none.
local function api_options(options)
    if type(options) ~= "table" or type(options.limits) ~= "table" then return options_text(options) end
    local given, limits = {}, json.object()
    for name, value in pairs(options) do given[name] = value end
    for id, limit in pairs(options.limits) do limits[id] = limit end
    given.limits = limits
    return options_text(given)
end

local function registered(handle, options)
    local text, message, status = api_options(options)
    if text == false then return nil, message, status end
    local out = text_out()
    return decoded(take_text(lib.coffer_register_database_api(handle, text, out), out))
end

--- registerDatabaseAPI([{ listen = "127.0.0.1:0", token =, anonymous_read =, allow_write =, limits = { [endpoint_id] =
--- requests a minute }, max_body_bytes =, allow_remote =, allow_origins = { ... } }]) -> { success = true, status =,
--- export =, endpoints = { ... }, token = }: status and export are the endpoints GET /api/database/status, 60 requests a
--- minute, and GET /api/database/export, 30 a minute, each { endpoint_id =, method =, path =, per_minute = }. If it listens
--- there are also address, that of each endpoint, and inspector, the page's address with the token in it. A store has one
--- API: ERROR_NAME_TAKEN says who registered it. A failure is { success = false, error = message, error_status = }: its
--- number is not called status, which would be an endpoint.
function Database:registerDatabaseAPI(options)
    local result, message, status = registered(handle_of(self), options)
    if not result then return { success = false, error = message, error_status = status } end
    result.success = true
    return without_nulls(result)
end

--- unregisterDatabaseAPI() -> true. Nobody listens any more, and no request is under way. ERROR_NAME_TAKEN if another
--- handle registered it.
function Database:unregisterDatabaseAPI()
    return done(lib.coffer_unregister_database_api(handle_of(self)))
end

-- ---- endpoints of plug-ins

-- What must be a table, as the JSON text of an object; nil, message, status when it cannot be.
local function object_text(what, value)
    if type(value) ~= "table" then
        return nil, ("the %s must be a table, got %s"):format(what, type(value)), INVALID_ARGUMENT
    end
    local text, message = json.encode(value)
    if text then return text end
    return nil, ("the %s: %s"):format(what, message), INVALID_OPTION
end

--- registerEndpoint { plugin =, call =, method = "GET" | "POST" | ..., path = "/equipment/{slot}/best", per_minute =, id =,
--- write = } -> { endpoint_id =, method =, path =, per_minute =, address = if the API listens }: requests to the path are
--- answered by the plug-in's method `call`. It is given { id =, method =, path =, parameters = { slot = }, query = { ... },
--- content_type =, body = the JSON value or coffer.null }, names that are digits as numbers, and answers { status = 200,
--- body = any value, headers = { ... } }, each of which may be left out. Who asked is told 503 while there is no such
--- plug-in and method, 502 if it refuses, 504 if it does not answer within a second. ERROR_NOT_FOUND if the store has no
--- API, ERROR_NAME_TAKEN if an endpoint has that id, or method and path.
function Database:registerEndpoint(endpoint)
    local handle = handle_of(self)
    local text, message, status = object_text("endpoint", endpoint)
    if not text then return nil, message, status end
    local out, result = text_out(), nil
    result, message, status = decoded(take_text(lib.coffer_gateway_register_endpoint(handle, text, out), out))
    if not result then return nil, message, status end
    return without_nulls(result)
end

--- unregisterEndpoint(id) -> true.
function Database:unregisterEndpoint(id)
    local handle = handle_of(self)
    local problem = argument_problem("id", id)
    if problem then return nil, problem, INVALID_ARGUMENT end
    return done(lib.coffer_gateway_unregister_endpoint(handle, id))
end

-- ---- requests

--- handleRequest { method = "GET", target = "/api/database/status", headers = { authorization = "Bearer " .. token },
--- body = text } -> { status = 200, headers = { ["content-type"] = "application/json", ... }, body = text }, names of
--- headers in small letters. It needs no server, only the API, whichever handle on the store registered it; the library
--- checks the request as its own server does. Texts are UTF-8. It waits for the response, and no call is answered
--- meanwhile: an endpoint of a plug-in of this very Lua state ends in 504, after a second. Requests to the built-in server
--- wait for poll.
function Database:handleRequest(request)
    local handle = handle_of(self)
    local text, message, status = object_text("request", request)
    if not text then return nil, message, status end
    local out = text_out()
    return decoded(take_text(lib.coffer_gateway_handle_request(handle, text, out), out))
end
