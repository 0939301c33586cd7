/*
 * Ends that meet each other: callbacks on several threads, each of which ends the plug-in or the subscription of the next or
 * closes its handle; plug-ins and hosts that are registered while their handle is closed; and many who end the same one.
 *
 * It must not depend on who wins a race. Invariant: nobody waits for ever (an alarm ends the process); a context is freed
 * once if it was taken and not at all if not, and never while a call with it is under way.
 *
 *     plugin_ends WORKING_FOLDER
 */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 3
#define REGISTRARS 4
#define EACH 40

enum end { UNREGISTER, UNSUBSCRIBE, CLOSE };

/* One of a circle: when it is called it waits for the others to be called too, and then ends the next. */
struct one {
    coffer_db db;
    coffer_subscription subscription;
    char name[16];
    enum end end;
    struct one *next;
    int calls;
    int inside;
    int freed;
};

static char store[PATH_ROOM];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_are_called;

static void move_inside(struct one *one, int by)
{
    pthread_mutex_lock(&lock);
    CHECK(one->freed == 0);
    one->inside += by;
    one->calls += by > 0;
    pthread_mutex_unlock(&lock);
}

static void count_free(void *context)
{
    struct one *one = context;
    pthread_mutex_lock(&lock);
    CHECK(one->inside == 0);
    one->freed++;
    pthread_mutex_unlock(&lock);
}

static void end_the_next(struct one *one)
{
    struct one *next = one->next;
    move_inside(one, 1);
    pthread_barrier_wait(&all_are_called);
    if (next->end == UNREGISTER)
        CHECK_OK(coffer_hub_unregister_plugin(next->db, next->name));
    else if (next->end == UNSUBSCRIBE)
        CHECK_OK(coffer_hub_unsubscribe(next->subscription));
    else
        CHECK_OK(coffer_close(next->db));
    move_inside(one, -1);
}

static void called(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    coffer_status status;
    (void)caller, (void)method, (void)json;
    end_the_next(context);
    status = coffer_hub_answer(request, "1");
    CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_ARGUMENT);
}

static void heard(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source, int64_t time_ms,
                  const char *json)
{
    (void)topic, (void)sequence, (void)event_id, (void)source, (void)time_ms, (void)json;
    end_the_next(context);
}

/* Whose handle everybody calls and publishes through; it stays open. */
static coffer_db outside;

static void *call_one(void *given)
{
    struct one *one = given;
    coffer_status status;
    if (one->subscription != 0) {
        CHECK_OK(coffer_hub_publish(outside, one->name, "1", NULL));
        return NULL;
    }
    status = coffer_hub_call(outside, one->name, "m", "1", 600000, NULL);
    CHECK(status == COFFER_OK || status == COFFER_ERROR_CALL_FAILED);
    return NULL;
}

static void poll_one(struct one *one)
{
    coffer_status status = coffer_hub_poll(one->db, 0, 0, NULL);
    CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_HANDLE);
}

static void *poll_for_one(void *given)
{
    poll_one(given);
    return NULL;
}

/* What one of the circle is: a plug-in or a subscription, direct or polled, and how it is ended. */
struct kind {
    int is_subscription;
    int is_direct;
    enum end end;
};

static void begin_one(struct one *one, const struct kind *kind, int number)
{
    char json[128];
    memset(one, 0, sizeof *one);
    CHECK_OK(coffer_open(store, NULL, &one->db));
    sprintf(one->name, "one %d", number);
    one->end = kind->end;
    if (kind->is_subscription) {
        sprintf(json, "{\"direct\":%s}", kind->is_direct ? "true" : "false");
        CHECK_OK(coffer_hub_subscribe(one->db, one->name, json, heard, one, count_free, &one->subscription));
        return;
    }
    sprintf(json, "{\"name\":\"%s\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":%s}", one->name,
            kind->is_direct ? "true" : "false");
    CHECK_OK(coffer_hub_register_plugin(one->db, json, called, one, count_free));
}

