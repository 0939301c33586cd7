// The conformance cases about files of other programs; conformance.cpp runs them with the others.
//
// It must not be included anywhere else, nor take an exported file apart. Invariant: each case works in the folder that it
// is given and closes what it opens; after what fails, every document is compared, not only those that were meant.
#ifndef COFFER_TESTS_CPP_CONFORMANCE_EXCHANGE_HPP
#define COFFER_TESTS_CPP_CONFORMANCE_EXCHANGE_HPP

#include "support.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

using coffer::Database;
using coffer::ExportedFile;
using coffer::ImportedFile;
using coffer::ImportOptions;

/// Every document by its key, past versions included, but for the layer's own records.
static std::map<std::string, std::string> everything(const Database &db) {
    std::map<std::string, std::string> all;
    for (const std::string &key : db.list_database_keys()) {
        const std::optional<std::string> json = db.load_persistent_data(key);
        if (json && key.compare(0, 13, "save_metadata") != 0) {
            all[key] = *json;
        }
    }
    for (const char *name : {coffer::character_roster, coffer::equipment_sets, coffer::party_configs}) {
        for (const coffer::Version &one : db.list_versions(name)) {
            all[name + std::string("_v") + std::to_string(one.version)] = db.load_version(name, one.version).value();
        }
    }
    return all;
}

/// Writes a file into the folder, and gives its path.
static std::string write_file(const std::string &folder, const std::string &name, const std::string &text) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
    return folder + "/" + name;
}

static std::string read_file(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

/// How many entries a folder has.
static std::size_t entries(const std::string &folder) {
    using Each = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(std::distance(Each(folder), Each()));
}

/// Documents that one format or another finds hard. They have no white space to lose and no escape that can be written
/// otherwise, so that the same value is the same text.
static void fill(Database &db) {
    db.save_character_roster_state("{\"0\":{\"name\":\"Ash\",\"level\":1}}");
    db.save_character_roster_state("{\"0\":{\"name\":\"\xC3\x9Cn\xC3\xAF \\\"q\\\" \xF0\x9F\x98\x80\",\"level\":1.0}}");
    db.save_equipment_config("[]");
    db.save_party_config("{\"a\":1}");
    db.clear_database_entry(coffer::party_configs);
    const std::pair<const char *, const char *> documents[] = {
        {"numbers", "{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"big\":123456789012345678901234567890,\"d\":1.0,"
                    "\"e\":1e400,\"z\":-0}"},
        {"empty", "{\"object\":{},\"array\":[],\"text\":\"\",\"null\":null,\"yes\":true,\"deep\":[[],[{}],[[1,[2]]]]}"},
        {"doubled", "{\"a\":\"@x\",\"b\":1,\"a\":\"twice\"}"},
        {"slot 2 \"odd\", key\n", "[{\"a\":1,\"b.c\":\"x\"},{\"a\":2,\"b[0]\":\"=1+1\",\"\":[1,{\"\":0}]}]"},
        {"=formula", "\" \\\"leading\\\", <and> & trailing; \""},
        {"lines", "\"line\\r\\nend\\ttab\\u0000\\\\\""},
        {"\xF0\x9F\x97\xA1/\xC3\xA9", "\"]]> --> \xE2\x80\xA8\""},
        {"null", "null"}, {"number", "-1.50E+3"}, {"order-1", "{\"x\":1,\"y\":2}"}, {"order-2", "{\"y\":2,\"x\":1}"},
    };
    for (const auto &[key, json] : documents) {
        db.save_persistent_data(key, json);
    }
}

static void exchange_round_trip(const std::string &folder) {
    Database from(folder + "/from");
    fill(from);
    const auto before = everything(from);
    std::string hashes;
    for (const char *format : {"json", "csv", "xml"}) {
        const std::string path = folder + "/out." + format;
        const std::uint64_t sequence = from.list_snapshots().journal.to_sequence;
        const ExportedFile out = from.export_database_for_sharing(format, path);
        CHECK(out.path == path && out.format == format && out.bytes == std::filesystem::file_size(path));
        CHECK(out.documents == 15 && out.sequence == sequence && tests::is_recent(out.time_ms));
        CHECK(out.sha256.size() == 64 && out.sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
        CHECK(hashes.find(out.sha256) == std::string::npos);
        CHECK(from.load_persistent_data("save_metadata/last_export")->find(out.sha256) != std::string::npos);
        hashes += out.sha256;
        Database to(folder + "/to-" + format);
        const ImportedFile in = to.import_database_from_external(path);
        CHECK(in.path == path && in.format == format && in.file_bytes == out.bytes && !in.dry_run && !in.data);
        CHECK(in.documents == 15 && in.saved == 15 && in.unchanged == 0 && in.cleared == 0 && in.skipped == 0);
        CHECK(in.commit && in.undo && everything(to) == before);
        const coffer::VersionCounters counters = to.version_counters();
        CHECK(counters.character_roster == 2 && counters.equipment_sets == 1 && counters.party_configs == 1);
        const ImportedFile again = to.import_database_from_external(path, format);
        CHECK(again.saved == 0 && !again.commit && !again.undo);
        to.close();
        CHECK(everything(Database(folder + "/to-" + format)) == before);
    }
}

static void exchange_defaults(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("k", "[1]");
    const ExportedFile usual = db.export_database_for_sharing();
    const std::string name = std::filesystem::path(usual.path).filename().string();
    CHECK(std::filesystem::equivalent(std::filesystem::path(usual.path).parent_path(), folder) && usual.format == "json");
    const std::string form = "database_export_dddddddd_dddddd.json";
    CHECK(std::equal(name.begin(), name.end(), form.begin(), form.end(), [](char is, char should) {
        return should == 'd' && is != 'd' ? is >= '0' && is <= '9' : is == should;
    }));
    CHECK(std::filesystem::file_size(usual.path) == usual.bytes);
    for (const char *odd : {"CSV", "Xml", "jSON"}) {
        CHECK(db.export_database_for_sharing(odd, folder + ".out").format.size() == std::string(odd).size());
        CHECK(db.import_database_from_external(folder + ".out", odd).unchanged == 1);
    }
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.export_database_for_sharing("yaml", folder + ".yaml"));
    CHECK(!std::filesystem::exists(folder + ".yaml"));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.import_database_from_external(folder + ".out", "yaml"));
    const std::size_t count = entries(folder);
    std::size_t own = 0;
    for (const auto &file : std::filesystem::directory_iterator(folder)) {
        if (file.path() != usual.path) {
            REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.export_database_for_sharing("json", file.path().string()));
            ++own;
        }
    }
    CHECK(own > 0 && own + 1 == count && entries(folder) == count);
    db.close();
    CHECK(Database(folder).load_persistent_data("k") == "[1]");
}

