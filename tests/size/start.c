/*
 * How long a game waits for Coffer when it starts: the library is loaded, a store that a run before left is opened, and one
 * document is loaded from it.
 *
 * It must not be linked to the library, or the system would load it before the clock runs. Invariant: one process measures
 * once, for the second loading of a library is not a start; and a number is printed only if the document was right.
 *
 *     start make LIBRARY STORE      a store as of a game that was played for a while
 *     start gateway LIBRARY STORE   prints whether the library was built `with` the gateway or `without`
 *     start start LIBRARY STORE     prints the microseconds from nothing to read, and of these: loaded, opened, read
 */
#define _POSIX_C_SOURCE 200809L

#include "coffer.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DOCUMENTS 1000
#define LONGEST 1100
#define FIRST "slot/500"

static struct {
    coffer_status (*open)(const char *path, const char *options, coffer_db *out);
    coffer_status (*save)(coffer_db db, const char *key, const char *json);
    coffer_status (*load)(coffer_db db, const char *key, char **out);
    coffer_status (*unregister_api)(coffer_db db);
    coffer_status (*close)(coffer_db db);
    const char *(*last_error)(void);
    void (*free_text)(char *text);
} coffer;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void must(coffer_status status, const char *what)
{
    if (status != COFFER_OK) {
        fail(what, coffer.last_error());
    }
}

/* A function's address comes as an object's; C has no cast for that, copying is what there is. */
static void find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fail(name, dlerror());
    }
    memcpy(function, &found, sizeof found);
}

static void attach(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fail("dlopen", dlerror());
    }
    find(library, "coffer_open", &coffer.open);
    find(library, "coffer_save_persistent_data", &coffer.save);
    find(library, "coffer_load_persistent_data", &coffer.load);
    find(library, "coffer_unregister_database_api", &coffer.unregister_api);
    find(library, "coffer_close", &coffer.close);
    find(library, "coffer_last_error", &coffer.last_error);
    find(library, "coffer_string_free", &coffer.free_text);
}

/* About a kilobyte, another for each number. */
static void document(char *text, int number)
{
    int length = snprintf(text, LONGEST, "{\"number\":%d,\"hero\":\"Ash\",\"items\":[", number);
    for (int item = 0; item < 40; item++) {
        length += snprintf(text + length, (size_t)(LONGEST - length), "%s{\"id\":%d,\"count\":%d}", item == 0 ? "" : ",",
                           1000 + item, number % 90 + 10);
    }
    snprintf(text + length, (size_t)(LONGEST - length), "]}");
}

static void make(const char *store)
{
    coffer_db db;
    must(coffer.open(store, NULL, &db), "open");
    for (int number = 0; number < DOCUMENTS; number++) {
        char key[32], text[LONGEST];
        snprintf(key, sizeof key, "slot/%d", number);
        document(text, number);
        must(coffer.save(db, key, text), "save");
    }
    must(coffer.close(db), "close");
}

static long microseconds(const struct timespec *from, const struct timespec *to)
{
    return (long)(to->tv_sec - from->tv_sec) * 1000000 + (to->tv_nsec - from->tv_nsec) / 1000;
}

static void start(const char *path, const char *store)
{
    struct timespec at[4];
    coffer_db db;
    char *loaded = NULL, right[LONGEST];
    clock_gettime(CLOCK_MONOTONIC, &at[0]);
    attach(path);
    clock_gettime(CLOCK_MONOTONIC, &at[1]);
    must(coffer.open(store, NULL, &db), "open");
    clock_gettime(CLOCK_MONOTONIC, &at[2]);
    must(coffer.load(db, FIRST, &loaded), "load");
    clock_gettime(CLOCK_MONOTONIC, &at[3]);
    document(right, 500);
    if (strcmp(loaded, right) != 0) {
        fail("load", "another document came");
    }
    coffer.free_text(loaded);
    must(coffer.close(db), "close");
    printf("%ld %ld %ld %ld\n", microseconds(&at[0], &at[3]), microseconds(&at[0], &at[1]), microseconds(&at[1], &at[2]),
           microseconds(&at[2], &at[3]));
}

/* Whether the gateway is compiled in: then a store whose API is not registered says that it is not. */
static int has_gateway(const char *store)
{
    coffer_db db;
    coffer_status status;
    must(coffer.open(store, NULL, &db), "open");
    status = coffer.unregister_api(db);
    if (status != COFFER_ERROR_MODULE_ABSENT && status != COFFER_ERROR_NOT_FOUND) {
        fail("unregister an API that was not registered", coffer.last_error());
    }
    must(coffer.close(db), "close");
    return status == COFFER_ERROR_NOT_FOUND;
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "make") == 0) {
        attach(arguments[2]);
        make(arguments[3]);
    } else if (count == 4 && strcmp(arguments[1], "gateway") == 0) {
        attach(arguments[2]);
        puts(has_gateway(arguments[3]) ? "with" : "without");
    } else if (count == 4 && strcmp(arguments[1], "start") == 0) {
        start(arguments[2], arguments[3]);
    } else {
        fprintf(stderr, "usage: %s make LIBRARY STORE | gateway LIBRARY STORE | start LIBRARY STORE\n", arguments[0]);
        return 2;
    }
    return 0;
}
