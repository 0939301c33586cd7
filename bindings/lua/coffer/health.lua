-- The method of the database object that tells how the store fares.
--
-- Must not: judge anything by itself, nor let the compiler have the function that C calls Lua from: LuaJIT cannot.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status). What is not known is absent.

local jit = require "jit"
local library = require "coffer.library"
local method = require "coffer.method"

local lib = library.lib
local tonumber = tonumber

local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)

local Database, text_out, handle_of = method.Database, method.text_out, method.handle_of
local options_text, take_text, decoded = method.options_text, method.take_text, method.decoded
local progress_problem, telling, without_nulls = method.progress_problem, method.telling, method.without_nulls

--- analyzeDatabaseHealth([{ full = true, quota_bytes = }[, progress]]) -> { total_records =, character_roster_size =,
--- equipment_sets_size =, party_configs_size =, last_sync = Unix milliseconds, integrity_status = "OK" | "DEGRADED" |
--- "CORRUPT", trend = "stable" | "growing" | "shrinking" | "unknown", score = 0 to 100, findings = { { points =, what =,
--- why =, ["do"] = }, ... }, causes = { { file =, offset =, reason = }, ... }, collections =, tier1 =, journal =, image =,
--- snapshots =, disk_bytes =, latency =, hub =, growth =, anomalies =, full =, took_ms =, time_ms =, sequence = } and, if it
--- was `full`, checked = { bytes =, files =, took_ms =, mb_per_s = }; coffer.h describes each. `full` reads everything on
--- the disk again and checks it. What is not known is absent, as last_sync before the first one. progress(done, total) is
--- told in bytes how far the full form is; when it returns false that stops with ERROR_CANCELLED. It must not yield.
function Database:analyzeDatabaseHealth(options, progress)
    local handle = handle_of(self)
    local problem = progress_problem(progress)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local given, message, status = options_text(options)
    if given == false then return nil, message, status end
    local out, report = text_out(), nil
    local function analyze(callback)
        return lib.coffer_analyze_database_health(handle, given, callback, nil, out)
    end
    jit.off(analyze)
    report, message, status = decoded(take_text(telling(progress, analyze), out))
    if not report then return nil, message, status end
    return without_nulls(report)
end
