/*
 * What the tests of a hostile system share: numbered documents, children in which a store is tormented, and the check
 * afterwards that nothing acknowledged is missing.
 *
 * For POSIX systems. It must not know what is done to a store. Invariant: a number is told to the parent only after its
 * save returned COFFER_OK with durability `written`, and what was told outlives the child in whatever way it ends.
 */
#ifndef COFFER_TEST_ORDEAL_H
#define COFFER_TEST_ORDEAL_H

#include "support.h"

/* How a child ended. */
struct ending {
    /* The documents 1 to `acknowledged` were saved. */
    int acknowledged;
    /* It says itself that it could not be tried here; the reason was printed. */
    int was_skipped;
    /* The signal that ended it, or 0. */
    int signal;
};

/* What is done in a child to the store of this path, which ends when it returns. */
typedef void torment(const char *store);

/* Runs `work` in a child of its own on a fresh store. It ends by itself with success, or was skipped. */
struct ending undergo(const char *name, torment *work, char *store);

/* The same for work that a signal may end. */
struct ending undergo_or_die(const char *name, torment *work, char *store);

/* In a child: it cannot be tried, for this reason. Does not return. */
void skip(const char *reason);

/* In a child: document `number` was saved; all before it were. */
void acknowledge(int number);

/* Saves document `number`, which has `size` bytes and some. */
coffer_status save_number(coffer_db db, int number, size_t size);

/* Saves and acknowledges the documents `first` to `last`. */
void save_numbers(coffer_db db, int first, int last, size_t size);

/* Checks that the documents 1 to `last` can be loaded, each whole. */
void check_numbers(coffer_db db, int last);

/* Calls everything that reads, writes or looks at files. Each call comes back, with a status that it may have. */
void try_everything(coffer_db db, const char *store, int last);

/* Checks that a call failed with `expected`, and that this piece, a file's name say, stands in its message. */
#define CHECK_FAILS(expected, call, piece) check_fails(__FILE__, __LINE__, #call, (expected), (call), (piece))
void check_fails(const char *file, int line, const char *call, coffer_status expected, coffer_status actual,
                 const char *piece);

/* Opens the store again: all that was acknowledged is there and nothing else but maybe one more, and it can be used. */
void check_kept(const char *store, const struct ending *ending);

/* The first file of a folder whose name begins so. Returns 0 if there is none. */
int find_file(const char *folder, const char *beginning, char *path);

/* The same for the last in the order of names. */
int find_last_file(const char *folder, const char *beginning, char *path);

#endif
