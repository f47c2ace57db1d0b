/* train/worker.c: order, taking back, failures, waiting, and an end with work queued. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "unit/worker_gate.h"

TestSuite(worker, .timeout = 60);

Test(worker, runs_items_in_order_and_releases_each)
{
    gate g;
    gate_open(&g, 4);
    gate_let(&g, GATE_MOST);
    /* More than there is room for: the queue goes round, and putting waits. */
    for (int i = 0; i < 50; ++i)
        cr_expect_eq(gate_put(&g, i), i);
    cr_expect_eq(vae_worker_drain(g.worker), VAE_OK);
    cr_assert_eq(g.count, 50);
    for (int i = 0; i < 50; ++i)
        cr_expect_eq(g.ran[i], i);
    cr_expect_eq(g.released, 50);
    vae_worker_destroy(g.worker);
}

Test(worker, putting_does_not_wait_for_running)
{
    gate g;
    gate_open(&g, 8);
    for (int i = 1; i <= 8; ++i)
        gate_put(&g, i);
    cr_expect(vae_worker_has_done(g.worker, -1));
    cr_expect_not(vae_worker_has_done(g.worker, 0));
    gate_let(&g, 8);
    cr_expect_eq(vae_worker_wait(g.worker, 7), VAE_OK);
    cr_expect(vae_worker_has_done(g.worker, 7));
    GATE_EXPECT(&g, 8, 1, 2, 3, 4, 5, 6, 7, 8);
    vae_worker_destroy(g.worker);
}

Test(worker, takes_back_what_has_not_been_begun)
{
    gate g;
    gate_open(&g, 8);
    const int64_t first = gate_put(&g, 1), second = gate_put(&g, 2);
    gate_put(&g, 3);
    sem_wait(&g.begun);
    cr_expect_not(vae_worker_cancel(g.worker, first), "it is being run");
    cr_expect(vae_worker_cancel(g.worker, second));
    cr_expect_not(vae_worker_has_done(g.worker, second), "its place in the queue is still to come");
    gate_let(&g, 2);
    cr_expect_eq(vae_worker_drain(g.worker), VAE_OK);
    cr_expect_not(vae_worker_cancel(g.worker, second), "it is past");
    GATE_EXPECT(&g, 3, 1, 3);
    vae_worker_destroy(g.worker);
}

Test(worker, a_failure_crosses_threads_and_ends_the_work)
{
    gate g;
    gate_open(&g, 8);
    g.failing = 2;
    gate_let(&g, 8);
    gate_put(&g, 1);
    cr_expect_eq(vae_worker_drain(g.worker), VAE_OK);
    cr_expect_eq(vae_worker_check(g.worker), VAE_OK);
    vae_error_set(VAE_ERROR_MEMORY, "something else");
    gate_put(&g, 2);
    cr_expect_eq(vae_worker_drain(g.worker), VAE_ERROR_IO);
    cr_expect_str_eq(vae_error_message(), "item 2 failed");
    for (int i = 0; i < 2; ++i) { /* it stays */
        vae_error_set(VAE_ERROR_MEMORY, "something else");
        cr_expect_eq(vae_worker_check(g.worker), VAE_ERROR_IO);
        cr_expect_str_eq(vae_error_message(), "item 2 failed");
    }
    int late = 3;
    cr_expect_eq(vae_worker_put(g.worker, &late, NULL), VAE_ERROR_IO);
    cr_expect_str_eq(vae_error_message(), "item 2 failed");
    vae_worker_destroy(g.worker);
    GATE_EXPECT(&g, 3, 1, 2);
}

Test(worker, what_is_queued_behind_a_failure_is_dropped)
{
    gate g;
    gate_open(&g, 8);
    g.failing = 1;
    for (int i = 1; i <= 5; ++i)
        gate_put(&g, i);
    gate_let(&g, 1);
    cr_expect_eq(vae_worker_drain(g.worker), VAE_ERROR_IO);
    GATE_EXPECT(&g, 5, 1);
    vae_worker_destroy(g.worker);
}

Test(worker, destroyed_with_work_queued_it_does_it)
{
    gate g;
    gate_open(&g, 8);
    for (int i = 1; i <= 4; ++i)
        gate_put(&g, i);
    sem_wait(&g.begun);
    gate_let(&g, 4);
    vae_worker_destroy(g.worker);
    GATE_EXPECT(&g, 4, 1, 2, 3, 4);
    vae_worker_destroy(NULL);
}

Test(worker, its_thread_takes_no_signals)
{
    gate g;
    gate_open(&g, 1);
    gate_let(&g, 1);
    gate_put(&g, 1);
    cr_expect_eq(vae_worker_drain(g.worker), VAE_OK);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGQUIT, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; ++i)
        cr_expect_eq(sigismember(&g.mask, signals[i]), 1, "signal %d", signals[i]);
    vae_worker_destroy(g.worker);
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    cr_expect_eq(sigismember(&own, SIGTERM), 0, "this thread's signals are as they were");
}
