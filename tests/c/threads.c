/*
 * Eight threads on one store through two handles, with further handles coming and going, and snapshots that are made,
 * restored and deleted meanwhile; and closing under way.
 *
 * It must not depend on who wins a race. Invariant: each thread knows exactly what its own keys hold, the shared keys
 * count every success, and at the end, before and after reopening, the store holds that and nothing else.
 *
 *     threads WORKING_FOLDER
 */
#define _XOPEN_SOURCE 700

#include "end.h"
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define KEYS 10

struct worker {
    pthread_t thread;
    int number;
    coffer_db db;
    int rounds;
    uint64_t random;
    /* What this thread's own keys hold: -1 for nothing. */
    int held[KEYS];
    /* How often it counted the shared number up, and saved the roster. */
    int counted;
    int versions;
};

static char store[PATH_ROOM];

static void key_of(char *key, int worker, int index)
{
    sprintf(key, "t%d/k%d", worker, index);
}

static void check_held(coffer_db db, int worker, int index, int value)
{
    char key[32], expected[32], buffer[64];
    size_t length = 0;
    key_of(key, worker, index);
    if (value < 0) {
        CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data_into(db, key, buffer, sizeof buffer, &length));
        return;
    }
    sprintf(expected, "[%d,%d,%d]", worker, index, value);
    CHECK_OK(coffer_load_persistent_data_into(db, key, buffer, sizeof buffer, &length));
    CHECK(length == strlen(expected) && strcmp(buffer, expected) == 0);
}

/* Every list shows exactly this thread's keys as they are now: nobody else touches them. */
static void check_listed(coffer_db db, int number, const int *held)
{
    char prefix[16], key[1025], expected[32], *listed;
    const char *place;
    int index;
    sprintf(prefix, "t%d/", number);
    CHECK_OK(coffer_list_database_keys_with(db, prefix, NULL, 0, &listed));
    place = listed;
    for (index = 0; index < KEYS; index++) {
        if (held[index] < 0)
            continue;
        key_of(expected, number, index);
        CHECK(next_string(&place, key, sizeof key) && strcmp(key, expected) == 0);
    }
    CHECK(!next_string(&place, key, sizeof key));
    coffer_string_free(listed);
}

static void save_own(struct worker *worker, int index, int value)
{
    char key[32], text[32];
    int32_t durability = value % 50 == 0 ? COFFER_DURABILITY_DURABLE : value % 3;
    key_of(key, worker->number, index);
    sprintf(text, "[%d,%d,%d]", worker->number, index, value);
    CHECK_OK(coffer_save_entry(worker->db, key, text, COFFER_ANY_REVISION, durability, NULL));
    worker->held[index] = value;
}

static void clear_own(struct worker *worker, int index)
{
    char key[32];
    key_of(key, worker->number, index);
    CHECK_OK(coffer_clear_database_entry(worker->db, key));
    worker->held[index] = -1;
}

/* One key saved, another cleared, as one commit. */
static void batch_own(struct worker *worker, int index, int value)
{
    char saved[32], cleared[32], text[32];
    const char *keys[2], *documents[2];
    int other = (index + 1) % KEYS;
    key_of(saved, worker->number, index);
    key_of(cleared, worker->number, other);
    sprintf(text, "[%d,%d,%d]", worker->number, index, value);
    keys[0] = saved;
    keys[1] = cleared;
    documents[0] = text;
    documents[1] = NULL;
    CHECK_OK(coffer_save_batch(worker->db, keys, documents, NULL, 2, COFFER_DURABILITY_DEFAULT, NULL));
    worker->held[index] = value;
    worker->held[other] = -1;
}

/* Reads the shared number and saves it one higher if nobody came between. */
static void count_up(struct worker *worker)
{
    char *text = NULL, next[32];
    uint64_t revision = 0, saved = 0;
    coffer_status status;
    CHECK_OK(coffer_load_entry(worker->db, "shared", &text, &revision, NULL));
    sprintf(next, "%d", atoi(text) + 1);
    coffer_string_free(text);
    status = coffer_save_entry(worker->db, "shared", next, (int64_t)revision, COFFER_DURABILITY_DEFAULT, &saved);
    CHECK(status == COFFER_OK || status == COFFER_ERROR_CONFLICT);
    if (status == COFFER_OK) {
        CHECK(saved == revision + 1);
        worker->counted++;
    }
}

