/*
 * Plug-ins on many threads: direct, polled and pulled ones and one that answers later, which call each other, while others
 * register, leave and close their handles. Then hosts that come and go while others publish, and a call that two wait for.
 *
 * It must not depend on who wins a race; plugin_ends.c has ends that meet each other. Invariant: each answer belongs to its question, which has a number of its own;
 * nobody waits for ever (an alarm ends the process); a context is freed once, when no call is under way, and not used after.
 *
 *     plugin_threads WORKING_FOLDER
 */
#define _XOPEN_SOURCE 700

#include "end.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define CALLERS 6
#define COMERS 4
#define PATIENT 600000
#define QUEUE 64

/* A plug-in's context: it is on the heap, so that whoever uses it too late is found out. */
struct owned {
    coffer_db db;
    const char *name;
    /* The plug-in that its method `relay` asks first. */
    const char *next;
    int inside;
    /* Counts up when it is freed; it belongs to whoever registered. */
    int *freed;
};

static char store[PATH_ROOM];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t served;

static void move_inside(struct owned *owned, int by)
{
    pthread_mutex_lock(&lock);
    owned->inside += by;
    CHECK(owned->inside >= 0);
    served += by > 0;
    pthread_mutex_unlock(&lock);
}

static void end_owned(void *context)
{
    struct owned *owned = context;
    pthread_mutex_lock(&lock);
    CHECK(owned->inside == 0 && *owned->freed == 0);
    ++*owned->freed;
    pthread_mutex_unlock(&lock);
    memset(owned, 0xA5, sizeof *owned);
    free(owned);
}

static int was_freed(int *freed)
{
    int now;
    pthread_mutex_lock(&lock);
    now = *freed;
    pthread_mutex_unlock(&lock);
    return now;
}

static struct owned *own(coffer_db db, const char *name, const char *next, int *freed)
{
    struct owned *owned = calloc(1, sizeof *owned);
    CHECK(owned != NULL);
    owned->db = db;
    owned->name = name;
    owned->next = next;
    owned->freed = freed;
    *freed = 0;
    return owned;
}

/* The answer to a question: who answers, and the question. */
static void compose(char *answer, size_t room, const char *name, const char *json)
{
    CHECK(snprintf(answer, room, "[\"%s\",%s]", name, json) < (int)room);
}

static void serve(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    struct owned *owned = context;
    char answer[256], expected[256], *got = NULL;
    coffer_status status;
    move_inside(owned, 1);
    CHECK(caller != NULL);
    if (strcmp(method, "relay") == 0) {
        CHECK_OK(coffer_hub_call(owned->db, owned->next, "echo", json, PATIENT, &got));
        compose(expected, sizeof expected, owned->next, json);
        CHECK_SAME(expected, got);
    }
    compose(answer, sizeof answer, owned->name, json);
    status = coffer_hub_answer(request, answer);
    CHECK(status == COFFER_OK || status == COFFER_ERROR_TIMED_OUT || status == COFFER_ERROR_INVALID_ARGUMENT);
    /* The caller may have gone on and ended this plug-in: its context has to be there until this returns. */
    move_inside(owned, -1);
}

/* Questions that are answered by another thread. */
static struct {
    coffer_request request;
    char json[64];
} waiting[QUEUE];
static size_t waiting_first, waiting_end;
static pthread_cond_t waiting_changed = PTHREAD_COND_INITIALIZER;

static void put_off(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    (void)caller, (void)method;
    move_inside(context, 1);
    pthread_mutex_lock(&lock);
    CHECK(waiting_end - waiting_first < QUEUE && strlen(json) < sizeof waiting[0].json);
    waiting[waiting_end % QUEUE].request = request;
    strcpy(waiting[waiting_end % QUEUE].json, json);
    waiting_end++;
    pthread_cond_signal(&waiting_changed);
    pthread_mutex_unlock(&lock);
    move_inside(context, -1);
}

static void *answer_later(void *given)
{
    char answer[256];
    coffer_request request;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (waiting_first == waiting_end && !is_at_end())
            pthread_cond_wait(&waiting_changed, &lock);
        if (waiting_first == waiting_end) {
            pthread_mutex_unlock(&lock);
            return given;
        }
        compose(answer, sizeof answer, "later", waiting[waiting_first % QUEUE].json);
        request = waiting[waiting_first++ % QUEUE].request;
        pthread_mutex_unlock(&lock);
        CHECK_OK(coffer_hub_answer(request, answer));
    }
}