static void exchange_import(const std::string &folder) {
    Database db(folder + "/store");
    db.save_party_config("[\"kept\"]");
    db.save_persistent_data("same", "{\"x\":1}");
    db.save_persistent_data("other", "[0]");
    const std::string object = write_file(folder, "object", " {\"same\": { \"x\" : 1 }, \"other\": [1], \"new\": \"n\"}");
    const std::string array = write_file(folder, "array", "[{\"key\":\"m-1\",\"hp\":3},{\"key\":\"m-2\",\"hp\":4}]");
    const std::string table = write_file(folder, "items.txt", "\xEF\xBB\xBFid;name;price\r\n7;Potion;50\r\n8;\"Me;ga\";1.50\r\n");
    const auto before = everything(db);
    ImportOptions options;
    options.dry_run = true;
    const ImportedFile planned = db.import_database_from_external(object, "", options);
    CHECK(planned.dry_run && planned.saved == 2 && planned.unchanged == 1 && !planned.commit && !planned.undo);
    CHECK(everything(db) == before);
    options = {};
    options.on_conflict = coffer::OnConflict::Fail;
    REFUSED(COFFER_ERROR_CONFLICT, db.import_database_from_external(object, "", options));
    CHECK(everything(db) == before);
    options.on_conflict = coffer::OnConflict::Skip;
    const ImportedFile skipping = db.import_database_from_external(object, "", options);
    CHECK(skipping.saved == 1 && skipping.unchanged == 1 && skipping.skipped == 1 && skipping.cleared == 0);
    CHECK(skipping.skipped_documents.size() == 1 && skipping.skipped_documents[0].key == "other");
    CHECK(!skipping.skipped_documents[0].reason.empty() && db.load_persistent_data("other") == "[0]");
    const ImportedFile merged = db.import_database_from_external(object);
    CHECK(merged.format == "json" && merged.saved == 1 && merged.unchanged == 2 && db.load_persistent_data("other") == "[1]");
    CHECK(db.import_database_from_external(array).saved == 2 && db.load_persistent_data("same") == "{\"x\":1}");
    CHECK(db.load_persistent_data("m-2") == "{\"key\":\"m-2\",\"hp\":4}");
    const ImportedFile rows = db.import_database_from_external(table);
    CHECK(rows.format == "csv" && rows.saved == 1);
    CHECK(db.load_persistent_data("items") ==
          "[{\"id\":7,\"name\":\"Potion\",\"price\":50},{\"id\":8,\"name\":\"Me;ga\",\"price\":1.50}]");
    const auto middle = everything(db);
    options = {};
    options.mode = coffer::ImportMode::Replace;
    options.collections = {"plugin_data"};
    const ImportedFile replaced = db.import_database_from_external(array, "JSON", options);
    CHECK(replaced.saved == 0 && replaced.unchanged == 2 && replaced.cleared == 4 && replaced.commit && replaced.undo);
    CHECK(!db.load_persistent_data("same") && db.load_persistent_data("m-1") && db.load_party_config() == "[\"kept\"]");
    CHECK(db.restore_database_from_snapshot(*replaced.undo).saved == 4 && everything(db) == middle);
    options.collections = {"plugin_dat"};
    const std::string named = REFUSED(COFFER_ERROR_INVALID_OPTION, db.import_database_from_external(array, "", options));
    CHECK(named.find("plugin_dat") != std::string::npos);
    const coffer_status unknown = coffer_import_database_from_external(db.handle(), array.c_str(), nullptr,
                                                                       "{\"modus\":\"merge\"}", nullptr, nullptr, nullptr);
    CHECK(unknown == COFFER_ERROR_INVALID_OPTION && coffer::last_error().find("modus") != std::string::npos);
    CHECK(everything(db) == middle);
}

