// What is special to the C++ binding: moves, destructors, exceptions, texts, adapters, reused strings, the reader of
// Coffer's answers, the text of options, and many threads on one object. What is special about events is in
// binding_hub.hpp, about plug-ins in binding_plugins.hpp, about calls and hosts in binding_calls.hpp, about files of other
// programs in binding_exchange.hpp, about health in binding_health.hpp, about HTTP in binding_gateway.hpp.
//
// It must not repeat the conformance cases. Invariant: every case ends with no handle left open.
#include "binding_exchange.hpp"
#include "support.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

using coffer::Batch;
using coffer::Database;
using coffer::Options;

std::string saved_by_the_second_unit(coffer::Database &db, const std::string &key);
const void *address_of_any_revision();

// A stand-in for a JSON library: it knows one kind of object.
struct Potion {
    int count = 0;
};

template <>
struct coffer::Json<Potion> {
    static std::string to_text(const Potion &potion) {
        if (potion.count < 0) {
            throw std::domain_error("a negative number of potions");
        }
        return "{\"count\":" + std::to_string(potion.count) + "}";
    }

    static Potion from_text(std::string_view text) {
        const std::string_view head = "{\"count\":";
        if (text.substr(0, head.size()) != head) {
            throw std::domain_error("not a potion: " + std::string(text));
        }
        return Potion{std::stoi(std::string(text.substr(head.size())))};
    }
};

// They need the Potion.
#include "binding_calls.hpp"
#include "binding_gateway.hpp"
#include "binding_health.hpp"
#include "binding_hub.hpp"
#include "binding_plugins.hpp"

// A type of text that the binding has never heard of.
struct EngineName {
    std::string_view text;
    operator std::string_view() const { return text; }
};

static_assert(!std::is_copy_constructible<Database>::value && !std::is_copy_assignable<Database>::value, "");
static_assert(std::is_nothrow_move_constructible<Database>::value, "");
static_assert(std::is_nothrow_move_assignable<Database>::value, "");
static_assert(std::is_base_of<std::runtime_error, coffer::Error>::value, "");

static void moves(const std::string &folder) {
    Database none;
    CHECK(!none.is_open() && none.handle() == 0);
    Database first(folder + "/1");
    const coffer_db handle = first.handle();
    Database second(std::move(first));
    CHECK(second.handle() == handle);
    REFUSED(COFFER_ERROR_INVALID_HANDLE, first.flush()); // a moved-from object answers, it does not crash
    second.save_persistent_data("k", "1");
    none = std::move(second);
    CHECK(none.load_persistent_data("k") == "1" && Database::live_handles() == 1);
    none = Database(folder + "/2"); // closes the first store
    CHECK(Database::live_handles() == 1 && coffer_flush(handle) == COFFER_ERROR_INVALID_HANDLE);
    Database &same = none;
    none = std::move(same);
    CHECK(none.is_open());
    std::vector<Database> many;
    many.push_back(Database(folder + "/1"));
    many.push_back(std::move(none));
    many.erase(many.begin());
    CHECK(Database::live_handles() == 1);
}

static void closing(const std::string &folder) {
    Database db(folder);
    db.close();
    REFUSED(COFFER_ERROR_INVALID_HANDLE, db.close());
    REFUSED(COFFER_ERROR_INVALID_HANDLE, db.close());
    db = Database(folder);
    CHECK(coffer_close(db.handle()) == COFFER_OK); // somebody else closed it: the destructor says nothing
}

static void exceptions(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("k", "1");
    try {
        db.save_entry("k", "2", 5);
        CHECK(false);
    } catch (const coffer::Conflict &conflict) {
        CHECK(conflict.status() == COFFER_ERROR_CONFLICT);
        CHECK(std::string(conflict.status_name()) == "COFFER_ERROR_CONFLICT");
        CHECK(std::string(conflict.what()) == "COFFER_ERROR_CONFLICT: " + std::string(conflict.message()));
        CHECK(std::strchr(conflict.message(), 'k') != nullptr);
    }
    try {
        db.save_persistent_data("k", "{");
        CHECK(false);
    } catch (const coffer::Conflict &) {
        CHECK(false);
    } catch (const std::exception &error) {
        CHECK(std::strncmp(error.what(), "COFFER_ERROR_INVALID_JSON: ", 27) == 0);
    }
    const coffer::Error plain(COFFER_ERROR_BUSY, "");
    CHECK(std::string(plain.what()) == "COFFER_ERROR_BUSY" && std::string(plain.message()).empty());
    const coffer::Error copy = plain;
    CHECK(copy.status() == COFFER_ERROR_BUSY);
}