static void register_owned(coffer_db db, struct owned *owned, int is_direct, coffer_method_callback callback)
{
    char json[160];
    snprintf(json, sizeof json, "{\"name\":\"%s\",\"version\":\"1.0.0\",\"exports\":[\"echo\",\"relay\"],\"direct\":%s}",
             owned->name, is_direct ? "true" : "false");
    CHECK_OK(coffer_hub_register_plugin(db, json, callback, owned, end_owned));
}

static coffer_db open_store(const char *plugin)
{
    char options[64];
    coffer_db db = 0;
    sprintf(options, "{\"plugin\":\"%s\"}", plugin);
    CHECK_OK(coffer_open(store, options, &db));
    return db;
}

static void *poll_until_end(void *given)
{
    while (!is_at_end()) {
        size_t delivered = 0;
        CHECK_OK(coffer_hub_poll(*(coffer_db *)given, 0, 0, &delivered));
        if (delivered == 0)
            sched_yield();
    }
    return NULL;
}

/* Takes calls one by one; those of `relay` it asks a direct plug-in for first. */
static void *pull_until_end(void *given)
{
    coffer_db db = *(coffer_db *)given;
    char *json, answer[256], argument[64], *got;
    coffer_request request;
    while (!is_at_end()) {
        coffer_status status = coffer_hub_next_call(db, &request, &json);
        if (status == COFFER_ERROR_NOT_FOUND) {
            sched_yield();
            continue;
        }
        CHECK(status == COFFER_OK);
        CHECK(sscanf(strstr(json, "\"argument\":"), "\"argument\":%63[^}]}", argument) == 1);
        if (strstr(json, "\"method\":\"relay\"") != NULL) {
            CHECK_OK(coffer_hub_call(db, "direct", "echo", argument, PATIENT, &got));
            compose(answer, sizeof answer, "direct", argument);
            CHECK_SAME(answer, got);
        }
        coffer_string_free(json);
        compose(answer, sizeof answer, "pulled", argument);
        CHECK_OK(coffer_hub_answer(request, answer));
    }
    return NULL;
}

/* Asks one question and checks that the answer belongs to it. */
static coffer_status ask(coffer_db db, const char *plugin, const char *method, uint64_t number, uint32_t limit, int waits)
{
    char json[64], expected[256], *untouched = (char *)"as it was", *answer = untouched;
    coffer_status status;
    coffer_call call = 0;
    sprintf(json, "[%llu]", (unsigned long long)number);
    if (waits) {
        status = coffer_hub_call(db, plugin, method, json, limit, &answer);
    } else {
        status = coffer_hub_begin_call(db, plugin, method, json, limit, &call);
        while (status == COFFER_OK && (status = coffer_hub_await_call(call, 500, &answer)) == COFFER_ERROR_PENDING)
            status = COFFER_OK;
    }
    CHECK((status == COFFER_OK) == (answer != untouched));
    if (status == COFFER_OK) {
        compose(expected, sizeof expected, plugin, json);
        CHECK_SAME(expected, answer);
    }
    return status;
}

static void *call_all(void *given)
{
    static const char *const staying[] = {"direct", "polled", "second", "pulled", "later"};
    static const char *const coming[] = {"c0", "c1", "c2", "c3"};
    uint64_t caller = (uint64_t)*(int *)given, random = 88172645463325252u + caller, number;
    coffer_db db = open_store("caller");
    uint64_t questions = (uint64_t)sized(4000, 150);
    for (number = 0; number < questions; number++) {
        uint64_t choice = next_random(&random);
        const char *plugin = staying[choice % LENGTH_OF(staying)];
        /* What answers later asks nobody. */
        const char *method = choice >> 8 & 1 && strcmp(plugin, "later") != 0 ? "relay" : "echo";
        coffer_status status = ask(db, plugin, method, caller * questions + number, PATIENT, (int)(choice >> 9 & 1));
        CHECK(status == COFFER_OK);
        status = ask(db, coming[choice >> 16 & 3], "echo", caller * questions + number, 20, (int)(choice >> 10 & 1));
        CHECK(status == COFFER_OK || status == COFFER_ERROR_UNKNOWN_PLUGIN || status == COFFER_ERROR_CALL_FAILED ||
              status == COFFER_ERROR_TIMED_OUT);
    }
    CHECK_OK(coffer_close(db));
    return NULL;
}

