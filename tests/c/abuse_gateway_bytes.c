/*
 * Bytes that are no HTTP, requests that end halfway, and requests that are wrong, over sockets to a gateway that listens.
 *
 * It must not depend on how fast an answer comes. Invariant: whatever came before, the next proper request is answered, and
 * nothing was saved by what was refused.
 */
#define _XOPEN_SOURCE 700

#include "abuse.h"
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define AUTHORIZED "Authorization: Bearer " SECRET "\r\n"

/* Sends this, and maybe says that it was all. Returns what came back, to be freed; NULL if it was broken off. */
static char *exchange(const struct api *api, const char *bytes, size_t length, int says_so)
{
    int connection = connected(api);
    size_t received = 0;
    char *text;
    send_bytes(connection, bytes, length);
    if (says_so)
        shutdown(connection, SHUT_WR);
    text = receive_all(connection, &received);
    close(connection);
    return text;
}

#define LINE "GET /api/database/status HTTP/1.1\r\n"
#define GET_WITH LINE "Host: %s\r\nConnection: close\r\n"
#define PUT_WITH "PUT /api/database/documents/wrong HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" AUTHORIZED
#define CHUNKED PUT_WITH "Transfer-Encoding: chunked\r\n\r\n"

/* What is wrong, and the status that says so; 0 where it is not even a whole request, which may be closed without a word.
 * The address that would be right is to be put where it has a conversion. */
static const struct {
    int expected;
    const char *bytes;
} wrong[] = {
    {0, "\r\n\r\n"}, {400, "GET\r\n\r\n"}, {400, "GET / HTTP/9.9\r\n\r\n"}, {400, "GET / HTTP/1.1 x\r\nHost: %s\r\n\r\n"},
    {400, "/ GET HTTP/1.1\r\nHost: %s\r\n\r\n"}, {0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {0, "\x16\x03\x01\x02\x01\x01\xFC\x03\x03"},
    {0, "SSH-2.0-x\r\n"}, {400, "\xFF\xFE\xFD\r\n\r\n"}, {421, LINE AUTHORIZED "Connection: close\r\n\r\n"},
    {421, LINE "Host: evil.example\r\nConnection: close\r\n" AUTHORIZED "\r\n"},
    {421, LINE "Host: %s.evil.example\r\nConnection: close\r\n" AUTHORIZED "\r\n"},
    {421, GET_WITH "Host: evil.example\r\n" AUTHORIZED "\r\n"},
    {421, "GET http://evil.example/api/database/status HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" AUTHORIZED "\r\n"},
    {403, GET_WITH "Origin: http://evil.example\r\n" AUTHORIZED "\r\n"},
    {403, GET_WITH "Origin: null\r\n" AUTHORIZED "\r\n"},
    {403, GET_WITH "Sec-Fetch-Site: cross-site\r\n" AUTHORIZED "\r\n"}, {401, GET_WITH "\r\n"},
    {401, GET_WITH "Authorization: Bearer 0123456789abcdeF\r\n\r\n"}, {401, GET_WITH AUTHORIZED AUTHORIZED "\r\n"},
    {400, GET_WITH AUTHORIZED "no colon\r\n\r\n"}, {400, GET_WITH AUTHORIZED "a b: c\r\n\r\n"},
    {400, GET_WITH AUTHORIZED "a: \x01\r\n\r\n"}, {400, "GET /api/\x01 HTTP/1.1\r\nHost: %s\r\n" AUTHORIZED "\r\n"},
    {404, "GET /../../etc/passwd HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" AUTHORIZED "\r\n"},
    {421, "CONNECT evil.example:443 HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" AUTHORIZED "\r\n"},
    {404, "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" AUTHORIZED "\r\n"},
    {0, PUT_WITH "Content-Length: 3\r\n\r\n["}, {400, PUT_WITH "Content-Length: -3\r\n\r\n[1]"},
    {400, PUT_WITH "Content-Length: 3\r\nContent-Length: 4\r\n\r\n[1]"},
    {400, PUT_WITH "Content-Length: 99999999999999999999\r\n\r\n[1]"},
    {413, PUT_WITH "Content-Length: 1001\r\n\r\n[1]"}, {400, PUT_WITH "Transfer-Encoding: gzip\r\n\r\n[1]"},
    {400, PUT_WITH "Content-Length: 3\r\n\r\n[1}"}, {400, CHUNKED "x\r\n[1]\r\n0\r\n\r\n"},
    {400, CHUNKED "FFFFFFFFFFFFFFFFF\r\n[1]"},
    {0, CHUNKED "3\r\n[1]\r\n"}, {400, CHUNKED "3\r\n[1]9\r\n0\r\n\r\n"}};

static void wrong_bytes(const struct api *api)
{
    char request[1024], begin[16], *text;
    size_t i;
    for (i = 0; i < LENGTH_OF(wrong); i++) {
        const char *bytes = wrong[i].bytes, *place = strstr(bytes, "%s");
        size_t before = place == NULL ? strlen(bytes) : (size_t)(place - bytes);
        memcpy(request, bytes, before);
        snprintf(request + before, sizeof request - before, "%s%s", place == NULL ? "" : api->address + strlen("http://"),
                 place == NULL ? "" : place + 2);
        text = exchange(api, request, strlen(request), wrong[i].expected == 0);
        snprintf(begin, sizeof begin, "HTTP/1.1 %d ", wrong[i].expected);
        if (wrong[i].expected == 0 && text != NULL && text[0] != '\0')
            CHECK_HOLDS(text, "HTTP/1.1 4");
        else if (wrong[i].expected != 0 && (text == NULL || strncmp(text, begin, strlen(begin)) != 0))
            check_failed(__FILE__, __LINE__, bytes, text == NULL ? "broken off" : text);
        free(text);
    }
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(api->db, "wrong", NULL));
    still_answers(api);
}

