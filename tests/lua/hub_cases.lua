-- The conformance cases about events; conformance.lua requires this file where they stand on the page.
--
-- Must not: run by itself, nor test what only Lua has (that is hub.lua).
-- Keeps: every event that a subscription heard is compared, not only the expected ones.

local coffer = require "coffer"
local support = require "support"

local case, open = support.case, support.open
local check, equal, refused = support.check, support.equal, support.refused

-- Subscribes, and gives the list that poll fills.
local function listen(db, topic, options)
    local heard = {}
    local subscription = assert(db:on(topic, function(event) heard[#heard + 1] = event end, options))
    return heard, subscription
end

local function poll(db, ...)
    local count, problem = db:poll(...)
    if problem then error(problem, 2) end
    return count
end

-- The commits of events as "1 2 3"; an overflow as "overflow(events from to)".
local function commits(heard)
    local told = {}
    for i, event in ipairs(heard) do
        local missed = event.payload
        told[i] = event.topic == "overflow"
            and ("overflow(%d %d %d)"):format(missed.events, missed.from_sequence, missed.to_sequence)
            or tostring(event.sequence)
    end
    return table.concat(told, " ")
end

case("hub_changes", function(path)
    local db, other = open(path), open(path, { plugin = "other" })
    local plain, full = listen(db, "database_changed"), listen(db, "database_changed", { data = true })
    assert(other:savePersistentData("slot", { 1 }))
    assert(other:savePersistentData("slot", { 2 }))
    assert(other:clearDatabaseEntry "slot")
    assert(other:saveBatch { { key = "slot", data = { 3 } }, { key = "character_roster", data = { "Terra" } } })
    equal(poll(db), 8, "events polled")
    equal(commits(plain), "1 2 3 4", "commits")
    local wanted = {
        "slot 1 0 false", "slot 2 1 false", "slot 2 2 true", "slot 3 0 false, character_roster 1 0 false",
    }
    for i, event in ipairs(plain) do
        local told = {}
        for number, change in ipairs(event.payload.changes) do
            told[number] = ("%s %d %d %s"):format(change.key, change.revision, change.old_revision,
                tostring(change.cleared))
            check(change.data == nil, "a document nobody asked for")
            equal(change.collection, change.key == "slot" and "plugin_data" or "character_roster", "collection")
        end
        equal(table.concat(told, ", "), wanted[i], "changes")
        check(event.topic == "database_changed" and event.source == "other" and event.id == i, "who and what")
        check(math.abs(event.time_ms / 1000 - os.time()) < 60, "time")
    end
    equal(commits(full), "1 2 3 4", "commits with data")
    equal(full[2].payload.changes[1].data[1], 2, "the document")
    check(full[3].payload.changes[1].data == nil, "a cleared document has no data")
    equal(full[4].payload.changes[2].data[1], "Terra", "the second document of a batch")
end)

case("hub_topics", function(path)
    local db = open(path)
    local exact, prefix, others = listen(db, "party"), listen(db, "party*"), listen(db, "x*")
    local value = { members = { [0] = "Terra" } }
    check(db:publish("party", value) > 0 and db:publish("party.left", coffer.null) and db:publish("other", 1), "publish")
    equal(poll(db), 3, "events")
    check(#exact == 1 and #prefix == 2 and #others == 0, "who heard")
    equal(coffer.encode(exact[1].payload), coffer.encode(value), "payload")
    check(prefix[2].topic == "party.left" and prefix[2].payload == coffer.null, "the second")
    for _, topic in ipairs { "database_changed", "database_sync", "overflow", "", "a*", "*", ("x"):rep(257), "a\0b" } do
        refused(coffer.ERROR_INVALID_ARGUMENT, db:publish(topic, 1))
    end
    refused(coffer.ERROR_INVALID_ARGUMENT, db:publish(nil, 1))
    refused(coffer.ERROR_INVALID_JSON, db:publish("party", nil))
    refused(coffer.ERROR_INVALID_JSON, db:publish("party", 0 / 0))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:on("a*b", print))
    refused(coffer.ERROR_INVALID_ARGUMENT, db:on("", print))
    equal(poll(db), 0, "nothing else")
end)

case("hub_delivery", function(path)
    local db, other = open(path), open(path)
    local heard = {}
    for _, topic in ipairs { "a", "b", "*" } do
        assert(db:on(topic, function(event) heard[#heard + 1] = topic .. event.id end))
    end
    for _, topic in ipairs { "a", "b", "a" } do assert(other:publish(topic, 1)) end
    equal(#heard, 0, "before poll")
    equal(poll(other), 0, "another handle's poll")
    equal(poll(db, 2), 2, "as many as asked")
    equal(table.concat(heard, " "), "a1 *1", "the first two")
    equal(poll(db, 0), 4, "the rest")
    equal(table.concat(heard, " "), "a1 *1 b2 *2 a3 *3", "the order of events")
    refused(coffer.ERROR_INVALID_OPTION, db:on("a", print, { direct = true }))
end)

case("hub_unsubscribe", function(path)
    local db, other = open(path), open(path)
    local heard, subscription = listen(db, "*")
    assert(db:publish("a", 1))
    equal(subscription:off(), true, "off")
    assert(db:publish("a", 2))
    equal(poll(db), 0, "after off")
    refused(coffer.ERROR_INVALID_HANDLE, subscription:off())
    refused(coffer.ERROR_INVALID_HANDLE, subscription:replay(0))
    equal(#heard, 0, "events")

    local count, own = 0, nil
    own = assert(db:on("a", function()
        count = count + 1
        assert(own:off())
    end))
    for number = 1, 3 do assert(other:publish("a", number)) end
    equal(poll(db), 1, "events until it ended itself")
    equal(count, 1, "calls")

    local left
    heard, left = listen(db, "a")
    assert(other:publish("a", 4))
    assert(db:close())
    refused(coffer.ERROR_INVALID_HANDLE, db:poll())
    refused(coffer.ERROR_INVALID_HANDLE, left:off())
    equal(#heard, 0, "after closing")
    assert(other:publish("a", 5))
end)

case("hub_overflow", function(path)
    local db = open(path)
    local heard, slow = listen(db, "database_changed", { queue = 3 })
    for number = 1, 10 do assert(db:savePersistentData("slot", { number })) end
    equal(poll(db), 4, "events")
    equal(commits(heard), "1 2 3 overflow(7 4 10)", "what fitted, and what was missed")
    equal(slow:replay(heard[4].payload.from_sequence - 1), true, "replay")
    equal(poll(db), 7, "events brought back")
    equal(commits(heard), "1 2 3 overflow(7 4 10) 4 5 6 7 8 9 10", "all of them")
    equal(heard[5].id, 0, "the id of what was brought back")
end)

case("hub_since", function(path)
    local db = open(path)
    for number = 1, 4 do assert(db:savePersistentData("slot", { number })) end
    local since = listen(db, "database_changed", { since = 2, data = true })
    equal(poll(db), 2, "events")
    equal(commits(since), "3 4", "commits")
    check(since[1].payload.changes[1].old_revision == 2 and since[1].payload.changes[1].data[1] == 3, "as it was")
    assert(db:checkpoint())
    assert(db:savePersistentData("slot", { 5 }))
    equal(poll(db), 1, "what came later")
    equal(commits(since), "3 4 5", "commits later")
    local early = listen(db, "*", { since = 1 })
    poll(db)
    equal(commits(early), "overflow(3 2 4) 5", "out of reach")
    refused(coffer.ERROR_INVALID_ARGUMENT, db:on("party", print, { since = 1 }))
    refused(coffer.ERROR_INVALID_OPTION, db:on("*", print, { since = -1 }))
    assert(db:close())
    refused(coffer.ERROR_READ_ONLY, open(path, { read_only = true }):on("*", print, { since = 1 }))
end)

case("hub_sync", function(path)
    local db = open(path, { plugin = "editor" })
    local result = db:syncTier1DataToHub()
    check(result.success == true and result.subscribers == 0 and result.event_id > 0, result.error)
    assert(db:saveCharacterRosterState { "Terra" })
    assert(db:savePartyConfig { 1 })
    assert(db:clearDatabaseEntry "party_configs")
    local heard = listen(db, "database_sync")
    result = db:syncTier1DataToHub()
    check(result.success == true and result.subscribers == 1, result.error)
    equal(poll(db), 1, "events")
    local event, payload = heard[1], heard[1].payload
    check(event.id == result.event_id and event.sequence == 3 and event.source == "editor", "event")
    equal(payload.character_roster[1], "Terra", "roster")
    check(payload.equipment_sets == coffer.null and payload.party_configs == coffer.null, "what is not there")
    check(payload.versions.character_roster_v == 1 and payload.versions.party_configs_v == 1, "versions")
    check(payload.versions.equipment_sets_v == 0 and payload.timestamp_ms == result.time_ms, "versions and time")
end)

case("hub_master_reference", function(path)
    local NAME = "database-persistence-layer"
    local one, other = open(path, { plugin = "one" }), open(path, { plugin = "other" })
    refused(coffer.ERROR_NOT_FOUND, one:references(NAME))
    check(coffer.is_array(one:references()) and #one:references() == 0, "none at first")
    local first = one:registerDatabaseAsMasterReference()
    check(first.registered == true and first.error == nil and first.name == NAME and first.holder == "one", first.error)
    equal(one:registerDatabaseAsMasterReference().ref_id, first.ref_id, "registering again")
    local about = first.about
    equal(table.concat(about.provides, " "), "character_roster equipment_sets party_configs", "provides")
    equal(table.concat(about.capabilities, " "), "read write sync version_control", "capabilities")
    equal(about.version, coffer.version(), "version")
    local second = other:registerDatabaseAsMasterReference()
    check(second.registered == false and second.holder == "one" and second.ref_id == first.ref_id, "the second")
    check(second.error:find("'one'", 1, true), second.error)
    equal(other:references(NAME).ref_id, first.ref_id, "looked up")
    check(#other:references() == 1 and other:references()[1].holder == "one", "all of them")
    refused(coffer.ERROR_NOT_FOUND, other:references "nobody")
    assert(one:close())
    equal(other:registerDatabaseAsMasterReference().registered, true, "after the holder is gone")
end)
