/*
 * The conformance cases about the hub; conformance.c runs them with the others.
 *
 * It must not depend on time or threads: hub_threads.c has those. Invariant: each case uses a fresh store, closes it, and
 * knows how often every context was freed.
 */
#include "conformance.h"

#include <stdio.h>
#include <string.h>

#define CHANGED "database_changed"
#define CHANGE(collection, key, revision, old, cleared) \
    "{\"collection\":\"" collection "\",\"key\":\"" key "\",\"revision\":" #revision ",\"old_revision\":" #old \
    ",\"cleared\":" #cleared "}"
#define DATA_CHANGE(key, revision, old, data) \
    "{\"collection\":\"plugin_data\",\"key\":\"" key "\",\"revision\":" #revision ",\"old_revision\":" #old \
    ",\"cleared\":false,\"data\":" data "}"
#define ONE_CHANGE(change) "{\"changes\":[" change "]}"

/* What one subscriber heard: a line of topic, commit, source and JSON for each event. */
struct heard {
    char lines[4096];
    size_t length;
    int calls;
    int freed;
    int64_t time_ms;
    uint64_t event_id;
    /* Ended by the call with this number. */
    coffer_subscription subscription;
    int ends_at;
};

static void hear(void *context, const char *topic, uint64_t sequence, uint64_t event_id, const char *source,
                 int64_t time_ms, const char *json)
{
    struct heard *heard = context;
    int written;
    CHECK(heard->freed == 0);
    written = snprintf(heard->lines + heard->length, sizeof heard->lines - heard->length, "%s %llu <%s> %s\n", topic,
                       (unsigned long long)sequence, source, json);
    CHECK(written > 0 && heard->length + (size_t)written < sizeof heard->lines);
    heard->length += (size_t)written;
    heard->time_ms = time_ms;
    heard->event_id = event_id;
    heard->calls++;
    if (heard->calls == heard->ends_at) {
        CHECK_OK(coffer_hub_unsubscribe(heard->subscription));
        CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_unsubscribe(heard->subscription));
    }
}

static void count_free(void *context)
{
    ((struct heard *)context)->freed++;
}

static void subscribe(coffer_db db, const char *topic, const char *options, struct heard *heard)
{
    memset(heard, 0, sizeof *heard);
    CHECK_OK(coffer_hub_subscribe(db, topic, options, hear, heard, count_free, &heard->subscription));
    CHECK(heard->subscription != 0 && heard->freed == 0);
}

static void end(struct heard *heard)
{
    CHECK(heard->freed == 0);
    CHECK_OK(coffer_hub_unsubscribe(heard->subscription));
    CHECK(heard->freed == 1);
}

/* Checks what was heard since the last look, and forgets it. */
static void expect_heard(struct heard *heard, const char *expected)
{
    if (strcmp(heard->lines, expected) != 0) {
        fprintf(stderr, "expected:\n%sheard:\n%s", expected, heard->lines);
        CHECK(strcmp(heard->lines, expected) == 0);
    }
    heard->lines[0] = '\0';
    heard->length = 0;
}

static void poll_all(coffer_db db, size_t expected)
{
    size_t delivered = 777;
    CHECK_OK(coffer_hub_poll(db, 0, 0, &delivered));
    CHECK(delivered == expected);
}

static void save_numbers(coffer_db db, int from, int to)
{
    char text[16];
    for (; from <= to; from++) {
        sprintf(text, "[%d]", from);
        CHECK_OK(coffer_save_persistent_data(db, "slot", text));
    }
}

