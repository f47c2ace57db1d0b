/* train/snapshots.c: what becomes of checkpoints that come faster than they are written. */
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>

#include "unit/tiny_model.h"
#include "unit/worker_gate.h"

#include "train/snapshots.h"

static vae_checkpoint run;
static vae_snapshots snapshots;
static gate g;

static void setup(void)
{
    const vae_config config = tiny_model_config();
    run = tiny_model_make(
        &config, (vae_input){.height = 4, .width = 4, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8}, 1.0);
    cr_assert_eq(vae_snapshots_create(&run, &snapshots), VAE_OK, "%s", vae_error_message());
    gate_open(&g, 32);
}

static void teardown(void)
{
    vae_worker_destroy(g.worker);
    vae_snapshots_free(&snapshots);
    vae_checkpoint_free(&run);
}

TestSuite(snapshots, .init = setup, .fini = teardown, .timeout = 60);

/* The item is the number of the checkpoint; false: it was left out. */
static bool save(int item, vae_snapshot_kind kind)
{
    vae_snapshot *taken;
    cr_assert_eq(vae_snapshots_take(&snapshots, g.worker, kind, &taken), VAE_OK);
    if (!taken) return false;
    cr_expect_eq(taken->kind, kind);
    taken->number = gate_put(&g, item);
    return true;
}

/* Waits until the first item is being written. */
static void first(int item, vae_snapshot_kind kind)
{
    cr_assert(save(item, kind));
    sem_wait(&g.begun);
}

#define EXPECT_WRITTEN(...)                                                                                            \
    do {                                                                                                               \
        gate_let(&g, GATE_MOST);                                                                                       \
        cr_expect_eq(vae_worker_drain(g.worker), VAE_OK);                                                              \
        GATE_EXPECT(&g, g.released, __VA_ARGS__);                                                                      \
    } while (0)

Test(snapshots, have_arenas_of_their_own_and_no_gradients)
{
    for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena) {
        const void *one = snapshots.two[0].state.arenas[arena], *other = snapshots.two[1].state.arenas[arena];
        cr_expect_eq(one != NULL, arena != VAE_ARENA_GRADIENTS);
        cr_expect(!one || (one != other && one != run.arenas[arena]));
    }
}

Test(snapshots, two_are_kept_and_a_third_replaces_the_newer)
{
    first(1, VAE_SNAPSHOT_PERIODIC);
    cr_expect(save(2, VAE_SNAPSHOT_PERIODIC));
    cr_expect(save(3, VAE_SNAPSHOT_PERIODIC));
    cr_expect(save(4, VAE_SNAPSHOT_PERIODIC));
    EXPECT_WRITTEN(1, 4);
}

Test(snapshots, the_first_is_not_replaced_even_if_it_waits)
{
    gate_put(&g, 100); /* pictures, say */
    sem_wait(&g.begun);
    cr_expect(save(1, VAE_SNAPSHOT_PERIODIC));
    cr_expect(save(2, VAE_SNAPSHOT_BEST));
    cr_expect(save(3, VAE_SNAPSHOT_BEST));
    EXPECT_WRITTEN(100, 1, 3);
}

Test(snapshots, a_best_replaces_a_periodic_one)
{
    first(1, VAE_SNAPSHOT_PERIODIC);
    cr_expect(save(2, VAE_SNAPSHOT_PERIODIC));
    cr_expect(save(3, VAE_SNAPSHOT_BEST));
    EXPECT_WRITTEN(1, 3);
}

Test(snapshots, a_best_that_waits_is_neither_dropped_nor_overtaken)
{
    first(1, VAE_SNAPSHOT_PERIODIC);
    cr_expect(save(2, VAE_SNAPSHOT_BEST));
    cr_expect_not(save(3, VAE_SNAPSHOT_PERIODIC));
    cr_expect_not(save(4, VAE_SNAPSHOT_PERIODIC));
    EXPECT_WRITTEN(1, 2);
    cr_expect(save(5, VAE_SNAPSHOT_PERIODIC));
    EXPECT_WRITTEN(1, 2, 5);
}

Test(snapshots, a_better_one_replaces_a_best_that_waits)
{
    first(1, VAE_SNAPSHOT_BEST);
    cr_expect(save(2, VAE_SNAPSHOT_BEST));
    cr_expect(save(3, VAE_SNAPSHOT_BEST));
    EXPECT_WRITTEN(1, 3);
}

Test(snapshots, what_was_queued_between_stays_before)
{
    first(1, VAE_SNAPSHOT_PERIODIC);
    cr_expect(save(2, VAE_SNAPSHOT_PERIODIC));
    gate_put(&g, 102); /* a line of metrics, which checkpoint 3 counts */
    cr_expect(save(3, VAE_SNAPSHOT_PERIODIC));
    EXPECT_WRITTEN(1, 102, 3);
}

/* Lets the worker go on a while after the test began to wait for it. */
static void *let_go_later(void *unused)
{
    (void)unused;
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    gate_let(&g, GATE_MOST);
    return NULL;
}

Test(snapshots, a_sure_one_replaces_a_periodic_one_but_waits_for_a_best)
{
    pthread_t thread;
    first(1, VAE_SNAPSHOT_PERIODIC);
    cr_expect(save(2, VAE_SNAPSHOT_PERIODIC));
    cr_expect(save(3, VAE_SNAPSHOT_SURE));
    cr_assert_eq(pthread_create(&thread, NULL, let_go_later, NULL), 0);
    cr_expect(save(4, VAE_SNAPSHOT_SURE), "it waits until 1 is written");
    pthread_join(thread, NULL);
    EXPECT_WRITTEN(1, 3, 4);
}

Test(snapshots, a_failure_ends_the_wait)
{
    pthread_t thread;
    vae_snapshot *taken;
    g.failing = 1;
    first(1, VAE_SNAPSHOT_PERIODIC);
    cr_expect(save(2, VAE_SNAPSHOT_BEST));
    cr_assert_eq(pthread_create(&thread, NULL, let_go_later, NULL), 0);
    cr_expect_eq(vae_snapshots_take(&snapshots, g.worker, VAE_SNAPSHOT_SURE, &taken), VAE_ERROR_IO);
    cr_expect_str_eq(vae_error_message(), "item 1 failed");
    pthread_join(thread, NULL);
}
