/*
 * Eight threads that publish to eight subscribers: four stay from the first event to the last, and four come and go all
 * the while; of each kind half are direct and half are polled. Then savers, and subscribers that begin in the midst.
 *
 * It must not depend on who wins a race. Invariant: every subscriber hears each event that it asked for once and in order,
 * on one thread at a time, and its context is freed once, before its end returns, and never used after.
 *
 *     hub_threads WORKING_FOLDER
 */
#define _XOPEN_SOURCE 700

#include "end.h"
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISHERS 8
#define STAYING 4
#define COMERS 4
#define SAVERS 4

/* A subscriber's own; whoever is called has it alone, which `busy` checks. */
struct hearer {
    coffer_subscription subscription;
    pthread_mutex_t lock;
    int busy;
    int freed;
    uint64_t heard;
    uint64_t last_event;
    /* By publisher, the number of the last event; -1 before the first. */
    int last[PUBLISHERS];
    /* By subscriber of commits, the last commit. */
    uint64_t commit;
};

static char store[PATH_ROOM];
static coffer_db shared;
static int each;

static void prepare(struct hearer *hearer)
{
    int i;
    memset(hearer, 0, sizeof *hearer);
    CHECK(pthread_mutex_init(&hearer->lock, NULL) == 0);
    for (i = 0; i < PUBLISHERS; i++)
        hearer->last[i] = -1;
}

static void begin_call(struct hearer *hearer)
{
    pthread_mutex_lock(&hearer->lock);
    CHECK(!hearer->busy && hearer->freed == 0);
    hearer->busy = 1;
    pthread_mutex_unlock(&hearer->lock);
}

static void end_call(struct hearer *hearer)
{
    pthread_mutex_lock(&hearer->lock);
    CHECK(hearer->busy && hearer->freed == 0);
    hearer->busy = 0;
    pthread_mutex_unlock(&hearer->lock);
}

static void count_free(void *context)
{
    struct hearer *hearer = context;
    pthread_mutex_lock(&hearer->lock);
    CHECK(!hearer->busy);
    hearer->freed++;
    pthread_mutex_unlock(&hearer->lock);
}

/* Each publisher counts its own events: the next is always the one after the last. */
static void hear(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                 int64_t time_ms, const char *json)
{
    struct hearer *hearer = context;
    int publisher, number;
    begin_call(hearer);
    CHECK(strcmp(topic, "t") == 0 && sequence == 0 && strcmp(source, "threads") == 0 && time_ms > 0);
    CHECK(event_id > hearer->last_event);
    hearer->last_event = event_id;
    CHECK(sscanf(json, "[%d,%d]", &publisher, &number) == 2 && publisher >= 0 && publisher < PUBLISHERS);
    CHECK(hearer->last[publisher] == -1 || hearer->last[publisher] + 1 == number);
    hearer->last[publisher] = number;
    hearer->heard++;
    end_call(hearer);
}

static void subscribe(const char *topic, const char *options, coffer_event_callback callback, struct hearer *hearer)
{
    prepare(hearer);
    CHECK_OK(coffer_hub_subscribe(shared, topic, options, callback, hearer, count_free, &hearer->subscription));
}

static void end(struct hearer *hearer)
{
    CHECK_OK(coffer_hub_unsubscribe(hearer->subscription));
    CHECK(hearer->freed == 1);
    CHECK(pthread_mutex_destroy(&hearer->lock) == 0);
}

static void *publish(void *given)
{
    int publisher = *(int *)given, number;
    char json[32];
    for (number = 0; number < each; number++) {
        sprintf(json, "[%d,%d]", publisher, number);
        CHECK_OK(coffer_hub_publish(shared, "t", json, NULL));
    }
    return NULL;
}

/* Subscribes, hears something, ends, and again; everything it has is on its stack. */
static void *come_and_go(void *given)
{
    const char *options = *(int *)given % 2 == 0 ? "{\"direct\":true,\"queue\":1048576}" : "{\"queue\":1048576}";
    uint64_t random = 88172645463325252u + (uint64_t)*(int *)given;
    while (!is_at_end()) {
        struct hearer hearer;
        subscribe("t*", options, hear, &hearer);
        if (next_random(&random) % 4 != 0)
            sleep_ms(1);
        if (next_random(&random) % 2 == 0)
            CHECK_OK(coffer_hub_poll(shared, 100, 0, NULL));
        end(&hearer);
    }
    return NULL;
}

static void *poll_all_the_while(void *given)
{
    while (!is_at_end())
        CHECK_OK(coffer_hub_poll(shared, 1000, 0, NULL));
    return given;
}