static void texts(const std::string &folder) {
    Database db(folder);
    const char part[] = {'k', 'e', 'y', 'X'};
    db.save_persistent_data(std::string_view(part, 3), std::string_view("[1]garbage", 3));
    CHECK(db.load_persistent_data(EngineName{"key"}) == "[1]");
    const std::string long_key(1000, 'l'); // longer than what a view is copied into at first
    db.save_persistent_data(std::string_view(long_key), "2");
    CHECK(db.load_persistent_data(long_key.c_str()) == "2");
    for (std::size_t size = 60; size < 70; ++size) {
        db.save_persistent_data(std::string_view(long_key).substr(0, size), "3");
        CHECK(db.load_persistent_data(std::string(size, 'l')) == "3");
    }
    const char *null = nullptr;
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, db.save_persistent_data(null, "1"));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, db.save_persistent_data("k", null));
    REFUSED(COFFER_ERROR_INVALID_KEY, db.save_persistent_data(std::string_view(), "1"));
    const std::string nul("a\0b", 3);
    REFUSED(COFFER_ERROR_INVALID_KEY, db.save_persistent_data(nul, "1"));
    REFUSED(COFFER_ERROR_INVALID_KEY, (void)db.load_persistent_data(std::string_view(nul)));
    REFUSED(COFFER_ERROR_INVALID_JSON, db.save_persistent_data("k", std::string("1\0", 2)));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.list_database_keys_with(nul));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, Database{nul});
    const std::string where = REFUSED(COFFER_ERROR_INVALID_KEY, Batch().save(nul, "1"));
    CHECK(where.find("at byte 1") != std::string::npos);
    REFUSED(COFFER_ERROR_INVALID_JSON, Batch().save("k", nul));
    REFUSED(COFFER_ERROR_INVALID_KEY, Batch().clear(nul));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.create_database_snapshot(nul));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.get_snapshot(nul));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.export_snapshot("now", nul));
    REFUSED(COFFER_ERROR_INVALID_ARGUMENT, (void)db.import_snapshot(nul));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.get_snapshot(null));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.import_snapshot(null));
    REFUSED(COFFER_ERROR_NULL_ARGUMENT, (void)db.diff_snapshots(null, "now"));
    CHECK(db.diff_snapshots("now", null).find("\"removed\":[]") != std::string::npos);
    CHECK(!db.load_persistent_data("a"));
    CHECK(db.create_database_snapshot(null).label == "database_snapshot");
}

static void adapters(const std::string &folder) {
    Database db(folder);
    db.save_persistent_data("potion", Potion{3});
    CHECK(db.load_persistent_data("potion") == "{\"count\":3}");
    CHECK(db.load_persistent_data_as<Potion>("potion")->count == 3);
    CHECK(!db.load_persistent_data_as<Potion>("missing"));
    CHECK(db.save_entry("potion", Potion{4}, 1) == 2);
    db.save_character_roster_state(Potion{5});
    db.save_equipment_config(Potion{6});
    db.save_party_config(Potion{7});
    CHECK(db.load_character_roster_state_as<Potion>()->count == 5);
    CHECK(db.load_equipment_config_as<Potion>()->count == 6);
    CHECK(db.load_party_config_as<Potion>()->count == 7);
    CHECK(db.load_version_as<Potion>(coffer::party_configs, 1)->count == 7);
    db.save_batch(Batch().save("potion", Potion{8}, 2).save("text", "\"plain\""));
    CHECK(db.load_persistent_data_as<Potion>("potion")->count == 8);
    db.create_database_snapshot("eight");
    db.save_persistent_data("potion", Potion{9});
    CHECK(db.load_from_snapshot_as<Potion>("eight", "potion")->count == 8);
    CHECK(!db.load_from_snapshot_as<Potion>("eight", "missing"));
    db.save_persistent_data("potion", Potion{8});
    bool thrown = false;
    try {
        db.save_persistent_data("potion", Potion{-1});
    } catch (const std::domain_error &) {
        thrown = true;
    }
    CHECK(thrown && db.load_persistent_data_as<Potion>("potion")->count == 8);
}