static void *work(void *given)
{
    struct worker *worker = given;
    int round;
    for (round = 1; round <= worker->rounds; round++) {
        int index = (int)(next_random(&worker->random) % KEYS);
        switch (next_random(&worker->random) % 8) {
        case 0: clear_own(worker, index); break;
        case 1: batch_own(worker, index, round); break;
        case 2: check_listed(worker->db, worker->number, worker->held); break;
        case 3: count_up(worker); break;
        default: save_own(worker, index, round); break;
        }
        check_held(worker->db, worker->number, index, worker->held[index]);
        if (round % 64 == 0)
            CHECK_OK(coffer_flush(worker->db));
        if (round % 128 == 7) {
            CHECK_OK(coffer_save_character_roster_state(worker->db, "{\"members\":[]}"));
            worker->versions++;
        }
        if (round % 256 == 9)
            CHECK_OK(coffer_checkpoint(worker->db));
    }
    return NULL;
}

/* Opens and closes further handles all the while. */
static void *come_and_go(void *unused)
{
    coffer_db db = 0;
    (void)unused;
    while (!is_at_end()) {
        CHECK_OK(coffer_open(store, "{\"plugin\":\"visitor\"}", &db));
        CHECK_OK(coffer_load_persistent_data(db, "shared", NULL));
        CHECK_OK(coffer_save_persistent_data(db, "visitor", "true"));
        CHECK_OK(coffer_close(db));
        CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_load_persistent_data(db, "shared", NULL));
    }
    return NULL;
}

/* What the library says a restore changed. */
static int count_of(const char *json, const char *member)
{
    const char *place = strstr(json, member);
    CHECK(place != NULL);
    return atoi(place + strlen(member));
}

/* Takes its own document there and back, and only looks at the others', which change all the while. */
static void once_with_snapshots(coffer_db db, int round)
{
    char label[32], undo[64], text[32], *json = NULL;
    sprintf(label, "round %d", round);
    sprintf(text, "[%d]", round);
    CHECK_OK(coffer_save_persistent_data(db, "kept", text));
    CHECK_OK(coffer_create_database_snapshot(db, label, NULL));
    CHECK_OK(coffer_save_persistent_data(db, "kept", "\"changed\""));
    CHECK_OK(coffer_restore_database_from_snapshot(db, label, "{\"dry_run\":true}", NULL));
    CHECK_OK(coffer_restore_database_from_snapshot(db, label, "{\"keys\":[\"kept\"]}", &json));
    CHECK(count_of(json, "\"saved\":") == 1 && count_of(json, "\"cleared\":") == 0);
    CHECK(sscanf(strstr(json, "\"undo\":"), "\"undo\":\"%63[^\"]", undo) == 1);
    coffer_string_free(json);
    CHECK_OK(coffer_load_persistent_data(db, "kept", &json));
    CHECK_SAME(text, json);
    CHECK_OK(coffer_load_from_snapshot(db, undo, "kept", &json));
    CHECK_SAME("\"changed\"", json);
    CHECK_OK(coffer_verify_snapshot(db, undo, NULL));
    CHECK_OK(coffer_diff_snapshots(db, label, undo, NULL));
    CHECK_OK(coffer_delete_snapshot(db, label));
    CHECK_OK(coffer_delete_snapshot(db, undo));
}

static void *make_snapshots(void *given)
{
    coffer_db db = *(const coffer_db *)given;
    int round;
    for (round = 1; !is_at_end(); round++)
        once_with_snapshots(db, round);
    return NULL;
}

