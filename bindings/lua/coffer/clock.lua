-- The clock that poll keeps its budget by: microseconds from any beginning, which only ever grow.
--
-- Must not: be used for dates.
-- Keeps: where the system's clock cannot be had, os.clock stands in, which counts the process's own work and no waiting.

local ffi = require "ffi"

local C = ffi.C
local tonumber = tonumber

-- Names of our own for the system's functions: a script that declares them too must not meet these declarations.
local function declare_posix()
    ffi.cdef [[
        struct coffer_timespec { long seconds; long nanoseconds; };
        int coffer_clock_gettime(int clock, struct coffer_timespec *now) __asm__("clock_gettime");
    ]]
end

local function declare_windows()
    ffi.cdef [[
        int coffer_performance_counter(int64_t *count) __asm__("QueryPerformanceCounter");
        int coffer_performance_frequency(int64_t *each_second) __asm__("QueryPerformanceFrequency");
    ]]
end

local function declared(name) return pcall(function() return C[name] end) end

local function from_posix(monotonic)
    -- An editor that reloads its scripts gets here again, and LuaJIT refuses a second declaration.
    if not declared "coffer_clock_gettime" then declare_posix() end
    local now = ffi.new "struct coffer_timespec"
    assert(C.coffer_clock_gettime(monotonic, now) == 0)
    return function()
        C.coffer_clock_gettime(monotonic, now)
        return tonumber(now.seconds) * 1e6 + tonumber(now.nanoseconds) / 1e3
    end
end

local function from_windows()
    if not declared "coffer_performance_counter" then declare_windows() end
    local count = ffi.new "int64_t[1]"
    assert(C.coffer_performance_frequency(count) ~= 0)
    local each_second = tonumber(count[0])
    return function()
        C.coffer_performance_counter(count)
        return tonumber(count[0]) / each_second * 1e6
    end
end

local function from_process() return os.clock() * 1e6 end

local MAKERS = {
    Linux = function() return from_posix(1) end,
    OSX = function() return from_posix(6) end,
    Windows = from_windows,
}

local make = MAKERS[ffi.os]
local ok, clock = pcall(make or error)

return { microseconds = ok and clock or from_process }
