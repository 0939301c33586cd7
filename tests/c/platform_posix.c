/*
 * Folders, sockets, processes and libraries on POSIX systems; platform.h says what each is for.
 *
 * It must not be compiled for Windows. Invariant: a call that a signal interrupted is repeated.
 */
#define _XOPEN_SOURCE 700

#include "platform.h"
#include "support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* glibc tells since 2.33 how much of the heap is in use. */
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
#include <malloc.h>
#define HEAP_IN_USE() ((long)mallinfo2().uordblks)
#else
#define HEAP_IN_USE() (-1L)
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

void ensure_folder(const char *path)
{
    CHECK_SAID(strerror(errno), mkdir(path, 0777) == 0 || errno == EEXIST);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void remove_tree(const char *path)
{
    CHECK_SAID(strerror(errno), nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT);
}

int entries_in(const char *folder)
{
    int count = 0;
    const struct dirent *entry;
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

void sleep_ms(long milliseconds)
{
    struct timespec pause;
    pause.tv_sec = milliseconds / 1000;
    pause.tv_nsec = milliseconds % 1000 * 1000000;
    while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
        continue;
}

void end_at_once(int status)
{
    _exit(status);
}

void end_in(int seconds)
{
    alarm((unsigned)seconds);
}

int own_process_id(void)
{
    return (int)getpid();
}

int connect_to(int port)
{
    struct sockaddr_in address;
    struct timeval minute;
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_SAID(strerror(errno), connection >= 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    minute.tv_sec = 60;
    minute.tv_usec = 0;
    CHECK_SAID(strerror(errno), setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute) == 0);
    CHECK_SAID(strerror(errno), setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof minute) == 0);
    if (connect(connection, (const struct sockaddr *)&address, sizeof address) == 0)
        return connection;
    CHECK_SAID(strerror(errno), errno == ECONNREFUSED || errno == ECONNRESET);
    close(connection);
    return -1;
}

long send_some(int connection, const char *bytes, size_t length)
{
    ssize_t sent;
    while ((sent = send(connection, bytes, length, MSG_NOSIGNAL)) < 0 && errno == EINTR)
        continue;
    CHECK_SAID(strerror(errno), sent >= 0 || errno == EPIPE || errno == ECONNRESET);
    return (long)sent;
}

long receive_some(int connection, char *bytes, size_t room)
{
    ssize_t got;
    while ((got = recv(connection, bytes, room, 0)) < 0 && errno == EINTR)
        continue;
    /* Anything else is a server that does not answer. */
    CHECK_SAID(strerror(errno), got >= 0 || errno == ECONNRESET);
    return (long)got;
}

void close_connection(int connection)
{
    close(connection);
}

void reset_connection(int connection)
{
    struct linger at_once;
    at_once.l_onoff = 1;
    at_once.l_linger = 0;
    CHECK_SAID(strerror(errno), setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    close(connection);
}

#define MOST_ARGUMENTS 16

void start_process(struct process *process, const char *program, const char *const *arguments)
{
    const char *all[MOST_ARGUMENTS + 2];
    char *given[MOST_ARGUMENTS + 2];
    int ends[2], count;
    pid_t child;
    all[0] = program;
    for (count = 0; arguments[count] != NULL && count < MOST_ARGUMENTS; count++)
        all[count + 1] = arguments[count];
    all[count + 1] = NULL;
    /* execv changes none of them. */
    memcpy(given, all, sizeof given);
    CHECK_SAID(strerror(errno), pipe(ends) == 0);
    fflush(stdout);
    child = fork();
    CHECK_SAID(strerror(errno), child >= 0);
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) >= 0) {
            close(ends[0]);
            close(ends[1]);
            execv(program, given);
        }
        _exit(4);
    }
    close(ends[1]);
    process->id = (int)child;
    process->handle = NULL;
    process->output = fdopen(ends[0], "rb");
    CHECK_SAID(strerror(errno), process->output != NULL);
}

void kill_process(struct process *process)
{
    int status = 0;
    CHECK_SAID(strerror(errno), kill((pid_t)process->id, SIGKILL) == 0);
    CHECK_SAID(strerror(errno), waitpid((pid_t)process->id, &status, 0) == (pid_t)process->id);
    CHECK_SAID("the process ended by itself", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int wait_for_process(struct process *process)
{
    int status = 0;
    CHECK_SAID(strerror(errno), waitpid((pid_t)process->id, &status, 0) == (pid_t)process->id);
    fclose(process->output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int write_out(const void *bytes, size_t length)
{
    return write(STDOUT_FILENO, bytes, length) == (ssize_t)length;
}

const char *own_program(const char *argument)
{
    return argument;
}

void *load_library(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK_SAID(dlerror(), library != NULL);
    return library;
}

/* A function's address comes as an object's; C has no cast for that, copying is what there is. */
int find_function(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

int unload_library(void *library)
{
    return dlclose(library) == 0;
}

int fork_is_harmless(void)
{
    int status = -1;
    pid_t child;
    fflush(stdout);
    child = fork();
    CHECK_SAID(strerror(errno), child >= 0);
    /* Whoever asked to be told of forks has been called by now, here and there. */
    if (child == 0)
        _exit(0);
    while (waitpid(child, &status, 0) < 0)
        CHECK_SAID(strerror(errno), errno == EINTR);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int is_loaded(const char *path)
{
    char line[PATH_ROOM + 256], *real = realpath(path, NULL);
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK_SAID("there is no such library", real != NULL);
    while (maps != NULL && !found && fgets(line, sizeof line, maps) != NULL)
        found = strstr(line, real) != NULL;
    free(real);
    if (maps == NULL)
        return -1;
    fclose(maps);
    return found;
}

int threads_running(void)
{
    return entries_in("/proc/self/task");
}

int files_open(void)
{
    return entries_in("/proc/self/fd");
}

long heap_in_use(void)
{
    return HEAP_IN_USE();
}
