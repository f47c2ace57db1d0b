/* A worker that stands still until a test lets it run, and remembers what it ran. */
#ifndef VAE_TEST_WORKER_GATE_H
#define VAE_TEST_WORKER_GATE_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include "train/worker.h"

enum { GATE_MOST = 64 };

typedef struct gate {
    sem_t begun, go; /* an item has been begun; one may end */
    int ran[GATE_MOST], count;
    int released;
    int failing; /* the item that fails; 0: none */
    sigset_t mask;
    vae_worker *worker;
} gate;

static inline vae_status gate_run(void *context, void *item)
{
    gate *g = context;
    sem_post(&g->begun);
    sem_wait(&g->go);
    pthread_sigmask(SIG_SETMASK, NULL, &g->mask);
    g->ran[g->count++] = *(int *)item;
    return *(int *)item == g->failing && g->failing ? vae_error_set(VAE_ERROR_IO, "item %d failed", g->failing)
                                                    : VAE_OK;
}

static inline void gate_release(void *context, void *item)
{
    (void)item;
    ((gate *)context)->released++;
}

static inline void gate_open(gate *g, int64_t capacity)
{
    *g = (gate){0};
    sem_init(&g->begun, 0, 0);
    sem_init(&g->go, 0, 0);
    const vae_worker_duty duty = {.context = g, .run = gate_run, .release = gate_release};
    cr_assert_eq(vae_worker_create(&duty, sizeof(int), capacity, &g->worker), VAE_OK, "%s", vae_error_message());
}

static inline int64_t gate_put(gate *g, int item)
{
    int64_t number = -1;
    cr_assert_eq(vae_worker_put(g->worker, &item, &number), VAE_OK, "%s", vae_error_message());
    return number;
}

static inline void gate_let(gate *g, int count)
{
    for (int i = 0; i < count; ++i)
        sem_post(&g->go);
}

/* What was run, in order, and what was released. */
static inline void gate_expect(const gate *g, const int *items, int count, int released)
{
    cr_assert_eq(g->count, count, "%d items were run instead of %d", g->count, count);
    for (int i = 0; i < count; ++i)
        cr_expect_eq(g->ran[i], items[i], "item %d is %d instead of %d", i, g->ran[i], items[i]);
    cr_expect_eq(g->released, released, "%d items were released instead of %d", g->released, released);
}

#define GATE_EXPECT(g, released, ...)                                                                                  \
    gate_expect(g, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int), released)

#endif
