/*
 * A callee that does what it likes, for the parts of the abuse test about calls.
 *
 * It must not hold code. Invariant: whatever it does, its context is used only until it was freed, and freed only when no
 * call of it is under way.
 */
#ifndef COFFER_TEST_ABUSE_VISITOR_H
#define COFFER_TEST_ABUSE_VISITOR_H

#include "abuse.h"

#define DIRECT "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"m\"],\"direct\":true}"
#define POLLED "{\"name\":\"p\",\"version\":\"1.0.0\",\"exports\":[\"m\"]}"

/* What a callback has, and what was done with it. */
struct visitor {
    coffer_db db;
    coffer_request request;
    int calls;
    int freed;
    /* How deep the callback is in itself. */
    int depth;
    int deepest;
    int left;
    /* Whether it answers before it does something, and whether after. */
    int answers_before;
    int answers_after;
    coffer_status status;
    void (*act)(struct visitor *visitor);
};

void visit_call(void *context, coffer_request request, const char *caller, const char *method, const char *json);
void count_visitor(void *context);

/* Registers it as this plug-in, or supplies it as a host where that is NULL. */
void invite_callee(coffer_db db, const char *plugin, void (*act)(struct visitor *), struct visitor *visitor);

/* Ends the plug-in `p`. */
void dismiss(struct visitor *visitor);

/* Begins a call of the plug-in `p` that has all the time it needs. */
coffer_call begin(coffer_db db);

/* What came of a call that is over, which ends it. */
void expect_outcome(coffer_call call, coffer_status expected, const char *answer);

#endif
