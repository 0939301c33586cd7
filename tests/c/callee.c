/*
 * A plug-in or host for tests; callee.h says what it does.
 *
 * It must not know what any one test is about. Invariant: a request is answered, refused or left open, never two of them.
 */
#include "callee.h"

#include <string.h>

static void relay(struct callee *callee, coffer_request request, const char *json)
{
    char *answer = NULL;
    callee->next_status = coffer_hub_call(callee->db, callee->next, "m", json, 10000, &answer);
    callee->too_deep += callee->next_status == COFFER_ERROR_CALLS_TOO_DEEP;
    if (callee->next_status == COFFER_OK) {
        CHECK_OK(coffer_hub_answer(request, answer));
        coffer_string_free(answer);
        return;
    }
    CHECK_OK(coffer_hub_refuse(request, coffer_status_name(callee->next_status)));
}

void take(void *context, coffer_request request, const char *caller, const char *method, const char *json)
{
    struct callee *callee = context;
    CHECK(callee->freed == 0 && request != 0);
    CHECK(strlen(caller) < sizeof callee->caller && strlen(method) < sizeof callee->method);
    CHECK(strlen(json) < sizeof callee->argument);
    strcpy(callee->caller, caller);
    strcpy(callee->method, method);
    strcpy(callee->argument, json);
    callee->request = request;
    callee->calls++;
    if (callee->next != NULL)
        relay(callee, request, json);
    else if (callee->reason != NULL)
        CHECK_OK(coffer_hub_refuse(request, callee->reason));
    else if (callee->answer != NULL)
        CHECK_OK(coffer_hub_answer(request, callee->answer));
}

void count_ended(void *context)
{
    ((struct callee *)context)->freed++;
}

void register_as(coffer_db db, const char *json, const char *answer, struct callee *callee)
{
    memset(callee, 0, sizeof *callee);
    callee->db = db;
    callee->answer = answer;
    CHECK_OK(coffer_hub_register_plugin(db, json, take, callee, count_ended));
    CHECK(callee->freed == 0 && callee->calls == 0);
}

void expect_asked(const struct callee *callee, int calls, const char *caller, const char *method, const char *json)
{
    CHECK(callee->calls == calls && strcmp(callee->caller, caller) == 0 && strcmp(callee->method, method) == 0);
    CHECK(strcmp(callee->argument, json) == 0);
}

void supply(coffer_db db, const char *options, const char *answer, struct callee *callee)
{
    memset(callee, 0, sizeof *callee);
    callee->db = db;
    callee->answer = answer;
    CHECK_OK(coffer_hub_supply(db, options, take, callee, count_ended));
    CHECK(callee->freed == 0 && callee->calls == 0);
}
