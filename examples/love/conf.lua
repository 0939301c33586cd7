-- What LÖVE reads before the scene starts: the window, and which of its modules the scene needs.
--
-- Must not: turn the display's synchronisation on. The loop in main.lua keeps 60 frames a second by itself, so that the graph
-- shows the time of the work and not the wait for the display.

function love.conf(t)
    t.identity = "coffer-party"
    t.version = "11.4"
    t.window.title = "Coffer: a party on the road"
    t.window.width, t.window.height = 1280, 720
    t.window.vsync = 0
    for _, name in ipairs { "audio", "sound", "joystick", "physics", "video", "touch" } do t.modules[name] = false end
end
