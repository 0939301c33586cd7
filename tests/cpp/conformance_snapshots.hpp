// The conformance cases about snapshots and differences; conformance.cpp runs them with the others.
//
// It must not be included anywhere else. Invariant: each case works in the folder that it is given and closes what it
// opens.
#ifndef COFFER_TESTS_CPP_CONFORMANCE_SNAPSHOTS_HPP
#define COFFER_TESTS_CPP_CONFORMANCE_SNAPSHOTS_HPP

#include "support.hpp"

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

using coffer::Database;
using coffer::RestoreOptions;
using coffer::Restored;
using coffer::Snapshot;

static void version_diff(const std::string &folder) {
    Database db(folder);
    db.save_equipment_config("{\"head\":\"cap\",\"hp\":10}");
    db.save_equipment_config("{\"head\":\"cap\",\"hp\":7}");
    const std::string patch = "[{\"op\":\"replace\",\"path\":\"/hp\",\"value\":7}]";
    CHECK(db.diff_versions(coffer::equipment_sets, 1, 2) == patch);
    CHECK(db.diff_versions(coffer::equipment_sets, 1) == patch);
    CHECK(db.diff_versions(coffer::equipment_sets, 0, 1) == "[{\"op\":\"replace\",\"path\":\"/hp\",\"value\":10}]");
    CHECK(db.diff_versions(coffer::equipment_sets, 2, 2) == "[]");
    REFUSED(COFFER_ERROR_NOT_FOUND, (void)db.diff_versions(coffer::equipment_sets, 1, 3));
    REFUSED(COFFER_ERROR_NOT_FOUND, (void)db.diff_versions(coffer::equipment_sets, 3, 1));
    REFUSED(COFFER_ERROR_NOT_FOUND, (void)db.diff_versions(coffer::party_configs, 0));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.diff_versions("plugin_data", 1));
}

static void snapshot_create(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("slot-1", "[1]");
    db.save_persistent_data("slot-2", "[1,2]");
    db.save_character_roster_state("{}");
    const Snapshot made = db.create_database_snapshot("before \"the\" boss \xE2\x9A\x94");
    CHECK(made.id == "snapshot-3" && made.sequence == 3);
    CHECK(made.label == "before \"the\" boss \xE2\x9A\x94");
    CHECK(made.kind == "manual" && made.reason.empty() && made.file.empty() && !made.pinned);
    CHECK(made.documents == 3 && made.bytes == 10);
    CHECK(made.collections.at("plugin_data").documents == 2 && made.collections.at("plugin_data").bytes == 8);
    CHECK(made.collections.at("character_roster").documents == 1);
    CHECK(made.collections.at("party_configs").documents == 0);
    CHECK(made.versions.character_roster == 1 && made.versions.equipment_sets == 0);
    const auto age = std::chrono::system_clock::now() - made.created_at();
    CHECK(age < std::chrono::minutes(1) && age > -std::chrono::minutes(1));
    CHECK(db.create_database_snapshot().label == "database_snapshot");
    const std::string key = "save_metadata/snapshots/" + made.id;
    CHECK(db.list_database_keys_with("save_metadata/").at(0) == key);
    const std::string record = db.load_persistent_data(key).value_or("");
    CHECK(record.find("\"id\":\"snapshot-3\"") != std::string::npos);
    REFUSED(COFFER_ERROR_RESERVED_KEY, db.save_persistent_data(key, "1"));
    REFUSED(COFFER_ERROR_RESERVED_KEY, db.clear_database_entry(key));
    CHECK(db.load_persistent_data(key) == record);
}

