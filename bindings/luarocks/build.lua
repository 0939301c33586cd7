-- Puts the native library into the rock: the one that COFFER_LIBRARY names, or one that cargo builds here. Run by LuaRocks in
-- the source tree with any Lua. It must not build in any other way than a plain `cargo build --release`, so that what cargo
-- reads from the environment holds. Invariant: it fails, in one line, unless the library then is in the folder.
--
--   lua build.lua FOLDER

local folder = assert(arg[1], "usage: build.lua FOLDER")

local function stop(message)
    io.stderr:write("coffer: ", message, "\n")
    os.exit(1)
end

local function name_of(path) return path:match "[^/\\]+$" end

-- The shared library among the files that cargo says it made, in its messages, one JSON object a line.
local function built()
    local pipe = assert(io.popen "cargo build --release --lib --locked --message-format=json-render-diagnostics")
    local found
    for line in pipe:lines() do
        if line:find('"reason":"compiler-artifact"', 1, true) then
            for path in (line:match '"filenames":%[(.-)%]' or ""):gmatch '"(.-)"' do
                local name = name_of(path)
                if name == "libcoffer.so" or name == "libcoffer.dylib" or name == "coffer.dll" then
                    found = path:gsub("\\\\", "\\")
                end
            end
        end
    end
    pipe:close()
    if not found then stop "cargo built no library: see above; the rock needs Rust, or COFFER_LIBRARY=<file>" end
    return found
end

-- What the binding looks for: on Windows coffer.dll, elsewhere libcoffer.so, which is how Lua names modules on macOS too.
local function copy(from)
    local name = name_of(from):find "%.dll$" and "coffer.dll" or "libcoffer.so"
    local source, why = io.open(from, "rb")
    if not source then stop("the library cannot be read: " .. why) end
    local bytes = source:read "*a"
    source:close()
    local target
    target, why = io.open(folder .. "/" .. name, "wb")
    if not target or not target:write(bytes) or not target:close() then
        stop(("%s/%s cannot be written: %s"):format(folder, name, why or "the disk is full"))
    end
end

local given = os.getenv "COFFER_LIBRARY"
copy(given and given ~= "" and given or built())