static void check_end(coffer_db db, const struct worker *workers)
{
    char expected[32], *text;
    uint64_t revision = 0;
    int i, index, counted = 0, versions = 0;
    for (i = 0; i < THREADS; i++) {
        for (index = 0; index < KEYS; index++)
            check_held(db, i, index, workers[i].held[index]);
        check_listed(db, i, workers[i].held);
        counted += workers[i].counted;
        versions += workers[i].versions;
    }
    sprintf(expected, "%d", counted);
    CHECK_OK(coffer_load_entry(db, "shared", &text, &revision, NULL));
    CHECK_SAME(expected, text);
    CHECK(revision == (uint64_t)counted + 1);
    sprintf(expected, "%d", versions);
    CHECK_OK(coffer_load_persistent_data(db, "character_roster_v", &text));
    CHECK_SAME(expected, text);
    CHECK_OK(coffer_load_version(db, "character_roster", (uint64_t)versions, NULL));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_version(db, "character_roster", (uint64_t)versions + 1, NULL));
}

static void many_on_one_store(void)
{
    static struct worker workers[THREADS];
    pthread_t visitor, keeper;
    coffer_db handles[2];
    char *before;
    int i, index;
    fresh_path(store, "many");
    CHECK_OK(coffer_open(store, "{\"segment_bytes\":65536,\"checkpoint_bytes\":100000}", &handles[0]));
    CHECK_OK(coffer_open(store, "{\"durability\":\"behind\"}", &handles[1]));
    CHECK_OK(coffer_save_persistent_data(handles[0], "shared", "0"));
    set_end(0);
    CHECK(pthread_create(&visitor, NULL, come_and_go, NULL) == 0);
    CHECK(pthread_create(&keeper, NULL, make_snapshots, &handles[1]) == 0);
    for (i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].db = handles[i % 2];
        workers[i].rounds = sized(2000, 150);
        workers[i].random = 0x9E3779B97F4A7C15u + (uint64_t)i;
        for (index = 0; index < KEYS; index++)
            workers[i].held[index] = -1;
        CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
    set_end(1);
    CHECK(pthread_join(visitor, NULL) == 0 && pthread_join(keeper, NULL) == 0);
    CHECK(coffer_live_handles() == 2);
    check_end(handles[0], workers);
    CHECK_OK(coffer_close(handles[1]));
    before = dump_store(handles[0]);
    CHECK_OK(coffer_close(handles[0]));
    CHECK_OK(coffer_open(store, NULL, &handles[0]));
    check_end(handles[0], workers);
    CHECK_UNCHANGED(before, handles[0]);
    CHECK_OK(coffer_close(handles[0]));
    free(before);
}

/* What a call may come to while another thread closes its handle. */
static int goes_on(coffer_status status)
{
    CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_HANDLE);
    return status == COFFER_OK;
}

static void *work_until_closed(void *given)
{
    struct worker *worker = given;
    /* Some documents take so long to check that the close begins and ends between a save's start and its commit. */
    size_t length = worker->number < 5 ? 0 : (size_t)sized(500000, 5000);
    char *ones = repeated(length, ",1", "]", ""), *text = malloc(strlen(ones) + 32), key[32], *listed = NULL;
    int value, goes = 1;
    CHECK(text != NULL);
    key_of(key, worker->number, 0);
    for (value = 1; goes; value++) {
        strcpy(text + sprintf(text, "[%d,0,%d", worker->number, value), ones);
        goes = goes_on(coffer_save_entry(worker->db, key, text, COFFER_ANY_REVISION, 1 + worker->number % 3, NULL));
        if (goes)
            worker->held[0] = value;
        if (goes && worker->number == 0)
            goes = goes_on(coffer_flush(worker->db));
        if (goes && worker->number == 1) {
            goes = goes_on(coffer_list_database_keys(worker->db, &listed));
            if (goes)
                coffer_string_free(listed);
        }
        if (goes && worker->number == 2)
            goes = goes_on(coffer_checkpoint(worker->db));
        if (goes && worker->number == 3)
            goes = goes_on(coffer_create_database_snapshot(worker->db, NULL, NULL));
        if (goes && worker->number >= 3)
            goes = goes_on(coffer_load_persistent_data(worker->db, key, NULL));
    }
    free(ones);
    free(text);
    /* Once closed, it stays closed. */
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_load_persistent_data(worker->db, key, NULL));
    return NULL;
}

