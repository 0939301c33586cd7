-- A designer's spreadsheet: the store is exported as CSV and XML, one cell of the CSV is changed, and the file is imported,
-- first in a dry run. Then that is undone.
--
--     luajit exchange.lua STORE FOLDER
--
-- It needs the roster that the engine saves, leaves every document as it was, and must not take part in the editing of the
-- file beyond what a spreadsheet does: it knows cells, not documents. Every call of Coffer that fails gives nil and a
-- message, which is what assert takes, but for those whose answer is a table either way.

local coffer = require "coffer"

local ROW, COLUMN, CELL = "character_roster", "heroes[0].hit_points", "40"
local SHOWN = 104

local store, folder = arg[1], arg[2]
if not folder then
    io.stderr:write "usage: luajit exchange.lua STORE FOLDER\n"
    os.exit(2)
end

local function say(...) print((...):format(select(2, ...))) end

local function read_file(name)
    local file = assert(io.open(name, "rb"))
    local text = assert(file:read "*a")
    file:close()
    return text
end

local function write_file(name, text)
    local file = assert(io.open(name, "wb"))
    assert(file:write(text))
    assert(file:close())
end

local function show(text, count)
    for line in text:gmatch "[^\r\n]+" do
        if count == 0 then break end
        say("  %s%s", line:sub(1, SHOWN), #line > SHOWN and " ..." or "")
        count = count - 1
    end
end

-- ---- the spreadsheet

-- The cells of a row as they are written, quotes and all.
local function cells_of(row)
    local cells, from = {}, 1
    while from <= #row + 1 do
        local to
        if row:sub(from, from) == '"' then
            to = from
            -- A quote within quotes is doubled.
            repeat to = row:find('"', to + 1, true) + 1 until row:sub(to, to) ~= '"'
        else
            to = row:find(",", from, true) or #row + 1
        end
        cells[#cells + 1] = row:sub(from, to - 1)
        from = to + 1
    end
    return cells
end

local function place_of(cells, wanted)
    for place, cell in ipairs(cells) do
        if cell == wanted then return place end
    end
    error("there is no cell " .. wanted)
end

-- The table with another text in one cell, and the text that was there.
local function edit(text, key, column, cell)
    local header = cells_of(text:gsub("^\239\187\191", ""):match "^[^\r\n]*")
    local key_column, changed_column = place_of(header, "key"), place_of(header, column)
    local before
    text = text:gsub("[^\r\n]+", function(row)
        -- The rows that cannot be it need not be taken apart.
        if before or not row:find(key, 1, true) then return nil end
        local cells = cells_of(row)
        if cells[key_column] ~= key then return nil end
        before, cells[changed_column] = cells[changed_column], cell
        return table.concat(cells, ",")
    end)
    return text, assert(before, "there is no row " .. key)
end

-- ---- the chapter

local db = assert(coffer.open(store, { plugin = "designer" }))

local function export(format)
    local exported = db:exportDatabaseForSharing(format, folder .. "/store." .. format)
    assert(exported.success, exported.error)
    return exported, read_file(exported.path)
end

local function hit_points() return assert(db:loadCharacterRosterState()).heroes[1].hit_points end

local original = assert(db:loadJson "character_roster")
local hero = assert(db:loadCharacterRosterState()).heroes[1].name

local csv, table_text = export "csv"
say("The store as CSV is one table of %d documents, past versions too, in %d KiB. It begins:", csv.documents,
    csv.bytes / 1024)
show(table_text:gsub("^\239\187\191", ""), 3)
local xml, xml_text = export "xml"
say("As XML it has %d KiB, and begins:", xml.bytes / 1024)
show(xml_text, 8)

local edited, before = edit(table_text, ROW, COLUMN, CELL)
write_file(csv.path, edited)
say("The designer opens the CSV in a spreadsheet, finds %s in the row %s,", COLUMN, ROW)
say("changes it from %s to %s, and saves the file. What importing it would do:", before, CELL)

local _, plan = assert(db:importDatabaseFromExternal(csv.path, nil, { dry_run = true }))
say("  %d document saved, %d unchanged, %d skipped, such as %s: %s.", plan.saved, plan.unchanged, plan.skipped,
    plan.skipped_documents[1].key, plan.skipped_documents[1].reason)
assert(plan.saved == 1 and hit_points() == tonumber(before), "a dry run changes nothing")

local data, done = assert(db:importDatabaseFromExternal(csv.path))
say("So it is imported, in commit %d. In the file %s has %d hit points, and in the store %d. What changed since %s:",
    done.commit, hero, data.character_roster.heroes[1].hit_points, hit_points(), done.undo)
for _, one in ipairs(assert(db:diffSnapshots(done.undo)).changed) do
    say("  %s %s", one.key, coffer.encode(one.patch))
end

local undone = db:restoreDatabaseFromSnapshot(done.undo)
assert(undone.success, undone.error)
assert(db:loadJson "character_roster" == original, "undoing brings back every byte")
say("Too many. It goes back to %s: %d document restored, and %s has %d hit points again.", done.undo, undone.saved, hero,
    hit_points())
assert(db:close())
