/* A thread that calls madvise for coming rows, and stays a bounded distance ahead of the trainer. */
#include "data/prefetch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/permutation.h"

/* How far ahead: far enough to hide a disk's latency, and little beside the memory that the pages would fill. */
#define AHEAD_BYTES (INT64_C(64) << 20)
enum { AHEAD_ROWS = 64, PIECE_ROWS = 64 };

struct vae_prefetch {
    const uint8_t *values;
    int64_t count, row_bytes;
    int64_t ahead; /* rows */
    uint64_t seed;
    uintptr_t page;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex. Rows are numbered through all epochs. */
    int64_t next; /* of the trainer */
    bool stop;
};

/* Pages that hold some of these bytes, as madvise takes them. */
static void advise(const vae_prefetch *p, const uint8_t *begin, int64_t bytes, int advice)
{
    const size_t before = (uintptr_t)begin % p->page;
    /* Advice that is not taken costs time, nothing else. madvise() takes no const, though it writes nothing. */
    (void)madvise((void *)(begin - before), before + (size_t)bytes, advice);
}

static void fetch(const vae_prefetch *p, const vae_permutation *permutation, int64_t row)
{
    const int64_t index = (int64_t)vae_permutation_apply(permutation, (uint64_t)(row % p->count));
    advise(p, p->values + index * p->row_bytes, p->row_bytes, MADV_WILLNEED);
}

/* Waits for rows to fetch from `done` on: *begin … *end; false when it is time to stop. */
static bool wait_for_rows(vae_prefetch *p, int64_t done, int64_t *begin, int64_t *end)
{
    pthread_mutex_lock(&p->mutex);
    while (!p->stop && p->next + p->ahead <= done)
        pthread_cond_wait(&p->changed, &p->mutex);
    *begin = done > p->next ? done : p->next;
    *end = p->next + p->ahead;
    const bool go_on = !p->stop;
    pthread_mutex_unlock(&p->mutex);
    /* In pieces, so that it does not fetch what the trainer has passed. */
    if (*end - *begin > PIECE_ROWS) *end = *begin + PIECE_ROWS;
    return go_on;
}

static void *run(void *context)
{
    vae_prefetch *p = context;
    vae_permutation permutation = {0};
    int64_t epoch = -1, begin, end;
    for (int64_t done = 0; wait_for_rows(p, done, &begin, &end); done = end) {
        for (int64_t row = begin; row < end; ++row) {
            if (row / p->count != epoch) {
                epoch = row / p->count;
                permutation = vae_permutation_make(p->seed, (uint64_t)epoch, (uint64_t)p->count);
            }
            fetch(p, &permutation, row);
        }
    }
    return NULL;
}

static vae_status start(vae_prefetch *p)
{
    sigset_t all, before;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->changed, NULL);
    /* Ctrl-C is for the threads that were there before. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) return VAE_OK;
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    return vae_error_set(VAE_ERROR_MEMORY, "training images: cannot start a thread that reads ahead");
}

vae_status vae_prefetch_create(const vae_dataset *dataset, uint64_t seed, vae_prefetch **prefetch)
{
    *prefetch = NULL;
    if (!dataset->mapping.start) return VAE_OK;
    vae_prefetch *p = calloc(1, sizeof *p);
    if (!p) return vae_error_set(VAE_ERROR_MEMORY, "training images: out of memory");
    p->values = dataset->values;
    p->count = dataset->count;
    p->row_bytes = vae_dataset_row_bytes(dataset);
    p->seed = seed;
    p->page = (uintptr_t)sysconf(_SC_PAGESIZE);
    p->ahead = AHEAD_BYTES / p->row_bytes > AHEAD_ROWS ? AHEAD_BYTES / p->row_bytes : AHEAD_ROWS;
    if (p->ahead > p->count) p->ahead = p->count;
    /* Shuffled rows have nothing to do with their neighbours. */
    advise(p, p->values, p->count * p->row_bytes, MADV_RANDOM);
    const vae_status status = start(p);
    if (status) {
        free(p);
        return status;
    }
    *prefetch = p;
    return VAE_OK;
}

void vae_prefetch_destroy(vae_prefetch *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->mutex);
    p->stop = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

void vae_prefetch_advance(vae_prefetch *p, uint64_t epoch, int64_t first)
{
    if (!p) return;
    pthread_mutex_lock(&p->mutex);
    p->next = (int64_t)epoch * p->count + first;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}
