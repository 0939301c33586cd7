-- Where the scene finds Coffer's binding and its game data. Copy this habit: a plug-in needs `coffer.lua` and the folder
-- `coffer/` of bindings/lua beside its main.lua, and then nothing of this file; in this project they are used where they are.
-- The native library is the file that COFFER_LIBRARY names, else "coffer" where the platform looks for libraries.
--
-- Must not: need LÖVE's write folder, or change package.path when the binding is beside main.lua already.

local M = {}

local source = love.filesystem.getSource()

if not love.filesystem.getInfo "coffer.lua" then
    package.path = source .. "/../../bindings/lua/?.lua;" .. package.path
end

local function read(file)
    local handle = io.open(file, "rb")
    if not handle then return nil end
    local text = handle:read "*a"
    handle:close()
    return text
end

--- The JSON texts of monsters, equipment and magic items: the shared ones if all are there, else this project's own.
function M.game_data()
    for _, place in ipairs { source .. "/../../../shared/data/srd-", source .. "/../data/" } do
        local monsters, equipment = read(place .. "monsters.json"), read(place .. "equipment.json")
        local magic = read(place .. "magic-items.json")
        if monsters and equipment and magic then return { monsters = monsters, equipment = equipment, magic = magic } end
    end
    return nil, "no game data: monsters.json, equipment.json and magic-items.json must be in " .. source .. "/../data"
end

--- require "coffer", with a message that says what to do when the library is not there.
function M.coffer()
    local ok, result = pcall(require, "coffer")
    if ok then return result end
    error("Coffer was not loaded: build it (cargo build --release), and set COFFER_LIBRARY to the library's file. "
        .. tostring(result), 0)
end

return M
