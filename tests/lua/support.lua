-- What the conformance cases share: checks, the stores they open, and the runner, which gives each case a folder of its
-- own below arg[1].
--
-- Must not: know what a case is about.
-- Keeps: "ok <name>" is printed for a case that held, and nothing for one that did not; those go to stderr, and the exit
-- code is 1. What a case opened is closed after it.

local coffer = require "coffer"

local M = {}

local cases, opened = {}, {}

function M.case(name, run) cases[#cases + 1] = { name = name, run = run } end

function M.open(path, options)
    local db = assert(coffer.open(path, options))
    opened[#opened + 1] = db
    return db
end

function M.check(condition, what)
    if not condition then error(what or "a check failed", 2) end
end

function M.equal(got, wanted, what)
    if got ~= wanted then
        error(("%s: wanted %s, got %s"):format(what or "value", tostring(wanted), tostring(got)), 2)
    end
end

local function failed_as(status, got, message)
    if got ~= status then
        error(("wanted %s, got %s: %s"):format(coffer.statusName(status), tostring(got), tostring(message)), 3)
    end
    if type(message) ~= "string" or message == "" or message:find "\n" then
        error("the message is not one line: " .. tostring(message), 3)
    end
    return message
end

--- The results of a call that must fail with this status; its message.
function M.refused(status, ...)
    local value, message, got = ...
    if value ~= nil then error("wanted " .. coffer.statusName(status) .. ", but the call succeeded", 2) end
    return (failed_as(status, got, message)) -- no tail call: the error's level counts on this frame
end

--- The same of a restore, which answers a table either way.
function M.not_restored(status, result)
    if result.success ~= false then error("wanted " .. coffer.statusName(status) .. ", but it was restored", 2) end
    return (failed_as(status, result.status, result.error))
end

--- The same of an export, which answers a table either way.
function M.not_exported(status, result)
    if result.success ~= false then error("wanted " .. coffer.statusName(status) .. ", but it was exported", 2) end
    return (failed_as(status, result.status, result.error))
end

--- The same of a registration of the API, whose status is an endpoint.
function M.not_registered(status, result)
    if result.success ~= false then error("wanted " .. coffer.statusName(status) .. ", but it was registered", 2) end
    if result.status ~= nil then error("a status beside the failure: " .. tostring(result.status), 2) end
    return (failed_as(status, result.error_status, result.error))
end

--- Sends a request to a server of this machine, as another program does: nobody here waits. The pipe is for `received`.
function M.send(path, api, method, target, body)
    local port = assert(api.address:match "^http://127%.0%.0%.1:(%d+)$", api.address)
    local lines = {
        ("%s %s HTTP/1.1"):format(method, target), "host: 127.0.0.1:" .. port, "authorization: Bearer " .. api.token,
        "content-type: application/json", "content-length: " .. #body, "connection: close", "", body,
    }
    local file = M.write(path .. ".request", table.concat(lines, "\r\n"))
    local exchange = [[bash -c 'exec 3<>"/dev/tcp/127.0.0.1/%s" && cat "%s" >&3 && cat <&3' 2>&1]]
    return assert(io.popen(exchange:format(port, file)))
end

--- The status and the body of the response, or nil and what came instead.
function M.received(pipe)
    local text = pipe:read "*a"
    pipe:close()
    local status, body = text:match "^HTTP/1%.1 (%d+).-\r\n\r\n(.*)$"
    return tonumber(status), body or text
end

--- A JSON Patch must have these operations, each written as "op path value" and in any order.
function M.patch(operations, ...)
    if type(operations) ~= "table" then error("no patch: " .. tostring(operations), 2) end
    local got, wanted = {}, { ... }
    for i, one in ipairs(operations) do
        local value = one.value ~= nil and " " .. coffer.encode(one.value) or ""
        got[i] = one.op .. " " .. one.path .. value
    end
    table.sort(got)
    table.sort(wanted)
    local left, right = table.concat(got, "; "), table.concat(wanted, "; ")
    if left ~= right then error(("patch: wanted %s, got %s"):format(right, left), 2) end
end

--- The bytes of a file.
function M.read(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read "*a"
    file:close()
    return bytes
end

--- Writes a file; its path.
function M.write(path, bytes)
    local file = assert(io.open(path, "wb"))
    file:write(bytes)
    file:close()
    return path
end

--- Runs every case and ends the process.
function M.run()
    local folder = assert(arg[1], "the first argument is an empty folder")
    local failures = 0
    for _, one in ipairs(cases) do
        local ok, problem = xpcall(function() one.run(folder .. "/" .. one.name) end, debug.traceback)
        for i = #opened, 1, -1 do
            opened[i]:close()
            opened[i] = nil
        end
        if ok then
            print("ok " .. one.name)
        else
            failures = failures + 1
            io.stderr:write("FAILED ", one.name, ": ", problem, "\n")
        end
    end
    os.exit(failures == 0 and 0 or 1, true)
end

return M
