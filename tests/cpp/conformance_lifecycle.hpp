// The conformance cases about the life of a handle; conformance.cpp runs them with the others.
//
// It must not be included anywhere else. Invariant: each case works in the folder that it is given and closes what it
// opens.
#ifndef COFFER_TESTS_CPP_CONFORMANCE_LIFECYCLE_HPP
#define COFFER_TESTS_CPP_CONFORMANCE_LIFECYCLE_HPP

#include "support.hpp"

#include <string>

using coffer::Batch;
using coffer::Database;
using coffer::Durability;
using coffer::Options;

static void closed_handle(const std::string &folder) {
    Database db(folder);
    const coffer_db handle = db.handle();
    db.close();
    CHECK(!db.is_open());
    const coffer_status closed = COFFER_ERROR_INVALID_HANDLE;
    REFUSED(closed, db.save_persistent_data("k", "1")), REFUSED(closed, db.clear_database_entry("k"));
    REFUSED(closed, db.save_entry("k", "1")), REFUSED(closed, db.clear_entry("k"));
    REFUSED(closed, db.save_batch(Batch().save("k", "1"))), REFUSED(closed, db.save_party_config("1"));
    REFUSED(closed, (void)db.load_persistent_data("k")), REFUSED(closed, (void)db.load_entry("k"));
    REFUSED(closed, (void)db.list_database_keys()), REFUSED(closed, (void)db.list_database_keys_with("k"));
    REFUSED(closed, (void)db.load_party_config()), REFUSED(closed, (void)db.load_version("party_configs", 1));
    REFUSED(closed, (void)db.list_versions("party_configs")), REFUSED(closed, (void)db.version_counters());
    REFUSED(closed, (void)db.recovery_report()), REFUSED(closed, db.flush()), REFUSED(closed, db.checkpoint());
    REFUSED(closed, (void)db.create_database_snapshot()), REFUSED(closed, (void)db.list_snapshots());
    REFUSED(closed, (void)db.restore_database_from_snapshot("latest")), REFUSED(closed, (void)db.get_snapshot("latest"));
    REFUSED(closed, db.delete_snapshot("latest")), REFUSED(closed, (void)db.pin_snapshot("latest", true));
    REFUSED(closed, (void)db.verify_snapshot("latest")), REFUSED(closed, (void)db.diff_snapshots("latest"));
    REFUSED(closed, (void)db.load_from_snapshot("latest", "k")), REFUSED(closed, (void)db.import_snapshot(folder));
    REFUSED(closed, (void)db.export_snapshot("latest", folder + ".coffer"));
    REFUSED(closed, (void)db.diff_versions("party_configs", 1));
    REFUSED(closed, (void)db.subscribe("topic", [](const coffer::Event &) {})), REFUSED(closed, (void)db.poll());
    REFUSED(closed, db.publish("topic", "1")), REFUSED(closed, (void)db.sync_tier1_data_to_hub());
    REFUSED(closed, (void)db.register_database_as_master_reference()), REFUSED(closed, (void)db.references());
    REFUSED(closed, (void)db.reference("name"));
    REFUSED(closed, (void)db.register_plugin({"p", "1.0.0"})), REFUSED(closed, (void)db.plugins());
    REFUSED(closed, (void)db.plugin("p")), REFUSED(closed, (void)db.call("p", "m", "1"));
    REFUSED(closed, (void)db.begin_call("p", "m", "1")), REFUSED(closed, (void)db.next_call());
    REFUSED(closed, (void)db.supply_hub({}, [](const coffer::MethodCall &) { return "1"; }));
    REFUSED(closed, (void)db.load_phase11()), REFUSED(closed, (void)db.export_database_for_sharing());
    REFUSED(closed, (void)db.import_database_from_external(folder));
    REFUSED(closed, (void)db.analyze_database_health()), REFUSED(closed, (void)db.register_database_api());
    REFUSED(closed, db.unregister_database_api()), REFUSED(closed, db.gateway_unregister_endpoint("id"));
    REFUSED(closed, (void)db.gateway_register_endpoint({"p", "m", "GET", "/x"}));
    REFUSED(closed, (void)db.gateway_handle_request({"GET", "/"}));
    REFUSED(closed, db.close());
    CHECK(coffer_close(handle) == closed);
    CHECK(coffer_flush(handle) == closed);
    for (coffer_db garbage : {coffer_db{0}, coffer_db{1}, ~coffer_db{0}, handle + 1}) {
        CHECK(coffer_flush(garbage) == closed);
    }
}

static void flush_and_checkpoint(const std::string &folder) {
    {
        Options options;
        options.durability = Durability::Behind;
        Database db(folder, options);
        db.save_persistent_data("flushed", "1");
        db.flush();
        db.save_persistent_data("checkpointed", "2");
        db.save_character_roster_state("[3]");
        db.checkpoint();
        db.save_persistent_data("after", "4");
        db.checkpoint();
        db.flush();
        CHECK(db.load_persistent_data("flushed") == "1");
    }
    Database db(folder);
    CHECK(db.load_persistent_data("flushed") == "1");
    CHECK(db.load_persistent_data("checkpointed") == "2");
    CHECK(db.load_character_roster_state() == "[3]");
    CHECK(db.load_persistent_data("after") == "4");
}

static void no_live_handles(const std::string &folder) {
    CHECK(Database::live_handles() == 0);
    {
        Database db(folder);
        CHECK(Database::live_handles() == 1);
    }
    CHECK(Database::live_handles() == 0);
}

#endif