/* One thread for each of the circle is in its callback when the ends begin. */
static void circle(const struct kind *kinds, int count)
{
    struct one ones[MOST];
    pthread_t threads[MOST];
    coffer_call call = 0;
    int i;
    CHECK(pthread_barrier_init(&all_are_called, NULL, (unsigned)count) == 0);
    for (i = 0; i < count; i++) {
        begin_one(&ones[i], &kinds[i], i);
        ones[i].next = &ones[(i + 1) % count];
    }
    for (i = 0; i < count; i++) {
        if (!kinds[i].is_direct && kinds[i].is_subscription)
            CHECK_OK(coffer_hub_publish(outside, ones[i].name, "1", NULL));
        else if (!kinds[i].is_direct)
            CHECK_OK(coffer_hub_begin_call(outside, ones[i].name, "m", "1", 600000, &call));
        CHECK(pthread_create(&threads[i], NULL, kinds[i].is_direct ? call_one : poll_for_one, &ones[i]) == 0);
    }
    for (i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (i = 0; i < count; i++) {
        CHECK(ones[i].calls == 1 && ones[i].freed == 1);
        CHECK_STATUS(ones[i].end == CLOSE ? COFFER_ERROR_INVALID_HANDLE : COFFER_OK, coffer_close(ones[i].db));
        CHECK(ones[i].freed == 1);
    }
    CHECK(pthread_barrier_destroy(&all_are_called) == 0);
}

/* Every pair of kinds, and circles of three. */
static void circles(void)
{
    static const struct kind kinds[] = {{0, 1, UNREGISTER}, {0, 0, UNREGISTER}, {1, 1, UNSUBSCRIBE}, {1, 0, UNSUBSCRIBE},
                                        {0, 1, CLOSE},      {0, 0, CLOSE},      {1, 1, CLOSE},       {1, 0, CLOSE}};
    struct kind chosen[MOST];
    uint64_t random = 88172645463325252u;
    size_t i, j, count = sizeof kinds / sizeof kinds[0];
    int round;
    CHECK_OK(coffer_open(store, NULL, &outside));
    for (round = 0; round < sized(4, 1); round++)
        for (i = 0; i < count; i++)
            for (j = 0; j < count; j++) {
                chosen[0] = kinds[i];
                chosen[1] = kinds[j];
                circle(chosen, 2);
            }
    for (round = 0; round < sized(200, 20); round++) {
        for (i = 0; i < MOST; i++)
            chosen[i] = kinds[next_random(&random) % count];
        circle(chosen, MOST);
    }
    CHECK_OK(coffer_close(outside));
}

static void answer(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    coffer_status status;
    (void)caller, (void)method, (void)json;
    move_inside(context, 1);
    status = coffer_hub_answer(request, "1");
    CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_ARGUMENT);
    move_inside(context, -1);
}

static coffer_db closing;

