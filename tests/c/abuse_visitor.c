/*
 * A callee that does what it likes; abuse_visitor.h says how it is used.
 *
 * It must not know what any one test is about. Invariant: it answers at most once, before or after what it does.
 */
#include "abuse_visitor.h"

#include <string.h>

void visit_call(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    struct visitor *visitor = context;
    CHECK(visitor->freed == 0 && request != 0 && caller != NULL && method[0] != '\0' && json[0] != '\0');
    visitor->calls++;
    visitor->depth++;
    if (visitor->depth > visitor->deepest)
        visitor->deepest = visitor->depth;
    visitor->request = request;
    if (visitor->answers_before)
        CHECK_OK(coffer_hub_answer(request, "[\"before\"]"));
    if (visitor->act != NULL)
        visitor->act(visitor);
    if (visitor->answers_after)
        CHECK_OK(coffer_hub_answer(request, "[\"after\"]"));
    CHECK(visitor->freed == 0);
    visitor->depth--;
}

void count_visitor(void *context)
{
    struct visitor *visitor = context;
    CHECK(visitor->depth == 0);
    visitor->freed++;
}

void invite_callee(coffer_db db, const char *plugin, void (*act)(struct visitor *), struct visitor *visitor)
{
    memset(visitor, 0, sizeof *visitor);
    visitor->db = db;
    visitor->act = act;
    if (plugin == NULL)
        CHECK_OK(coffer_hub_supply(db, NULL, visit_call, visitor, count_visitor));
    else
        CHECK_OK(coffer_hub_register_plugin(db, plugin, visit_call, visitor, count_visitor));
    CHECK(visitor->freed == 0 && visitor->calls == 0);
}

void dismiss(struct visitor *visitor)
{
    CHECK(visitor->freed == 0 && visitor->depth == 0);
    CHECK_OK(coffer_hub_unregister_plugin(visitor->db, "p"));
    CHECK(visitor->freed == 1);
}

coffer_call begin(coffer_db db)
{
    coffer_call call = 0;
    CHECK_OK(coffer_hub_begin_call(db, "p", "m", "1", 600000, &call));
    return call;
}

void expect_outcome(coffer_call call, coffer_status expected, const char *answer)
{
    char *untouched = (char *)"as it was", *json = untouched;
    CHECK_STATUS(expected, coffer_hub_await_call(call, 0, &json));
    CHECK(expected == COFFER_OK || json == untouched);
    if (expected == COFFER_OK)
        CHECK_SAME(answer, json);
    CHECK_STATUS(COFFER_ERROR_INVALID_HANDLE, coffer_hub_await_call(call, 0, &json));
}
