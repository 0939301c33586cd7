// What is special to the C++ binding of files of other programs: a Progress that throws, works again, or is destroyed while
// it runs; refused texts; the text of options, and the answers. binding.cpp runs these cases with the others.
//
// It must not be included anywhere else, nor repeat the conformance cases. Invariant: every case ends with no handle left
// open, and knows that nothing of a Progress is kept.
#ifndef COFFER_TESTS_CPP_BINDING_EXCHANGE_HPP
#define COFFER_TESTS_CPP_BINDING_EXCHANGE_HPP

#include "support.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

static_assert(std::is_base_of<coffer::Error, coffer::Unreadable>::value, "");
static_assert(std::is_base_of<coffer::Error, coffer::Cancelled>::value, "");
static_assert(std::is_copy_constructible<coffer::ImportedFile>::value, "");

/// A store with enough in it for more than one piece of progress.
static void save_much(coffer::Database &db) {
    for (int number = 0; number < 20; ++number) {
        db.save_persistent_data("large " + std::to_string(number), "\"" + std::string(100'000, 'x') + "\"");
    }
}

// Whatever a Progress throws comes out, as it was thrown; it is not asked again, and the store works as before.
static void progress_throws(const std::string &folder) {
    coffer::Database db(folder + "/store");
    save_much(db);
    const std::string path = folder + "/out";
    const std::string target = folder + "/other";
    db.export_database_for_sharing("", path);
    const std::uint64_t sequence = db.list_snapshots().journal.to_sequence;
    for (const int when : {1, 2, 4}) {
        int calls = 0;
        const coffer::Progress throws = [&](std::uint64_t, std::uint64_t) {
            if (++calls >= when) {
                throw std::domain_error("the " + std::to_string(calls) + "th");
            }
            return true;
        };
        const auto comes_out = [&](auto &&call) {
            calls = 0;
            try {
                call();
            } catch (const std::domain_error &error) {
                return calls == when && std::string(error.what()) == "the " + std::to_string(when) + "th";
            }
            return false;
        };
        CHECK(comes_out([&] { (void)db.export_database_for_sharing("xml", target, throws); }));
        CHECK(comes_out([&] { (void)db.import_database_from_external(path, "", {}, throws); }));
    }
    int caught = 0;
    try {
        (void)db.export_database_for_sharing("", target, [](std::uint64_t, std::uint64_t) -> bool { throw 7; });
    } catch (int number) { // not even an exception
        caught = number;
    }
    try { // one of the binding's own is nothing special
        (void)db.export_database_for_sharing("", target, [&db](std::uint64_t, std::uint64_t) {
            return db.load_persistent_data("").has_value();
        });
    } catch (const coffer::Error &error) {
        CHECK(error.status() == COFFER_ERROR_INVALID_KEY);
        ++caught;
    }
    CHECK(caught == 8);
    CHECK(!std::filesystem::exists(target));
    CHECK(db.list_snapshots().journal.to_sequence == sequence);
    CHECK(db.export_database_for_sharing("", target).documents == 20 && std::filesystem::exists(target));
}

static void progress_stops(const std::string &folder) {
    coffer::Database db(folder + "/store");
    save_much(db);
    const std::string path = folder + "/out";
    db.export_database_for_sharing("", path);
    int calls = 0;
    const auto second = [&calls](std::uint64_t, std::uint64_t) { return ++calls < 2; };
    const auto cancelled = [&](auto &&call) {
        calls = 0;
        try {
            call();
        } catch (const coffer::Cancelled &error) {
            return calls == 2 && error.status() == COFFER_ERROR_CANCELLED && *error.message() != '\0';
        }
        return false;
    };
    CHECK(cancelled([&] { (void)db.export_database_for_sharing("csv", folder + "/other", second); }));
    CHECK(cancelled([&] { (void)db.import_database_from_external(path, "", {}, second); }));
    CHECK(coffer::Cancelled("x").status() == COFFER_ERROR_CANCELLED);
    CHECK(coffer::Unreadable("x").status() == COFFER_ERROR_UNREADABLE);
}

// It is called on the thread that works, may work with the store, and is let go of afterwards.
static void progress_is_borrowed(const std::string &folder) {
    coffer::Database db(folder + "/store");
    coffer::Database other(folder + "/other");
    save_much(db);
    const std::string path = folder + "/out";
    const auto alive = std::make_shared<int>(0);
    const auto here = std::this_thread::get_id();
    bool elsewhere = false;
    coffer::Progress progress = [&, alive](std::uint64_t done, std::uint64_t) {
        elsewhere = elsewhere || std::this_thread::get_id() != here;
        db.save_persistent_data("progress", std::to_string(done));
        if (++*alive == 1) { // one work within another has its own
            other.export_database_for_sharing("", path + "2", [](std::uint64_t, std::uint64_t) { return true; });
        }
        return true;
    };
    const long before = alive.use_count();
    db.export_database_for_sharing("", path, progress);
    const int calls = *alive;
    CHECK(calls > 3 && db.load_persistent_data("progress"));
    db.import_database_from_external(path, "", {}, progress);
    CHECK(*alive > calls && !elsewhere && alive.use_count() == before);
    progress = nullptr;
    CHECK(alive.use_count() == 1 && db.export_database_for_sharing("", path, progress).documents == 21);
    // A function, and none.
    bool (*function)(std::uint64_t, std::uint64_t) = [](std::uint64_t, std::uint64_t) { return false; };
    REFUSED(COFFER_ERROR_CANCELLED, db.export_database_for_sharing("", path, function));
    function = nullptr;
    CHECK(db.import_database_from_external(path, "", {}, function).documents == 21);
}

static void exchange_texts(const std::string &folder) {
    coffer::Database db(folder + "/store");
    const std::string nul("a\0b", 3);
    const char *null = nullptr;
    const coffer::Progress never = [](std::uint64_t, std::uint64_t) -> bool { throw std::logic_error("called"); };
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.export_database_for_sharing(nul, folder + "/out", never));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.export_database_for_sharing("json", nul, never));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.import_database_from_external(nul, "", {}, never));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.import_database_from_external(folder + "/out", nul, {}, never));
    REFUSED(COFFER_ERROR_INVALID_UTF8, db.export_database_for_sharing("\xFF", folder + "/out", never));
    REFUSED(COFFER_ERROR_INVALID_UTF8, db.import_database_from_external("\xFF", "", {}, never));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, db.import_database_from_external(null, "", {}, never));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, db.import_database_from_external("", "", {}, never));
    CHECK(db.export_database_for_sharing(null, null).format == "json");
