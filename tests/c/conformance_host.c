/*
 * The conformance cases about the host's own hub, and about which modules there are; conformance.c runs them with the
 * others.
 *
 * It must not depend on time or threads. Invariant: each case uses a fresh store, closes it, and knows how often every
 * context was freed.
 */
#include "callee.h"
#include "conformance.h"

#include <stdio.h>
#include <string.h>

#define MODULE(name, present, version, origin) \
    "\"" name "\":{\"present\":" present ",\"version\":" version ",\"origin\":\"" origin "\"}"
#define OWN_VERSION "\"" COFFER_VERSION "\""
#define BUILT_IN(name) MODULE(name, "true", OWN_VERSION, "built_in")
#define OTHER_MODULES \
    BUILT_IN("backup_restore") "," BUILT_IN("analytics") "," BUILT_IN("import_export") "," BUILT_IN("api_gateway") "}"

/* The next event that waits has this topic, source and payload. */
static void expect_event(coffer_subscription subscription, const char *topic, const char *source, const char *payload)
{
    char *json = NULL, expected[512];
    CHECK_OK(coffer_hub_next(subscription, &json));
    snprintf(expected, sizeof expected, "{\"topic\":\"%s\",", topic);
    CHECK(strncmp(json, expected, strlen(expected)) == 0);
    snprintf(expected, sizeof expected, "\"source\":\"%s\",", source);
    CHECK(strstr(json, expected) != NULL);
    snprintf(expected, sizeof expected, ",\"payload\":%s}", payload);
    CHECK(strstr(json, expected) != NULL);
    coffer_string_free(json);
}

#define BROADCAST(topic, sequence, source, payload) \
    "{\"topic\":\"" topic "\",\"sequence\":" sequence ",\"source\":\"" source "\",\"payload\":" payload "}"

static void host_agrees(coffer_db party, struct callee *host, coffer_subscription events)
{
    uint64_t event = 0;
    char *json = NULL, expected[256];
    unsigned long long sync = 0, subscribers = 9, time_ms = 0;
    CHECK_OK(coffer_save_persistent_data(party, "slot", "1"));
    CHECK(host->calls == 0);
    CHECK_OK(coffer_hub_next(events, NULL));
    CHECK_OK(coffer_hub_publish(party, "own", "{\"a\" : 1.0}", &event));
    expect_asked(host, 1, "party", "broadcast", BROADCAST("own", "1", "party", "{\"a\" : 1.0}"));
    CHECK(event > 0);
    expect_event(events, "own", "party", "{\"a\" : 1.0}");
    host->answer = "{\"event_id\":\"e-1\"}";
    CHECK_OK(coffer_sync_tier1_data_to_hub(party, &json));
    CHECK(sscanf(json, "{\"success\":true,\"event_id\":%llu,\"subscribers\":%llu,\"time_ms\":%llu,", &sync, &subscribers,
                 &time_ms) == 3);
    CHECK(sync > event && subscribers == 1 && strstr(json, ",\"host\":{\"event_id\":\"e-1\"}}") != NULL);
    coffer_string_free(json);
    sprintf(expected, BROADCAST("database_sync", "1", "party", "{\"character_roster\":null,\"equipment_sets\":null,"
            "\"party_configs\":null,\"versions\":{\"character_roster_v\":0,\"equipment_sets_v\":0,\"party_configs_v\":0},"
            "\"timestamp_ms\":%llu}"), time_ms);
    expect_asked(host, 2, "party", "broadcast", expected);
    CHECK_OK(coffer_hub_next(events, NULL));
    host->answer = "{\"registered\":true,\"ref_id\":\"ref-7\"}";
    CHECK_OK(coffer_register_database_as_master_reference(party, &json));
    CHECK(strncmp(json, "{\"registered\":true,\"ref_id\":\"ref-7\",", 36) == 0 && strstr(json, "\"party\"") != NULL);
    coffer_string_free(json);
    CHECK(host->calls == 3 && strcmp(host->method, "register_reference") == 0 && strcmp(host->caller, "party") == 0);
    CHECK(strstr(host->argument, "\"name\":\"database-persistence-layer\"") != NULL);
    CHECK(strstr(host->argument, "\"holder\":\"party\"") != NULL && strstr(host->argument, "\"version_control\"") != NULL);
}

