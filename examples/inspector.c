/*
 * A game that is being played, and that a browser may look into: it saves, publishes and broadcasts, while the page of
 * the gateway shows its store.
 *
 *   inspector STORE [SECONDS]     plays that long, or until Ctrl-C
 *
 * It must not do more than a game's frame does: the gateway's threads are the library's own. Invariant: the page's
 * address, with the token, is printed once and on a line of its own, so that a script finds it.
 */
#include "session.h"

#include <signal.h>
#include <string.h>
#include <time.h>

enum { MONSTERS = 5000, AT_ONCE = 1000, FRAMES_A_SECOND = 20 };

static volatile sig_atomic_t is_over = 0;

static void on_interrupt(int number)
{
    (void)number;
    is_over = 1;
}

/* What a bestiary might hold, in batches. */
static void fill(coffer_db db)
{
    static char key_room[AT_ONCE][KEY_ROOM], text_room[AT_ONCE][TEXT_ROOM];
    static const char *keys[AT_ONCE], *texts[AT_ONCE];
    static const char *const kinds[] = {"slime", "wolf", "wisp", "golem", "drake"};
    int first, i;
    for (first = 0; first < MONSTERS; first += AT_ONCE) {
        for (i = 0; i < AT_ONCE; i++) {
            int number = first + i;
            snprintf(key_room[i], KEY_ROOM, "monsters/%05d", number);
            snprintf(text_room[i], TEXT_ROOM,
                     "{\"name\":\"%s %d\",\"level\":%d,\"hp\":%d,\"drops\":[%d,%d],\"seed\":%d00000000000000000001}",
                     kinds[number % 5], number, number % 99 + 1, 20 + number % 977, number % 256, number % 7,
                     number % 9 + 1);
            keys[i] = key_room[i];
            texts[i] = text_room[i];
        }
        must(coffer_save_batch(db, keys, texts, NULL, AT_ONCE, COFFER_DURABILITY_DEFAULT, NULL), "fill the bestiary");
    }
}

/* One frame's changes. */
static void play(coffer_db db, unsigned long frame)
{
    char text[TEXT_ROOM];
    snprintf(text, sizeof text, "{\"frame\":%lu,\"x\":%lu,\"y\":%lu,\"hp\":%lu}", frame, frame * 7 % 320, frame * 3 % 240,
             100 - frame % 37);
    must(coffer_save_persistent_data(db, "autosave/position", text), "save the position");
    if (frame % (5 * FRAMES_A_SECOND) == 0) {
        snprintf(text, sizeof text, "{\"leader\":\"Ash\",\"gold\":%lu,\"members\":[\"Ash\",\"Bryn\",\"Coral\"]}", frame * 11);
        must(coffer_save_party_config(db, text), "save the party");
        must(coffer_sync_tier1_data_to_hub(db, NULL), "broadcast the party");
    }
    if (frame % (10 * FRAMES_A_SECOND) == 0)
        must(coffer_hub_publish(db, "weather_changed", frame % 3 == 0 ? "{\"rain\":true}" : "{\"rain\":false}", NULL),
             "publish the weather");
}

/* The text of a member of a JSON object whose texts have no escapes. */
static void print_member(const char *title, const char *json, const char *member)
{
    char name[64];
    const char *start;
    snprintf(name, sizeof name, "\"%s\":\"", member);
    start = strstr(json, name);
    if (start != NULL) {
        start += strlen(name);
        printf("%s%.*s\n", title, (int)strcspn(start, "\""), start);
    }
}

int main(int argc, char **argv)
{
    const struct timespec frame_time = {0, 1000000000L / FRAMES_A_SECOND};
    unsigned long frame = 0, last;
    coffer_db db;
    char *json;
    if (argc < 2) {
        fprintf(stderr, "usage: inspector STORE [SECONDS]\n");
        return 2;
    }
    must_fit();
    last = argc > 2 ? strtoul(argv[2], NULL, 10) * FRAMES_A_SECOND : 0;
    signal(SIGINT, on_interrupt);
    must(coffer_open(argv[1], "{\"plugin\":\"example-game\"}", &db), "open the store");
    fill(db);
    must(coffer_save_character_roster_state(db, "[\"Ash\",\"Bryn\",\"Coral\",\"Dune\"]"), "save the roster");
    must(coffer_save_equipment_config(db, "{\"Ash\":[\"sword\",\"cloak\"]}"), "save the equipment");
    must(coffer_create_database_snapshot(db, "before the game", NULL), "make a snapshot");
    must(coffer_register_database_api(db, "{\"listen\":\"127.0.0.1:0\",\"allow_write\":true}", &json), "start the gateway");
    print_member("The page:   ", json, "inspector");
    print_member("By hand:    curl -H 'Authorization: Bearer ", json, "token");
    coffer_string_free(json);
    puts(last > 0 ? "Playing for a while." : "Playing until Ctrl-C.");
    fflush(stdout);
    while (!is_over && (last == 0 || frame < last)) {
        play(db, ++frame);
        nanosleep(&frame_time, NULL);
    }
    /* Closing also ends the gateway: no request is under way after it, and its port is free. */
    must(coffer_close(db), "close the store");
    printf("Played %lu frames.\n", frame);
    return 0;
}
