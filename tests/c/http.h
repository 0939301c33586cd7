/*
 * What the tests of the gateway share: an API that was registered, requests to it by both ways, and what was answered.
 *
 * It must not know what any one test is about. Invariant: whatever was answered is whole: a status, headers, and a body as
 * long as they say; and what refuses is a problem by RFC 9457.
 */
#ifndef COFFER_TEST_HTTP_H
#define COFFER_TEST_HTTP_H

#include "support.h"

/* A token. */
#define SECRET "0123456789abcdef"
#define STATUS "/api/database/status"
#define DOCUMENT(key) "/api/database/documents/" key

/* An API as its registration told of it. */
struct api {
    coffer_db db;
    /* What requests carry; empty for those that carry none. */
    char token[128];
    /* Of the built-in server; empty and 0 where there is none. */
    char address[64];
    int port;
};

/* What was answered; it is given back with `forget`. */
struct answer {
    int status;
    /* `name: value` in a line each, the names in lower case. */
    char *headers;
    char *body;
};

/* Registers it and checks that there is a token; the answer is given back with `coffer_string_free` unless `out` is NULL. */
void register_api(coffer_db db, const char *options, struct api *api, char **out);

/* Hands a request to the library. `headers` has a line for each, or is NULL; `body` may be NULL. */
struct answer ask(const struct api *api, const char *method, const char *target, const char *headers, const char *body);

/* The same through the built-in server, on a connection of its own. */
struct answer ask_server(const struct api *api, const char *method, const char *target, const char *headers,
                         const char *body);

/* The request as `coffer_gateway_handle_request` takes it: to be freed. */
char *request_json(const struct api *api, const char *method, const char *target, const char *headers, const char *body);

/* Reads what `coffer_gateway_handle_request` answered, and gives it back to the library. */
struct answer read_json_answer(char *json);

void forget(struct answer *answer);

/* The value of a header, which has to be there; it lives as long as the text in `into`. */
const char *header_of(const struct answer *answer, const char *name, char *into, size_t room);
int has_header(const struct answer *answer, const char *name, const char *value);

/* Checks the status, and gives the answer back. */
#define CHECK_ANSWERED(expected, answer) check_answered(__FILE__, __LINE__, #answer, (expected), (answer))
void check_answered(const char *file, int line, const char *asked, int expected, struct answer answer);

/* A connection to somebody who listens. */
int connected(const struct api *api);

/* A proper request of its own is answered. */
void still_answers(const struct api *api);

/* Returns 0 if the other side has closed. */
int send_bytes(int connection, const char *bytes, size_t length);

/* Everything that comes until the other side closes, as a text: to be freed. NULL if it broke the connection off. */
char *receive_all(int connection, size_t *length);

/* Takes one answer from the beginning of what was received. Returns what is behind it, or NULL if it is not whole. */
const char *take_answer(const char *text, const char *end, int is_head, struct answer *into);

#endif
