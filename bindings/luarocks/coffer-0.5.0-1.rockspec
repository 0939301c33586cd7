-- The rock of Coffer for LuaJIT: the binding and the native library.
--
--   luarocks --lua-version 5.1 make bindings/luarocks/coffer-0.5.0-1.rockspec      in the source tree
--
-- It builds the library with cargo, or takes the one that COFFER_LIBRARY names; see build.lua. It must not list a module that
-- is not in bindings/lua, nor leave one out. Invariant: the rock, once packed, needs neither Rust nor the source tree.
rockspec_format = "3.0"
package = "coffer"
version = "0.5.0-1"
source = {
    url = "coffer-0.5.0-source.tar.gz", -- of the release, beside this file
    dir = "coffer-0.5.0",
}
description = {
    summary = "Database persistence layer for native game engines and their plug-ins",
    detailed = [[
JSON documents go in and come out; the data lives in the process, in memory, and every change is journalled to disk.
For LuaJIT 2.1: the binding uses its ffi module.]],
    license = "MIT",
    labels = { "database", "persistence", "game", "json", "luajit" },
}
dependencies = { "lua == 5.1" } -- LuaJIT's API
build = {
    type = "command",
    build_command = [["$(LUA)" bindings/luarocks/build.lua "$(LIBDIR)"]],
    install = {
        lua = {
            ["coffer"] = "bindings/lua/coffer.lua",
            ["coffer.calls"] = "bindings/lua/coffer/calls.lua",
            ["coffer.cdef"] = "bindings/lua/coffer/cdef.lua",
            ["coffer.clock"] = "bindings/lua/coffer/clock.lua",
            ["coffer.database"] = "bindings/lua/coffer/database.lua",
            ["coffer.exchange"] = "bindings/lua/coffer/exchange.lua",
            ["coffer.gateway"] = "bindings/lua/coffer/gateway.lua",
            ["coffer.health"] = "bindings/lua/coffer/health.lua",
            ["coffer.hub"] = "bindings/lua/coffer/hub.lua",
            ["coffer.json"] = "bindings/lua/coffer/json.lua",
            ["coffer.json.decode"] = "bindings/lua/coffer/json/decode.lua",
            ["coffer.json.encode"] = "bindings/lua/coffer/json/encode.lua",
            ["coffer.json.marks"] = "bindings/lua/coffer/json/marks.lua",
            ["coffer.library"] = "bindings/lua/coffer/library.lua",
            ["coffer.method"] = "bindings/lua/coffer/method.lua",
            ["coffer.plugin"] = "bindings/lua/coffer/plugin.lua",
            ["coffer.snapshots"] = "bindings/lua/coffer/snapshots.lua",
            ["plugins.database-persistence-layer.plugin"] = "bindings/lua/plugins/database-persistence-layer/plugin.lua",
        },
    },
}
