/*
 * A writer is killed at a random time, and everything that it had acknowledged has to be there.
 *
 * A worker starts this program anew as the writer, which saves numbered documents and after each save that returned
 * writes the number to its standard output, which is a pipe. The worker must not wait for a good moment: some writers are
 * killed while they still start, create or recover the store, some while they close it. Several workers, each with stores
 * of its own, share the rounds. Invariant: what is found is 1, 2, 3 … up to some number without a gap, each whole and as
 * it was saved, and that number is the last acknowledged one or later; and every snapshot that was acknowledged and not
 * deleted is whole and can be restored.
 *
 *     kill WORKING_FOLDER [ROUNDS [SEED]]
 *     kill --worker FOLDER ROUNDS SEED                        (for itself)
 *     kill --writer STORE DURABILITY KIND FIRST REOPENING     (for itself)
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { SINGLE, BATCH, SNAPSHOTS };
#define KINDS 3

/* How many snapshots of its own a writer keeps. */
#define SNAPSHOTS_KEPT 12

/* How many saves lie between two flushes of a writer that saves behind. */
#define BEHIND 20

/* After how many saves some writers close the store and open it again. */
#define REOPENED_AFTER 97

/* A store that holds more is begun anew, and any other one in so many rounds: what is checked stays small. */
#define ENOUGH 1500
#define ROUNDS_OF_A_STORE 16

/* More than there are processors, so that a writer is also stopped in the middle of anything. */
#define MOST_WORKERS 6

/* A store of each kind lives through several rounds. */
struct plan {
    char name[32];
    const char *durability;
    enum kind kind;
    char store[PATH_ROOM];
    /* How many documents, or batches, it is known to hold; and up to which number there is a snapshot for certain. */
    int reached;
    int kept;
};

struct writer {
    struct process process;
    /* The last number that it acknowledged; if none, the one that its plan had reached before. */
    int last;
    int was_heard;
};

/* What came of the rounds. */
struct outcome {
    int rounds;
    int saves;
    /* How many writers were killed before they said anything, and how many left no store at all. */
    int unheard;
    int without_store;
};

/* Different lengths, so that the ends of records fall everywhere. */
static void text_of(char *text, int number, int part)
{
    int padding = number * 37 % 1500;
    sprintf(text, "{\"number\":%d,\"part\":%d,\"padding\":\"%*s\"}", number, part, padding, "");
}

static void save_single(coffer_db db, int number)
{
    char key[32], text[2048];
    sprintf(key, "n/%08d", number);
    text_of(text, number, 0);
    CHECK_OK(coffer_save_persistent_data(db, key, text));
}

/* Two new documents and one that is saved over and over, so that its revision counts the batches. */
static void save_three(coffer_db db, int number)
{
    char first[32], second[32], texts[3][2048];
    const char *keys[3], *documents[3];
    int part;
    sprintf(first, "n/%08d", number);
    sprintf(second, "m/%08d", number);
    keys[0] = first;
    keys[1] = "last";
    keys[2] = second;
    for (part = 0; part < 3; part++) {
        text_of(texts[part], number, part);
        documents[part] = texts[part];
    }
    CHECK_OK(coffer_save_batch(db, keys, documents, NULL, 3, COFFER_DURABILITY_DEFAULT, NULL));
}

static void label_of(char *label, int number)
{
    sprintf(label, "s/%08d", number);
}

static void delete_old(coffer_db db, int number)
{
    char label[32];
    coffer_status status;
    if (number < 1)
        return;
    label_of(label, number);
    status = coffer_delete_snapshot(db, label);
    /* A killed writer may have deleted it before. */
    CHECK(status == COFFER_OK || status == COFFER_ERROR_UNKNOWN_SNAPSHOT);
}

/* A batch and a snapshot of it; now and then two documents go back to an earlier one, together. */
static void save_and_keep(coffer_db db, int number)
{
    char first[32], label[32], texts[3][2048];
    const char *keys[3], *documents[3];
    int part;
    sprintf(first, "n/%08d", number);
    keys[0] = first;
    keys[1] = "last";
    keys[2] = "also";
    for (part = 0; part < 3; part++) {
        text_of(texts[part], number, part);
        documents[part] = texts[part];
    }
    CHECK_OK(coffer_save_batch(db, keys, documents, NULL, 3, COFFER_DURABILITY_DEFAULT, NULL));
    label_of(label, number);
    CHECK_OK(coffer_create_database_snapshot(db, label, NULL));
    if (number % 3 == 0) {
        label_of(label, number - 2);
        CHECK_OK(coffer_restore_database_from_snapshot(db, label, "{\"keys\":[\"last\",\"also\"]}", NULL));
    }
    delete_old(db, number - SNAPSHOTS_KEPT);
}

