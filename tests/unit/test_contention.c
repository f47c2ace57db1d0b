/* backend/cpu/contention.c and waiting.c: when threads sleep, when they spin, and the helper that makes them. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/cpu/contention.h"
#include "backend/cpu/waiting.h"

/* Runs of a millisecond from *now on, each losing `lost`; returns how many until they sleep, or -1. */
static int runs_until_sleep(vae_contention *c, double *now, double lost, int most)
{
    for (int i = 1; i <= most; ++i) {
        *now += 1e-3;
        if (vae_contention_add_run(c, *now, 1e-3, lost)) return i;
    }
    return -1;
}

Test(contention, alone_they_spin)
{
    vae_contention c;
    double now = 5.0;
    vae_contention_begin(&c, now, 0.001, 0.2);
    cr_expect(!c.sleep);
    cr_expect_eq(runs_until_sleep(&c, &now, 0.0001, 10000), -1);
    cr_expect(!c.sleep);
}

Test(contention, beside_others_they_sleep_within_hundredths_of_a_second)
{
    vae_contention c;
    double now = 5.0;
    vae_contention_begin(&c, now, 0.0, 0.2);
    const int runs = runs_until_sleep(&c, &now, 0.0005, 100);
    cr_expect(runs > 1 && runs <= 12, "%d runs", runs);
    cr_expect(c.sleep);
}

Test(contention, a_life_in_the_queue_begins_with_sleep)
{
    vae_contention c;
    vae_contention_begin(&c, 5.0, 0.5, 0.5);
    cr_expect(c.sleep);
    vae_contention_begin(&c, 5.0, NAN, NAN);
    cr_expect(!c.sleep);
}

Test(contention, a_full_queue_keeps_them_asleep)
{
    vae_contention c;
    vae_contention_begin(&c, 0.0, 0.5, 0.5);
    for (int i = 1; i <= 100; ++i) {
        const double now = 0.21 * i;
        cr_assert(vae_contention_look_due(&c, now));
        cr_assert(!vae_contention_look(&c, now, 0.5 + 0.5 * now));
        cr_assert(!vae_contention_look_due(&c, now + 0.1));
    }
    /* The others are gone: the next look lets them spin. */
    cr_expect(vae_contention_look(&c, 21.3, 11.0));
    cr_expect(!c.sleep);
}

/* Where the system does not tell, looks are windows of spinning, ever more rarely, up to a limit. */
Test(contention, what_fails_is_tried_more_rarely)
{
    vae_contention c;
    double now = 0.0, slept = 0.0;
    vae_contention_begin(&c, now, NAN, NAN);
    for (int i = 0; i < 10; ++i) {
        const double before = slept;
        cr_assert_gt(runs_until_sleep(&c, &now, 0.001, 100), 0);
        const double from = now;
        while (!vae_contention_look_due(&c, now))
            now += 0.01;
        slept = now - from;
        cr_expect(slept >= before - 0.02 && slept < 4.0, "%g s after %g s", slept, before);
        cr_assert(vae_contention_look(&c, now, NAN));
    }
    cr_expect_gt(slept, 3.0);
    /* Those who come after a quiet time are new. */
    cr_assert_eq(runs_until_sleep(&c, &now, 0.0, 2000), -1);
    cr_assert_gt(runs_until_sleep(&c, &now, 0.001, 100), 0);
    cr_expect(vae_contention_look_due(&c, now + 0.3));
}

/* ---- The helper ---- */

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    cr_assert_not_null(tasks);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static vae_waiting *open_waiting(void)
{
    if (omp_get_num_procs() < 2) cr_skip_test("needs two processors");
    unsetenv("OMP_WAIT_POLICY");
    vae_waiting *waiting;
    cr_assert_eq(vae_waiting_open(omp_get_num_procs(), &waiting), VAE_OK);
    cr_assert_not_null(waiting);
    return waiting;
}

