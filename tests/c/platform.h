/*
 * What the C tests need of the system: folders, sockets, processes, libraries loaded at run time.
 *
 * platform_posix.c and platform_windows.c each provide all of it. It must not know what any one test is about, nor call
 * the library. Invariant: paths are UTF-8 on every system; what cannot go wrong in a sound test ends it with a message.
 */
#ifndef COFFER_TEST_PLATFORM_H
#define COFFER_TEST_PLATFORM_H

#include <stddef.h>
#include <stdio.h>

/* Creates a folder; one that is there already is fine. */
void ensure_folder(const char *path);

/* Removes a file, or a folder with all that is in it; that nothing is there is fine. */
void remove_tree(const char *path);

/* How many names are in a folder; -1 if it is none. */
int entries_in(const char *folder);

void sleep_ms(long milliseconds);

/* Ends the process at once, whatever its other threads do. */
void end_at_once(int status);

/* Ends the process as a failure if it still runs after so long. */
void end_in(int seconds);

int own_process_id(void);

/* A connection to a port of this machine that gives up after a minute; -1 if nobody listens. */
int connect_to(int port);

/* Sends or receives some bytes; -1 if the other side broke the connection off. Any other trouble ends the test. */
long send_some(int connection, const char *bytes, size_t length);
long receive_some(int connection, char *bytes, size_t room);

void close_connection(int connection);

/* Closes a connection without the usual good-bye. */
void reset_connection(int connection);

/* Another process, and what it writes to its standard output. */
struct process {
    /* The system's own name for it. */
    void *handle;
    int id;
    FILE *output;
};

/* Starts a program; the arguments end with NULL, and the program's own name is not among them. */
void start_process(struct process *process, const char *program, const char *const *arguments);

/* Kills it without giving it time for anything, and waits until it is gone. The output is still to be read, and closed. */
void kill_process(struct process *process);

/* Waits until it ends by itself, closes the output and returns the exit status. */
int wait_for_process(struct process *process);

/* Writes to the standard output in one call, past any buffer and byte for byte. Returns 0 if nobody reads it any more. */
int write_out(const void *bytes, size_t length);

/* The path of this program's file, for starting it anew. */
const char *own_program(const char *argument);

/* Loads a library, looks a function up, and unloads it; each says whether it worked. */
void *load_library(const char *path);
int find_function(void *library, const char *name, void *function);
int unload_library(void *library);

/* Starts a child by forking that ends at once, and says whether it did so by itself; 1 too where no process can fork. */
int fork_is_harmless(void);

/* 1 if the file of a library is in this process's memory, 0 if not, -1 if the system does not tell. */
int is_loaded(const char *path);

/* How many threads run and how many files, sockets and the like are open in this process; -1 if the system does not tell. */
int threads_running(void);
int files_open(void);

/* How many bytes of the heap, which the library takes its memory from, are in use; -1 if the system does not tell. */
long heap_in_use(void);

#endif