static enum kind kind_of(const char *number)
{
    static const enum kind kinds[] = {SINGLE, BATCH, SNAPSHOTS};
    return kinds[atoi(number) % KINDS];
}

/* What is saved behind is acknowledged once it was flushed. */
static int saves_at_once(const char *durability)
{
    return strcmp(durability, "behind") == 0 ? BEHIND : 1;
}

/* Never returns: the worker kills it, or closes the pipe. */
static int write_for_ever(char **arguments)
{
    char options[256];
    const char *durability = arguments[1];
    enum kind kind = kind_of(arguments[2]);
    int number = atoi(arguments[3]), reopening = atoi(arguments[4]);
    int each = saves_at_once(durability);
    coffer_db db = 0;
    sprintf(options, "{\"durability\":\"%s\",\"segment_bytes\":65536,\"checkpoint_bytes\":150000}", durability);
    CHECK_OK(coffer_open(arguments[0], options, &db));
    for (;; number++) {
        if (reopening && number % REOPENED_AFTER == 0) {
            CHECK_OK(coffer_close(db));
            CHECK_OK(coffer_open(arguments[0], options, &db));
        }
        if (kind == SINGLE)
            save_single(db, number);
        else if (kind == BATCH)
            save_three(db, number);
        else
            save_and_keep(db, number);
        if (number % each != 0)
            continue;
        if (each > 1)
            CHECK_OK(coffer_flush(db));
        /* One write call each, no buffer: what is in the pipe was acknowledged. */
        if (!write_out(&number, sizeof number))
            return 3;
    }
}

static struct writer start_writer(const char *program, const struct plan *plan, int reopening)
{
    struct writer writer;
    char kind[16], first[16];
    const char *arguments[] = {"--writer", plan->store, plan->durability, kind, first, reopening ? "1" : "0", NULL};
    sprintf(kind, "%d", (int)plan->kind);
    /* The last snapshot may not have come to be; its number is done again, so that every number has one. */
    sprintf(first, "%d", plan->kind == SNAPSHOTS && plan->reached > 0 ? plan->reached : plan->reached + 1);
    writer.last = plan->reached;
    writer.was_heard = 0;
    start_process(&writer.process, program, arguments);
    return writer;
}

/* Takes the next number that the writer said. Returns 0 if it said no more before its end. */
static int hear(struct writer *writer)
{
    int heard = fread(&writer->last, sizeof writer->last, 1, writer->process.output) == 1;
    writer->was_heard |= heard;
    return heard;
}

static void kill_writer(struct writer *writer)
{
    kill_process(&writer->process);
    while (hear(writer))
        continue;
    fclose(writer->process.output);
}

static void check_text(coffer_db db, const char *key, int number, int part)
{
    char expected[2048], *text;
    text_of(expected, number, part);
    CHECK_OK(coffer_load_persistent_data(db, key, &text));
    CHECK_SAME(expected, text);
}

/* How many keys `<letter>/00000001`, `…2`, … there are; a gap fails. */
static int count_in_order(coffer_db db, char letter, int part)
{
    char prefix[3], key[1025], expected[32], *keys;
    const char *place;
    int count = 0;
    sprintf(prefix, "%c/", letter);
    CHECK_OK(coffer_list_database_keys_with(db, prefix, NULL, 0, &keys));
    for (place = keys; next_string(&place, key, sizeof key);) {
        sprintf(expected, "%c/%08d", letter, ++count);
        CHECK(strcmp(key, expected) == 0);
        check_text(db, key, count, part);
    }
    coffer_string_free(keys);
    return count;
}

/* Which number a document's text is of, which has to be whole. */
static int number_in(coffer_db db, const char *key, int part)
{
    char *text = NULL;
    int number = 0;
    CHECK_OK(coffer_load_persistent_data(db, key, &text));
    CHECK(sscanf(text, "{\"number\":%d,", &number) == 1);
    coffer_string_free(text);
    check_text(db, key, number, part);
    return number;
}

/* Two documents are saved together and restored together, to at most three numbers before the newest. */
static void check_pair(coffer_db db, int count)
{
    int number = number_in(db, "last", 1);
    CHECK(number_in(db, "also", 2) == number);
    CHECK(number <= count && number >= count - 3);
}

static void check_in_snapshot(coffer_db db, const char *label, const char *key, int number, int part)
{
    char expected[2048], *text;
    text_of(expected, number, part);
    CHECK_OK(coffer_load_from_snapshot(db, label, key, &text));
    CHECK_SAME(expected, text);
}