/* Registers, is called for a while, and leaves, one time by itself and one time with its handle. */
static void *come_and_go(void *given)
{
    static const char *const names[] = {"c0", "c1", "c2", "c3"};
    int number = *(int *)given, round, freed;
    for (round = 0; !is_at_end(); round++) {
        coffer_db db = open_store(names[number]);
        register_owned(db, own(db, names[number], "direct", &freed), number % 2 == 0, serve);
        CHECK(ask(db, "direct", "echo", 1, PATIENT, 1) == COFFER_OK);
        CHECK_OK(coffer_hub_poll(db, 10, 0, NULL));
        sleep_ms(round % 2);
        CHECK_OK(coffer_hub_poll(db, 10, 0, NULL));
        if (round % 3 != 0)
            CHECK_OK(coffer_hub_unregister_plugin(db, names[number]));
        CHECK(round % 3 == 0 || was_freed(&freed) == 1);
        CHECK_OK(coffer_close(db));
        CHECK(was_freed(&freed) == 1);
    }
    return NULL;
}

static void start(pthread_t *threads, int count, void *(*run)(void *), void *given, size_t size)
{
    int i;
    for (i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (char *)given + (size_t)i * size) == 0);
}

static void join(pthread_t *threads, int count)
{
    int i;
    for (i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void many_call(void)
{
    static const char pulled[] = "{\"name\":\"pulled\",\"version\":\"1.0.0\",\"exports\":[\"echo\",\"relay\"]}";
    pthread_t callers[CALLERS], comers[COMERS], pollers[2], others[2];
    int numbers[] = {0, 1, 2, 3, 4, 5}, freed[4];
    coffer_db dbs[4], db;
    int i;
    fresh_path(store, "many call");
    for (i = 0; i < 4; i++)
        dbs[i] = open_store("staying");
    /* Nobody asks one who may be waiting for him. */
    register_owned(dbs[0], own(dbs[0], "direct", "second", &freed[0]), 1, serve);
    register_owned(dbs[1], own(dbs[1], "polled", "later", &freed[1]), 0, serve);
    register_owned(dbs[2], own(dbs[2], "second", "later", &freed[2]), 0, serve);
    register_owned(dbs[0], own(dbs[0], "later", NULL, &freed[3]), 1, put_off);
    CHECK_OK(coffer_hub_register_plugin(dbs[3], pulled, NULL, NULL, NULL));
    set_end(0);
    start(pollers, 2, poll_until_end, &dbs[1], sizeof dbs[0]);
    start(&others[0], 1, pull_until_end, &dbs[3], 0);
    start(&others[1], 1, answer_later, numbers, 0);
    start(comers, COMERS, come_and_go, numbers, sizeof numbers[0]);
    start(callers, CALLERS, call_all, numbers, sizeof numbers[0]);
    join(callers, CALLERS);
    pthread_mutex_lock(&lock);
    set_end(1);
    pthread_cond_broadcast(&waiting_changed);
    pthread_mutex_unlock(&lock);
    join(comers, COMERS);
    join(pollers, 2);
    join(others, 2);
    db = open_store("");
    CHECK_OK(coffer_hub_poll(db, 0, 0, NULL));
    for (i = 0; i < 4; i++)
        CHECK(was_freed(&freed[i]) == 0);
    for (i = 0; i < 4; i++)
        CHECK_OK(coffer_close(dbs[i]));
    for (i = 0; i < 4; i++)
        CHECK(was_freed(&freed[i]) == 1);
    CHECK(served >= (uint64_t)sized(4000, 150) * CALLERS / 2);
    CHECK_STATUS(COFFER_ERROR_UNKNOWN_PLUGIN, coffer_hub_call(db, "direct", "echo", "1", 0, NULL));
    CHECK_OK(coffer_close(db));
}

/* A host, which answers with the topic that it was asked about. */
static void answer_as_host(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    char topic[64], answer[128];
    struct owned *owned = context;
    move_inside(owned, 1);
    CHECK(strcmp(caller, "publisher") == 0 && strcmp(method, "broadcast") == 0);
    CHECK(sscanf(json, "{\"topic\":\"%63[^\"]\"", topic) == 1);
    sprintf(answer, "{\"asked\":\"%s\"}", topic);
    if (strcmp(topic, "refused") == 0)
        CHECK(coffer_hub_refuse(request, answer) != COFFER_ERROR_INVALID_HANDLE);
    else
        CHECK(coffer_hub_answer(request, answer) != COFFER_ERROR_INVALID_HANDLE);
    move_inside(owned, -1);
}

/* With or without a host, what is published is published or refused, never both. */
static void *publish(void *given)
{
    coffer_db db = open_store("publisher");
    coffer_subscription hears = 0;
    int i, published = 0, heard = 0;
    char topic[16], pattern[18], *json;
    sprintf(topic, "topic %d", *(int *)given);
    sprintf(pattern, "%s*", topic);
    CHECK_OK(coffer_hub_subscribe(db, pattern, "{\"queue\":1048576}", NULL, NULL, NULL, &hears));
    for (i = 0; i < sized(3000, 100); i++) {
        coffer_status status = coffer_hub_publish(db, topic, "1", NULL);
        /* A host that left has refused nothing. */
        CHECK(status == COFFER_OK);
        published += status == COFFER_OK;
        status = coffer_hub_publish(db, "refused", "1", NULL);
        CHECK(status == COFFER_OK || status == COFFER_ERROR_CALL_FAILED);
        status = coffer_sync_tier1_data_to_hub(db, &json);
        if (status == COFFER_OK) {
            CHECK(strstr(json, "\"host\"") == NULL || strstr(json, "\"host\":{\"asked\":\"database_sync\"}") != NULL);
            coffer_string_free(json);
        }
    }
    while (coffer_hub_next(hears, NULL) == COFFER_OK)
        heard++;
    CHECK(heard == published);
    CHECK_OK(coffer_close(db));
    return NULL;
}

static void *supply_and_withdraw(void *given)
{
    int round, freed;
    for (round = 0; !is_at_end(); round++) {
        coffer_db db = open_store("host");
        struct owned *owned = own(db, "host", NULL, &freed);
        coffer_status status = coffer_hub_supply(db, NULL, answer_as_host, owned, end_owned);
        if (status == COFFER_OK) {
            if (round % 4 != 0)
                sleep_ms(1);
            if (round % 3 != 0)
                CHECK_OK(coffer_hub_supply(db, NULL, NULL, NULL, NULL));
            CHECK(round % 3 == 0 || was_freed(&freed) == 1);
        } else {
            CHECK(status == COFFER_ERROR_NAME_TAKEN && was_freed(&freed) == 0);
            free(owned);
        }
        CHECK_OK(coffer_close(db));
        CHECK(was_freed(&freed) == (status == COFFER_OK));
    }
    return given;
}

static void hosts_come_and_go(void)
{
    pthread_t publishers[4], suppliers[2];
    int numbers[] = {0, 1, 2, 3};
    fresh_path(store, "hosts");
    set_end(0);
    start(suppliers, 2, supply_and_withdraw, numbers, sizeof numbers[0]);
    start(publishers, 4, publish, numbers, sizeof numbers[0]);
    join(publishers, 4);
    set_end(1);
    join(suppliers, 2);
}

static coffer_call awaited;

static void *await_one(void *given)
{
    *(coffer_status *)given = coffer_hub_await_call(awaited, 600000000, NULL);
    return NULL;
}

/* Two wait for one call: one is told what came of it, to the other it is over. */
static void two_await(void)
{
    pthread_t threads[2];
    coffer_status told[2];
    coffer_request request = 0;
    coffer_db db;
    int round;
    fresh_path(store, "two await");
    db = open_store("");
    CHECK_OK(coffer_hub_register_plugin(db, "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"m\"]}", NULL, NULL, NULL));
    for (round = 0; round < sized(300, 20); round++) {
        CHECK_OK(coffer_hub_begin_call(db, "p", "m", "1", PATIENT, &awaited));
        CHECK_OK(coffer_hub_next_call(db, &request, NULL));
        start(threads, 2, await_one, told, sizeof told[0]);
        if (round % 2 == 0)
            sleep_ms(1);
        CHECK_OK(coffer_hub_answer(request, "1"));
        join(threads, 2);
        CHECK((told[0] == COFFER_OK) != (told[1] == COFFER_OK));
        told[0] = told[0] == COFFER_OK ? told[1] : told[0];
        CHECK(told[0] == COFFER_ERROR_INVALID_HANDLE);
    }
    CHECK_OK(coffer_close(db));
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    end_in(300);
    many_call();
    printf("ok many call each other while others come and go\n");
    hosts_come_and_go();
    printf("ok hosts come and go\n");
    two_await();
    printf("ok two wait for one call\n");
    CHECK(coffer_live_handles() == 0);
    return 0;
}
