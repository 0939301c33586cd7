/*
 * The library is loaded, used and unloaded again and again, as by an editor that reloads its plug-ins; each time its gateway
 * listens and answers, while one client stays connected.
 *
 * It must not be linked to the library. Invariant: after each unloading none of the library's file is mapped any more, no
 * thread and no file of it is left (where the system tells), a child can be forked, the next loading finds everything that
 * was saved, and no loading costs more memory than the little that the library keeps for its next use.
 *
 *     load_unload LIBRARY WORKING_FOLDER
 */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* On Windows each loading takes up to 11 of the 1,088 thread-local indexes that a process has, for good: Rust's standard
 * library does not give them back. */
#ifdef _WIN32
#define TIMES 50
#else
#define TIMES 100
#endif
/* The first loads pay for what the system itself keeps. */
#define WARM 4
#define MOST_LOST 6144L
/* Of how many loads it does not matter what files and threads they leave. */
#ifdef _WIN32
#define FIRST_LOADS 1
#else
#define FIRST_LOADS 0
#endif
#define SAVERS 4

static struct {
    coffer_status (*open)(const char *path, const char *options, coffer_db *out);
    coffer_status (*save)(coffer_db db, const char *key, const char *json);
    coffer_status (*load)(coffer_db db, const char *key, char **out);
    coffer_status (*flush)(coffer_db db);
    coffer_status (*close)(coffer_db db);
    coffer_status (*register_api)(coffer_db db, const char *options, char **out);
    coffer_status (*unregister_api)(coffer_db db);
    coffer_status (*analyze)(coffer_db db, const char *options, coffer_progress_callback progress, void *context, char **out);
    const char *(*last_error)(void);
    void (*free_text)(char *text);
} coffer;

static void *library;
static coffer_db database;

#define MUST(condition) CHECK_SAID(coffer.last_error(), condition)

static void find(const char *name, void *function)
{
    CHECK_SAID(name, find_function(library, name, function));
}

static void load(const char *path)
{
    library = load_library(path);
    find("coffer_open", &coffer.open);
    find("coffer_save_persistent_data", &coffer.save);
    find("coffer_load_persistent_data", &coffer.load);
    find("coffer_flush", &coffer.flush);
    find("coffer_close", &coffer.close);
    find("coffer_register_database_api", &coffer.register_api);
    find("coffer_unregister_database_api", &coffer.unregister_api);
    find("coffer_analyze_database_health", &coffer.analyze);
    find("coffer_last_error", &coffer.last_error);
    find("coffer_string_free", &coffer.free_text);
}

/* Contended locks, waiting and messages: whatever leaves something behind in its thread. */
static void *save_and_fail(void *given)
{
    char key[32];
    int i;
    sprintf(key, "thread %d", *(const int *)given);
    for (i = 0; i < 50; i++) {
        MUST(coffer.save(database, key, "[1]") == COFFER_OK);
        MUST(coffer.save(database, key, "[") == COFFER_ERROR_INVALID_JSON);
    }
    MUST(coffer.flush(database) == COFFER_OK);
    return NULL;
}

