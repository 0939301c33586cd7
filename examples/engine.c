/*
 * A game engine in miniature, in C: it owns the game loop and saves while it draws.
 *
 *     engine play STORE      a few seconds of play at 60 frames a second, saving in every frame
 *     engine look STORE      what a second process is told while the first one plays
 *     engine race STORE      saves as fast as it can until it is killed, and prints the number of each finished save
 *
 * It must not read JSON: Coffer takes and gives texts, and what reads them is the engine's own choice.
 */
#define _POSIX_C_SOURCE 200809L

#include "session.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 180 };
#define FRAME_RATE 60.0 /* frames a second */

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Saves the six heroes, who gain experience as they go: every save is one more version of the roster. */
static void save_roster(coffer_db db, int frame)
{
    static const char *const names[] = {"Asha", "Brond", "Corin", "Dilwen", "Eskil", "Fenna"};
    char text[1024] = "{\"heroes\":[";
    size_t used = strlen(text), i;
    for (i = 0; i < 6; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%s{\"name\":\"%s\",\"level\":%d,\"hit_points\":%d,\"experience\":%d}",
                                 i == 0 ? "" : ",", names[i], 2 + (int)i * 5 % 6, 14 + (int)i * 17 % 23, frame * 10);
    snprintf(text + used, sizeof text - used, "]}");
    must(coffer_save_character_roster_state(db, text), "save the roster");
}

/* What one frame saves: where the player is, each time; the rest when a game would see it change. */
static void save_frame(coffer_db db, int frame)
{
    char text[128];
    snprintf(text, sizeof text, "{\"frame\":%d,\"x\":%.2f,\"y\":%.2f}", frame, frame * 0.25, 8.0 - frame * 0.03);
    must(coffer_save_persistent_data(db, "progress", text), "save the progress");
    if (frame % 20 == 0)
        save_roster(db, frame);
    if (frame % 90 == 0) {
        must(coffer_save_equipment_config(db, "{\"sets\":[]}"), "save the equipment");
        must(coffer_save_party_config(db, "{\"members\":[\"Asha\",\"Brond\"]}"), "save the party");
    }
}

/* Two parts of one program open the store, each for itself; what one saves, the other reads at once. */
static void show_two_handles(coffer_db engine, const char *store)
{
    coffer_db minimap = 0;
    char seen[64]; /* a caller's own buffer: loading into it allocates nothing, as suits a frame */
    must(coffer_open(store, "{\"plugin\":\"minimap\"}", &minimap), "open the store a second time");
    must(coffer_save_persistent_data(minimap, "minimap/seen", "{\"rooms\":7}"), "save the minimap");
    must(coffer_load_persistent_data_into(engine, "minimap/seen", seen, sizeof seen, NULL), "load the minimap");
    printf("Its minimap opened the same store in the same process and saved %s;\n"
           "the engine read that at once through its own handle.\n", seen);
    must(coffer_close(minimap), "close the minimap's handle");
}

static void play(const char *store)
{
    double start, took, longest = 0, sum = 0;
    struct timespec rest = {0, 0};
    coffer_db db = 0;
    int frame;
    must(coffer_open(store, "{\"plugin\":\"engine\"}", &db), "open the store");
    start = now_ms();
    for (frame = 0; frame < FRAMES; frame++) {
        took = now_ms();
        save_frame(db, frame);
        took = now_ms() - took;
        sum += took;
        longest = took > longest ? took : longest;
        if (frame == 0)
            printf("The engine is process %ld. It plays %.0f seconds.\n", (long)getpid(), FRAMES / FRAME_RATE);
        /* ... a game would draw here ... */
        rest.tv_nsec = (long)((start + (frame + 1) * 1e3 / FRAME_RATE - now_ms()) * 1e6);
        if (rest.tv_nsec > 0)
            nanosleep(&rest, NULL);
    }
    printf("It saved in each of %d frames, %.0f a second. Of the %.1f ms that a frame has, saving took\n"
           "%.3f ms on average and %.3f ms at most.\n", FRAMES, FRAME_RATE, 1e3 / FRAME_RATE, sum / FRAMES, longest);
    show_two_handles(db, store);
    must(coffer_close(db), "close the store");
}

/* One process writes. Any other is told who does, and may read. */
static void look(const char *store)
{
    coffer_db db = 0;
    char *progress = NULL;
    must_be(COFFER_ERROR_BUSY, coffer_open(store, NULL, &db), "find the store in use");
    printf("  Meanwhile process %ld wants to write to the same store, and is refused:\n  COFFER_ERROR_BUSY: %s\n",
           (long)getpid(), coffer_last_error());
    must(coffer_open(store, "{\"read_only\":true}", &db), "open the store to read");
    must(coffer_load_persistent_data(db, "progress", &progress), "load the progress");
    printf("  It may open the store to read, and sees the game as it is at that moment:\n  %s\n", progress);
    coffer_string_free(progress);
    must(coffer_close(db), "close the store");
}

/* Never returns by itself. Most saves are `written`, which outlives this process; batches are `durable`, which outlives
 * a power cut. A number is printed once its save has returned, each line at once: what was printed was promised. */
static void race(const char *store)
{
    char keys[MOST_PARTS][KEY_ROOM], texts[MOST_PARTS][TEXT_ROOM];
    const char *key_list[MOST_PARTS] = {keys[0], keys[1], keys[2]};
    const char *text_list[MOST_PARTS] = {texts[0], texts[1], texts[2]};
    unsigned long number;
    coffer_db db = 0;
    int part, parts;
    must(coffer_open(store, NULL, &db), "open the store");
    for (number = 1;; number++) {
        parts = parts_of(number);
        for (part = 0; part < parts; part++)
            make_part(number, part, keys[part], texts[part]);
        must(coffer_save_batch(db, key_list, text_list, NULL, (size_t)parts,
                               parts > 1 ? COFFER_DURABILITY_DURABLE : COFFER_DURABILITY_WRITTEN, NULL), "save");
        if (printf("%lu\n", number) < 0)
            exit(1);
    }
}

int main(int count, char **arguments)
{
    const char *mode = count == 3 ? arguments[1] : "";
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* whole lines at once, also into a pipe */
    must_fit();
    if (strcmp(mode, "play") == 0)
        play(arguments[2]);
    else if (strcmp(mode, "look") == 0)
        look(arguments[2]);
    else if (strcmp(mode, "race") == 0)
        race(arguments[2]);
    else {
        fprintf(stderr, "usage: %s play|look|race STORE\n", arguments[0]);
        return 2;
    }
    return 0;
}