/* Lines and heads without an end, as long as the server listens to them. */
static void endless_heads(const struct api *api)
{
    static const char *const begins[] = {"", "GET /", "GET / HTTP/1.1\r\nx: ", "GET / HTTP/1.1\r\n"};
    char *more, *text, *bytes;
    size_t i;
    for (i = 0; i < LENGTH_OF(begins); i++) {
        more = repeated(i == 3 ? 20000 : 200000, i == 3 ? "a: b\r\n" : "a", "", "");
        bytes = repeated(1, begins[i], more, "");
        text = exchange(api, bytes, strlen(bytes), 1);
        if (text != NULL && text[0] != '\0')
            CHECK_HOLDS(text, "HTTP/1.1 4");
        free(text);
        free(bytes);
        free(more);
    }
    still_answers(api);
}

/* Random bytes, and proper requests that are cut or changed at random. The clients leave in each way that there is. */
static void random_bytes(const struct api *api)
{
    static const char proper[] = "PUT /api/database/documents/random HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED
                                 "Content-Type: application/json\r\nContent-Length: 5\r\n\r\n[1,2]";
    uint64_t seed = 0x9E3779B97F4A7C15;
    char bytes[4096];
    size_t length, j, unused;
    int round, connection;
    for (round = 0; round < sized(300, 15); round++) {
        length = (size_t)snprintf(bytes, sizeof bytes, proper, api->port);
        if (round % 2 == 0) {
            length = 1 + next_random(&seed) % sizeof bytes;
            for (j = 0; j < length; j++)
                bytes[j] = (char)next_random(&seed);
        } else {
            for (j = 0; j < next_random(&seed) % 4; j++)
                bytes[next_random(&seed) % length] = (char)next_random(&seed);
            length = 1 + next_random(&seed) % length;
        }
        connection = connected(api);
        send_bytes(connection, bytes, length);
        if (round % 3 == 0) {
            shutdown(connection, SHUT_WR);
            free(receive_all(connection, &unused));
        }
        if (round % 5 == 0)
            reset_connection(connection);
        else
            close(connection);
    }
    still_answers(api);
}

void abuse_gateway_bytes(const struct api *api)
{
    wrong_bytes(api);
    endless_heads(api);
    random_bytes(api);
}
