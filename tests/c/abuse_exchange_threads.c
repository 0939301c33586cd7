/*
 * Exports and imports while something else goes on: from their own callbacks, and from other threads.
 *
 * It must not depend on which thread is faster. Invariant: an export holds one moment, an import happens as a whole or not
 * at all, and what is cancelled or loses its handle leaves neither a file nor a half of one.
 */
#define _XOPEN_SOURCE 700

#include "abuse.h"
#include "end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define EXPORT(db, format, path) coffer_export_database_for_sharing(db, format, path, NULL, NULL, NULL)
#define IMPORT(db, path, options) coffer_import_database_from_external(db, path, NULL, options, NULL, NULL, NULL)
/* So long that work on some of them is told of more than at its beginning and end. */
#define LONG_DOCUMENT 100000

static const char *const formats[] = {"json", "csv", "xml"};

/* A store with documents of 100,000 bytes each. */
static coffer_db long_store(char *path, const char *name, int documents)
{
    char key[32], *document = long_document(LONG_DOCUMENT);
    coffer_db db = 0;
    int i;
    fresh_path(path, name);
    CHECK_OK(coffer_open(path, NULL, &db));
    for (i = 0; i < documents; i++) {
        sprintf(key, "long-%02d", i);
        CHECK_OK(coffer_save_persistent_data(db, key, document));
    }
    free(document);
    return db;
}

static void expect(coffer_db db, const char *key, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_load_persistent_data(db, key, &json));
    CHECK_SAME(expected, json);
}

/* What a callback does each time. */
struct meddler {
    coffer_db db;
    int calls, stop_at;
    int32_t answer;
    const char *text;
};

static int32_t stop(void *context, uint64_t done, uint64_t total)
{
    struct meddler *meddler = context;
    CHECK(done <= total);
    return ++meddler->calls == meddler->stop_at ? meddler->answer : 0;
}

/* Everything that a callback may do with the store: it sees its own saves, and what was there. */
static int32_t meddle(void *context, uint64_t done, uint64_t total)
{
    struct meddler *meddler = context;
    char key[32], *keys = NULL;
    CHECK(done <= total);
    sprintf(key, "meddled-%d", meddler->calls++);
    CHECK_OK(coffer_save_persistent_data(meddler->db, key, "[0]"));
    expect(meddler->db, key, "[0]");
    CHECK_OK(coffer_save_entry(meddler->db, "slot", meddler->text, COFFER_ANY_REVISION, COFFER_DURABILITY_DURABLE, NULL));
    expect(meddler->db, "slot", meddler->text);
    CHECK_OK(coffer_clear_database_entry(meddler->db, "long-00"));
    CHECK_OK(coffer_save_character_roster_state(meddler->db, meddler->text));
    CHECK_OK(coffer_list_database_keys(meddler->db, &keys));
    coffer_string_free(keys);
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_save_persistent_data(meddler->db, key, "{"));
    return 0;
}

static void saving_while_exporting(const char *format)
{
    char path[PATH_ROOM], file[PATH_ROOM];
    coffer_db db = long_store(path, "meddled export", 8), to;
    struct meddler meddler = {0, 0, 0, 0, "[\"meddled\"]"};
    meddler.db = db;
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[\"before\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"before\"]"));
    fresh_path(file, "meddled.export");
    CHECK_OK(coffer_export_database_for_sharing(db, format, file, meddle, &meddler, NULL));
    CHECK(meddler.calls > 2);
    expect(db, "slot", "[\"meddled\"]");
    CHECK_OK(coffer_close(db));
    to = long_store(path, "meddled export", 0);
    CHECK_OK(IMPORT(to, file, NULL));
    expect(to, "slot", "[\"before\"]");
    expect(to, "character_roster", "[\"before\"]");
    CHECK_OK(coffer_load_persistent_data(to, "long-00", NULL));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(to, "meddled-0", NULL));
    CHECK_OK(coffer_close(to));
}