void hub_changes(void)
{
    const char *keys[] = {"slot", "other", "party_configs"}, *documents[] = {"[3]", NULL, "{}"};
    struct heard plain, full, elsewhere;
    char path[PATH_ROOM];
    coffer_db one, other;
    fresh_path(path, "hub_changes");
    one = open_at(path, "{\"plugin\":\"one\"}");
    other = open_at(path, "{\"plugin\":\"the \\\"other\\\"\"}");
    subscribe(one, CHANGED, NULL, &plain);
    subscribe(one, CHANGED, "{\"data\":true}", &full);
    subscribe(one, "somewhere else", NULL, &elsewhere);
    CHECK_OK(coffer_save_persistent_data(other, "slot", " [1, 2] "));
    CHECK_OK(coffer_save_entry(other, "other", "\"\xC3\xA9\"", 0, COFFER_DURABILITY_BEHIND, NULL));
    CHECK_OK(coffer_clear_database_entry(other, "slot"));
    /* There is nothing to clear, so that nothing is told. */
    CHECK_OK(coffer_clear_database_entry(other, "slot"));
    CHECK_OK(coffer_save_batch(other, keys, documents, NULL, 3, COFFER_DURABILITY_DEFAULT, NULL));
    CHECK_OK(coffer_save_persistent_data(one, "slot", "4"));
    poll_all(other, 0);
    poll_all(one, 10);
    poll_all(one, 0);
    expect_heard(&plain,
                 CHANGED " 1 <the \"other\"> " ONE_CHANGE(CHANGE("plugin_data", "slot", 1, 0, false)) "\n"
                 CHANGED " 2 <the \"other\"> " ONE_CHANGE(CHANGE("plugin_data", "other", 1, 0, false)) "\n"
                 CHANGED " 3 <the \"other\"> " ONE_CHANGE(CHANGE("plugin_data", "slot", 1, 1, true)) "\n"
                 CHANGED " 4 <the \"other\"> " ONE_CHANGE(CHANGE("plugin_data", "slot", 2, 0, false) ","
                     CHANGE("plugin_data", "other", 1, 1, true) "," CHANGE("party_configs", "party_configs", 1, 0, false)) "\n"
                 CHANGED " 5 <one> " ONE_CHANGE(CHANGE("plugin_data", "slot", 3, 2, false)) "\n");
    CHECK(strstr(full.lines, "1 <the \"other\"> " ONE_CHANGE(DATA_CHANGE("slot", 1, 0, "[1, 2]")) "\n") != NULL);
    CHECK(strstr(full.lines, ONE_CHANGE(DATA_CHANGE("other", 1, 0, "\"\xC3\xA9\"")) "\n") != NULL);
    CHECK(strstr(full.lines, ONE_CHANGE(DATA_CHANGE("slot", 3, 2, "4")) "\n") != NULL);
    CHECK(full.calls == 5 && plain.calls == 5 && elsewhere.calls == 0 && plain.time_ms > 1600000000000);
    end(&plain);
    end(&full);
    end(&elsewhere);
    CHECK_OK(coffer_close(one));
    CHECK_OK(coffer_close(other));
}

void hub_topics(void)
{
    static const char *const refused[] = {CHANGED, "database_sync", "overflow", "", "party*", "*", "a*b"};
    struct heard exact, prefix, all;
    coffer_db db = open_fresh("hub_topics");
    uint64_t first = 0, second = 0, untouched = 77;
    size_t i;
    subscribe(db, "party", NULL, &exact);
    subscribe(db, "party*", NULL, &prefix);
    subscribe(db, "*", NULL, &all);
    CHECK_OK(coffer_hub_publish(db, "party", " {\"members\" : 4}", &first));
    CHECK_OK(coffer_hub_publish(db, "party.left", "1e400", &second));
    CHECK_OK(coffer_hub_publish(db, "par", "\"\xE2\x9A\x94 \\n\"", NULL));
    for (i = 0; i < sizeof refused / sizeof refused[0]; i++)
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_hub_publish(db, refused[i], "1", &untouched));
    CHECK_STATUS(COFFER_ERROR_INVALID_JSON, coffer_hub_publish(db, "party", "{", &untouched));
    CHECK(first > 0 && second == first + 1 && untouched == 77);
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    poll_all(db, 7);
    expect_heard(&exact, "party 0 <>  {\"members\" : 4}\n");
    expect_heard(&prefix, "party 0 <>  {\"members\" : 4}\nparty.left 0 <> 1e400\n");
    expect_heard(&all, "party 0 <>  {\"members\" : 4}\nparty.left 0 <> 1e400\npar 0 <> \"\xE2\x9A\x94 \\n\"\n"
                       CHANGED " 1 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 1, 0, false)) "\n");
    end(&exact);
    end(&prefix);
    end(&all);
    CHECK_OK(coffer_close(db));
}