#ifdef _WIN32
    // There are no quotes, backslashes and line ends in names there.
    const std::string odd = folder + "/ \xC3\xA9 \xF0\x9F\x97\xA1";
#else
    const std::string odd = folder + "/ \xC3\xA9 \"\\\n\xF0\x9F\x97\xA1";
#endif
    CHECK(db.export_database_for_sharing("", std::string_view(odd)).path == odd);
    CHECK(db.import_database_from_external(std::string_view(odd), null).path == odd);
    coffer::ImportOptions options;
    options.key_column = "\xFF";
    REFUSED(COFFER_ERROR_INVALID_UTF8, db.import_database_from_external(odd, "", options, never));
    options = {};
    options.key = "a \"quoted\" \\ key\n\x01\xF0\x9F\x97\xA1";
    options.whole = true;
    std::ofstream(tests::native(odd)) << " [1] ";
    CHECK(db.import_database_from_external(odd, "", options).saved == 1 && db.load_persistent_data(*options.key));
}

static void import_options(const std::string &folder) {
    coffer::ImportOptions options;
    CHECK(options.to_json() == "{}");
    options.lenient = true;
    CHECK(options.to_json() == "{\"lenient\":true}");
    options.mode = coffer::ImportMode::Replace;
    options.on_conflict = coffer::OnConflict::Skip;
    options.collections = std::vector<std::string>{};
    options.key_column = "i\"d";
    options.key = "";
    options.dry_run = options.whole = options.data = true;
    CHECK(options.to_json() == "{\"mode\":\"replace\",\"on_conflict\":\"skip\",\"collections\":[],\"key_column\":\"i\\\"d\","
                               "\"key\":\"\",\"dry_run\":true,\"lenient\":true,\"whole\":true,\"data\":true}");
    options = {};
    options.on_conflict = coffer::OnConflict::Fail;
    options.collections = {"plugin_data", coffer::party_configs};
    CHECK(options.to_json() == "{\"on_conflict\":\"fail\",\"collections\":[\"plugin_data\",\"party_configs\"]}");
    // Each of them does what it says.
    coffer::Database db(folder + "/store");
    const std::string path = folder + "/in";
    std::ofstream(path) << "[{\"id\":\"a\",\"n\":1},{\"id\":\"a\",\"n\":2}]";
    options = {};
    options.key_column = "id";
    const coffer::ImportedFile twice = db.import_database_from_external(path, "", options);
    CHECK(twice.documents == 2 && twice.saved == 1 && twice.skipped == 1 && twice.skipped_documents.at(0).key == "a");
    CHECK(twice.skipped_documents[0].line == 1 && twice.skipped_documents[0].column == 19 &&
          !twice.skipped_documents[0].reason.empty() && db.load_persistent_data("a") == "{\"id\":\"a\",\"n\":2}");
    std::ofstream(path) << "{\"party_configs\":{\"p\":[1.0]},\"mine\":2}";
    options = {};
    options.collections = {coffer::party_configs};
    options.data = options.dry_run = true;
    const coffer::ImportedFile data = db.import_database_from_external(path, "", options);
    CHECK(data.dry_run && data.saved == 1 && data.skipped == 1 && data.data == "{\"party_configs\":{\"p\":[1.0]}}");
    CHECK(!db.load_party_config());
    std::ofstream(path) << "<r>loose<i key='x' a='1'/></r>";
    REFUSED(COFFER_ERROR_UNREADABLE, db.import_database_from_external(path));
    options = {};
    options.lenient = true;
    CHECK(db.import_database_from_external(path, "xml", options).saved == 1 && db.load_persistent_data("x"));
}