/* The file counts for what it holds; what it does not hold stays as the callback left it, or goes if that is asked for. */
static void saving_while_importing(const char *format, int replaces)
{
    char path[PATH_ROOM], file[PATH_ROOM];
    coffer_db db = long_store(path, "meddled import", 8);
    struct meddler meddler = {0, 0, 0, 0, "[\"meddled\"]"};
    fresh_path(file, "meddled.import");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[\"before\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"before\"]"));
    CHECK_OK(EXPORT(db, format, file));
    meddler.db = db;
    CHECK_OK(coffer_import_database_from_external(db, file, format, replaces ? "{\"mode\":\"replace\"}" : NULL, meddle,
                                                  &meddler, NULL));
    CHECK(meddler.calls > 2);
    expect(db, "slot", "[\"before\"]");
    expect(db, "character_roster", "[\"before\"]");
    CHECK_OK(coffer_load_persistent_data(db, "long-00", NULL));
    CHECK_STATUS(replaces ? COFFER_ERROR_NOT_FOUND : COFFER_OK, coffer_load_persistent_data(db, "meddled-0", NULL));
    CHECK_OK(coffer_close(db));
    CHECK_OK(coffer_open(path, NULL, &db));
    expect(db, "slot", "[\"before\"]");
    CHECK_OK(coffer_close(db));
}

/* Stopped at each call that there is, by one answer and another. */
static void cancelling(const char *format)
{
    static const int32_t answers[] = {1, -1, INT32_MAX, INT32_MIN, 256, 65536};
    char path[PATH_ROOM], folder[PATH_ROOM], file[PATH_ROOM + 16], *before;
    coffer_db db = long_store(path, "cancelled", 6), to;
    struct meddler meddler = {0, 0, 0, 0, NULL};
    coffer_status status;
    int n;
    fresh_path(folder, "cancelled files");
    to = 0;
    CHECK_OK(coffer_open(folder, "{\"read_only\":false}", &to));
    CHECK_OK(coffer_close(to));
    snprintf(file, sizeof file, "%s/out", folder);
    before = dump_store(db);
    for (n = 1, status = COFFER_ERROR_CANCELLED; status != COFFER_OK; n++) {
        int entries = entries_in(folder);
        meddler.calls = 0, meddler.stop_at = n, meddler.answer = answers[n % (int)LENGTH_OF(answers)];
        status = coffer_export_database_for_sharing(db, format, file, stop, &meddler, NULL);
        if (status == COFFER_OK)
            break;
        CHECK(status == COFFER_ERROR_CANCELLED && meddler.calls == n);
        CHECK(access(file, F_OK) != 0 && entries_in(folder) == entries);
        CHECK_UNCHANGED(before, db);
    }
    CHECK(n > 2 && meddler.calls == n - 1);
    free(before);
    CHECK_OK(coffer_close(db));
    db = long_store(path, "cancelled import", 1);
    before = dump_store(db);
    for (n = 1;; n++) {
        meddler.calls = 0, meddler.stop_at = n, meddler.answer = answers[n % (int)LENGTH_OF(answers)];
        status = coffer_import_database_from_external(db, file, NULL, "{\"mode\":\"replace\"}", stop, &meddler, NULL);
        if (status == COFFER_OK)
            break;
        CHECK(status == COFFER_ERROR_CANCELLED && meddler.calls == n);
        CHECK_UNCHANGED(before, db);
    }
    CHECK(n > 2 && meddler.calls == n - 1);
    CHECK_OK(coffer_load_persistent_data(db, "long-05", NULL));
    free(before);
    CHECK_OK(coffer_close(db));
}

/* A thread that imports one file again and again. */
struct importer {
    pthread_t thread;
    coffer_db db;
    char file[PATH_ROOM];
    const char *options;
    int rounds;
};

static void *import_rounds(void *context)
{
    struct importer *importer = context;
    int i;
    for (i = 0; i < importer->rounds; i++)
        CHECK_OK(IMPORT(importer->db, importer->file, importer->options));
    return NULL;
}

