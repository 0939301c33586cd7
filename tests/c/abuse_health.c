/*
 * Wrong arguments of every kind: those of the health report; and reports while something else goes on, from their own
 * callback and from other threads.
 *
 * It must not depend on which thread is faster. Invariant: each wrong argument has its own status and no result is written;
 * a report changes nothing and finds nothing wrong with a store that nobody damaged, whatever else is done to it meanwhile.
 */
#include "abuse.h"
#include "end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define FULL "{\"full\":true}"
#define ANALYZE(db, options, json) coffer_analyze_database_health(db, options, NULL, NULL, json)
#define LONG_DOCUMENT 400000

static int32_t never_told(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    check_failed(__FILE__, __LINE__, "nothing is under way", "");
    return 0;
}

void every_health_function_refuses(coffer_db db, coffer_status expected)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    int context = 7;
    CHECK_STATUS(expected, coffer_analyze_database_health(db, NULL, never_told, &context, &json));
    CHECK_STATUS(expected, coffer_analyze_database_health(db, FULL, never_told, &context, &json));
    CHECK_STATUS(expected, coffer_analyze_database_health(db, "{", never_told, NULL, NULL));
    CHECK(json == untouched && context == 7);
}

void every_health_text_is_refused(coffer_db db, const char *bad)
{
    char *const untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(COFFER_ERROR_INVALID_UTF8, coffer_analyze_database_health(db, bad, never_told, NULL, &json));
    CHECK(json == untouched);
}

static void health_options(coffer_db db)
{
    static const char *const bad[] = {
        "", " ", "{", "{}x", "{}{}", "[]", "null", "7", "true", "\"full\"", "{full:true}", "{\"full\":true,}",
        "{\"full\":1}",
        "{\"full\":null}", "{\"full\":\"true\"}", "{\"full\":[]}", "{\"Full\":true}", "{\"full\":true,\"full\":true}",
        "{\"\":1}",
        "{\"nonsense\":1}", "{\"quota_bytes\":-1}", "{\"quota_bytes\":1.5}", "{\"quota_bytes\":1e3}",
        "{\"quota_bytes\":\"1\"}",
        "{\"quota_bytes\":true}", "{\"quota_bytes\":18446744073709551616}", "{\"quota_bytes\":{}}", "{\"quota\":1}",
        "[false,null]", "{\"full\":NaN}", "\xEF\xBB\xBF{}"};
    static const char *const good[] = {"{}", " {\n} ", "{\"full\":false}", "{\"quota_bytes\":null}", "{\"quota_bytes\":0}",
                                       "{\"quota_bytes\":1,\"full\":true}", "{\"quota_bytes\":18446744073709551615}"};
    char *const untouched = (char *)"as it was", *json = untouched, *deep;
    size_t i;
    for (i = 0; i < LENGTH_OF(bad); i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, coffer_analyze_database_health(db, bad[i], never_told, NULL, &json));
    deep = repeated(100000, "{\"full\":", "1", "}");
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, ANALYZE(db, deep, &json));
    free(deep);
    deep = repeated(1u << 20, "nonsense", "", "");
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, ANALYZE(db, deep, &json));
    free(deep);
    CHECK(json == untouched);
    for (i = 0; i < LENGTH_OF(good); i++) {
        CHECK_OK(ANALYZE(db, good[i], NULL));
        CHECK_OK(ANALYZE(db, good[i], &json));
        CHECK_HOLDS(json, "\"integrity_status\":\"OK\"");
        coffer_string_free(json);
        json = untouched;
    }
}

void abuse_health(coffer_db db)
{
    int i;
    CHECK_OK(ANALYZE(db, NULL, NULL));
    CHECK_OK(coffer_analyze_database_health(db, NULL, never_told, NULL, NULL));
    health_options(db);
    /* Often, at once after each other: nothing adds up. */
    for (i = 0; i < sized(1000, 50); i++)
        CHECK_OK(ANALYZE(db, NULL, NULL));
}

static void expect_well(coffer_db db, const char *options)
{
    char *json = NULL;
    CHECK_OK(ANALYZE(db, options, &json));
    CHECK_HOLDS(json, "\"integrity_status\":\"OK\"");
    CHECK_HOLDS(json, "\"causes\":[]");
    coffer_string_free(json);
}