static void host_refuses(coffer_db party, struct callee *host, coffer_subscription events)
{
    char *untouched = (char *)"as it was", *json = untouched;
    uint64_t event = 77;
    host->reason = "not now";
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_hub_publish(party, "own", "2", &event));
    CHECK(strstr(coffer_last_error(), "not now") != NULL);
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_sync_tier1_data_to_hub(party, &json));
    CHECK_STATUS(COFFER_ERROR_CALL_FAILED, coffer_register_database_as_master_reference(party, &json));
    CHECK(json == untouched && event == 77 && host->calls == 3);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next(events, NULL));
    CHECK_OK(coffer_hub_references(party, NULL, &json));
    CHECK_SAME("[]", json);
    host->reason = NULL;
    host->answer = "{\"registered\":false,\"holder\":\"main hub\",\"ref_id\":\"ref-3\"}";
    CHECK_OK(coffer_register_database_as_master_reference(party, &json));
    CHECK(strncmp(json, "{\"registered\":false,\"ref_id\":\"ref-3\",", 37) == 0);
    CHECK(strstr(json, "\"holder\":\"main hub\"") != NULL);
    coffer_string_free(json);
    CHECK_OK(coffer_hub_references(party, NULL, &json));
    CHECK_SAME("[]", json);
}

void hub_host(void)
{
    struct callee host, unused;
    char path[PATH_ROOM], *json = NULL;
    coffer_subscription events = 0;
    coffer_db engine, party;
    fresh_path(path, "hub_host");
    engine = open_at(path, "{\"plugin\":\"engine\"}");
    party = open_at(path, "{\"plugin\":\"party\"}");
    CHECK_OK(coffer_hub_subscribe(party, "*", NULL, NULL, NULL, NULL, &events));
    memset(&unused, 0, sizeof unused);
    supply(engine, NULL, "true", &host);
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_supply(party, NULL, take, &unused, count_ended));
    CHECK(strstr(coffer_last_error(), "engine") != NULL);
    CHECK_STATUS(COFFER_ERROR_NAME_TAKEN, coffer_hub_supply(engine, NULL, take, &unused, count_ended));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_supply(party, NULL, NULL, NULL, NULL));
    CHECK(unused.calls == 0 && unused.freed == 0);
    host_agrees(party, &host, events);
    CHECK_OK(coffer_hub_supply(engine, NULL, NULL, NULL, NULL));
    CHECK(host.freed == 1 && host.calls == 3);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_supply(engine, NULL, NULL, NULL, NULL));
    CHECK_OK(coffer_hub_publish(party, "own", "3", NULL));
    CHECK_OK(coffer_sync_tier1_data_to_hub(party, &json));
    CHECK(host.calls == 3 && strstr(json, "\"host\"") == NULL);
    coffer_string_free(json);
    /* The reference that the host gave goes with its holder. */
    CHECK_OK(coffer_close(party));
    party = open_at(path, "{\"plugin\":\"party\"}");
    CHECK_OK(coffer_hub_subscribe(party, "*", NULL, NULL, NULL, NULL, &events));
    supply(engine, "{\"changes\":true,\"data\":true}", "1", &host);
    CHECK_OK(coffer_save_persistent_data(party, "slot", " [2] "));
    expect_asked(&host, 1, "party", "broadcast",
                 BROADCAST("database_changed", "2", "party",
                           "{\"changes\":[{\"collection\":\"plugin_data\",\"key\":\"slot\",\"revision\":2,"
                           "\"old_revision\":1,\"cleared\":false,\"data\":[2]}]}"));
    CHECK_OK(coffer_hub_next(events, NULL));
    CHECK_OK(coffer_hub_supply(engine, NULL, NULL, NULL, NULL));
    CHECK(host.freed == 1);
    supply(engine, "{}", NULL, &host);
    host_refuses(party, &host, events);
    CHECK_OK(coffer_close(engine));
    CHECK(host.freed == 1);
    CHECK_OK(coffer_register_database_as_master_reference(party, NULL));
    CHECK_OK(coffer_hub_references(party, "database-persistence-layer", NULL));
    CHECK_OK(coffer_close(party));
}

void phase11(void)
{
    static const char as_built[] = "{" BUILT_IN("integration_hub") "," OTHER_MODULES;
    struct callee host;
    char *json = NULL;
    coffer_db db = open_fresh("phase11");
    CHECK_OK(coffer_load_phase11(db, &json));
    CHECK_SAME(as_built, json);
    supply(db, "{\"version\":\"7.0.0-beta.1\"}", NULL, &host);
    CHECK_OK(coffer_load_phase11(db, &json));
    CHECK_SAME("{" MODULE("integration_hub", "true", "\"7.0.0-beta.1\"", "host") "," OTHER_MODULES, json);
    CHECK_OK(coffer_hub_supply(db, NULL, NULL, NULL, NULL));
    CHECK_OK(coffer_load_phase11(db, &json));
    CHECK_SAME(as_built, json);
    CHECK_OK(coffer_close(db));
    CHECK(host.calls == 0 && host.freed == 1);
}