/* Every snapshot that is listed is whole; those up to `newest` are there, and hold what was then. */
static void check_snapshots(coffer_db db, int newest)
{
    char label[32], key[32], id[1025], *keys;
    const char *place;
    int number = newest - SNAPSHOTS_KEPT + 2;
    CHECK_OK(coffer_list_database_keys_with(db, "save_metadata/snapshots/", NULL, 0, &keys));
    for (place = keys; next_string(&place, id, sizeof id);)
        CHECK_OK(coffer_verify_snapshot(db, strrchr(id, '/') + 1, NULL));
    coffer_string_free(keys);
    for (number = number < 1 ? 1 : number; number <= newest; number++) {
        label_of(label, number);
        check_in_snapshot(db, label, "last", number, 1);
        check_in_snapshot(db, label, "also", number, 2);
        sprintf(key, "n/%08d", number);
        check_in_snapshot(db, label, key, number, 0);
        sprintf(key, "n/%08d", number + 1);
        CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_from_snapshot(db, label, key, NULL));
    }
}

/* Goes back to a snapshot and forth again. */
static void check_restoring(coffer_db db, int number, int count)
{
    char label[32], undo[64] = "", *json = NULL;
    int last = number_in(db, "last", 1);
    label_of(label, number);
    CHECK_OK(coffer_restore_database_from_snapshot(db, label, NULL, &json));
    CHECK(count_in_order(db, 'n', 0) == number);
    check_text(db, "last", number, 1);
    check_text(db, "also", number, 2);
    if (strstr(json, "\"undo\":null") == NULL) {
        CHECK(sscanf(strstr(json, "\"undo\":"), "\"undo\":\"%63[^\"]", undo) == 1);
        CHECK_OK(coffer_restore_database_from_snapshot(db, undo, NULL, NULL));
    }
    coffer_string_free(json);
    CHECK(count_in_order(db, 'n', 0) == count && number_in(db, "last", 1) == last);
    check_pair(db, count);
}

/* Checks the whole store and returns how far it reaches. */
static int check_store(coffer_db db, const struct plan *plan)
{
    int count = count_in_order(db, 'n', 0);
    uint64_t revision = 0;
    if (count == 0) {
        /* Nothing else was saved before the first number. */
        CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(db, "last", NULL));
        return 0;
    }
    if (plan->kind == BATCH) {
        CHECK(count_in_order(db, 'm', 2) == count);
        CHECK_OK(coffer_load_entry(db, "last", NULL, &revision, NULL));
        CHECK(revision == (uint64_t)count);
        check_text(db, "last", count, 1);
    }
    if (plan->kind == SNAPSHOTS)
        check_pair(db, count);
    return count;
}

/* While the writer lives: nobody else opens the store for writing, everybody may look. */
static void check_beside_writer(const struct plan *plan, const struct writer *writer)
{
    char process[64];
    coffer_db db = 0;
    CHECK_STATUS(COFFER_ERROR_BUSY, coffer_open(plan->store, NULL, &db));
    CHECK(db == 0);
    sprintf(process, "process %d;", writer->process.id);
    CHECK(strstr(coffer_last_error(), process) != NULL);
    CHECK_OK(coffer_open(plan->store, "{\"read_only\":true}", &db));
    CHECK(check_store(db, plan) >= writer->last);
    CHECK_STATUS(COFFER_ERROR_READ_ONLY, coffer_save_persistent_data(db, "last", "0"));
    CHECK_OK(coffer_close(db));
    CHECK(coffer_live_handles() == 0);
}

/* Only the lock and files without content, if anything: the writer was killed before the store was one. */
static int has_no_store_yet(const struct plan *plan, const struct writer *writer, coffer_status status)
{
    return status == COFFER_ERROR_NO_STORE && plan->reached == 0 && !writer->was_heard;
}

static void check_after_kill(struct plan *plan, const struct writer *writer, int by_looking_only, struct outcome *outcome)
{
    coffer_db db = 0;
    /* The dead process has no lock any more, and what it left is whole. Looking alone leaves the mess to the next writer. */
    coffer_status status = coffer_open(plan->store, by_looking_only ? "{\"read_only\":true}" : NULL, &db);
    int count;
    if (by_looking_only && has_no_store_yet(plan, writer, status)) {
        outcome->without_store++;
        return;
    }
    CHECK_OK(status);
    count = check_store(db, plan);
    CHECK(count >= writer->last);
    /* One save, or what lies between two flushes, may have been under way. */
    CHECK(count <= writer->last + saves_at_once(plan->durability));
    if (plan->kind == SNAPSHOTS && count > 0) {
        if (writer->was_heard)
            plan->kept = writer->last;
        /* The snapshot before the last save was certain before that save began, whatever its durability. */
        if (plan->kept < count - 1)
            plan->kept = count - 1;
        check_snapshots(db, plan->kept);
        if (!by_looking_only && plan->kept > 0)
            check_restoring(db, plan->kept - plan->kept % SNAPSHOTS_KEPT / 2, count);
    }
    CHECK_OK(coffer_close(db));
    outcome->saves += count - plan->reached;
    plan->reached = count;
}