/* A store with an image, a journal, a snapshot and some history, each of them long. */
static coffer_db long_store(char *path, const char *name)
{
    char key[32], *document = long_document(LONG_DOCUMENT);
    coffer_db db = 0;
    int i;
    fresh_path(path, name);
    CHECK_OK(coffer_open(path, NULL, &db));
    for (i = 0; i < sized(8, 3); i++) {
        sprintf(key, "long-%d", i);
        CHECK_OK(coffer_save_persistent_data(db, key, document));
    }
    CHECK_OK(coffer_create_database_snapshot(db, "kept", NULL));
    CHECK_OK(coffer_checkpoint(db));
    for (i = 0; i < sized(8, 3); i++) {
        sprintf(key, "long-%d", i);
        CHECK_OK(coffer_save_persistent_data(db, key, document));
    }
    free(document);
    return db;
}

/* What a callback does each time, and when it stops. */
struct meddler {
    coffer_db db;
    int calls, stop_at;
    int32_t answer;
};

static int32_t stop(void *context, uint64_t done, uint64_t total)
{
    struct meddler *meddler = context;
    CHECK(done <= total);
    return ++meddler->calls == meddler->stop_at ? meddler->answer : 0;
}

/* Stopped at each call that there is, by one answer and another. */
static void cancelling(void)
{
    static const int32_t answers[] = {1, -1, INT32_MAX, INT32_MIN, 256, 65536};
    char path[PATH_ROOM], *const untouched = (char *)"as it was", *json = untouched, *before;
    coffer_db db = long_store(path, "cancelled report");
    struct meddler meddler = {0, 0, 0, 0};
    coffer_status status;
    int n;
    before = dump_store(db);
    for (n = 1;; n++) {
        meddler.calls = 0, meddler.stop_at = n, meddler.answer = answers[n % (int)LENGTH_OF(answers)];
        status = coffer_analyze_database_health(db, FULL, stop, &meddler, &json);
        if (status == COFFER_OK)
            break;
        CHECK(status == COFFER_ERROR_CANCELLED && meddler.calls == n && json == untouched);
        /* What it kept waiting goes on. */
        CHECK_OK(coffer_checkpoint(db));
    }
    CHECK(n > 2 && meddler.calls == n - 1);
    coffer_string_free(json);
    CHECK_UNCHANGED(before, db);
    free(before);
    CHECK_OK(coffer_close(db));
}