/* Polled, over two subscriptions, by twos. */
static void polled_in_order(coffer_db db)
{
    static struct heard a;
    coffer_subscription b = 0;
    size_t delivered = 0;
    subscribe(db, "a", NULL, &a);
    /* Both write into one text, which shows the order of the calls. */
    CHECK_OK(coffer_hub_subscribe(db, "b*", "{}", hear, &a, NULL, &b));
    CHECK_OK(coffer_hub_publish(db, "a", "1", NULL));
    CHECK_OK(coffer_hub_publish(db, "b", "2", NULL));
    CHECK_OK(coffer_hub_publish(db, "a", "3", NULL));
    CHECK_OK(coffer_hub_publish(db, "a", "4", NULL));
    CHECK_OK(coffer_hub_publish(db, "b", "5", NULL));
    CHECK(a.calls == 0);
    CHECK_OK(coffer_hub_poll(db, 2, 0, &delivered));
    CHECK(delivered == 2);
    expect_heard(&a, "a 0 <> 1\nb 0 <> 2\n");
    CHECK_OK(coffer_hub_poll(db, 1, 1000000, &delivered));
    CHECK(delivered == 1 && a.calls == 3);
    poll_all(db, 2);
    expect_heard(&a, "a 0 <> 3\na 0 <> 4\nb 0 <> 5\n");
    end(&a);
    CHECK_OK(coffer_hub_unsubscribe(b));
}

/* Taken one by one. */
static void pulled(coffer_db db)
{
    static const char begin[] = "{\"topic\":\"pull\",\"sequence\":0,\"id\":";
    coffer_subscription pull = 0;
    char *untouched = (char *)"as it was", *json = untouched;
    CHECK_OK(coffer_hub_subscribe(db, "pull", NULL, NULL, NULL, NULL, &pull));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next(pull, &json));
    CHECK(json == untouched);
    CHECK_OK(coffer_hub_publish(db, "pull", " [1, 2]", NULL));
    CHECK_OK(coffer_hub_publish(db, "pull", "2", NULL));
    CHECK_OK(coffer_hub_publish(db, "pull", "3", NULL));
    CHECK_OK(coffer_hub_next(pull, &json));
    CHECK(strncmp(json, begin, strlen(begin)) == 0 && strstr(json, ",\"source\":\"\",\"time_ms\":1") != NULL);
    CHECK(strstr(json, ",\"payload\":[1, 2]}") != NULL);
    coffer_string_free(json);
    CHECK_OK(coffer_hub_next(pull, NULL));
    CHECK_OK(coffer_hub_next(pull, &json));
    CHECK(strstr(json, ",\"payload\":3}") != NULL);
    coffer_string_free(json);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_next(pull, NULL));
    CHECK_OK(coffer_hub_unsubscribe(pull));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_next(pull, NULL));
}

void hub_delivery(void)
{
    static struct heard direct;
    coffer_db db = open_fresh("hub_delivery");
    polled_in_order(db);
    subscribe(db, "*", "{\"direct\":true}", &direct);
    CHECK_OK(coffer_hub_publish(db, "now", "1", NULL));
    expect_heard(&direct, "now 0 <> 1\n");
    CHECK_OK(coffer_save_persistent_data(db, "slot", "1"));
    expect_heard(&direct, CHANGED " 1 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 1, 0, false)) "\n");
    poll_all(db, 0);
    end(&direct);
    CHECK_OK(coffer_close(db));
    db = open_fresh("hub_delivery");
    pulled(db);
    CHECK_OK(coffer_close(db));
}

void hub_unsubscribe(void)
{
    static struct heard polled, direct, closed, waiting;
    char path[PATH_ROOM];
    coffer_db db, other;
    fresh_path(path, "hub_unsubscribe");
    db = open_at(path, NULL);
    other = open_at(path, NULL);
    subscribe(db, "t", NULL, &polled);
    subscribe(db, "t", "{\"direct\":true}", &direct);
    polled.ends_at = direct.ends_at = 2;
    CHECK_OK(coffer_hub_publish(db, "t", "1", NULL));
    CHECK_OK(coffer_hub_publish(db, "t", "2", NULL));
    CHECK(direct.calls == 2 && direct.freed == 1);
    CHECK_OK(coffer_hub_publish(db, "t", "3", NULL));
    CHECK(polled.calls == 0);
    poll_all(db, 2);
    CHECK(polled.calls == 2 && polled.freed == 1 && direct.calls == 2);
    /* What waits when a subscription ends is not heard. */
    subscribe(db, "t", NULL, &waiting);
    CHECK_OK(coffer_hub_publish(db, "t", "4", NULL));
    end(&waiting);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_unsubscribe(waiting.subscription));
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_replay(waiting.subscription, 0));
    poll_all(db, 0);
    subscribe(db, "*", "{\"direct\":true}", &closed);
    subscribe(other, "*", NULL, &waiting);
    CHECK_OK(coffer_close(db));
    CHECK(closed.freed == 1 && waiting.freed == 0);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_unsubscribe(closed.subscription));
    CHECK_OK(coffer_hub_publish(other, "t", "5", NULL));
    CHECK_OK(coffer_close(other));
    CHECK(closed.calls == 0 && closed.freed == 1 && waiting.calls == 0 && waiting.freed == 1);
}