static void snapshot_restore(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("kept", "[0]");
    db.save_persistent_data("changed", " [1] ");
    db.save_persistent_data("cleared", "[2]");
    db.save_character_roster_state("[\"Ash\"]");
    const std::string id = db.create_database_snapshot("town").id;
    db.save_persistent_data("changed", "[10]");
    db.clear_database_entry("cleared");
    db.save_persistent_data("new", "[3]");
    db.save_character_roster_state("[]");
    const Restored restored = db.restore_database_from_snapshot(id);
    CHECK(restored.id == id && restored.sequence == 4 && !restored.dry_run && restored.commit);
    CHECK(restored.saved == 3 && restored.cleared == 1 && restored.bytes == 15 && restored.changes.empty());
    CHECK(db.load_persistent_data("kept") == "[0]" && db.load_persistent_data("changed") == " [1] ");
    CHECK(db.load_persistent_data("cleared") == "[2]" && !db.load_persistent_data("new"));
    CHECK(db.load_character_roster_state() == "[\"Ash\"]" && db.version_counters().character_roster == 3);
    CHECK(db.load_version(coffer::character_roster, 2) == "[]");
    CHECK(db.load_entry("changed")->revision == 3 && db.load_entry("kept")->revision == 1);
    const Restored again = db.restore_database_from_snapshot(id);
    CHECK(!again.commit && !again.undo && again.saved == 0 && again.cleared == 0);
    CHECK(db.get_snapshot(restored.undo.value()).reason == "restore");
    const Restored undone = db.restore_database_from_snapshot(restored.undo.value());
    CHECK(undone.saved == 3 && undone.cleared == 1);
    CHECK(db.load_persistent_data("changed") == "[10]" && !db.load_persistent_data("cleared"));
    CHECK(db.load_persistent_data("new") == "[3]" && db.load_character_roster_state() == "[]");
}

static void snapshot_restore_part(const std::string &folder) {
    Database db(folder);
    const auto save_all = [&db](const char *json) {
        for (const char *key : {"a", "b", "character_roster", "party_configs"}) {
            db.save_persistent_data(key, json);
        }
    };
    const auto now = [&db] {
        return *db.load_persistent_data("a") + *db.load_persistent_data("b") + *db.load_character_roster_state() +
               *db.load_party_config();
    };
    save_all("1");
    const std::string id = db.create_database_snapshot().id;
    RestoreOptions options;
    options.collections = {"plugin_data"};
    save_all("2");
    db.restore_database_from_snapshot(id, options);
    CHECK(now() == "1122");
    options.collections = {coffer::character_roster, "plugin_data"};
    options.keys = {"b", "character_roster", "party_configs", "never there"};
    save_all("2");
    db.restore_database_from_snapshot(id, options);
    CHECK(now() == "2112");
    options.dry_run = true;
    save_all("2");
    const Restored planned = db.restore_database_from_snapshot(id, options);
    CHECK(now() == "2222" && planned.dry_run && planned.saved == 2 && !planned.commit && !planned.undo);
    CHECK(planned.changes.size() == 2 && planned.changes[0].key == "character_roster");
    CHECK(planned.changes[1].key == "b" && planned.changes[1].action == "save" && planned.changes[1].bytes == 1);
    options.collections = {"save_metadata"};
    const std::string named = REFUSED(COFFER_ERROR_INVALID_OPTION, db.restore_database_from_snapshot(id, options));
    CHECK(named.find("save_metadata") != std::string::npos);
    const coffer_status unknown =
        coffer_restore_database_from_snapshot(db.handle(), id.c_str(), "{\"collection\":[]}", nullptr);
    CHECK(unknown == COFFER_ERROR_INVALID_OPTION && coffer::last_error().find("collection") != std::string::npos);
    CHECK(now() == "2222");
}

static void snapshot_unknown(const std::string &folder) {
    Database db(folder);
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.get_snapshot("latest"));
    db.save_persistent_data("k", "1");
    db.create_database_snapshot("town");
    db.save_persistent_data("k", "2");
    db.create_database_snapshot("town");
    const std::string hint = REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, db.restore_database_from_snapshot("twon"));
    CHECK(hint.find("\"town\"") != std::string::npos);
    const std::string id = REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.get_snapshot("snapshot-11"));
    CHECK(id.find("\"snapshot-1\"") != std::string::npos);
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, db.delete_snapshot("twon"));
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.pin_snapshot("twon", true));
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.verify_snapshot("twon"));
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.diff_snapshots("town", "twon"));
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.load_from_snapshot("twon", "k"));
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.export_snapshot("twon", folder + ".coffer"));
    CHECK(db.get_snapshot("latest").id == db.get_snapshot("town").id);
    CHECK(db.load_from_snapshot("town", "k") == "2" && db.load_from_snapshot("snapshot-1", "k") == "1");
}