static void reused_strings(const std::string &folder) {
    Database db(folder);
    const std::string large = "\"" + std::string(5000, 'x') + "\"";
    db.save_persistent_data("large", large);
    db.save_persistent_data("small", "1");
    std::string out = "what was there before";
    CHECK(db.load_persistent_data_into("large", out) && out == large);
    const char *memory = out.data();
    CHECK(db.load_persistent_data_into("small", out) && out == "1");
    CHECK(db.load_persistent_data_into("large", out) && out == large && out.data() == memory);
    CHECK(!db.load_persistent_data_into("missing", out) && out.empty());
    REFUSED(COFFER_ERROR_INVALID_KEY, db.load_persistent_data_into("", out));
    CHECK(out.empty());
}

static void batches(const std::string &folder) {
    Database db(folder);
    Batch batch;
    CHECK(batch.empty());
    batch.save("a", std::string_view("1"), coffer::absent).save("b", "2").clear("c");
    CHECK(batch.size() == 3);
    db.save_batch(batch);
    REFUSED(COFFER_ERROR_CONFLICT, db.save_batch(batch)); // "a" is there now
    batch.reset();
    db.save_batch(batch.save("a", "3"));
    Batch copy = batch;
    batch.reset();
    CHECK(batch.empty() && copy.size() == 1);
    db.save_batch(batch);
    CHECK(db.load_persistent_data("a") == "3" && db.load_entry("b")->revision == 1);
}

static void reader(const std::string &) {
    std::string out;
    coffer::detail::append_quoted(out, "a\"\\\n\x01/\xC3\xA9");
    CHECK(out == "\"a\\\"\\\\\\u000a\\u0001/\xC3\xA9\"");
    CHECK(coffer::detail::Reader(out).string() == "a\"\\\n\x01/\xC3\xA9");
    CHECK(coffer::detail::Reader("\"\\u00e9\\ud83d\\ude00\\b\\f\\n\\r\\t\\/\\u20AC\"").string() ==
          "\xC3\xA9\xF0\x9F\x98\x80\b\f\n\r\t/\xE2\x82\xAC");
    CHECK(coffer::detail::Reader(" -9223372036854775807 ").integer() == -INT64_MAX);
    coffer::detail::Reader skipping(" [ {\"a\":[1,{\"b\":null}],\"c\":-1.5e3} , \"]\" , true ] ");
    skipping.skip();
    skipping.end();
    const auto read = [](const char *text) {
        coffer::detail::Reader all(text);
        all.array([&] { all.string(); });
        all.end();
    };
    read("[]");
    read(" [ \"a\" , \"\" ] ");
    for (const char *bad : {"", "[", "[\"", "[\"a\"", "[\"a\",]", "[\"a\"]x", "[1]", "[\"\\ud800\"]", "[\"\\ud800\\u0041\"]",
                            "[\"\\udc00\"]", "[\"\\u12", "[\"\\x\"]", "{}"}) {
        REFUSED(COFFER_ERROR_INTERNAL, read(bad));
    }
    REFUSED(COFFER_ERROR_INTERNAL, coffer::detail::Reader("9223372036854775808").integer());
    REFUSED(COFFER_ERROR_INTERNAL, coffer::detail::Reader("-1").count());
}

static void words(const std::string &) {
    coffer::detail::Reader all(" [true,false , null,1,\"nullify\"] ");
    std::string seen;
    all.array([&] {
        if (all.null()) {
            seen += "n";
        } else if (seen.size() < 2) {
            seen += all.flag() ? "t" : "f";
        } else {
            all.skip();
            seen += "s";
        }
    });
    all.end();
    CHECK(seen == "tfnss");
    for (const char *bad : {"", "tru", "True", "1", "null", "\"true\""}) {
        REFUSED(COFFER_ERROR_INTERNAL, coffer::detail::Reader(bad).flag());
    }
    coffer::detail::Reader longer("truest");
    CHECK(longer.flag());
    REFUSED(COFFER_ERROR_INTERNAL, longer.end());
}