/* Registers until the handle is closed; what is refused stays with this thread, and nobody uses it. */
static void *register_until_closed(void *given)
{
    struct one *ones = given;
    char json[128];
    int i;
    for (i = 0; i < EACH; i++) {
        struct one *one = &ones[i];
        coffer_status status;
        sprintf(json, "{\"name\":\"%s\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}", one->name);
        if (one->end == CLOSE)
            status = coffer_hub_supply(closing, NULL, answer, one, count_free);
        else
            status = coffer_hub_register_plugin(closing, json, answer, one, count_free);
        CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_HANDLE ||
              (one->end == CLOSE && status == COFFER_ERROR_NAME_TAKEN));
        pthread_mutex_lock(&lock);
        if (status != COFFER_OK) {
            CHECK(one->inside == 0 && one->freed == 0);
            one->freed = 100;
        }
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* Calls what is being registered, and publishes, which asks the host. */
static void *call_while_closing(void *given)
{
    struct one(*ones)[EACH] = given;
    int i, r;
    for (i = 0; i < EACH; i++)
        for (r = 0; r < REGISTRARS; r++) {
            coffer_status status = coffer_hub_call(outside, ones[r][i].name, "m", "1", 600000, NULL);
            CHECK(status == COFFER_OK || status == COFFER_ERROR_UNKNOWN_PLUGIN || status == COFFER_ERROR_CALL_FAILED);
            status = coffer_hub_publish(outside, "topic", "1", NULL);
            CHECK_OK(status);
        }
    return NULL;
}

/* Another handle stays open, so that it is not the store's end that ends what was made through this one. */
static void register_while_closing(int pause_us)
{
    static struct one ones[REGISTRARS][EACH];
    pthread_t registrars[REGISTRARS], callers[2];
    struct timespec pause;
    int i, r;
    memset(ones, 0, sizeof ones);
    CHECK_OK(coffer_open(store, NULL, &outside));
    CHECK_OK(coffer_open(store, NULL, &closing));
    for (r = 0; r < REGISTRARS; r++)
        for (i = 0; i < EACH; i++) {
            sprintf(ones[r][i].name, "%d %d", r, i);
            /* One in four supplies a host. */
            ones[r][i].end = i % 4 == 3 ? CLOSE : UNREGISTER;
        }
    for (r = 0; r < REGISTRARS; r++)
        CHECK(pthread_create(&registrars[r], NULL, register_until_closed, ones[r]) == 0);
    for (r = 0; r < 2; r++)
        CHECK(pthread_create(&callers[r], NULL, call_while_closing, ones) == 0);
    pause.tv_sec = 0;
    pause.tv_nsec = pause_us * 1000L;
    nanosleep(&pause, NULL);
    CHECK_OK(coffer_close(closing));
    for (r = 0; r < REGISTRARS; r++)
        CHECK(pthread_join(registrars[r], NULL) == 0);
    for (r = 0; r < 2; r++)
        CHECK(pthread_join(callers[r], NULL) == 0);
    for (r = 0; r < REGISTRARS; r++)
        for (i = 0; i < EACH; i++)
            CHECK(ones[r][i].freed == 1 || ones[r][i].freed == 100);
    CHECK_OK(coffer_close(outside));
}

static struct one same;
static int ended_by;

/* One of many that end the same plug-in; the one that did finds its context freed. */
static void *end_the_same(void *given)
{
    coffer_status status;
    pthread_barrier_wait(&all_are_called);
    status = coffer_hub_unregister_plugin(same.db, same.name);
    pthread_mutex_lock(&lock);
    CHECK(status == COFFER_OK || status == COFFER_ERROR_UNKNOWN_PLUGIN);
    if (status == COFFER_OK) {
        CHECK(same.freed == 1);
        ended_by++;
    }
    pthread_mutex_unlock(&lock);
    return given;
}

static void *call_the_same(void *given)
{
    coffer_status status = COFFER_OK;
    pthread_barrier_wait(&all_are_called);
    while (status == COFFER_OK)
        status = coffer_hub_call(same.db, same.name, "m", "1", 600000, NULL);
    CHECK(status == COFFER_ERROR_UNKNOWN_PLUGIN || status == COFFER_ERROR_CALL_FAILED);
    return given;
}

static void many_end_one(void)
{
    pthread_t threads[6];
    int i;
    memset(&same, 0, sizeof same);
    ended_by = 0;
    strcpy(same.name, "same");
    CHECK(pthread_barrier_init(&all_are_called, NULL, 6) == 0);
    CHECK_OK(coffer_open(store, NULL, &same.db));
    CHECK_OK(coffer_hub_register_plugin(same.db, "{\"name\":\"same\",\"version\":\"1.0.0\",\"exports\":[\"m\"],"
                                                 "\"direct\":true}", answer, &same, count_free));
    for (i = 0; i < 6; i++)
        CHECK(pthread_create(&threads[i], NULL, i < 3 ? end_the_same : call_the_same, NULL) == 0);
    for (i = 0; i < 6; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(ended_by == 1 && same.freed == 1);
    CHECK_OK(coffer_close(same.db));
    CHECK(same.freed == 1 && pthread_barrier_destroy(&all_are_called) == 0);
}

int main(int count, char **arguments)
{
    int i;
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    fresh_path(store, "ended");
    end_in(300);
    circles();
    printf("ok callbacks that end each other\n");
    for (i = 0; i < sized(100, 5); i++)
        register_while_closing(i * 10);
    printf("ok registering while the handle is closed\n");
    for (i = 0; i < sized(300, 10); i++)
        many_end_one();
    printf("ok many end one\n");
    CHECK(coffer_live_handles() == 0);
    return 0;
}
