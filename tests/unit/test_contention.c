/* backend/cpu/contention.c and waiting.c: when threads sleep, when they spin, and the helper that makes them. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <omp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/cpu/contention.h"
#include "backend/cpu/waiting.h"
#include "core/clock.h"

/* Runs of a millisecond, in each of which threads stand `queued` seconds in queues; returns how many until what they do
 * changes, or -1. */
static int runs_until_change(vae_contention *c, double queued, int most)
{
    double sum = 0.0;
    for (int i = 1; i <= most; ++i) {
        sum += queued;
        if (!vae_contention_add(c, 1e-3)) continue;
        if (vae_contention_judge(c, sum)) return i;
        sum = 0.0;
    }
    return -1;
}

static vae_contention begun(double queued, double ran)
{
    vae_contention c;
    vae_contention_begin(&c, queued, ran);
    return c;
}

Test(contention, alone_they_spin)
{
    vae_contention c = begun(0.001, 0.2);
    cr_expect_eq(runs_until_change(&c, 0.0001, 10000), -1);
    cr_expect(!c.sleep);
}

Test(contention, beside_others_they_sleep_within_hundredths_of_a_second)
{
    vae_contention c = begun(0.0, 0.2);
    const int runs = runs_until_change(&c, 0.0005, 100);
    cr_expect(runs > 1 && runs <= 25, "%d runs", runs);
    cr_expect(c.sleep);
}

Test(contention, a_life_in_the_queue_begins_with_sleep)
{
    cr_expect(begun(0.5, 0.5).sleep);
    cr_expect_not(begun(0.0, 0.0).sleep);
}

Test(contention, alone_again_they_spin_again)
{
    vae_contention c = begun(0.5, 0.5);
    const int runs = runs_until_change(&c, 0.0001, 1000);
    cr_expect(runs > 0 && runs < 400, "%d runs", runs);
    cr_expect(!c.sleep);
}

/* Threads that wake up stand in queues, so a long queue may be theirs alone: it is not believed for ever. */
Test(contention, a_long_queue_keeps_them_asleep_but_not_for_ever)
{
    vae_contention c = begun(0.5, 0.5);
    const int runs = runs_until_change(&c, 0.001, 10000);
    cr_expect(runs > 3000 && runs < 7000, "%d runs", runs);
}

Test(contention, what_fails_is_tried_more_rarely)
{
    vae_contention c = begun(0.0, 0.2);
    int slept = 0;
    for (int i = 0; i < 10; ++i) {
        const int before = slept;
        cr_assert_gt(runs_until_change(&c, 0.001, 100), 0);
        slept = runs_until_change(&c, 0.0001, 10000);
        cr_expect(slept >= before && slept < 4000, "%d runs after %d", slept, before);
    }
    cr_expect_gt(slept, 3000);
    /* Those who come after a quiet time are new. */
    cr_assert_eq(runs_until_change(&c, 0.0, 2000), -1);
    cr_assert_gt(runs_until_change(&c, 0.001, 100), 0);
    cr_expect_lt(runs_until_change(&c, 0.0001, 10000), 400);
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
    if (access("/proc/thread-self/schedstat", R_OK)) cr_skip_test("needs a system that counts time in queues");
    vae_waiting *waiting;
    cr_assert_eq(vae_waiting_open(omp_get_num_procs(), &waiting), VAE_OK);
    cr_assert_not_null(waiting);
    return waiting;
}

/* A run that computes, and so stands in the queue beside others, or sleeps, and does not. */
static void run(vae_waiting *waiting, bool computes)
{
    vae_waiting_begin(waiting);
    const double start = vae_clock_seconds();
    while (computes && vae_clock_seconds() < start + 0.03)
        continue;
    if (!computes) usleep(30000);
    vae_waiting_end(waiting);
    vae_waiting_read(waiting, 0);
    vae_waiting_decide(waiting);
}

/* Another process that wants the only processor which this thread may use from now on. */
static pid_t meet_another(void)
{
    cpu_set_t all, one;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
        if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
    }
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile int busy = 1; busy;)
            continue;
    }
    cr_assert_gt(child, 0);
    return child;
}

static void part_from(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Runs until there are more threads than `than`, or no more. */
static bool run_for_threads(vae_waiting *waiting, bool more, int than)
{
    const double end = vae_clock_seconds() + 10.0;
    while (vae_clock_seconds() < end) {
        if ((count_threads() > than) == more) return true;
        if (waiting) run(waiting, more);
        if (!waiting) usleep(1000);
    }
    return false;
}

Test(waiting, a_helper_comes_and_goes, .timeout = 60)
{
    const int before = count_threads();
    vae_waiting *waiting = open_waiting();
    const pid_t other = meet_another();
    cr_expect(run_for_threads(waiting, true, before + 1), "no team is held");
    part_from(other);
    cr_expect(run_for_threads(waiting, false, before), "the team is held for ever");
    const pid_t next = meet_another();
    cr_expect(run_for_threads(waiting, true, before + 1), "no team is held the second time");
    part_from(next);
    vae_waiting_close(waiting);
    cr_expect(run_for_threads(NULL, false, before), "the helper outlives the device");
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
    cpu_set_t all;
    sched_getaffinity(0, sizeof all, &all);
    const pid_t other = meet_another();
    cr_assert(run_for_threads(waiting, true, before + 1));
    part_from(other);
    sched_setaffinity(0, sizeof all, &all);
    for (int i = 0; i < 5; ++i)
        sleeping = fmin(sleeping, burned());
    cr_expect_lt(sleeping, 0.25 * spinning, "%g s asleep, %g s spinning", sleeping, spinning);
    vae_waiting_close(waiting);
}

Test(waiting, a_child_can_close_what_it_has_copied, .timeout = 20)
{
    const int before = count_threads();
    vae_waiting *waiting = open_waiting();
    const pid_t other = meet_another();
    cr_expect(run_for_threads(waiting, true, before + 1));
    part_from(other);
    const pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 10; ++i)
            run(waiting, false);
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
    vae_waiting_begin(NULL);
    vae_waiting_end(NULL);
    vae_waiting_read(NULL, 0);
    vae_waiting_decide(NULL);
    vae_waiting_close(NULL);
}
