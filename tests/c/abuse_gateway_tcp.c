/*
 * What comes over sockets to a gateway that listens: bytes that are no HTTP (which are in abuse_gateway_bytes.c), many
 * connections after each other and at once, clients that leave while they are answered, streams, and ends meanwhile.
 *
 * It must not ignore SIGPIPE, which would end a game whose clients leave, nor depend on how fast an answer comes, further
 * than a guard of some seconds. Invariant: whatever came before, the next proper request is answered; a thread that saves
 * meanwhile is refused nothing and loses nothing; and at the end no port, thread or file is left open.
 */
#define _XOPEN_SOURCE 700

#include "abuse.h"
#include "end.h"
#include "http.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#define AUTHORIZED "Authorization: Bearer " SECRET "\r\n"
#define LISTENING \
    "{\"listen\":\"127.0.0.1:0\",\"token\":\"" SECRET "\",\"allow_write\":true,\"max_body_bytes\":1000," \
    "\"limits\":{\"status\":1000000,\"document\":1000000,\"save\":1000000,\"export\":1000000,\"events\":1000000}}"
#define LARGE 3000000

/* The store's numbered documents, saved by one thread all the time. */
struct saver {
    pthread_t thread;
    coffer_db db;
    int saved;
};

static void *save_all_the_time(void *context)
{
    struct saver *saver = context;
    char key[32], text[32], *json = NULL;
    while (!is_at_end()) {
        sprintf(key, "saved/%d", saver->saved);
        sprintf(text, "[%d]", saver->saved);
        CHECK_OK(coffer_save_persistent_data(saver->db, key, text));
        CHECK_OK(coffer_load_persistent_data(saver->db, key, &json));
        CHECK_SAME(text, json);
        saver->saved++;
        sleep_ms(1);
    }
    return NULL;
}

static void check_saved(coffer_db db, int count)
{
    char key[32], text[32], *json = NULL;
    int i;
    CHECK(count > 0);
    for (i = 0; i < count; i++) {
        sprintf(key, "saved/%d", i);
        sprintf(text, "[%d]", i);
        CHECK_OK(coffer_load_persistent_data(db, key, &json));
        CHECK_SAME(text, json);
    }
}

/* Many requests in one piece are answered in their order; between them a chunked body, which is framed otherwise. */
static void pipelining(const struct api *api)
{
    enum { REQUESTS = 60 };
    static char request[512 * REQUESTS];
    char *text, expected[32];
    const char *place, *end;
    size_t length = 0, received = 0;
    struct answer answer;
    int i, connection = connected(api);
    for (i = 0; i < REQUESTS; i++) {
        const char *method = i % 3 == 0 ? "PUT" : i % 3 == 1 ? "GET" : "HEAD";
        length += (size_t)sprintf(request + length,
                                  "%s " DOCUMENT("piped/%d") " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED "%s%s\r\n",
                                  method, i / 3, api->port, i == REQUESTS - 1 ? "Connection: close\r\n" : "",
                                  i % 3 == 0 ? "Transfer-Encoding: chunked\r\n" : "");
        if (i % 3 == 0)
            length += (size_t)sprintf(request + length, "2\r\n[%d\r\n1\r\n]\r\n0\r\n\r\n", i / 3 % 10);
    }
    CHECK(send_bytes(connection, request, length));
    text = receive_all(connection, &received);
    CHECK_SAID("broken off", text != NULL);
    close(connection);
    for (i = 0, place = text, end = text + received; i < REQUESTS; i++) {
        place = take_answer(place, end, i % 3 == 2, &answer);
        CHECK_SAID(text, place != NULL);
        sprintf(expected, "[%d]", i / 3 % 10);
        CHECK_SAID(answer.headers, answer.status == (i % 3 == 0 ? 201 : 200));
        CHECK_SAID(answer.body, strcmp(answer.body, i % 3 == 1 ? expected : "") == 0);
        forget(&answer);
    }
    CHECK(place == end);
    free(text);
}

static void one_after_the_other(const struct api *api)
{
    int i;
    for (i = 0; i < sized(1500, 20); i++) {
        /* Some only come and go. */
        if (i % 10 == 0)
            reset_connection(connected(api));
        else if (i % 10 == 1)
            close(connected(api));
        else
            CHECK_ANSWERED(i % 2 == 0 ? 200 : 404,
                           ask_server(api, "GET", i % 2 == 0 ? STATUS : DOCUMENT("never"), NULL, NULL));
    }
}