void hub_overflow(void)
{
    static struct heard slow;
    char line[64], expected[1024] = "";
    coffer_db db = open_fresh("hub_overflow");
    int number;
    subscribe(db, CHANGED, "{\"queue\":3,\"data\":true}", &slow);
    save_numbers(db, 1, 10);
    poll_all(db, 4);
    CHECK(strstr(slow.lines, "1 <> " ONE_CHANGE(DATA_CHANGE("slot", 1, 0, "[1]")) "\n") != NULL);
    CHECK(strstr(slow.lines, "[3]}]}\noverflow 10 <> {\"events\":7,\"from_sequence\":4,\"to_sequence\":10}\n") != NULL);
    expect_heard(&slow, slow.lines);
    CHECK_OK(coffer_hub_replay(slow.subscription, 3));
    poll_all(db, 7);
    for (number = 4; number <= 10; number++) {
        sprintf(line, CHANGED " %d <> {\"changes\":[", number);
        CHECK(strstr(slow.lines, line) != NULL);
        sprintf(line, "\"revision\":%d,\"old_revision\":%d,", number, number - 1);
        CHECK(strstr(slow.lines, line) != NULL);
        sprintf(line, "\"data\":[%d]}]}\n", number);
        CHECK(strstr(slow.lines, line) != NULL);
    }
    expect_heard(&slow, slow.lines);
    save_numbers(db, 11, 11);
    poll_all(db, 1);
    strcat(expected, CHANGED " 11 <> " ONE_CHANGE(DATA_CHANGE("slot", 11, 10, "[11]")) "\n");
    expect_heard(&slow, expected);
    end(&slow);
    CHECK_OK(coffer_close(db));
}

