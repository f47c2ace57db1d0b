/* A thread that calls madvise for coming items, and stays a bounded distance ahead of the trainer. */
#include "data/prefetch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/permutation.h"

/* How far ahead: far enough to hide a disk's latency, and little beside the memory that the pages would fill. Sequences
 * are short, and what a batch of them costs is the pages that they lie in. */
#define AHEAD_BYTES (INT64_C(64) << 20)
enum { AHEAD_ROWS = 64, PIECE_ROWS = 64, AHEAD_BATCHES = 64 };

/* What is fetched at a time is a unit: an image, or a batch of sequences. */
struct vae_prefetch {
    const vae_dataset *dataset;
    int64_t count; /* units in an epoch */
    int64_t ahead; /* units */
    uint64_t seed; /* of images */
    vae_prefetch_plan plan;
    int64_t *items; /* [plan.rows]; NULL: images */
    uintptr_t page;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex. Units are numbered through all epochs. */
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

static int64_t first_row(const vae_dataset *dataset, int64_t item)
{
    return dataset->offsets ? dataset->offsets[item] : item;
}

/* What an item takes is known once its offsets, which are mapped too, are there. */
static void fetch_item(const vae_prefetch *p, int64_t item)
{
    const int64_t first = first_row(p->dataset, item), rows = first_row(p->dataset, item + 1) - first;
    const int64_t row = vae_dataset_row_bytes(p->dataset);
    advise(p, p->dataset->values + first * row, rows * row, MADV_WILLNEED);
}

static void fetch(const vae_prefetch *p, const vae_permutation *permutation, int64_t unit)
{
    if (!p->items) {
        fetch_item(p, (int64_t)vae_permutation_apply(permutation, (uint64_t)(unit % p->count)));
        return;
    }
    const int64_t items = p->plan.items(p->plan.context, (uint64_t)(unit / p->count), unit % p->count, p->items);
    for (int64_t i = 0; i < items; ++i)
        fetch_item(p, p->items[i]);
}

/* Waits for units to fetch from `done` on: *begin … *end; false when it is time to stop. */
static bool wait_for_units(vae_prefetch *p, int64_t done, int64_t *begin, int64_t *end)
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
    for (int64_t done = 0; wait_for_units(p, done, &begin, &end); done = end) {
        for (int64_t unit = begin; unit < end; ++unit) {
            if (unit / p->count != epoch) {
                epoch = unit / p->count;
                permutation = vae_permutation_make(p->seed, (uint64_t)epoch, (uint64_t)p->count);
            }
            fetch(p, &permutation, unit);
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
    return vae_error_set(VAE_ERROR_MEMORY, "training data: cannot start a thread that reads ahead");
}

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "training data: out of memory");
}

static vae_status create(vae_prefetch what, vae_prefetch **prefetch)
{
    vae_prefetch *p = calloc(1, sizeof *p);
    if (!p) return no_memory();
    *p = what;
    p->page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (p->ahead > p->count) p->ahead = p->count;
    /* What is shuffled has nothing to do with its neighbours. */
    const vae_dataset *d = p->dataset;
    const int64_t first = first_row(d, 0), row = vae_dataset_row_bytes(d);
    advise(p, d->values + first * row, (first_row(d, d->count) - first) * row, MADV_RANDOM);
    const vae_status status = start(p);
    if (status) {
        free(p);
        return status;
    }
    *prefetch = p;
    return VAE_OK;
}

vae_status vae_prefetch_create(const vae_dataset *dataset, uint64_t seed, vae_prefetch **prefetch)
{
    *prefetch = NULL;
    if (!dataset->mapping.start) return VAE_OK;
    const int64_t rows = AHEAD_BYTES / vae_dataset_row_bytes(dataset);
    return create(
        (vae_prefetch){
            .dataset = dataset, .count = dataset->count, .seed = seed, .ahead = rows > AHEAD_ROWS ? rows : AHEAD_ROWS},
        prefetch);
}

vae_status vae_prefetch_create_sequences(const vae_dataset *dataset, const vae_prefetch_plan *plan,
                                         vae_prefetch **prefetch)
{
    *prefetch = NULL;
    if (!dataset->mapping.start || plan->batches == 0) return VAE_OK;
    int64_t *items = malloc((size_t)plan->rows * sizeof *items);
    if (!items) return no_memory();
    const vae_status status = create(
        (vae_prefetch){
            .dataset = dataset, .count = plan->batches, .ahead = AHEAD_BATCHES, .plan = *plan, .items = items},
        prefetch);
    if (status) free(items);
    return status;
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
    free(p->items);
    free(p);
}

void vae_prefetch_advance(vae_prefetch *p, uint64_t epoch, int64_t next)
{
    if (!p) return;
    pthread_mutex_lock(&p->mutex);
    p->next = (int64_t)epoch * p->count + next;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}