static void snapshot_answers(const std::string &) {
    const auto read = [](const char *json, auto reading) {
        coffer::detail::Reader all(json);
        auto answer = reading(all);
        all.end();
        return answer;
    };
    const coffer::Snapshot one = read("{\"new\":[{\"id\":\"x\"}],\"id\":\"a\",\"collections\":{\"c\":{\"documents\":2,\"more\":1}},"
                                      "\"reason\":\"restore\",\"file\":\"f\",\"pinned\":true}", coffer::detail::read_snapshot);
    CHECK(one.id == "a" && one.collections.at("c").documents == 2 && one.reason == "restore" && one.file == "f");
    CHECK(one.pinned && one.label.empty() && one.sequence == 0 && one.versions.party_configs == 0);
    const coffer::Restored done = read("{\"undo\":null,\"commit\":7,\"changes\":[]}", coffer::detail::read_restored);
    CHECK(!done.undo && done.commit == std::uint64_t{7} && done.changes.empty());
    CHECK(read("{\"journal\":{},\"snapshots\":[{},{}]}", coffer::detail::read_snapshot_list).snapshots.size() == 2);
    for (const char *bad : {"", "[]", "{\"pinned\":1}", "{\"id\":null}", "{\"sequence\":-1}", "{\"versions\":[]}",
                            "{\"collections\":{\"c\":1}}", "{\"bytes\":\"1\"}", "{\"id\":\"a\"} x", "{\"id\""}) {
        REFUSED(COFFER_ERROR_INTERNAL, read(bad, coffer::detail::read_snapshot));
    }
}

static void restore_options(const std::string &folder) {
    coffer::RestoreOptions options;
    CHECK(options.to_json() == "{\"dry_run\":false}");
    options.collections = {"plugin_data", coffer::party_configs};
    options.keys = std::vector<std::string>{};
    options.dry_run = true;
    CHECK(options.to_json() == "{\"dry_run\":true,\"collections\":[\"plugin_data\",\"party_configs\"],\"keys\":[]}");
    const std::string odd = "a \"quoted\" \\ key\n\x01\x7F \xF0\x9F\x97\xA1";
    Database db(folder);
    db.save_persistent_data(odd, "1");
    db.save_persistent_data("other", "1");
    db.create_database_snapshot(odd);
    db.save_persistent_data(odd, "2");
    db.save_persistent_data("other", "2");
    CHECK(db.restore_database_from_snapshot(odd, options).changes.empty()); // no key is chosen
    options = {};
    options.keys = {odd, std::string("other\0", 6)};
    CHECK(db.restore_database_from_snapshot(odd, options).saved == 1);
    CHECK(db.load_persistent_data(odd) == "1" && db.load_persistent_data("other") == "2");
    CHECK(db.list_snapshots().snapshots.at(0).label == odd);
    options.keys = {"\xFF"};
    REFUSED(COFFER_ERROR_INVALID_UTF8, db.restore_database_from_snapshot(odd, options));
}