/* Both files name the same keys and one of their own. Whoever is last, the store holds one of them. */
static void two_importers(int share_a_handle)
{
    static const char *const contents[] = {
        "{\"a\":[0],\"b\":[0],\"z\":[0],\"only-0\":[0],\"character_roster\":[0],\"party_configs\":[0]}",
        "{\"a\":[1],\"b\":[1],\"z\":[1],\"only-1\":[1],\"character_roster\":[1],\"party_configs\":[1]}"};
    struct importer importers[2];
    char path[PATH_ROOM], name[32], *one = NULL, *other = NULL;
    static const char *const keys[] = {"b", "z", "character_roster", "party_configs"};
    coffer_db db = long_store(path, "two importers", 0);
    size_t i;
    int round;
    for (i = 0; i < 2; i++) {
        importers[i].db = db;
        if (i == 1 && !share_a_handle)
            CHECK_OK(coffer_open(path, NULL, &importers[i].db));
        sprintf(name, "importer-%d.json", (int)i);
        fresh_path(importers[i].file, name);
        write_file(importers[i].file, contents[i]);
        importers[i].options = "{\"mode\":\"replace\"}";
        importers[i].rounds = sized(20, 3);
    }
    for (round = 0; round < sized(5, 2); round++) {
        for (i = 0; i < 2; i++)
            CHECK(pthread_create(&importers[i].thread, NULL, import_rounds, &importers[i]) == 0);
        for (i = 0; i < 2; i++)
            CHECK(pthread_join(importers[i].thread, NULL) == 0);
        CHECK_OK(coffer_load_persistent_data(db, "a", &one));
        for (i = 0; i < LENGTH_OF(keys); i++) {
            CHECK_OK(coffer_load_persistent_data(db, keys[i], &other));
            CHECK_SAME(one, other);
        }
        CHECK_STATUS(one[1] == '0' ? COFFER_OK : COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "only-0", NULL));
        CHECK_STATUS(one[1] == '1' ? COFFER_OK : COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "only-1", NULL));
        coffer_string_free(one);
    }
    if (!share_a_handle)
        CHECK_OK(coffer_close(importers[1].db));
    CHECK_OK(coffer_close(db));
}

/* Saves two keys together, with the same text, until the end. */
static void *save_pairs(void *context)
{
    const coffer_db db = *(coffer_db *)context;
    const char *keys[] = {"a pair", "z pair"}, *texts[2];
    char text[32];
    unsigned number = 0;
    while (!is_at_end()) {
        sprintf(text, "[%u]", ++number);
        texts[0] = texts[1] = text;
        CHECK_OK(coffer_save_batch(db, keys, texts, NULL, 2, COFFER_DURABILITY_BEHIND, NULL));
    }
    return NULL;
}

static void exporting_pairs(void)
{
    char path[PATH_ROOM], other[PATH_ROOM], file[PATH_ROOM], *json = NULL;
    coffer_db db = long_store(path, "pairs", 5), to = long_store(other, "pairs taken in", 0);
    const char *keys[] = {"a pair", "z pair"}, *texts[] = {"[0]", "[0]"};
    pthread_t saver;
    int round;
    fresh_path(file, "pairs.export");
    CHECK_OK(coffer_save_batch(db, keys, texts, NULL, 2, COFFER_DURABILITY_BEHIND, NULL));
    set_end(0);
    CHECK(pthread_create(&saver, NULL, save_pairs, &db) == 0);
    for (round = 0; round < sized(30, 3); round++) {
        CHECK_OK(EXPORT(db, formats[round % 3], file));
        CHECK_OK(IMPORT(to, file, NULL));
        CHECK_OK(coffer_load_persistent_data(to, "a pair", &json));
        expect(to, "z pair", json);
        coffer_string_free(json);
        /* It may as well be taken in where it came from, while the pairs go on. */
        CHECK_OK(IMPORT(db, file, "{\"collections\":[\"plugin_data\"],\"mode\":\"replace\"}"));
    }
    set_end(1);
    CHECK(pthread_join(saver, NULL) == 0);
    CHECK_OK(coffer_load_persistent_data(db, "a pair", &json));
    expect(db, "z pair", json);
    coffer_string_free(json);
    CHECK_OK(coffer_close(to));
    CHECK_OK(coffer_close(db));
}

