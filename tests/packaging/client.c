/*
 * A program that uses an installed Coffer from C: it saves, hears the event, takes a snapshot, restores it, reopens, and has every
 * byte checked. Built against each package in turn, so it must not include or link anything of the source tree.
 * Invariant: what it prints at the end names the version and the ABI number of the library that it really ran with.
 *
 *   client WORKING_FOLDER
 */
#include <coffer.h>

#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, coffer_last_error());                   \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* Whether a document is there with this text. */
static int holds(coffer_db db, const char *key, const char *wanted)
{
    char *json = NULL;
    int same;
    if (coffer_load_persistent_data(db, key, &json) != COFFER_OK) {
        return 0;
    }
    same = strcmp(json, wanted) == 0;
    coffer_string_free(json);
    return same;
}

static int session(const char *folder)
{
    coffer_db db;
    coffer_subscription events;
    char *json = NULL;

    CHECK(coffer_open(folder, NULL, &db) == COFFER_OK);
    CHECK(coffer_hub_subscribe(db, "database_changed", NULL, NULL, NULL, NULL, &events) == COFFER_OK);
    CHECK(coffer_save_persistent_data(db, "hero", "{\"hp\":10}") == COFFER_OK);
    CHECK(coffer_hub_next(events, &json) == COFFER_OK);
    CHECK(strstr(json, "\"hero\"") != NULL);
    coffer_string_free(json);
    CHECK(coffer_hub_unsubscribe(events) == COFFER_OK);

    CHECK(coffer_create_database_snapshot(db, "before the boss", NULL) == COFFER_OK);
    CHECK(coffer_save_persistent_data(db, "hero", "{\"hp\":0}") == COFFER_OK);
    CHECK(coffer_restore_database_from_snapshot(db, "before the boss", NULL, NULL) == COFFER_OK);
    CHECK(coffer_close(db) == COFFER_OK);

    CHECK(coffer_open(folder, "{\"create\":false}", &db) == COFFER_OK);
    CHECK(holds(db, "hero", "{\"hp\":10}"));
    CHECK(coffer_verify_snapshot(db, "before the boss", NULL) == COFFER_OK);
    CHECK(coffer_analyze_database_health(db, "{\"full\":true}", NULL, NULL, &json) == COFFER_OK);
    CHECK(strstr(json, "\"integrity_status\":\"OK\"") != NULL);
    coffer_string_free(json);
    CHECK(coffer_close(db) == COFFER_OK);
    CHECK(coffer_live_handles() == 0);
    return 0;
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: client WORKING_FOLDER\n");
        return 2;
    }
    CHECK(coffer_abi_version() == COFFER_ABI_VERSION);
    CHECK(strcmp(coffer_version(), COFFER_VERSION) == 0);
    if (session(arguments[1]) != 0) {
        return 1;
    }
    printf("coffer %s abi %u\n", coffer_version(), (unsigned)coffer_abi_version());
    return 0;
}