static void poll_the_rest(void)
{
    size_t delivered = 1;
    while (delivered > 0)
        CHECK_OK(coffer_hub_poll(shared, 0, 0, &delivered));
}

static void open_shared(const char *name)
{
    fresh_path(store, name);
    CHECK_OK(coffer_open(store, "{\"plugin\":\"threads\",\"checkpoint_bytes\":1099511627776}", &shared));
    set_end(0);
}

static void many_publish(void)
{
    static struct hearer staying[STAYING];
    pthread_t publishers[PUBLISHERS], comers[COMERS], pollers[2];
    int numbers[PUBLISHERS], i, p;
    open_shared("published");
    each = sized(200000, 4000) / PUBLISHERS;
    for (i = 0; i < STAYING; i++)
        subscribe("t", i < 2 ? "{\"direct\":true,\"queue\":1048576}" : "{\"queue\":16777216}", hear, &staying[i]);
    for (i = 0; i < PUBLISHERS; i++)
        numbers[i] = i;
    for (i = 0; i < COMERS; i++)
        CHECK(pthread_create(&comers[i], NULL, come_and_go, &numbers[i]) == 0);
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&pollers[i], NULL, poll_all_the_while, NULL) == 0);
    for (i = 0; i < PUBLISHERS; i++)
        CHECK(pthread_create(&publishers[i], NULL, publish, &numbers[i]) == 0);
    for (i = 0; i < PUBLISHERS; i++)
        CHECK(pthread_join(publishers[i], NULL) == 0);
    set_end(1);
    for (i = 0; i < COMERS; i++)
        CHECK(pthread_join(comers[i], NULL) == 0);
    for (i = 0; i < 2; i++)
        CHECK(pthread_join(pollers[i], NULL) == 0);
    poll_the_rest();
    for (i = 0; i < STAYING; i++) {
        CHECK(staying[i].heard == (uint64_t)each * PUBLISHERS);
        for (p = 0; p < PUBLISHERS; p++)
            CHECK(staying[i].last[p] == each - 1);
        end(&staying[i]);
    }
    CHECK_OK(coffer_close(shared));
}

/* Commits have no gap, whether they came from the journal or just now. */
static void hear_commit(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                        int64_t time_ms, const char *json)
{
    static const char begin[] = "{\"changes\":[{\"collection\":\"plugin_data\",";
    struct hearer *hearer = context;
    begin_call(hearer);
    (void)event_id;
    CHECK(strcmp(topic, "database_changed") == 0 && source != NULL && time_ms > 0);
    CHECK(strncmp(json, begin, strlen(begin)) == 0);
    if (sequence != hearer->commit + 1)
        fprintf(stderr, "commit %llu after %llu\n", (unsigned long long)sequence, (unsigned long long)hearer->commit);
    CHECK(sequence == hearer->commit + 1);
    hearer->commit = sequence;
    end_call(hearer);
}

static void *save(void *given)
{
    char key[16];
    int i;
    sprintf(key, "t%d", *(int *)given);
    for (i = 0; i < sized(2000, 60); i++)
        CHECK_OK(coffer_save_persistent_data(shared, key, "[1]"));
    return NULL;
}

/* Begins after the first commit each time, also in the midst of others' saves, and hears all from there on. */
static void *begin_in_the_midst(void *given)
{
    const char *options = *(int *)given % 2 == 0 ? "{\"direct\":true,\"queue\":1048576,\"since\":1}"
                                                 : "{\"queue\":1048576,\"since\":1}";
    do {
        struct hearer hearer;
        prepare(&hearer);
        hearer.commit = 1;
        CHECK_OK(coffer_hub_subscribe(shared, "database_changed", options, hear_commit, &hearer, count_free,
                                      &hearer.subscription));
        sleep_ms(5);
        CHECK_OK(coffer_hub_poll(shared, 0, 0, NULL));
        end(&hearer);
    } while (!is_at_end());
    return NULL;
}

static void many_save(void)
{
    static struct hearer staying[2];
    pthread_t savers[SAVERS], beginners[2];
    int numbers[SAVERS], i;
    open_shared("saved");
    CHECK_OK(coffer_save_persistent_data(shared, "first", "1"));
    subscribe("database_changed", "{\"direct\":true,\"queue\":1048576}", hear_commit, &staying[0]);
    subscribe("database_changed", "{\"queue\":1048576,\"data\":true}", hear_commit, &staying[1]);
    staying[0].commit = staying[1].commit = 1;
    for (i = 0; i < SAVERS; i++)
        numbers[i] = i;
    for (i = 0; i < SAVERS; i++)
        CHECK(pthread_create(&savers[i], NULL, save, &numbers[i]) == 0);
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&beginners[i], NULL, begin_in_the_midst, &numbers[i]) == 0);
    for (i = 0; i < SAVERS; i++)
        CHECK(pthread_join(savers[i], NULL) == 0);
    set_end(1);
    for (i = 0; i < 2; i++)
        CHECK(pthread_join(beginners[i], NULL) == 0);
    poll_the_rest();
    for (i = 0; i < 2; i++) {
        CHECK(staying[i].commit == 1 + (uint64_t)SAVERS * (uint64_t)sized(2000, 60));
        end(&staying[i]);
    }
    CHECK_OK(coffer_close(shared));
}

