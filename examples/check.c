/*
 * Looks into a store after the engine died, and says in numbers what is there.
 *
 *     check list STORE                  every document: its key, revision, length and a checksum of its text
 *     check saves STORE ACKNOWLEDGED    the saves of `engine race` against the numbers that it printed
 *
 * It must not write a document. `saves` opens the store as a game would, so it mends what the kill left behind; `list`
 * only reads.
 */
#include "session.h"

#include <string.h>

/* The next string of a JSON array of keys, cut out in place; NULL at its end. Enough for the keys of these examples,
 * which need no escapes; a program with a JSON library uses that. */
static char *next_key(char **place)
{
    char *start = strchr(*place, '"'), *end = start == NULL ? NULL : strchr(start + 1, '"');
    if (end == NULL)
        return NULL;
    *end = '\0';
    *place = end + 1;
    return start + 1;
}

static unsigned long long checksum(const char *text)
{
    unsigned long long sum = 14695981039346656037ull; /* FNV-1a */
    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * 1099511628211ull;
    return sum;
}

static void list(const char *store)
{
    char *keys, *place, *key, *text;
    uint64_t revision;
    coffer_status status;
    coffer_db db = 0;
    must(coffer_open(store, "{\"read_only\":true}", &db), "open the store");
    must(coffer_list_database_keys(db, &keys), "list the keys");
    for (place = keys; (key = next_key(&place)) != NULL;) {
        status = coffer_load_entry(db, key, &text, &revision, NULL);
        if (status == COFFER_ERROR_NOT_FOUND)
            continue; /* the name of a collection, not of a document */
        must(status, "load a document");
        printf("%s %llu %zu %016llx\n", key, (unsigned long long)revision, strlen(text), checksum(text));
        coffer_string_free(text);
    }
    coffer_string_free(keys);
    must(coffer_close(db), "close the store");
}

/* How many parts of a save are there, exactly as they were saved. */
static int parts_found(coffer_db db, unsigned long number)
{
    char key[KEY_ROOM], expected[TEXT_ROOM], *text;
    coffer_status status;
    int part, found = 0;
    for (part = 0; part < parts_of(number); part++) {
        make_part(number, part, key, expected);
        status = coffer_load_persistent_data(db, key, &text);
        if (status == COFFER_ERROR_NOT_FOUND)
            continue;
        must(status, "load a document");
        found += strcmp(text, expected) == 0;
        coffer_string_free(text);
    }
    return found;
}

/* The last number that the engine printed. It counted from 1 on, so this is also how many saves were acknowledged. */
static unsigned long last_acknowledged(const char *file)
{
    unsigned long number = 0, next;
    FILE *lines = fopen(file, "r");
    if (lines == NULL) {
        perror(file);
        exit(1);
    }
    while (fscanf(lines, "%lu", &next) == 1) {
        if (next != ++number) {
            fprintf(stderr, "%s: expected %lu, got %lu\n", file, number, next);
            exit(1);
        }
    }
    fclose(lines);
    return number;
}

static void print_member(const char *report, const char *name)
{
    const char *member = strstr(report, name);
    const char *colon = member == NULL ? NULL : strchr(member, ':');
    printf("%s %llu\n", name, colon == NULL ? 0ull : strtoull(colon + 1, NULL, 10));
}

/* Prints lines `name number`, which examples/run puts into sentences. Index 0 counts single saves, 1 batches. */
static void check_saves(const char *store, const char *file)
{
    unsigned long last = last_acknowledged(file), number, saved[2] = {0, 0}, found[2] = {0, 0}, lost[2] = {0, 0};
    unsigned long documents = 0, listed = 0, partial = 0;
    char *report, *keys, *place;
    coffer_db db = 0;
    must(coffer_open(store, NULL, &db), "open the store");
    must(coffer_recovery_report(db, &report), "ask what opening found");
    print_member(report, "recovered_records");
    print_member(report, "torn_bytes");
    coffer_string_free(report);
    /* One further: the save that was under way may have been finished before the engine could say so. */
    for (number = 1; number <= last + 1; number++) {
        int parts = parts_found(db, number), batch = parts_of(number) > 1;
        documents += (unsigned long)parts;
        saved[batch] += number <= last;
        found[batch] += parts == parts_of(number);
        lost[batch] += number <= last && parts < parts_of(number);
        partial += parts > 0 && parts < parts_of(number);
    }
    must(coffer_list_database_keys_with(db, "autosave/", NULL, 0, &keys), "list the saves");
    for (place = keys; next_key(&place) != NULL;)
        listed++;
    coffer_string_free(keys);
    printf("single_saved %lu\nsingle_found %lu\nsingle_lost %lu\n", saved[0], found[0], lost[0]);
    printf("batch_saved %lu\nbatch_found %lu\nbatch_lost %lu\n", saved[1], found[1], lost[1]);
    printf("partial %lu\nstray %lu\n", partial, listed > documents ? listed - documents : 0);
    must(coffer_close(db), "close the store");
}

int main(int count, char **arguments)
{
    must_fit();
    if (count == 3 && strcmp(arguments[1], "list") == 0)
        list(arguments[2]);
    else if (count == 4 && strcmp(arguments[1], "saves") == 0)
        check_saves(arguments[2], arguments[3]);
    else {
        fprintf(stderr, "usage: %s list STORE | saves STORE ACKNOWLEDGED\n", arguments[0]);
        return 2;
    }
    return 0;
}
