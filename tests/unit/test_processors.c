/* core/processors.c: threads by quota, affinity mask and OMP_NUM_THREADS. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "core/processors.h"
#include "unit/control_group_files.h"

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
    unsetenv("OMP_NUM_THREADS");
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(processors, .init = setup, .fini = teardown);

static double quota(void)
{
    group_files files;
    return vae_control_group_processors(group_files_of(&files, folder));
}

static vae_processors find(void)
{
    group_files files;
    return vae_processors_find(group_files_of(&files, folder));
}

Test(processors, no_quota)
{
    cr_expect_eq(quota(), INFINITY);
    group_file_put(folder, "cgroup", "0::/\n");
    group_file_put(folder, "sys/cpu.max", "max 100000\n");
    cr_expect_eq(quota(), INFINITY);
    const vae_processors p = find();
    cr_expect_eq(p.threads, p.allowed);
}

Test(processors, version_2_takes_the_lowest_on_the_way_up)
{
    group_file_put(folder, "cgroup", "0::/pod/container\n");
    group_file_put(folder, "sys/pod/container/cpu.max", "400000 100000\n");
    group_file_put(folder, "sys/pod/cpu.max", "30000 20000\n");
    cr_expect_eq(quota(), 1.5);
    group_file_put(folder, "sys/pod/container/cpu.max", "50000 100000\n");
    cr_expect_eq(quota(), 0.5);
}

/* A container sees its own group as the root. */
Test(processors, version_1_has_a_file_for_the_period)
{
    group_file_put(folder, "cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/docker/abc\n3:memory:/y\n");
    group_file_put(folder, "sys/cpu/docker/abc/cpu.cfs_quota_us", "-1\n");
    group_file_put(folder, "sys/cpu/docker/abc/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(quota(), INFINITY);
    group_file_put(folder, "sys/cpu/cpu.cfs_quota_us", "250000\n");
    group_file_put(folder, "sys/cpu/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(quota(), 2.5);
}

Test(processors, a_quota_is_rounded_to_threads)
{
    static const struct {
        const char *quota;
        int threads;
    } cases[] = {{"10000 100000", 1},  {"100000 100000", 1}, {"120000 100000", 1},
                 {"150000 100000", 2}, {"200000 100000", 2}, {"240000 100000", 2}};
    group_file_put(folder, "cgroup", "0::/\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        group_file_put(folder, "sys/cpu.max", cases[i].quota);
        const vae_processors p = find();
        const int most = p.allowed < cases[i].threads ? p.allowed : cases[i].threads;
        cr_expect_eq(p.threads, most, "%s: %d threads", cases[i].quota, p.threads);
    }
}

Test(processors, asked_for_threads_come_first)
{
    group_file_put(folder, "cgroup", "0::/\n");
    group_file_put(folder, "sys/cpu.max", "100000 100000\n");
    setenv("OMP_NUM_THREADS", "3,2", 1);
    cr_expect_eq(find().threads, 3);
    setenv("OMP_NUM_THREADS", "none", 1);
    cr_expect_eq(find().threads, 1);
    cr_expect_eq(vae_processors_threads(7), 7);
}

Test(processors, the_mask_counts)
{
    cpu_set_t before, one;
    cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
        if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
    }
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    cr_expect_eq(find().threads, 1);
    sched_setaffinity(0, sizeof before, &before);
}

Test(processors, the_reason_is_told)
{
    char text[80];
    const vae_processors quota = {.online = 16, .allowed = 16, .quota = 2.0, .threads = 2};
    vae_processors_reason(&quota, text, sizeof text);
    cr_expect_str_eq(text, " of 16: a quota of 2 processors");
    const vae_processors mask = {.online = 16, .allowed = 3, .quota = 8.0, .threads = 3};
    vae_processors_reason(&mask, text, sizeof text);
    cr_expect_str_eq(text, " of 16: this process may use no more");
    const vae_processors asked = {.online = 16, .allowed = 16, .quota = INFINITY, .asked = 4, .threads = 4};
    vae_processors_reason(&asked, text, sizeof text);
    cr_expect_str_eq(text, " of 16: OMP_NUM_THREADS");
    const vae_processors all = {.online = 16, .allowed = 16, .quota = INFINITY, .threads = 16};
    vae_processors_reason(&all, text, sizeof text);
    cr_expect_str_eq(text, "");
}