/* Says that the work is under way, and makes it last. */
static int32_t announce(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    set_end(1);
    sleep_ms(2);
    return 0;
}

static void *close_at_end(void *context)
{
    while (!is_at_end())
        sleep_ms(1);
    CHECK_OK(coffer_close(*(coffer_db *)context));
    return NULL;
}

/* The handle is closed by another thread while it is used; maybe as the store's last one. */
static void closing_meanwhile(const char *format, int imports, int has_other)
{
    char path[PATH_ROOM], file[PATH_ROOM], unfinished[PATH_ROOM + 32], *before;
    coffer_db db = long_store(path, "closed meanwhile", 12), other = 0;
    coffer_status status;
    pthread_t closer;
    fresh_path(file, "closed meanwhile.out");
    if (imports)
        CHECK_OK(EXPORT(db, format, file));
    before = dump_store(db);
    if (has_other)
        CHECK_OK(coffer_open(path, NULL, &other));
    set_end(0);
    CHECK(pthread_create(&closer, NULL, close_at_end, &db) == 0);
    status = imports ? coffer_import_database_from_external(db, file, NULL, NULL, announce, NULL, NULL)
                     : coffer_export_database_for_sharing(db, format, file, announce, NULL, NULL);
    CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_HANDLE);
    CHECK(pthread_join(closer, NULL) == 0);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, EXPORT(db, format, file));
    snprintf(unfinished, sizeof unfinished, "%s.coffer-export.tmp", file);
    CHECK(access(unfinished, F_OK) != 0 && (imports || (access(file, F_OK) == 0) == (status == COFFER_OK)));
    if (!has_other)
        CHECK_OK(coffer_open(path, NULL, &other));
    if (imports)
        CHECK_UNCHANGED(before, other);
    else if (status == COFFER_OK)
        CHECK_OK(IMPORT(other, file, "{\"on_conflict\":\"fail\"}"));
    CHECK_OK(coffer_load_persistent_data(other, "long-11", NULL));
    CHECK_OK(coffer_close(other));
    free(before);
}

/* What would wait for the export that tells it is refused. */
static int32_t wait_for_itself(void *context, uint64_t done, uint64_t total)
{
    coffer_db db = *(coffer_db *)context;
    (void)done, (void)total;
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_database_for_sharing(db, NULL, NULL, NULL, NULL, NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_restore_database_from_snapshot(db, "latest", NULL, NULL));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_checkpoint(db));
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_close(db));
    CHECK_OK(coffer_flush(db));
    return 0;
}

static void waiting_for_itself(void)
{
    char path[PATH_ROOM];
    coffer_db db = 0;
    fresh_path(path, "waiting for itself");
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "[1]"));
    CHECK_OK(coffer_create_database_snapshot(db, NULL, NULL));
    CHECK_OK(coffer_export_database_for_sharing(db, NULL, NULL, wait_for_itself, &db, NULL));
    CHECK_OK(coffer_checkpoint(db));
    CHECK_OK(coffer_close(db));
}

void abuse_exchange_threads(void)
{
    size_t i;
    waiting_for_itself();
    for (i = 0; i < LENGTH_OF(formats); i++) {
        saving_while_exporting(formats[i]);
        saving_while_importing(formats[i], 0);
        saving_while_importing(formats[i], 1);
        cancelling(formats[i]);
        closing_meanwhile(formats[i], 0, 0);
        closing_meanwhile(formats[i], 0, 1);
        closing_meanwhile(formats[i], 1, 0);
        closing_meanwhile(formats[i], 1, 1);
    }
    two_importers(0);
    two_importers(1);
    exporting_pairs();
    CHECK(coffer_live_handles() == 0);
}