static void snapshot_list_pin_delete(const std::string &folder) {
    Database db(folder);
    CHECK(db.list_snapshots().snapshots.empty());
    db.save_persistent_data("k", "1");
    const std::string first = db.create_database_snapshot("first").id;
    db.save_persistent_data("k", "2");
    const std::string second = db.create_database_snapshot("second").id;
    const coffer::SnapshotList list = db.list_snapshots();
    CHECK(list.snapshots.size() == 2 && list.snapshots[0].id == first && list.snapshots[1].label == "second");
    CHECK(list.journal.from_sequence == 0 && list.journal.to_sequence == 4 && list.journal.from_time_ms > 1700000000000);
    CHECK(db.pin_snapshot("first", true).pinned && db.get_snapshot(first).pinned && !db.get_snapshot(second).pinned);
    CHECK(!db.pin_snapshot(first, false).pinned && !db.list_snapshots().snapshots[0].pinned);
    db.delete_snapshot(first);
    CHECK(db.list_snapshots().snapshots.size() == 1);
    CHECK((db.list_database_keys_with("save_metadata/") == std::vector<std::string>{"save_metadata/snapshots/" + second}));
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, (void)db.get_snapshot(first));
    REFUSED(COFFER_ERROR_UNKNOWN_SNAPSHOT, db.delete_snapshot(first));
    db.checkpoint();
    CHECK(db.list_snapshots().journal.from_sequence == db.list_snapshots().journal.to_sequence);
    CHECK(db.load_from_snapshot(second, "k") == "2");
}

static void snapshot_diff(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("hero", "{\"hp\":10,\"gold\":5}");
    db.save_persistent_data("gone", "1");
    db.create_database_snapshot("first");
    db.save_persistent_data("hero", "{\"hp\":7,\"gold\":5}");
    db.clear_database_entry("gone");
    db.save_persistent_data("new", "[1]");
    db.create_database_snapshot("second");
    const std::string body = "\"added\":[{\"key\":\"new\",\"bytes\":3}],\"changed\":[{\"key\":\"hero\",\"patch\":"
                             "[{\"op\":\"replace\",\"path\":\"/hp\",\"value\":7}]}],"
                             "\"removed\":[{\"key\":\"gone\",\"bytes\":1}]}";
    CHECK(db.diff_snapshots("first", "second") ==
          "{\"from\":{\"id\":\"snapshot-2\",\"sequence\":2},\"to\":{\"id\":\"snapshot-6\",\"sequence\":6}," + body);
    CHECK(db.diff_snapshots("first") ==
          "{\"from\":{\"id\":\"snapshot-2\",\"sequence\":2},\"to\":{\"id\":\"now\",\"sequence\":7}," + body);
    CHECK(db.diff_snapshots("now", "first").find("\"added\":[{\"key\":\"gone\"") != std::string::npos);
    const std::string none = db.diff_snapshots("second", "now");
    CHECK(none.find("\"added\":[],\"changed\":[],\"removed\":[]") != std::string::npos);
}

static void snapshot_load(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("k", " [1] ");
    db.save_party_config("[1]");
    db.create_database_snapshot("town");
    db.save_persistent_data("k", "[2]");
    db.save_persistent_data("later", "[2]");
    db.save_party_config("[2]");
    CHECK(db.load_from_snapshot("town", "k") == " [1] " && db.load_from_snapshot("now", "k") == "[2]");
    CHECK(!db.load_from_snapshot("town", "later"));
    CHECK(db.load_from_snapshot("town", "party_configs") == "[1]");
    CHECK(db.load_from_snapshot("town", "party_configs_v") == "1");
    REFUSED(COFFER_ERROR_INVALID_KEY, (void)db.load_from_snapshot("town", ""));
    CHECK(db.load_persistent_data("k") == "[2]" && db.load_entry("k")->revision == 2);
}