// Each thread has its snapshots, its documents and its undo; the store is everybody's.
static void snapshots_on_threads(const std::string &folder) {
    Options options;
    options.snapshots_kept = 1000u;
    Database db(folder, options);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&db, &wrong, t] {
            try {
                const std::string key = "t" + std::to_string(t);
                coffer::RestoreOptions own;
                own.keys = {key};
                for (int i = 0; i < 10; ++i) {
                    db.save_persistent_data(key, std::to_string(i));
                    const std::string id = db.create_database_snapshot(key).id;
                    db.save_persistent_data(key, "\"changed\"");
                    const coffer::Restored restored = db.restore_database_from_snapshot(id, own);
                    wrong += restored.saved != 1 || db.load_persistent_data(key) != std::to_string(i);
                    wrong += db.load_from_snapshot(restored.undo.value(), key) != "\"changed\"";
                    wrong += db.verify_snapshot(id).id != id;
                    db.delete_snapshot(i % 2 == 0 ? id : *restored.undo);
                }
            } catch (const std::exception &error) {
                std::fprintf(stderr, "thread %d: %s\n", t, error.what());
                ++wrong;
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
    CHECK(db.list_snapshots().snapshots.size() == 40);
}

static void options_text(const std::string &folder) {
    CHECK(Options().to_json() == "{}");
    Options options;
    options.plugin = "a\"b";
    options.create = true;
    options.max_depth = 9u;
    CHECK(options.to_json() == "{\"plugin\":\"a\\\"b\",\"create\":true,\"max_depth\":9}");
    options.snapshot_every_minutes = 5u;
    options.snapshots_kept = 7u;
    CHECK(options.to_json().find(",\"snapshot_every_minutes\":5,\"snapshots_kept\":7}") != std::string::npos);
    CHECK(Database(folder, options).is_open());
    options.durability = coffer::Durability::Default;
    REFUSED(COFFER_ERROR_INVALID_OPTION, Database(folder, options));
    const char *null = nullptr;
    CHECK(Database::open_json(folder, null).is_open());
}

static void many_threads(const std::string &folder) {
    Database db(folder);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&db, &wrong, t] {
            try {
                std::string text;
                for (int i = 0; i < 200; ++i) {
                    const std::string key = "t" + std::to_string(t) + "/" + std::to_string(i % 10);
                    db.save_persistent_data(key, std::to_string(i));
                    wrong += !db.load_persistent_data_into(key, text) || text != std::to_string(i);
                    try { // the message belongs to this thread, whatever the others do
                        db.save_persistent_data(key, "[");
                        ++wrong;
                    } catch (const coffer::Error &error) {
                        wrong += std::string(error.message()).find(key) == std::string::npos;
                    }
                }
            } catch (const std::exception &) {
                ++wrong;
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
    CHECK(db.list_database_keys_with("t").size() == 80);
}

static void two_units(const std::string &folder) {
    Database db(folder);
    CHECK(saved_by_the_second_unit(db, "k") == "\"second\"");
    CHECK(address_of_any_revision() == &coffer::any_revision);
}

static void nothing_left(const std::string &) { CHECK(Database::live_handles() == 0); }

#define CASE(name) {#name, name}

int main(int argc, char **argv) {
    return tests::run_all(argc, argv,
                          {CASE(moves), CASE(closing), CASE(exceptions), CASE(texts), CASE(adapters), CASE(reused_strings),
                           CASE(batches), CASE(reader), CASE(words), CASE(options_text), CASE(snapshot_answers),
                           CASE(restore_options), CASE(snapshots_on_threads), CASE(many_threads), CASE(two_units),
                           CASE(polled_handlers_throw), CASE(direct_handlers_throw), CASE(polls_within_polls),
                           CASE(polls_have_limits), CASE(subscriptions_move), CASE(ended_from_within), CASE(in_any_order),
                           CASE(refused_subscriptions), CASE(hub_texts), CASE(hub_on_threads),
                           CASE(plugin_handlers_throw), CASE(plugin_handlers_convert), CASE(requests_end),
                           CASE(requests_are_answered_later), CASE(requests_outlive), CASE(plugins_move),
                           CASE(plugins_end_from_within), CASE(plugins_in_any_order), CASE(refused_plugins),
                           CASE(calls_move), CASE(abandoned_calls), CASE(event_numbers), CASE(hosts_refuse),
                           CASE(plugin_texts), CASE(calls_on_threads), CASE(progress_throws),
                           CASE(progress_stops), CASE(progress_is_borrowed), CASE(exchange_texts), CASE(import_options),
                           CASE(exchange_answers), CASE(checks_are_told), CASE(closed_too_early), CASE(health_texts),
                           CASE(health_answers), CASE(apis_move), CASE(destroyed_while_it_listens), CASE(endpoints_throw),
                           CASE(endpoints_answer_elsewhere), CASE(ended_within_a_request), CASE(gateway_on_threads),
                           CASE(gateway_texts), CASE(gateway_options), CASE(gateway_answers), CASE(nothing_left)},
                          "passed");
}