/* More than are served at once: the others wait for their turn. */
static void many_at_once(const struct api *api)
{
    enum { CONNECTIONS = 100 };
    int connections[CONNECTIONS], i;
    char request[512], *text;
    size_t length, received = 0;
    struct answer answer;
    sprintf(request, "GET " STATUS " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED "Connection: close\r\n\r\n", api->port);
    length = strlen(request);
    for (i = 0; i < CONNECTIONS; i++)
        connections[i] = connected(api);
    for (i = CONNECTIONS; i-- > 0;)
        CHECK(send_bytes(connections[i], request, length));
    for (i = 0; i < CONNECTIONS; i++) {
        text = receive_all(connections[i], &received);
        CHECK(text != NULL && take_answer(text, text + received, 0, &answer) == text + received);
        CHECK_ANSWERED(200, answer);
        free(text);
        close(connections[i]);
    }
    for (i = 0; i < CONNECTIONS; i++)
        connections[i] = connected(api);
    for (i = 0; i < CONNECTIONS; i++)
        close(connections[i]);
    still_answers(api);
}

/* Clients that leave while a long answer is on its way, or several: some after a few bytes, some without a good-bye. */
static void leaving_clients(const struct api *api)
{
    char request[1024], piece[1000];
    size_t length = 0;
    int i, connection;
    for (i = 0; i < 4; i++)
        length += (size_t)sprintf(request + length, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED "\r\n",
                                  i % 2 == 0 ? DOCUMENT("large") : "/api/database/export", api->port);
    for (i = 0; i < sized(120, 9); i++) {
        connection = connected(api);
        CHECK(send_bytes(connection, request, length));
        if (i % 3 == 0)
            CHECK_SAID(strerror(errno), recv(connection, piece, sizeof piece, 0) > 0);
        if (i % 4 == 0)
            shutdown(connection, SHUT_WR);
        if (i % 5 == 0)
            sleep_ms(3);
        if (i % 2 == 0)
            close(connection);
        else
            reset_connection(connection);
    }
    still_answers(api);
}

static int open_stream(const struct api *api, const char *more)
{
    char request[512];
    int connection = connected(api);
    sprintf(request, "GET /api/database/events%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED "\r\n", more, api->port);
    CHECK(send_bytes(connection, request, strlen(request)));
    return connection;
}

/* Reads until this stands in what came. How much comes before depends on what others did meanwhile; its end is kept. */
static void await(int connection, const char *expected)
{
    static char text[200000];
    size_t length = 0, kept = strlen(expected);
    ssize_t got;
    do {
        if (length + 4096 >= sizeof text) {
            memmove(text, text + length - kept, kept);
            length = kept;
        }
        got = recv(connection, text + length, 4096, 0);
        CHECK_SAID("the stream ended", got > 0);
        length += (size_t)got;
        text[length] = '\0';
    } while (strstr(text, expected) == NULL);
}

/* As many streams as there may be, and one more; some clients leave, the others hear on. */
static void streams(const struct api *api)
{
    enum { MOST = 16 };
    int connections[MOST], i, refused;
    for (i = 0; i < MOST; i++) {
        connections[i] = open_stream(api, i % 2 == 0 ? "" : "?since=0");
        await(connections[i], "text/event-stream");
    }
    refused = open_stream(api, "");
    await(refused, "HTTP/1.1 503");
    close(refused);
    CHECK_OK(coffer_save_persistent_data(api->db, "heard", "1"));
    CHECK_OK(coffer_hub_publish(api->db, "own \"topic\"\nwith lines", "\"data\"", NULL));
    for (i = 0; i < MOST; i++) {
        if (i % 4 == 0)
            await(connections[i], "\"key\":\"heard\"");
        else if (i % 4 == 1)
            reset_connection(connections[i]);
        else
            close(connections[i]);
    }
    CHECK_OK(coffer_save_persistent_data(api->db, "heard on", "1"));
    for (i = 0; i < MOST; i += 4) {
        await(connections[i], "\"key\":\"heard on\"");
        close(connections[i]);
    }
    still_answers(api);
}

static long seconds_now(void)
{
    struct timespec now;
    CHECK_SAID(strerror(errno), clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (long)now.tv_sec;
}

/* Whoever is connected, and however far, does not keep the API from ending. */
static void ending_meanwhile(const struct api *api, int closes)
{
    static const char *const halves[] = {
        "", "G", "GET / HTTP/1.1\r\nHo", "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n",
        "PUT /api/database/documents/half HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED "Content-Length: 9\r\n\r\n[1,",
        "GET /api/database/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED "\r\n",
        "GET /api/database/documents/large HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" AUTHORIZED "\r\n"};
    int connections[LENGTH_OF(halves)];
    char request[512];
    size_t i, unused;
    long begun;
    for (i = 0; i < LENGTH_OF(halves); i++) {
        const char *number = strstr(halves[i], "%d");
        size_t before = number == NULL ? strlen(halves[i]) : (size_t)(number - halves[i]);
        memcpy(request, halves[i], before);
        request[before] = '\0';
        if (number != NULL)
            sprintf(request + before, "%d%s", api->port, number + 2);
        connections[i] = connected(api);
        send_bytes(connections[i], request, strlen(request));
    }
    sleep_ms(50);
    begun = seconds_now();
    CHECK_OK(closes ? coffer_close(api->db) : coffer_unregister_database_api(api->db));
    CHECK_SAID("ending waits for clients", seconds_now() - begun <= sized(5, 20));
    CHECK(connect_to(api->port) == -1);
    for (i = 0; i < LENGTH_OF(halves); i++) {
        free(receive_all(connections[i], &unused));
        close(connections[i]);
    }
}

/* How many sockets, pipes and the like this process has; an open store's files come and go by themselves. */
static int sockets_open(void)
{
    char name[300], target[16];
    const struct dirent *entry;
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL) {
        snprintf(name, sizeof name, "/proc/self/fd/%s", entry->d_name);
        count += readlink(name, target, sizeof target) > 0 && target[0] != '/';
    }
    closedir(folder);
    return count;
}

/* What a thread has ended by is not quite gone when it has been waited for. */
#define CHECK_NONE_LEFT(count, before) check_none_left(#count, count, before)
static void check_none_left(const char *what, int (*count)(void), int before)
{
    int i;
    for (i = 0; i < 1000 && count() > before; i++)
        sleep_ms(1);
    CHECK_SAID(what, count() <= before);
}

/* The port of an API that ended is free at once, though connections to it lately were; one that is in use is not. */
static void ports(struct api *api)
{
    char path[PATH_ROOM], options[256], name[32], *const untouched = (char *)"as it was", *json = untouched;
    int port = api->port;
    coffer_db other = 0;
    sprintf(name, "127.0.0.1:%d", port);
    sprintf(options, "{\"listen\":\"%s\",\"token\":\"" SECRET "\",\"allow_write\":true}", name);
    register_api(api->db, options, api, NULL);
    CHECK(api->port == port);
    still_answers(api);
    fresh_path(path, "another listener");
    CHECK_OK(coffer_open(path, NULL, &other));
    CHECK_STATUS(COFFER_ERROR_IO, coffer_register_database_api(other, options, &json));
    CHECK_HOLDS(coffer_last_error(), name);
    CHECK(json == untouched);
    /* What failed left nothing behind. */
    CHECK_OK(coffer_register_database_api(other, NULL, NULL));
    CHECK_OK(coffer_close(other));
    still_answers(api);
}

static void meanwhile(const struct api *api)
{
    abuse_gateway_bytes(api);
    pipelining(api);
    one_after_the_other(api);
    many_at_once(api);
    leaving_clients(api);
    streams(api);
}

void abuse_gateway_tcp(void)
{
    char path[PATH_ROOM], *large = long_document(LARGE);
    struct api api;
    struct saver saver = {0};
    int files = files_open(), threads = threads_running(), sockets, threads_of_store;
    CHECK_SAID("no signal", signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    /* Nobody waits for ever. */
    alarm(300);
    fresh_path(path, "listening");
    CHECK_OK(coffer_open(path, NULL, &saver.db));
    CHECK_OK(coffer_save_persistent_data(saver.db, "large", large));
    free(large);
    CHECK_OK(coffer_open(path, NULL, &api.db));
    sockets = sockets_open();
    threads_of_store = threads_running();
    set_end(0);
    CHECK(pthread_create(&saver.thread, NULL, save_all_the_time, &saver) == 0);
    register_api(api.db, LISTENING, &api, NULL);
    meanwhile(&api);
    ending_meanwhile(&api, 0);
    ports(&api);
    set_end(1);
    CHECK(pthread_join(saver.thread, NULL) == 0);
    CHECK_OK(coffer_unregister_database_api(api.db));
    CHECK_NONE_LEFT(sockets_open, sockets);
    CHECK_NONE_LEFT(threads_running, threads_of_store);
    CHECK_STATUS(COFFER_ERROR_NOT_FOUND, coffer_load_persistent_data(api.db, "half", NULL));
    CHECK_OK(coffer_close(saver.db));
    /* Closing the store's last handle ends the API as well. */
    register_api(api.db, LISTENING, &api, NULL);
    ending_meanwhile(&api, 1);
    CHECK(coffer_live_handles() == 0);
    CHECK_NONE_LEFT(files_open, files);
    CHECK_NONE_LEFT(threads_running, threads);
    alarm(0);
    CHECK_OK(coffer_open(path, NULL, &api.db));
    check_saved(api.db, saver.saved);
    CHECK_OK(coffer_close(api.db));
}