static void exchange_answers(const std::string &) {
    const auto read = [](const char *json, auto reading) {
        coffer::detail::Reader all(json);
        auto answer = reading(all);
        all.end();
        return answer;
    };
    const coffer::ExportedFile out =
        read("{\"new\":[{}],\"path\":\"p\",\"format\":\"csv\",\"bytes\":1,\"documents\":2,\"sequence\":3,\"sha256\":\"9f\","
             "\"time_ms\":1700000000000}", coffer::detail::read_exported_file);
    CHECK(out.path == "p" && out.format == "csv" && out.bytes == 1 && out.documents == 2 && out.sequence == 3);
    CHECK(out.sha256 == "9f" && out.time_ms == 1700000000000 && out.time().time_since_epoch().count() == out.time_ms);
    const coffer::ImportedFile in =
        read("{\"path\":\"p\",\"format\":\"xml\",\"file_bytes\":1,\"dry_run\":true,\"documents\":2,\"saved\":3,\"unchanged\":4,"
             "\"cleared\":5,\"skipped\":6,\"skipped_documents\":[{\"key\":\"k\",\"line\":7,\"column\":8,\"reason\":\"r\",\"x\":{}},"
             "{}],\"commit\":9,\"undo\":\"u\",\"data\":{\"a\": [1.0]},\"later\":null}", coffer::detail::read_imported_file);
    CHECK(in.path == "p" && in.format == "xml" && in.file_bytes == 1 && in.dry_run && in.documents == 2 && in.saved == 3);
    CHECK(in.unchanged == 4 && in.cleared == 5 && in.skipped == 6 && in.commit == std::uint64_t{9} && in.undo == "u");
    CHECK(in.skipped_documents.size() == 2 && in.skipped_documents[0].key == "k" && in.skipped_documents[0].line == 7);
    CHECK(in.skipped_documents[0].column == 8 && in.skipped_documents[0].reason == "r" && in.data == "{\"a\": [1.0]}");
    const coffer::ImportedFile nothing =
        read("{\"commit\":null,\"undo\":null,\"data\":null}", coffer::detail::read_imported_file);
    CHECK(!nothing.commit && !nothing.undo && !nothing.data && nothing.skipped_documents.empty());
    for (const char *bad : {"", "[]", "{\"path\":null}", "{\"saved\":-1}", "{\"dry_run\":1}", "{\"skipped_documents\":{}}",
                            "{\"skipped_documents\":[1]}", "{\"commit\":\"1\"}", "{\"undo\":1}", "{} x", "{\"path\""}) {
        REFUSED(COFFER_ERROR_INTERNAL, read(bad, coffer::detail::read_imported_file));
    }
    REFUSED(COFFER_ERROR_INTERNAL, read("{\"sha256\":1}", coffer::detail::read_exported_file));
}

#endif