/* Has the store's status told over HTTP. Returns the port. */
static int ask_over_http(void)
{
    char request[256], text[4096], *json = NULL;
    const char *address;
    size_t length = 0;
    long got;
    int port = 0, connection;
    MUST(coffer.register_api(database, "{\"listen\":\"127.0.0.1:0\",\"anonymous_read\":true}", &json) == COFFER_OK);
    address = strstr(json, "\"address\":\"http://127.0.0.1:");
    CHECK_SAID(json, address != NULL && sscanf(address, "\"address\":\"http://127.0.0.1:%d", &port) == 1);
    coffer.free_text(json);
    connection = connect_to(port);
    CHECK_SAID("nobody listens", connection >= 0);
    snprintf(request, sizeof request,
             "GET /api/database/status HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n", port);
    CHECK_SAID("the request was not taken", send_some(connection, request, strlen(request)) == (long)strlen(request));
    while (length + 1 < sizeof text && (got = receive_some(connection, text + length, sizeof text - length - 1)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close_connection(connection);
    CHECK_SAID(text, strncmp(text, "HTTP/1.1 200 ", 13) == 0 && strstr(text, "\"status\":\"OK\"") != NULL);
    return port;
}

/* The gateway ends by itself, or with the store. */
static void listen_and_report(int time)
{
    /* Who stays connected, and says nothing. */
    int silent = connect_to(ask_over_http());
    MUST(coffer.analyze(database, "{\"full\":true}", NULL, NULL, NULL) == COFFER_OK);
    if (time % 2 == 0)
        MUST(coffer.unregister_api(database) == COFFER_OK);
    MUST(coffer.close(database) == COFFER_OK);
    close_connection(silent);
}

static void use(const char *store, int time)
{
    pthread_t threads[SAVERS];
    int numbers[SAVERS], main_number = SAVERS, i;
    char text[32], *json = NULL;
    MUST(coffer.open(store, NULL, &database) == COFFER_OK);
    if (time > 0) {
        sprintf(text, "%d", time - 1);
        MUST(coffer.load(database, "time", &json) == COFFER_OK && strcmp(json, text) == 0);
        coffer.free_text(json);
    }
    sprintf(text, "%d", time);
    MUST(coffer.save(database, "time", text) == COFFER_OK);
    for (i = 0; i < SAVERS; i++) {
        numbers[i] = i;
        MUST(pthread_create(&threads[i], NULL, save_and_fail, &numbers[i]) == 0);
    }
    /* This thread, which goes on, does the same. */
    save_and_fail(&main_number);
    for (i = 0; i < SAVERS; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
    listen_and_report(time);
    MUST(coffer.close(database) == COFFER_ERROR_INVALID_HANDLE && strlen(coffer.last_error()) > 0);
}

/* What a thread has ended by is not quite gone when it has been waited for. */
static void check_none_left(const char *what, int (*count)(void), int before)
{
    char said[64];
    int i;
    for (i = 0; i < 1000 && count() > before; i++)
        sleep_ms(1);
    sprintf(said, "%d %s more than before", count() - before, what);
    CHECK_SAID(said, count() <= before);
}

int main(int count, char **arguments)
{
    char store[PATH_ROOM];
    const char *path = arguments[1];
    int time, left = 0, files = 0, threads = 0;
    long before = 0, lost;
    if (count != 3) {
        fprintf(stderr, "usage: %s LIBRARY WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[2]);
    fresh_path(store, "reloaded");
    CHECK_SAID("mapped before it was loaded", is_loaded(path) != 1);
    for (time = 0; time < TIMES; time++) {
        if (time == WARM)
            before = heap_in_use();
        /* The system itself starts what it needs at the first loads. */
        if (time <= FIRST_LOADS) {
            files = files_open();
            threads = threads_running();
        }
        load(path);
        CHECK_SAID("not mapped though it is loaded", is_loaded(path) != 0);
        use(store, time);
        CHECK_SAID("the system does not unload it", unload_library(library));
        left += is_loaded(path) == 0;
        /* What the library asked to be told of forks went with it, or a child would run code that is not there. */
        CHECK_SAID("a child cannot live after the library was unloaded", fork_is_harmless());
        if (time >= FIRST_LOADS) {
            check_none_left("files", files_open, files);
            check_none_left("threads", threads_running, threads);
        }
    }
    lost = (heap_in_use() - before) / (TIMES - WARM);
    if (is_loaded(path) == -1)
        printf("loaded %d times; whether it left is not known: the system does not tell\n", TIMES);
    else
        printf("loaded %d times, left memory %d times, %ld bytes lost each time\n", TIMES, left, lost);
    if (before == -1)
        printf("what was lost is not known: the system does not tell\n");
    CHECK_SAID("the library stayed in memory after it was closed", left == TIMES || is_loaded(path) == -1);
    CHECK_SAID("each loading takes more of the heap", lost <= MOST_LOST);
    return 0;
}