static void begin_anew(struct plan *plan)
{
    fresh_path(plan->store, plan->name);
    plan->reached = plan->kept = 0;
}

static void run_round(const char *program, struct plan *plan, uint64_t *random, struct outcome *outcome)
{
    /* Half of the writers live a little longer; the others may not even have begun. */
    int waiting = next_random(random) % 3 > 0, looking = waiting && next_random(random) % 3 == 0;
    struct writer writer;
    if (plan->reached > ENOUGH || next_random(random) % ROUNDS_OF_A_STORE == 0)
        begin_anew(plan);
    writer = start_writer(program, plan, !looking);
    /* By the first number the store is open and in use. */
    if (waiting)
        CHECK_SAID("the writer said nothing", hear(&writer));
    if (looking)
        check_beside_writer(plan, &writer);
    sleep_ms((long)(next_random(random) % 24));
    kill_writer(&writer);
    outcome->rounds++;
    outcome->unheard += !writer.was_heard;
    check_after_kill(plan, &writer, next_random(random) % 2 == 0, outcome);
}

/* A worker's rounds, on nine stores of its own. */
static void run_rounds(const char *program, int rounds, uint64_t random)
{
    static struct plan plans[3 * KINDS];
    static const char *const durabilities[] = {"written", "durable", "behind"};
    static const char *const kinds[] = {"single", "batch", "snapshots"};
    struct outcome outcome = {0, 0, 0, 0};
    int i;
    for (i = 0; i < 3 * KINDS; i++) {
        char kind[16];
        sprintf(kind, "%d", i / 3);
        plans[i].durability = durabilities[i % 3];
        plans[i].kind = kind_of(kind);
        sprintf(plans[i].name, "%s-%s", plans[i].durability, kinds[i / 3]);
        begin_anew(&plans[i]);
    }
    for (i = 0; i < rounds; i++)
        run_round(program, &plans[i % (3 * KINDS)], &random, &outcome);
    printf("%d %d %d %d\n", outcome.rounds, outcome.saves, outcome.unheard, outcome.without_store);
}

/* Shares the rounds out among workers, which are processes like this one, and adds up what they say. */
static int run_workers(const char *program, const char *folder, int rounds, uint64_t random)
{
    struct process processes[MOST_WORKERS];
    char place[PATH_ROOM], share[16], seed[32];
    const char *arguments[] = {"--worker", place, share, seed, NULL};
    struct outcome part, all = {0, 0, 0, 0};
    /* Each worker has every kind of store. */
    int workers = rounds / (3 * KINDS), i, failed = 0;
    workers = workers < 1 ? 1 : workers > MOST_WORKERS ? MOST_WORKERS : workers;
    for (i = 0; i < workers; i++) {
        snprintf(place, sizeof place, "%s/worker-%d", folder, i);
        sprintf(share, "%d", rounds / workers + (i < rounds % workers));
        sprintf(seed, "%llu", (unsigned long long)next_random(&random));
        start_process(&processes[i], program, arguments);
    }
    for (i = 0; i < workers; i++) {
        int told = fscanf(processes[i].output, "%d %d %d %d", &part.rounds, &part.saves, &part.unheard,
                          &part.without_store);
        if (wait_for_process(&processes[i]) != 0 || told != 4) {
            failed = 1;
            continue;
        }
        all.rounds += part.rounds;
        all.saves += part.saves;
        all.unheard += part.unheard;
        all.without_store += part.without_store;
    }
    CHECK_SAID("a worker failed; its message stands above", !failed);
    CHECK_SAID("rounds are missing", all.rounds == rounds);
    printf("ok %d writers killed by %d workers, %d of them before their first save; %d saves found; %d left no store yet\n",
           all.rounds, workers, all.unheard, all.saves, all.without_store);
    return 0;
}

int main(int count, char **arguments)
{
    uint64_t seed;
    int rounds;
    if (count == 7 && strcmp(arguments[1], "--writer") == 0)
        return write_for_ever(arguments + 2);
    if (count == 5 && strcmp(arguments[1], "--worker") == 0) {
        use_working_folder(arguments[2]);
        run_rounds(own_program(arguments[0]), atoi(arguments[3]), strtoull(arguments[4], NULL, 10));
        return 0;
    }
    if (count < 2 || count > 4) {
        fprintf(stderr, "usage: %s WORKING_FOLDER [ROUNDS [SEED]]\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    rounds = count > 2 ? atoi(arguments[2]) : 20;
    seed = count > 3 ? strtoull(arguments[3], NULL, 10) : (uint64_t)time(NULL) * 1000003u + (uint64_t)own_process_id();
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    return run_workers(own_program(arguments[0]), arguments[1], rounds, seed == 0 ? 1 : seed);
}
