/*
 * What the C tests share: checks that say where they failed, working folders, random numbers, and a dump of a store.
 *
 * It must not know what any one test is about. Invariant: a check that fails ends the process with status 1 after
 * printing file, line, expression and the thread's last error; and every status that is checked is checked together
 * with the message that belongs to it.
 */
#ifndef COFFER_TEST_SUPPORT_H
#define COFFER_TEST_SUPPORT_H

#include "coffer.h"
#include "platform.h"

#include <stddef.h>
#include <stdint.h>

#define PATH_ROOM 4096

/* For programs that are linked to the library. */
#define CHECK(condition) CHECK_SAID(coffer_last_error(), condition)
#define CHECK_STATUS(expected, call) check_status(__FILE__, __LINE__, #call, (expected), (call))
#define CHECK_OK(call) CHECK_STATUS(COFFER_OK, call)
#define CHECK_SAME(expected, actual) check_same(__FILE__, __LINE__, #actual, (expected), (actual))

/* For any program: `said` is what the library, or the system, says about it. */
#define CHECK_SAID(said, condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition, (said)))

void check_failed(const char *file, int line, const char *expression, const char *said);

/* Checks a status, and that the last error is one line of UTF-8 after a failure and empty after a success. */
void check_status(const char *file, int line, const char *call, coffer_status expected, coffer_status actual);

/* Checks that two texts are the same. `actual` is the library's and is given back to it. */
void check_same(const char *file, int line, const char *expression, const char *expected, char *actual);

/* Checks that a piece stands in a text. */
#define CHECK_HOLDS(text, piece) check_holds(__FILE__, __LINE__, (text), (piece))
void check_holds(const char *file, int line, const char *text, const char *piece);

/* Sets the folder below which everything happens; it is created if it is not there. */
void use_working_folder(const char *folder);

/* Writes the path of `name` in the working folder; whatever was there is removed. */
void fresh_path(char *path, const char *name);

/* Writes a file with this content. */
void write_file(const char *path, const char *content);

/* `count` times `piece`, then `middle`, then `count` times `end`: to be freed. */
char *repeated(size_t count, const char *piece, const char *middle, const char *end);

/* A text of `length` bytes that is one JSON string: to be freed. */
char *long_document(size_t length);

/* `large`, or `small` if the environment variable COFFER_TEST_SIZE is "small", as it is where everything is slow. */
int sized(int large, int small);

/* The next number of a reproducible series; each thread has its own state, which is not 0. */
uint64_t next_random(uint64_t *state);

/* Everything that can be read from a store, as one text: keys, texts, revisions, times, versions. To be freed. */
char *dump_store(coffer_db db);

/* Checks that a store is as it was when `before` was dumped. */
#define CHECK_UNCHANGED(before, db) check_unchanged(__FILE__, __LINE__, (before), (db))
void check_unchanged(const char *file, int line, const char *before, coffer_db db);

/* Takes the next string out of a JSON array of strings, from `*place` on. Returns 0 at the end. */
int next_string(const char **place, char *into, size_t room);

#endif