static void snapshot_moment(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("k", "[1]");
    db.checkpoint();
    std::int64_t middle = 0;
    for (int number = 2; number <= 4; ++number) {
        // Moments have milliseconds: each save gets its own.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        db.save_persistent_data("k", "[" + std::to_string(number) + "]");
        middle = number == 3 ? db.load_entry("k")->saved_at_ms : middle;
    }
    CHECK(db.restore_database_from_snapshot("sequence:2").saved == 1);
    CHECK(db.load_persistent_data("k") == "[2]");
    CHECK(db.restore_database_from_snapshot("time:" + std::to_string(middle)).id.find("sequence:3") == 0);
    CHECK(db.load_persistent_data("k") == "[3]");
    CHECK(db.load_from_snapshot("sequence:4", "k") == "[4]" && db.load_from_snapshot("sequence:1", "k") == "[1]");
    for (const char *moment : {"sequence:0", "sequence:999", "time:1"}) {
        REFUSED(COFFER_ERROR_OUT_OF_REACH, db.restore_database_from_snapshot(moment));
    }
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.restore_database_from_snapshot("sequence:two"));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.delete_snapshot("sequence:2"));
    CHECK(db.load_persistent_data("k") == "[3]");
}

static void snapshot_export_import(const std::string &folder) {
    const std::string file = folder + "/town.coffer";
    Database one(folder + "/one");
    one.save_persistent_data("k", "[1]");
    one.save_character_roster_state("[\"Ash\"]");
    one.create_database_snapshot("town");
    one.save_persistent_data("k", "[2]");
    const coffer::Exported exported = one.export_snapshot("town", file);
    CHECK(exported.id == "snapshot-2" && exported.path == file && exported.sequence == 2);
    CHECK(exported.documents == 2 && exported.bytes == 10 && exported.file_bytes == std::filesystem::file_size(file));

    Database other(folder + "/other");
    other.save_persistent_data("mine", "1");
    std::ifstream in(file, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    in.close();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(folder + "/damaged", std::ios::binary) << bytes;
    REFUSED(COFFER_ERROR_CORRUPT, (void)other.import_snapshot(folder + "/damaged"));
    REFUSED(COFFER_ERROR_IO, (void)other.import_snapshot(folder + "/no such file"));
    CHECK(other.list_snapshots().snapshots.empty());
    CHECK(other.list_snapshots().journal.to_sequence == 1);
    const Snapshot imported = other.import_snapshot(file);
    CHECK(imported.kind == "imported" && imported.label == "town" && imported.sequence == 2 && !imported.file.empty());
    CHECK(other.import_snapshot(file, "renamed").label == "renamed");
    std::filesystem::remove(file);
    CHECK(other.verify_snapshot(imported.id).documents == 2);
    CHECK(other.load_persistent_data("mine") == "1");
    other.restore_database_from_snapshot(imported.id);
    CHECK(other.load_persistent_data("k") == "[1]" && other.load_character_roster_state() == "[\"Ash\"]");
    CHECK(!other.load_persistent_data("mine"));
}

static void snapshot_reopen(const std::string &folder) {
    for (int round = 0; round < 3; ++round) {
        Database db(folder);
        db.save_persistent_data("k", "[" + std::to_string(round) + "]");
        db.save_persistent_data("only " + std::to_string(round), "true");
        db.create_database_snapshot("round " + std::to_string(round));
        db.checkpoint();
        db.clear_database_entry("only " + std::to_string(round));
        db.close();
    }
    Database db(folder);
    for (int round : {1, 0, 2}) {
        const std::string number = std::to_string(round);
        const std::string label = "round " + number;
        CHECK(db.verify_snapshot(label).documents == db.get_snapshot(label).documents);
        db.restore_database_from_snapshot(label);
        CHECK(db.load_persistent_data("k") == "[" + number + "]");
        CHECK((db.list_database_keys_with("only") == std::vector<std::string>{"only " + number}));
        db.checkpoint();
    }
}

#endif
