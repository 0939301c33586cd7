-- The methods of the database object that look back: snapshots, restoring, and how states and versions differ.
--
-- Must not: keep what the library told of a snapshot; whoever asks again is told anew.
-- Keeps: results follow the one rule in coffer.lua (success, or nil, message, status), but for
-- restoreDatabaseFromSnapshot, whose documented answer is a table either way.
--
-- An id is a snapshot's id; or its label, for the newest snapshot that has it; or "latest". Where a moment is allowed too,
-- it may be "sequence:<number>", "time:<Unix milliseconds>" or, but for restoring, "now". Only get and list never wait for
-- the disk.

local json = require "coffer.json"
local library = require "coffer.library"
local method = require "coffer.method"

local lib = library.lib
local type = type

local INVALID_KEY = tonumber(lib.COFFER_ERROR_INVALID_KEY)
local INVALID_ARGUMENT = tonumber(lib.COFFER_ERROR_INVALID_ARGUMENT)

local Database, text_out, handle_of = method.Database, method.text_out, method.handle_of
local argument_problem, optional_problem = method.argument_problem, method.optional_problem
local version_problem, options_text = method.version_problem, method.options_text
local done, take_text, decoded = method.done, method.take_text, method.decoded

-- ---- making and knowing

--- createDatabaseSnapshot([label]) -> the id, and the whole record as in getSnapshot. The label is "database_snapshot"
--- by default. It waits for the disk.
function Database:createDatabaseSnapshot(label)
    local handle = handle_of(self)
    local problem = optional_problem("label", label)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    local record, message, status = decoded(take_text(lib.coffer_create_database_snapshot(handle, label, out), out))
    if not record then return nil, message, status end
    return record.id, record
end

--- listSnapshots() -> { snapshots = an array of records, oldest first, journal = { from_sequence =, from_time_ms =,
--- to_sequence = }, the moments that can be restored without a snapshot, history_bytes = }.
function Database:listSnapshots()
    local out = text_out()
    return decoded(take_text(lib.coffer_list_snapshots(handle_of(self), out), out))
end

--- getSnapshot(id) -> its record: { id =, label =, kind = "manual" | "automatic" | "imported", pinned =, sequence =,
--- created_at_ms =, documents =, bytes =, collections =, versions = }; of an automatic one also reason, of an imported
--- one file.
function Database:getSnapshot(id)
    local handle = handle_of(self)
    local problem = argument_problem("id", id)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_get_snapshot(handle, id, out), out))
end

--- deleteSnapshot(id) -> true.
function Database:deleteSnapshot(id)
    local handle = handle_of(self)
    local problem = argument_problem("id", id)
    if problem then return nil, problem, INVALID_ARGUMENT end
    return done(lib.coffer_delete_snapshot(handle, id))
end

--- pinSnapshot(id[, pinned]) -> its record. A pinned automatic snapshot is never removed by itself; false lets it go.
function Database:pinSnapshot(id, pinned)
    local handle = handle_of(self)
    local problem = argument_problem("id", id)
    if not problem and pinned ~= nil and type(pinned) ~= "boolean" then
        -- In Lua 0 is true, in C it is not: neither must be guessed.
        problem = "pinned must be true or false, got " .. type(pinned)
    end
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_pin_snapshot(handle, id, pinned == false and 0 or 1, out), out))
end

--- verifySnapshot(id) -> { id =, documents =, bytes =, files =, file_bytes =, journal_commits = }, when every byte that
--- the snapshot needs was read again and is right.
function Database:verifySnapshot(id)
    local handle = handle_of(self)
    local problem = argument_problem("id", id)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_verify_snapshot(handle, id, out), out))
end

-- ---- restoring

local function restored(handle, id, options)
    local problem = argument_problem("id", id)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local text, message, status = options_text(options)
    if text == false then return nil, message, status end
    local out = text_out()
    return decoded(take_text(lib.coffer_restore_database_from_snapshot(handle, id, text, out), out))
end

--- restoreDatabaseFromSnapshot(id[, { collections = { ... }, keys = { ... }, dry_run = true }]) -> { success = true,
--- id =, sequence =, dry_run =, saved =, cleared =, bytes =, commit =, undo = }: the commit that did it, and the snapshot
--- of the state before, are there only if something differed. A dry run has changes = { { key =, action = "save" |
--- "clear", bytes = }, ... } too. A failure is { success = false, error = message, status = }. id may be a moment.
function Database:restoreDatabaseFromSnapshot(id, options)
    local result, message, status = restored(handle_of(self), id, options)
    if not result then return { success = false, error = message, status = status } end
    -- Absent, because the sentinel for JSON null counts as true in a condition.
    if result.commit == json.null then result.commit = nil end
    if result.undo == json.null then result.undo = nil end
    result.success = true
    return result
end

-- ---- comparing and looking

--- diffSnapshots(from[, to]) -> { from = { id =, sequence = }, to = the same, added = { { key =, bytes = }, ... },
--- changed = { { key =, patch = a JSON Patch }, ... }, removed = as added }. Both may be moments; to is now by default.
function Database:diffSnapshots(from, to)
    local handle = handle_of(self)
    local problem = argument_problem("from", from) or optional_problem("to", to)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_diff_snapshots(handle, from, to, out), out))
end

--- diffVersions(document, from, to) -> the JSON Patch that turns one version of a Tier 1 document into the other; 0 is
--- the newest version.
function Database:diffVersions(document, from, to)
    local handle = handle_of(self)
    local problem = version_problem(document, from) or version_problem(document, to)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_diff_versions(handle, document, from, to, out), out))
end

--- loadFromSnapshot(id, key) -> the value as it was then; nil, message, ERROR_NOT_FOUND when it was not there. id may be
--- a moment.
function Database:loadFromSnapshot(id, key)
    local handle = handle_of(self)
    local problem = argument_problem("id", id)
    if problem then return nil, problem, INVALID_ARGUMENT end
    problem = method.key_problem(key)
    if problem then return nil, problem, INVALID_KEY end
    local out = text_out()
    return decoded(take_text(lib.coffer_load_from_snapshot(handle, id, key, out), out))
end

-- ---- files

--- exportSnapshot(id, path) -> { id =, path =, sequence =, documents =, bytes =, file_bytes = }. id may be a moment; a
--- file that is there is replaced.
function Database:exportSnapshot(id, path)
    local handle = handle_of(self)
    local problem = argument_problem("id", id) or argument_problem("path", path)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_export_snapshot(handle, id, path, out), out))
end

--- importSnapshot(path[, label]) -> the record of the new snapshot, which keeps the label it had by default. No document
--- changes until it is restored.
function Database:importSnapshot(path, label)
    local handle = handle_of(self)
    local problem = argument_problem("path", path) or optional_problem("label", label)
    if problem then return nil, problem, INVALID_ARGUMENT end
    local out = text_out()
    return decoded(take_text(lib.coffer_import_snapshot(handle, path, label, out), out))
end
