/*
 * Shows what is in a store, apart from Godot: each document as "key<tab>json", in the order of keys.
 *
 *     look STORE
 *
 * It must not write: the store is opened read-only. Invariant: it ends with 0 only if every key that is listed could be loaded,
 * but for collections that have nothing yet.
 */
#include <coffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, coffer_last_error());
    return 1;
}

int main(int count, char **arguments)
{
    coffer_db db;
    char key[1025] = "", *list = NULL, *json = NULL;
    if (count != 2) return 2;
    if (coffer_open(arguments[1], "{\"read_only\":true,\"create\":false}", &db) != COFFER_OK) return failed(arguments[1]);
    for (;;) {
        /* One key at a time, so that no JSON has to be read: [] or ["key"], and the tests' keys have no escapes. */
        if (coffer_list_database_keys_with(db, NULL, key[0] != '\0' ? key : NULL, 1, &list) != COFFER_OK) return failed("list");
        const size_t length = strlen(list);
        if (length <= 4) break;
        if (length - 4 >= sizeof key || strchr(list, '\\') != NULL) return failed("a key that is not one of the tests'");
        memcpy(key, list + 2, length - 4);
        key[length - 4] = '\0';
        coffer_string_free(list);
        const coffer_status status = coffer_load_persistent_data(db, key, &json);
        if (status == COFFER_OK) {
            printf("%s\t%s\n", key, json);
            coffer_string_free(json);
        } else if (status != COFFER_ERROR_NOT_FOUND) {
            return failed(key);
        }
    }
    coffer_string_free(list);
    return coffer_close(db) == COFFER_OK ? EXIT_SUCCESS : failed("close");
}
