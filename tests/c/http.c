/*
 * Requests to the gateway and what is answered, by both ways; http.h says what each is for.
 *
 * It must not ask for more than one request at a time on a connection; tests that do read with `take_answer`. Invariant: an
 * answer that has no status, no whole head, or another length than it says ends the test.
 */
#include "http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows. */
struct text {
    char *bytes;
    size_t length, room;
};

static void add(struct text *text, const char *bytes, size_t length)
{
    if (text->length + length + 1 > text->room) {
        text->room = 2 * (text->length + length) + 256;
        text->bytes = realloc(text->bytes, text->room);
        CHECK_SAID("out of memory", text->bytes != NULL);
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

static void add_text(struct text *text, const char *more)
{
    add(text, more, strlen(more));
}

/* As a JSON string. */
static void add_quoted(struct text *text, const char *bytes, size_t length)
{
    char escape[8];
    size_t i, done = 0;
    add_text(text, "\"");
    for (i = 0; i < length; i++) {
        if ((unsigned char)bytes[i] >= 0x20 && bytes[i] != '"' && bytes[i] != '\\')
            continue;
        add(text, bytes + done, i - done);
        snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)bytes[i]);
        add_text(text, escape);
        done = i + 1;
    }
    add(text, bytes + done, length - done);
    add_text(text, "\"");
}

void register_api(coffer_db db, const char *options, struct api *api, char **out)
{
    char *json = NULL;
    const char *token, *address;
    memset(api, 0, sizeof *api);
    api->db = db;
    CHECK_OK(coffer_register_database_api(db, options, &json));
    token = strstr(json, "\"token\":\"");
    CHECK_SAID(json, token != NULL && sscanf(token + 9, "%127[^\"]", api->token) == 1 && strlen(api->token) >= 16);
    address = strstr(json, "],\"address\":\"");
    if (address != NULL) {
        CHECK_SAID(json, sscanf(address + 13, "%63[^\"]", api->address) == 1);
        CHECK_SAID(json, sscanf(strrchr(api->address, ':'), ":%d", &api->port) == 1 && api->port > 0);
    }
    if (out != NULL)
        *out = json;
    else
        coffer_string_free(json);
}

char *request_json(const struct api *api, const char *method, const char *target, const char *headers, const char *body)
{
    struct text text = {NULL, 0, 0};
    const char *line, *colon, *end;
    add_text(&text, "{\"method\":");
    add_quoted(&text, method, strlen(method));
    add_text(&text, ",\"target\":");
    add_quoted(&text, target, strlen(target));
    add_text(&text, ",\"headers\":{");
    if (api->token[0] != '\0') {
        add_text(&text, "\"authorization\":\"Bearer ");
        add_text(&text, api->token);
        add_text(&text, headers == NULL ? "\"" : "\",");
    }
    for (line = headers; line != NULL && *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        colon = strstr(line, ": ");
        CHECK_SAID("a header without its line", end != NULL && colon != NULL && colon < end);
        add_quoted(&text, line, (size_t)(colon - line));
        add_text(&text, ":");
        add_quoted(&text, colon + 2, (size_t)(end - colon - 2));
        add_text(&text, end[1] == '\0' ? "" : ",");
    }
    add_text(&text, "}");
    if (body != NULL) {
        add_text(&text, ",\"body\":");
        add_quoted(&text, body, strlen(body));
    }
    add_text(&text, "}");
    return text.bytes;
}

/* Checks what every answer has to be. */
static void check_whole(const struct answer *answer)
{
    char number[32];
    CHECK_SAID("no status of an answer", answer->status >= 200 && answer->status < 600);
    if (answer->status < 400)
        return;
    CHECK_SAID(answer->headers, has_header(answer, "content-type", "application/problem+json"));
    snprintf(number, sizeof number, "\"status\":%d,", answer->status);
    if (answer->body[0] != '\0')
        CHECK_HOLDS(answer->body, number);
}

struct answer read_json_answer(char *json)
{
    struct answer answer = {0, NULL, NULL};
    struct text headers = {NULL, 0, 0};
    size_t room = strlen(json) + 1;
    char *piece = malloc(room);
    const char *place;
    int begin = 0;
    CHECK_SAID("out of memory", piece != NULL);
    CHECK_SAID(json, sscanf(json, "{\"status\":%d,\"headers\":{%n", &answer.status, &begin) == 1 && begin > 0);
    add_text(&headers, "");
    for (place = json + begin; *place != '}';) {
        CHECK_SAID(json, next_string(&place, piece, room));
        add_text(&headers, piece);
        CHECK_SAID(json, next_string(&place, piece, room));
        add_text(&headers, ": ");
        add_text(&headers, piece);
        add_text(&headers, "\n");
    }
    CHECK_SAID(json, strncmp(place, "},\"body\":\"", 10) == 0);
    place += 9;
    CHECK_SAID(json, next_string(&place, piece, room) && strcmp(place, "}") == 0);
    answer.headers = headers.bytes;
    answer.body = piece;
    coffer_string_free(json);
    check_whole(&answer);
    return answer;
}

struct answer ask(const struct api *api, const char *method, const char *target, const char *headers, const char *body)
{
    char *request = request_json(api, method, target, headers, body), *json = NULL;
    CHECK_OK(coffer_gateway_handle_request(api->db, request, &json));
    free(request);
    return read_json_answer(json);
}

void forget(struct answer *answer)
{
    free(answer->headers);
    free(answer->body);
    memset(answer, 0, sizeof *answer);
}