void hub_since(void)
{
    static struct heard late, early, direct;
    coffer_subscription none = 0;
    coffer_db db = open_fresh("hub_since");
    save_numbers(db, 1, 3);
    subscribe(db, CHANGED, "{\"since\":1}", &late);
    subscribe(db, CHANGED, "{\"since\":2,\"direct\":true}", &direct);
    expect_heard(&direct, CHANGED " 3 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 3, 2, false)) "\n");
    save_numbers(db, 4, 4);
    poll_all(db, 3);
    expect_heard(&late, CHANGED " 2 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 2, 1, false)) "\n"
                        CHANGED " 3 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 3, 2, false)) "\n"
                        CHANGED " 4 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 4, 3, false)) "\n");
    expect_heard(&direct, CHANGED " 4 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 4, 3, false)) "\n");
    CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT,
                 coffer_hub_subscribe(db, "party", "{\"since\":1}", hear, &early, count_free, &none));
    CHECK(none == 0 && early.freed == 0);
    CHECK_OK(coffer_checkpoint(db));
    save_numbers(db, 5, 5);
    subscribe(db, CHANGED, "{\"since\":2}", &early);
    poll_all(db, 3);
    expect_heard(&early, "overflow 4 <> {\"events\":2,\"from_sequence\":3,\"to_sequence\":4}\n"
                         CHANGED " 5 <> " ONE_CHANGE(CHANGE("plugin_data", "slot", 5, 4, false)) "\n");
    end(&late);
    end(&early);
    end(&direct);
    CHECK_OK(coffer_close(db));
}

void hub_sync(void)
{
    static struct heard hears;
    char expected[512];
    char *json = NULL;
    coffer_db db = open_fresh("hub_sync");
    unsigned long long event = 0, subscribers = 9, time_ms = 0;
    CHECK_OK(coffer_sync_tier1_data_to_hub(db, &json));
    CHECK(strstr(json, "\"success\":true") != NULL && strstr(json, "\"subscribers\":0") != NULL);
    coffer_string_free(json);
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Ash\"]"));
    CHECK_OK(coffer_save_character_roster_state(db, "[\"Ash\", 2]"));
    CHECK_OK(coffer_save_party_config(db, "[1]"));
    CHECK_OK(coffer_clear_database_entry(db, "party_configs"));
    subscribe(db, "database_sync", NULL, &hears);
    CHECK_OK(coffer_sync_tier1_data_to_hub(db, NULL));
    CHECK_OK(coffer_sync_tier1_data_to_hub(db, &json));
    CHECK(sscanf(json, "{\"success\":true,\"event_id\":%llu,\"subscribers\":%llu,\"time_ms\":%llu}", &event, &subscribers,
                 &time_ms) == 3);
    coffer_string_free(json);
    CHECK(event > 1 && subscribers == 1 && time_ms > 1600000000000);
    CHECK_OK(coffer_hub_poll(db, 1, 0, NULL));
    CHECK(hears.event_id != 0 && hears.event_id < event);
    expect_heard(&hears, hears.lines);
    poll_all(db, 1);
    CHECK(hears.event_id == event);
    sprintf(expected, "database_sync 4 <> {\"character_roster\":[\"Ash\", 2],\"equipment_sets\":null,\"party_configs\":null,"
                      "\"versions\":{\"character_roster_v\":2,\"equipment_sets_v\":0,\"party_configs_v\":1},"
                      "\"timestamp_ms\":%llu}\n", time_ms);
    expect_heard(&hears, expected);
    end(&hears);
    CHECK_OK(coffer_close(db));
}

void hub_master_reference(void)
{
    static const char name[] = "database-persistence-layer";
    char path[PATH_ROOM], *first = NULL, *json = NULL;
    coffer_db one, other;
    fresh_path(path, "hub_master_reference");
    one = open_at(path, "{\"plugin\":\"one\"}");
    other = open_at(path, "{\"plugin\":\"other\"}");
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_references(one, name, &json));
    CHECK_OK(coffer_hub_references(one, NULL, &json));
    CHECK_SAME("[]", json);
    CHECK_OK(coffer_register_database_as_master_reference(one, &first));
    CHECK(strncmp(first, "{\"registered\":true,\"ref_id\":\"database-persistence-layer@", 54) == 0);
    CHECK(strstr(first, "\",\"name\":\"database-persistence-layer\",\"holder\":\"one\",\"about\":{") != NULL);
    CHECK(strstr(first, "\"version\":\"" COFFER_VERSION "\"") != NULL);
    CHECK(strstr(first, "\"provides\":[\"character_roster\",\"equipment_sets\",\"party_configs\"]") != NULL);
    CHECK(strstr(first, "\"capabilities\":[\"read\",\"write\",\"sync\",\"version_control\"]") != NULL);
    /* Again, by the same: it is so already. */
    CHECK_OK(coffer_register_database_as_master_reference(one, &json));
    CHECK_SAME(first, json);
    CHECK_OK(coffer_register_database_as_master_reference(other, &json));
    CHECK(strncmp(json, "{\"registered\":false,", 20) == 0 && strstr(json, "\"holder\":\"one\"") != NULL);
    coffer_string_free(json);
    CHECK_OK(coffer_hub_references(other, name, &json));
    CHECK(json[0] == '{' && strcmp(json + 1, strstr(first, "\"ref_id\"")) == 0);
    coffer_string_free(json);
    CHECK_OK(coffer_close(one));
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_hub_references(other, name, NULL));
    CHECK_OK(coffer_register_database_as_master_reference(other, NULL));
    CHECK_OK(coffer_hub_references(other, NULL, &json));
    CHECK(strncmp(json, "[{\"ref_id\"", 10) == 0 && strstr(json, "\"holder\":\"other\"") != NULL);
    coffer_string_free(json);
    coffer_string_free(first);
    CHECK_OK(coffer_close(other));
}
