/*
 * What engine.c and check.c share: ending on a failed call, and the numbered saves that one writes and the other looks
 * for.
 *
 * Invariant: what save number N holds follows from N alone. So the checker knows what has to be found without asking
 * the engine, which is dead by then.
 */
#ifndef COFFER_EXAMPLE_SESSION_H
#define COFFER_EXAMPLE_SESSION_H

#include "coffer.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_PARTS = 3, KEY_ROOM = 48, TEXT_ROOM = 512 };

/* Every call says how it went. A game would go on without the save and tell its player; an example ends here. */
static inline void must_be(coffer_status expected, coffer_status status, const char *what)
{
    if (status == expected)
        return;
    fflush(stdout);
    fprintf(stderr, "could not %s: %s: %s\n", what, coffer_status_name(status), coffer_last_error());
    exit(1);
}

static inline void must(coffer_status status, const char *what)
{
    must_be(COFFER_OK, status, what);
}

/* A header of one release and a library of another may not fit together: ask before the first call. */
static inline void must_fit(void)
{
    if (coffer_abi_version() != COFFER_ABI_VERSION) {
        fprintf(stderr, "this program is built for version %d of Coffer's interface, the library has %lu\n",
                COFFER_ABI_VERSION, (unsigned long)coffer_abi_version());
        exit(2);
    }
}

/* Every tenth save is a batch of three documents, the others are single ones. */
static inline int parts_of(unsigned long number)
{
    return number % 10 == 0 ? MOST_PARTS : 1;
}

/* One part of a save. The padding makes texts of many lengths, so that a kill meets records of many lengths. */
static inline void make_part(unsigned long number, int part, char key[KEY_ROOM], char text[TEXT_ROOM])
{
    static const char *const names[MOST_PARTS] = {"hero", "bag", "map"};
    int padding = (int)(number * 37 % 300);
    snprintf(key, KEY_ROOM, "autosave/%09lu/%s", number, names[part]);
    snprintf(text, TEXT_ROOM, "{\"number\":%lu,\"part\":\"%s\",\"padding\":\"%*s\"}", number, names[part], padding, "");
}

#endif
