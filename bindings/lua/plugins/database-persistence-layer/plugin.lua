-- coffer.plugin under the require path of the persistence plug-in that Coffer replaces. As that one did, it also leaves
-- its functions as globals of its environment.
--
-- Must not: do anything else; behaviour belongs in coffer/plugin.lua.
-- Keeps: the globals and the module's fields are the same functions. lastError stays off the globals, because the
-- replaced plug-in had none and the name is anybody's.

local plugin = require "coffer.plugin"

local environment = getfenv(1)
for name, value in pairs(plugin) do
    if name ~= "lastError" then environment[name] = value end
end

return plugin
