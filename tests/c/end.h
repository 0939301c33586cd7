/* The word by which a client's main thread ends the others.
 *
 * For programs of one file: each has a word of its own. It must not know what the threads do. Invariant: what was set is
 * seen by whoever asks afterwards, on every thread. */
#ifndef COFFER_TESTS_END_H
#define COFFER_TESTS_END_H

#include <pthread.h>

static pthread_mutex_t end_lock = PTHREAD_MUTEX_INITIALIZER;
static int at_end;

static int is_at_end(void)
{
    int now;
    pthread_mutex_lock(&end_lock);
    now = at_end;
    pthread_mutex_unlock(&end_lock);
    return now;
}

static void set_end(int end)
{
    pthread_mutex_lock(&end_lock);
    at_end = end;
    pthread_mutex_unlock(&end_lock);
}

#endif