const char *header_of(const struct answer *answer, const char *name, char *into, size_t room)
{
    char begin[64];
    const char *line = answer->headers;
    size_t length;
    snprintf(begin, sizeof begin, "%s: ", name);
    while (line != NULL && strncmp(line, begin, strlen(begin)) != 0) {
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    if (line == NULL)
        check_failed(__FILE__, __LINE__, name, answer->headers);
    line += strlen(begin);
    length = strcspn(line, "\n");
    CHECK_SAID(line, length < room);
    memcpy(into, line, length);
    into[length] = '\0';
    return into;
}

int has_header(const struct answer *answer, const char *name, const char *value)
{
    struct text line = {NULL, 0, 0};
    const char *found;
    int is_there;
    add_text(&line, name);
    add_text(&line, ": ");
    add_text(&line, value);
    add_text(&line, "\n");
    found = strstr(answer->headers, line.bytes);
    is_there = found != NULL && (found == answer->headers || found[-1] == '\n');
    free(line.bytes);
    return is_there;
}

void check_answered(const char *file, int line, const char *asked, int expected, struct answer answer)
{
    if (answer.status != expected) {
        fprintf(stderr, "expected %d, answered %d\n%s\n", expected, answer.status, answer.headers);
        check_failed(file, line, asked, answer.body);
    }
    forget(&answer);
}

int connected(const struct api *api)
{
    int connection = connect_to(api->port);
    CHECK_SAID("nobody listens", connection >= 0);
    return connection;
}

void still_answers(const struct api *api)
{
    CHECK_ANSWERED(200, ask_server(api, "GET", STATUS, NULL, NULL));
}

int send_bytes(int connection, const char *bytes, size_t length)
{
    while (length > 0) {
        long sent = send_some(connection, bytes, length);
        if (sent < 0)
            return 0;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 1;
}

char *receive_all(int connection, size_t *length)
{
    struct text text = {NULL, 0, 0};
    char piece[16384];
    long got;
    add_text(&text, "");
    while ((got = receive_some(connection, piece, sizeof piece)) > 0)
        add(&text, piece, (size_t)got);
    if (got < 0) {
        free(text.bytes);
        return NULL;
    }
    *length = text.length;
    return text.bytes;
}

/* The headers between the status line and the empty line. */
static char *taken_headers(const char *place, const char *end)
{
    struct text headers = {NULL, 0, 0};
    size_t i, begin;
    add_text(&headers, "");
    while (place < end) {
        const char *line_end = strstr(place, "\r\n");
        begin = headers.length;
        add(&headers, place, (size_t)(line_end - place));
        for (i = begin; i < headers.length && headers.bytes[i] != ':'; i++)
            headers.bytes[i] = (char)tolower((unsigned char)headers.bytes[i]);
        CHECK_SAID(headers.bytes, i < headers.length);
        add_text(&headers, "\n");
        place = line_end + 2;
    }
    return headers.bytes;
}

const char *take_answer(const char *text, const char *end, int is_head, struct answer *into)
{
    const char *head_end = strstr(text, "\r\n\r\n"), *line_end = strstr(text, "\r\n"), *body;
    char value[32];
    size_t length = 0;
    memset(into, 0, sizeof *into);
    if (head_end == NULL || head_end > end)
        return NULL;
    CHECK_SAID(text, sscanf(text, "HTTP/1.%*1[01] %d ", &into->status) == 1);
    into->headers = taken_headers(line_end + 2, head_end + 2);
    body = head_end + 4;
    if (!is_head && into->status != 204 && into->status != 304)
        length = strtoul(header_of(into, "content-length", value, sizeof value), NULL, 10);
    if ((size_t)(end - body) < length) {
        forget(into);
        return NULL;
    }
    into->body = malloc(length + 1);
    CHECK_SAID("out of memory", into->body != NULL);
    memcpy(into->body, body, length);
    into->body[length] = '\0';
    check_whole(into);
    return body + length;
}

struct answer ask_server(const struct api *api, const char *method, const char *target, const char *headers, const char *body)
{
    struct text request = {NULL, 0, 0};
    struct answer answer;
    const char *line, *end;
    char number[64], *received;
    size_t length = 0;
    int connection = connected(api);
    add_text(&request, method);
    add_text(&request, " ");
    add_text(&request, target);
    add_text(&request, " HTTP/1.1\r\nconnection: close\r\nhost: ");
    add_text(&request, api->address + strlen("http://"));
    add_text(&request, "\r\n");
    if (api->token[0] != '\0') {
        add_text(&request, "authorization: Bearer ");
        add_text(&request, api->token);
        add_text(&request, "\r\n");
    }
    for (line = headers; line != NULL && *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        CHECK_SAID("a header without its line", end != NULL);
        add(&request, line, (size_t)(end - line));
        add_text(&request, "\r\n");
    }
    snprintf(number, sizeof number, "content-length: %lu\r\n\r\n", (unsigned long)(body == NULL ? 0 : strlen(body)));
    add_text(&request, body == NULL ? "\r\n" : number);
    add_text(&request, body == NULL ? "" : body);
    CHECK_SAID("the server closed", send_bytes(connection, request.bytes, request.length));
    free(request.bytes);
    received = receive_all(connection, &length);
    CHECK_SAID("the server broke off", received != NULL);
    close_connection(connection);
    CHECK_SAID(received, take_answer(received, received + length, strcmp(method, "HEAD") == 0, &answer) == received + length);
    free(received);
    return answer;
}
