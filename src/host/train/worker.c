/* A bounded queue and a low-priority thread that works through it; after a failure it runs nothing more. */
#include "train/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* What this thread computes is short and can wait, but the loops of a step cannot: a thread that is late at the end of
 * one keeps all others waiting. At this distance the scheduler gives it a tenth of a processor that others want too,
 * and all of one that is idle; so little also is not taken for another process's work by backend/cpu/contention. */
enum { NICENESS = 10 };

struct vae_worker {
    vae_worker_duty duty;
    size_t item_size;
    int64_t capacity;
    char *items;     /* [capacity, item_size]: item n lies at (n - base) modulo capacity */
    bool *cancelled; /* [capacity] */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t more, less; /* than before, in the queue */
    /* Under the mutex. */
    int64_t base;       /* so that a queue which was empty begins at the front: little of it is ever touched */
    int64_t put, begun; /* items handed over, and taken up by the thread */
    int64_t done;       /* items that were run, or dropped */
    bool leave;
    vae_status failure;
    char message[VAE_MESSAGE_SIZE]; /* of the failure */
    atomic_bool failed;             /* written under the mutex */
};

static int64_t place_of(const vae_worker *w, int64_t number)
{
    return (number - w->base) % w->capacity;
}

static void *item_at(const vae_worker *w, int64_t number)
{
    return w->items + (size_t)place_of(w, number) * w->item_size;
}

static void release(const vae_worker *w, void *item)
{
    if (w->duty.release) w->duty.release(w->duty.context, item);
}

/* ---- The thread ---- */

/* Waits for an item; false when there will be none. */
static bool take(vae_worker *w, bool *run)
{
    pthread_mutex_lock(&w->mutex);
    while (w->begun == w->put && !w->leave)
        pthread_cond_wait(&w->more, &w->mutex);
    const bool found = w->begun < w->put;
    if (found) *run = !w->cancelled[place_of(w, w->begun++)] && !w->failure;
    pthread_mutex_unlock(&w->mutex);
    return found;
}

static void finish(vae_worker *w, vae_status status)
{
    pthread_mutex_lock(&w->mutex);
    if (status) {
        w->failure = status;
        memcpy(w->message, vae_error_message(), strlen(vae_error_message()) + 1);
        atomic_store(&w->failed, true);
    }
    w->done++;
    pthread_cond_signal(&w->less);
    pthread_mutex_unlock(&w->mutex);
}

static void *work(void *argument)
{
    vae_worker *w = argument;
    /* On Linux this applies to the thread alone. Where it is refused, the thread just gives way to nobody. */
    const int niceness = getpriority(PRIO_PROCESS, 0) + NICENESS;
    (void)setpriority(PRIO_PROCESS, 0, niceness);
    bool run;
    for (int64_t number = 0; take(w, &run); ++number) {
        /* The item stays where it is until it is counted as done. */
        void *item = item_at(w, number);
        const vae_status status = run ? w->duty.run(w->duty.context, item) : VAE_OK;
        release(w, item);
        finish(w, status);
    }
    return NULL;
}

/* ---- Making ---- */

static vae_status start(vae_worker *w)
{
    sigset_t all, before;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->more, NULL);
    pthread_cond_init(&w->less, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) return VAE_OK;
    pthread_cond_destroy(&w->less);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->mutex);
    return vae_error_set(VAE_ERROR_MEMORY, "cannot start a thread that writes files: %s", strerror(failed));
}

static void free_memory(vae_worker *w)
{
    free(w->cancelled);
    free(w->items);
    free(w);
}

vae_status vae_worker_create(const vae_worker_duty *duty, size_t item_size, int64_t capacity, vae_worker **worker)
{
    *worker = NULL;
    vae_worker *w = calloc(1, sizeof *w);
    if (!w) return vae_error_set(VAE_ERROR_MEMORY, "a thread that writes files: out of memory");
    w->duty = *duty;
    w->item_size = item_size;
    w->capacity = capacity;
    w->items = calloc((size_t)capacity, item_size);
    w->cancelled = calloc((size_t)capacity, sizeof *w->cancelled);
    vae_status status = w->items && w->cancelled
                            ? start(w)
                            : vae_error_set(VAE_ERROR_MEMORY, "a thread that writes files: out of memory");
    if (status) {
        free_memory(w);
        return status;
    }
    *worker = w;
    return VAE_OK;
}

void vae_worker_destroy(vae_worker *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->mutex);
    w->leave = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->less);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->mutex);
    free_memory(w);
}

/* ---- Handing over ---- */

/* Under the mutex. */
static vae_status tell_failure(const vae_worker *w)
{
    return w->failure ? vae_error_set(w->failure, "%s", w->message) : VAE_OK;
}

vae_status vae_worker_put(vae_worker *w, void *item, int64_t *number)
{
    pthread_mutex_lock(&w->mutex);
    while (w->put - w->done == w->capacity)
        pthread_cond_wait(&w->less, &w->mutex);
    const vae_status status = tell_failure(w);
    if (!status) {
        if (w->done == w->put) w->base = w->put;
        if (number) *number = w->put;
        memcpy(item_at(w, w->put), item, w->item_size);
        w->cancelled[place_of(w, w->put)] = false;
        w->put++;
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->mutex);
    if (status) release(w, item);
    return status;
}

vae_status vae_worker_check(vae_worker *w)
{
    if (!atomic_load_explicit(&w->failed, memory_order_relaxed)) return VAE_OK;
    pthread_mutex_lock(&w->mutex);
    const vae_status status = tell_failure(w);
    pthread_mutex_unlock(&w->mutex);
    return status;
}

bool vae_worker_has_done(vae_worker *w, int64_t number)
{
    pthread_mutex_lock(&w->mutex);
    const bool done = w->done > number;
    pthread_mutex_unlock(&w->mutex);
    return done;
}

bool vae_worker_cancel(vae_worker *w, int64_t number)
{
    pthread_mutex_lock(&w->mutex);
    const bool waiting = w->begun <= number && number < w->put;
    if (waiting) w->cancelled[place_of(w, number)] = true;
    pthread_mutex_unlock(&w->mutex);
    return waiting;
}

vae_status vae_worker_wait(vae_worker *w, int64_t number)
{
    pthread_mutex_lock(&w->mutex);
    while (w->done <= number)
        pthread_cond_wait(&w->less, &w->mutex);
    const vae_status status = tell_failure(w);
    pthread_mutex_unlock(&w->mutex);
    return status;
}

vae_status vae_worker_drain(vae_worker *w)
{
    /* Nobody else puts anything in. */
    return vae_worker_wait(w, w->put - 1);
}