/* What was acknowledged is there; the one save that was under way when the handle was closed may be. */
static void check_acknowledged(coffer_db db, const struct worker *workers, int count)
{
    char key[32], *text;
    int i, index, value;
    for (i = 0; i < count; i++) {
        coffer_status status;
        text = NULL;
        key_of(key, workers[i].number, 0);
        status = coffer_load_persistent_data(db, key, &text);
        CHECK(status == COFFER_OK || (status == COFFER_ERROR_NOT_FOUND && workers[i].held[0] < 1));
        if (status != COFFER_OK)
            continue;
        CHECK(sscanf(text, "[%d,0,%d", &index, &value) == 2 && index == workers[i].number);
        CHECK(value == workers[i].held[0] || value == workers[i].held[0] + 1);
        coffer_string_free(text);
    }
}

/* Closes a handle that others use, while a second handle stays open or not. */
static void close_under_way(int keep_another, uint64_t *random)
{
    static struct worker workers[THREADS];
    coffer_db db, other = 0;
    int i;
    fresh_path(store, "closing");
    CHECK_OK(coffer_open(store, "{\"segment_bytes\":65536}", &db));
    if (keep_another)
        CHECK_OK(coffer_open(store, NULL, &other));
    for (i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].db = db;
        workers[i].held[0] = 0;
        CHECK(pthread_create(&workers[i].thread, NULL, work_until_closed, &workers[i]) == 0);
    }
    sleep_ms((long)(next_random(random) % 20));
    CHECK_OK(coffer_close(db));
    /* The close has returned: another process may have the store now, so nothing may still be on its way into it. */
    if (!keep_another)
        CHECK_OK(coffer_open(store, NULL, &other));
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
    check_acknowledged(other, workers, THREADS);
    CHECK_OK(coffer_save_persistent_data(other, "still", "\"open\""));
    CHECK_OK(coffer_close(other));
    CHECK(coffer_live_handles() == 0);
    CHECK_OK(coffer_open(store, NULL, &other));
    check_acknowledged(other, workers, THREADS);
    CHECK_OK(coffer_load_persistent_data(other, "still", NULL));
    CHECK_OK(coffer_close(other));
}

static void *close_once(void *given)
{
    struct worker *worker = given;
    worker->counted = goes_on(coffer_close(worker->db));
    return NULL;
}

static void many_close_one(void)
{
    struct worker workers[THREADS];
    coffer_db db;
    int i, closed = 0;
    fresh_path(store, "closed once");
    CHECK_OK(coffer_open(store, NULL, &db));
    for (i = 0; i < THREADS; i++) {
        workers[i].db = db;
        CHECK(pthread_create(&workers[i].thread, NULL, close_once, &workers[i]) == 0);
    }
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
        closed += workers[i].counted;
    }
    CHECK(closed == 1 && coffer_live_handles() == 0);
}

/* The last error belongs to its thread. */
static void *fail_elsewhere(void *given)
{
    CHECK(strcmp(coffer_last_error(), "") == 0);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_flush(12345));
    return given;
}

static void errors_stay_apart(void)
{
    pthread_t thread;
    char message[1024];
    CHECK_STATUS(COFFER_ERROR_NULL_ARGUMENT, coffer_open(NULL, NULL, NULL));
    strcpy(message, coffer_last_error());
    CHECK(pthread_create(&thread, NULL, fail_elsewhere, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(strcmp(message, coffer_last_error()) == 0);
}

int main(int count, char **arguments)
{
    uint64_t random = 88172645463325252u;
    int i;
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    many_on_one_store();
    printf("ok many threads on one store\n");
    for (i = 0; i < sized(60, 4); i++)
        close_under_way(i % 2, &random);
    printf("ok closing while others are inside\n");
    for (i = 0; i < sized(50, 5); i++)
        many_close_one();
    printf("ok one of many closes succeeds\n");
    errors_stay_apart();
    printf("ok errors stay apart\n");
    return 0;
}