/* A run in which the leader loses its processor for a while. */
static void lose_time(vae_waiting *waiting)
{
    vae_waiting_begin(waiting, 0);
    usleep(15000);
    vae_waiting_end(waiting, 0);
    vae_waiting_decide(waiting);
}

static bool wait_for_threads(vae_waiting *waiting, bool more, int than)
{
    for (int i = 0; i < 500; ++i) {
        if ((count_threads() > than) == more) return true;
        if (waiting) vae_waiting_decide(waiting);
        usleep(10000);
    }
    return false;
}

Test(waiting, a_helper_comes_and_goes)
{
    const int before = count_threads();
    vae_waiting *waiting = open_waiting();
    lose_time(waiting);
    cr_expect(wait_for_threads(NULL, true, before + 1), "no team is held");
    cr_expect(wait_for_threads(waiting, false, before), "the team is held for ever");
    lose_time(waiting);
    cr_expect(wait_for_threads(NULL, true, before + 1), "no team is held the second time");
    vae_waiting_close(waiting);
    cr_expect(wait_for_threads(NULL, false, before), "the helper outlives the device");
}

/* Processor time that this process takes while its leader sleeps after a loop of the team. */
static double burned(void)
{
    int sum = 0;
#pragma omp parallel num_threads(omp_get_num_procs())
    {
#pragma omp atomic
        sum++;
    }
    cr_assert_gt(sum, 1);
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    usleep(30000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
}

/* OpenMP has read the environment when a program starts, so the test runs again in one without a policy (and without
 * what Criterion tells its workers there). */
static void run_again_without_policy(const char *test)
{
    char program[512], command[1024];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    cr_assert_gt(length, 0);
    program[length] = '\0';
    snprintf(command, sizeof command, "env -i '%s' --filter '%s' >&2", program, test);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): this very program */
}

/* This holds the library's way of counting threads to what libgomp is seen to do. */
Test(waiting, threads_sleep_while_a_team_is_held)
{
#ifdef __clang__
    cr_skip_test("LLVM's OpenMP yields instead");
#endif
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) {
        run_again_without_policy("waiting/threads_sleep_while_a_team_is_held");
        return;
    }
    if (omp_get_num_procs() < 2) cr_skip_test("needs two processors");
    double spinning = 0.0, sleeping = 1.0;
    for (int i = 0; i < 5; ++i)
        spinning = fmax(spinning, burned());
    const int before = count_threads();
    vae_waiting *waiting = open_waiting();
    lose_time(waiting);
    cr_assert(wait_for_threads(NULL, true, before + 1));
    for (int i = 0; i < 5; ++i)
        sleeping = fmin(sleeping, burned());
    cr_expect_lt(sleeping, 0.25 * spinning, "%g s asleep, %g s spinning", sleeping, spinning);
    vae_waiting_close(waiting);
}

Test(waiting, a_child_can_close_what_it_has_copied, .timeout = 20)
{
    vae_waiting *waiting = open_waiting();
    lose_time(waiting);
    const pid_t child = fork();
    if (child == 0) {
        lose_time(waiting);
        vae_waiting_close(waiting);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    vae_waiting_close(waiting);
}

Test(waiting, the_user_s_choice_stands)
{
    static const char *const names[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"};
    for (int i = 0; i < 3; ++i)
        unsetenv(names[i]);
    for (int i = 0; i < 3; ++i) {
        setenv(names[i], i ? "1000" : "active", 1);
        vae_waiting *waiting;
        cr_assert_eq(vae_waiting_open(2, &waiting), VAE_OK);
        cr_expect_null(waiting, "%s", names[i]);
        unsetenv(names[i]);
    }
    vae_waiting *waiting;
    cr_assert_eq(vae_waiting_open(1, &waiting), VAE_OK);
    cr_expect_null(waiting, "one thread waits for nobody");
    vae_waiting_begin(NULL, 0);
    vae_waiting_end(NULL, 0);
    vae_waiting_decide(NULL);
    vae_waiting_close(NULL);
}