/* Closes the handle that everybody publishes and polls through: each context is freed by then, or was not taken. */
static void *publish_until_closed(void *given)
{
    coffer_status status = COFFER_OK;
    while (status == COFFER_OK) {
        status = coffer_hub_publish(shared, "t", "[0,0]", NULL);
        if (status == COFFER_OK)
            status = coffer_hub_poll(shared, 0, 0, NULL);
    }
    CHECK(status == COFFER_ERROR_INVALID_HANDLE);
    return given;
}

static void hear_any(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                     int64_t time_ms, const char *json)
{
    (void)topic, (void)sequence, (void)event_id, (void)source, (void)time_ms, (void)json;
    begin_call(context);
    end_call(context);
}

static void hear_nothing_at_end(void *context, const char *topic, uint64_t sequence, uint64_t event_id,
                                const char *source, int64_t time_ms, const char *json)
{
    (void)context, (void)topic, (void)sequence, (void)event_id, (void)source, (void)time_ms, (void)json;
    CHECK(!is_at_end());
}

/* Leaves as many subscriptions as it can to the handle; `heard` counts them. */
static void *subscribe_until_closed(void *given)
{
    struct hearer *hearer = given;
    coffer_subscription made = 0;
    coffer_status status = COFFER_OK;
    while (status == COFFER_OK && hearer->heard < 100) {
        status = coffer_hub_subscribe(shared, "t", "{\"direct\":true}", hear_nothing_at_end, hearer, count_free, &made);
        hearer->heard += status == COFFER_OK;
    }
    CHECK(status == COFFER_OK || status == COFFER_ERROR_INVALID_HANDLE);
    return NULL;
}

/* Another handle stays open, so that it is not the store's end that ends what was made through this one. */
static void subscribe_while_closing(void)
{
    static struct hearer hearers[PUBLISHERS];
    pthread_t threads[PUBLISHERS];
    coffer_db other;
    int i;
    open_shared("subscribed to meanwhile");
    other = shared;
    CHECK_OK(coffer_open(store, NULL, &shared));
    for (i = 0; i < PUBLISHERS; i++) {
        prepare(&hearers[i]);
        CHECK(pthread_create(&threads[i], NULL, subscribe_until_closed, &hearers[i]) == 0);
    }
    CHECK_OK(coffer_close(shared));
    for (i = 0; i < PUBLISHERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK((uint64_t)hearers[i].freed == hearers[i].heard && pthread_mutex_destroy(&hearers[i].lock) == 0);
    }
    set_end(1);
    CHECK_OK(coffer_hub_publish(other, "t", "1", NULL));
    CHECK_OK(coffer_close(other));
}

static void close_meanwhile(void)
{
    static struct hearer hearers[8];
    pthread_t threads[PUBLISHERS];
    int i;
    open_shared("closed meanwhile");
    for (i = 0; i < 8; i++)
        subscribe("t", i % 2 == 0 ? "{\"direct\":true}" : NULL, hear_any, &hearers[i]);
    for (i = 0; i < PUBLISHERS; i++)
        CHECK(pthread_create(&threads[i], NULL, publish_until_closed, NULL) == 0);
    sleep_ms(2);
    CHECK_OK(coffer_close(shared));
    for (i = 0; i < 8; i++) {
        CHECK(hearers[i].freed == 1);
        CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_unsubscribe(hearers[i].subscription));
    }
    for (i = 0; i < PUBLISHERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (i = 0; i < 8; i++)
        CHECK(hearers[i].freed == 1 && pthread_mutex_destroy(&hearers[i].lock) == 0);
}

int main(int count, char **arguments)
{
    int i;
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    use_working_folder(arguments[1]);
    many_publish();
    printf("ok many publish while others come and go\n");
    many_save();
    printf("ok commits have no gap\n");
    for (i = 0; i < sized(30, 3); i++)
        close_meanwhile();
    printf("ok closing while others publish\n");
    for (i = 0; i < sized(30, 3); i++)
        subscribe_while_closing();
    printf("ok closing while others subscribe\n");
    CHECK(coffer_live_handles() == 0);
    return 0;
}