/* Everything that a callback may do with the store, and what would wait for the report that tells it. */
static int32_t meddle(void *context, uint64_t done, uint64_t total)
{
    struct meddler *meddler = context;
    const coffer_status refused = COFFER_ERROR_INVALID_ARGUMENT;
    const coffer_db db = meddler->db;
    char key[32], *json = NULL;
    CHECK(done <= total);
    sprintf(key, "meddled-%d", meddler->calls++);
    CHECK_OK(coffer_save_persistent_data(db, key, "[0]"));
    CHECK_OK(coffer_load_persistent_data(db, key, &json));
    CHECK_SAME("[0]", json);
    CHECK_OK(coffer_save_entry(db, "long-0", "[1]", COFFER_ANY_REVISION, COFFER_DURABILITY_DURABLE, NULL));
    CHECK_OK(coffer_clear_database_entry(db, "long-1"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"meddled\"]"));
    CHECK_OK(coffer_flush(db));
    CHECK_OK(ANALYZE(db, NULL, NULL));
    CHECK_OK(coffer_hub_publish(db, "topic", "1", NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_save_persistent_data(db, key, "{"));
    CHECK_STATUS(COFFER_ERROR_INVALID_OPTION, ANALYZE(db, "{\"ful\":1}", NULL));
    CHECK_STATUS(refused, ANALYZE(db, FULL, NULL));
    CHECK_STATUS(refused, coffer_checkpoint(db));
    CHECK_STATUS(refused, coffer_close(db));
    CHECK_STATUS(refused, coffer_export_database_for_sharing(db, NULL, NULL, NULL, NULL, NULL));
    CHECK_STATUS(refused, coffer_restore_database_from_snapshot(db, "kept", NULL, NULL));
    return 0;
}

static void meddling(void)
{
    char path[PATH_ROOM];
    coffer_db db = long_store(path, "meddled report"), other = 0;
    struct meddler meddler = {0, 0, 0, 0};
    meddler.db = db;
    CHECK_OK(coffer_open(path, NULL, &other));
    CHECK_OK(coffer_analyze_database_health(other, FULL, meddle, &meddler, NULL));
    CHECK(meddler.calls > 2);
    CHECK_OK(coffer_close(other));
    meddler.calls = 0;
    CHECK_OK(coffer_analyze_database_health(db, FULL, meddle, &meddler, NULL));
    CHECK(meddler.calls > 2);
    expect_well(db, FULL);
    CHECK_OK(coffer_checkpoint(db));
    expect_well(db, FULL);
    CHECK_OK(coffer_close(db));
    CHECK_OK(coffer_open(path, "{\"read_only\":true}", &db));
    expect_well(db, FULL);
    CHECK_OK(coffer_load_persistent_data(db, "meddled-0", NULL));
    CHECK_OK(coffer_close(db));
}

/* Reports until the end; the handle may be closed under it. */
static void *report(void *context)
{
    const coffer_db db = *(coffer_db *)context;
    char *json = NULL;
    coffer_status status = COFFER_OK;
    unsigned round = 0;
    while (!is_at_end() && status == COFFER_OK) {
        status = ANALYZE(db, round++ % 4 == 0 ? FULL : NULL, &json);
        CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_HANDLE);
        if (status != COFFER_OK)
            break;
        CHECK_HOLDS(json, "\"integrity_status\":\"OK\"");
        CHECK_HOLDS(json, "\"causes\":[]");
        coffer_string_free(json);
    }
    return NULL;
}

/* A writer that never finds anything lost, and makes what a report reads come and go. */
static void write_rounds(coffer_db db, int rounds)
{
    char text[32], label[32], *json = NULL;
    int i;
    for (i = 0; i < rounds; i++) {
        sprintf(text, "[%d]", i);
        sprintf(label, "again %d", i);
        CHECK_OK(coffer_save_persistent_data(db, "written", text));
        CHECK_OK(coffer_save_party_config(db, text));
        if (i % 5 == 0)
            CHECK_OK(coffer_checkpoint(db));
        if (i % 7 == 0)
            CHECK_OK(coffer_create_database_snapshot(db, label, NULL));
        if (i % 14 == 0)
            CHECK_OK(coffer_delete_snapshot(db, label));
        if (i % 20 == 0)
            CHECK_OK(coffer_restore_database_from_snapshot(db, "kept", NULL, NULL));
        else
            CHECK_OK(coffer_load_persistent_data(db, "written", &json));
        if (i % 20 != 0)
            CHECK_SAME(text, json);
    }
}

static void reporting_meanwhile(void)
{
    enum { REPORTERS = 3 };
    char path[PATH_ROOM];
    coffer_db db = long_store(path, "reported meanwhile"), reported = 0;
    pthread_t reporters[REPORTERS];
    int round, i;
    for (round = 0; round < 2; round++) {
        CHECK_OK(coffer_open(path, NULL, &reported));
        set_end(0);
        for (i = 0; i < REPORTERS; i++)
            CHECK(pthread_create(&reporters[i], NULL, report, &reported) == 0);
        write_rounds(db, sized(60, 8));
        /* Once they end by themselves, once because their handle is closed. */
        if (round == 0)
            set_end(1);
        else
            CHECK_OK(coffer_close(reported));
        for (i = 0; i < REPORTERS; i++)
            CHECK(pthread_join(reporters[i], NULL) == 0);
        if (round == 0)
            CHECK_OK(coffer_close(reported));
    }
    expect_well(db, FULL);
    CHECK_OK(coffer_close(db));
}

void abuse_health_stores(void)
{
    cancelling();
    meddling();
    reporting_meanwhile();
    CHECK(coffer_live_handles() == 0);
}