static void exchange_errors(const std::string &folder) {
    Database db(folder + "/store");
    fill(db);
    const auto before = everything(db);
    const std::uint64_t sequence = db.list_snapshots().journal.to_sequence;
    const auto unreadable = [&](const char *name, const char *text, const char *line, const char *column) {
        const std::string path = write_file(folder, name, text);
        try {
            (void)db.import_database_from_external(path);
        } catch (const coffer::Unreadable &error) {
            const std::string told = error.message();
            const auto tells = [&told](const std::string &part) { return told.find(part) != std::string::npos; };
            return error.status() == COFFER_ERROR_UNREADABLE && tells(std::string("line ") + line) &&
                   tells(std::string("column ") + column) && tells(name);
        }
        return false;
    };
    CHECK(unreadable("torn.json", "{\"a\":1,\n\"b\":[1,", "2", "8"));
    CHECK(unreadable("ragged.csv", "a,b\n1,2\n1,2,3\n", "3", "5"));
    CHECK(unreadable("doctype.xml", "<?xml version=\"1.0\"?>\n<!DOCTYPE r [<!ENTITY a \"b\">]>\n<r/>", "2", "1"));
    REFUSED(COFFER_ERROR_IO, db.import_database_from_external(folder + "/no such file"));
    REFUSED(COFFER_ERROR_IO, db.export_database_for_sharing("json", folder + "/no such folder/file"));
    CHECK(everything(db) == before && db.list_snapshots().journal.to_sequence == sequence);
}

static void exchange_progress(const std::string &folder) {
    Database db(folder + "/store");
    for (int number = 0; number < 20; ++number) {
        db.save_persistent_data("large " + std::to_string(number), "\"" + std::string(100'000, 'x') + "\"");
    }
    std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
    const coffer::Progress note = [&told](std::uint64_t done, std::uint64_t total) {
        told.emplace_back(done, total);
        return true;
    };
    const auto complete = [&told] {
        const bool good = told.size() > 3 && told.back().first == told.back().second && told.back().first > 2'000'000 &&
                          std::is_sorted(told.begin(), told.end()) && told.front().second == told.back().second;
        told.clear();
        return good;
    };
    const std::string path = folder + "/out";
    for (const char *format : {"json", "csv", "xml"}) {
        const ExportedFile out = db.export_database_for_sharing(format, path, note);
        CHECK(complete());
        CHECK(db.import_database_from_external(path, format, {}, note).unchanged == 20 && out.documents == 20);
        CHECK(complete());
    }
    const std::string before = read_file(path);
    const std::size_t files = entries(folder);
    const std::uint64_t sequence = db.list_snapshots().journal.to_sequence;
    const coffer::Progress stop = [](std::uint64_t, std::uint64_t) { return false; };
    for (const std::string &target : {path, folder + "/new"}) {
        REFUSED(COFFER_ERROR_CANCELLED, db.export_database_for_sharing("json", target, stop));
    }
    CHECK(read_file(path) == before && entries(folder) == files);
    const std::string wanted = write_file(folder, "wanted.json", "{\"new\":1}");
    REFUSED(COFFER_ERROR_CANCELLED, db.import_database_from_external(wanted, "", {}, stop));
    CHECK(!db.load_persistent_data("new") && db.list_snapshots().journal.to_sequence == sequence);
}

#endif
