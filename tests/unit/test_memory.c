/* core/memory.c: limits of control groups; and arenas that ask for more than there is. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "backend/host/arena.h"
#include "core/memory.h"
#include "unit/control_group_files.h"

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(memory, .init = setup, .fini = teardown);

static void put(const char *name, const char *text)
{
    group_file_put(folder, name, text);
}

static double limit(void)
{
    group_files files;
    return vae_control_group_memory(group_files_of(&files, folder));
}

Test(memory, no_groups_no_limit)
{
    cr_expect_eq(limit(), INFINITY);
    put("cgroup", "0::/job\n");
    cr_expect_eq(limit(), INFINITY);
    put("sys/job/memory.max", "max\n");
    cr_expect_eq(limit(), INFINITY);
}

Test(memory, version_2_takes_the_lowest_on_the_way_up)
{
    put("cgroup", "0::/batch/job/step\n");
    put("sys/batch/job/step/memory.max", "max\n");
    put("sys/batch/job/memory.max", "3000\n");
    put("sys/batch/memory.max", "5000\n");
    cr_expect_eq(limit(), 3000.0);
    put("sys/batch/memory.max", "2000\n");
    cr_expect_eq(limit(), 2000.0);
}

/* A container sees its own group as the root. */
Test(memory, the_mount_itself_counts)
{
    put("cgroup", "0::/\n");
    put("sys/memory.max", "4096\n");
    cr_expect_eq(limit(), 4096.0);
    put("cgroup", "0::/outside/of/the/container\n");
    cr_expect_eq(limit(), 4096.0);
}

Test(memory, version_1_has_a_folder_for_each_controller)
{
    put("cgroup", "9:name=systemd:/\n8:cpu,memory:/docker/abc\n4:memory_not:/x\n3:cpuset:/\n0::/\n");
    put("sys/memory/docker/abc/memory.limit_in_bytes", "70000\n");
    put("sys/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/memory/x/memory.limit_in_bytes", "1\n");
    cr_expect_eq(limit(), 70000.0);
}

Test(memory, lines_of_no_form_are_passed_over)
{
    put("cgroup", "\nnothing\n1:\n0::/job\n");
    put("sys/job/memory.max", "77\n");
    cr_expect_eq(limit(), 77.0);
}

Test(memory, an_arena_larger_than_what_is_left_is_refused)
{
    const double left = vae_memory_left();
    cr_assert(left > 0.0 && left <= vae_memory_limit());
    void *memory = NULL;
    cr_assert_eq(vae_arena_create("weights", (int64_t)(left / 4.0 * 1.5), 4, &memory), VAE_ERROR_MEMORY);
    cr_expect_null(memory);
    cr_expect_not_null(strstr(vae_error_message(), "weights: "));
    cr_expect_not_null(strstr(vae_error_message(), " remain"), "%s", vae_error_message());
}
