/*
 * A plug-in or host for tests: it keeps what it was last asked, and does what it was told to.
 *
 * It must not hold code, nor know what any one test is about. Invariant: nobody may call it once it was freed, which is
 * checked at each call.
 */
#ifndef COFFER_TEST_CALLEE_H
#define COFFER_TEST_CALLEE_H

#include "support.h"

struct callee {
    coffer_db db;
    int calls;
    int freed;
    char caller[64];
    char method[64];
    char argument[1024];
    coffer_request request;
    /* What it answers; NULL to leave the request open. */
    const char *answer;
    /* Refuses with this if it is not NULL. */
    const char *reason;
    /* Calls this plug-in's method `m` first and answers or refuses as that did. */
    const char *next;
    coffer_status next_status;
    /* How often that was one call too deep. */
    int too_deep;
};

/* The callback of every callee, whose address is the context. */
void take(void *context, coffer_request request, const char *caller, const char *method, const char *json);
void count_ended(void *context);

/* Registers a plug-in that answers with this, or supplies a host that does. */
void register_as(coffer_db db, const char *json, const char *answer, struct callee *callee);
void supply(coffer_db db, const char *options, const char *answer, struct callee *callee);

/* It was called so often in all, and so the last time. */
void expect_asked(const struct callee *callee, int calls, const char *caller, const char *method, const char *json);

#endif
