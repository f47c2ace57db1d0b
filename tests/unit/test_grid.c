/* How passes over columns are cut into tasks. */
#include <criterion/criterion.h>

#include "program/grid.h"

/* Multiprocessors of the GPU that a step of configs/mnist-conv.ini should fill. */
enum { MULTIPROCESSORS = 132 };

/* Rows that a thread has at most. */
static int64_t thread_rows(const vae_column_plan *plan)
{
    return vae_ceiling(plan->piece_rows, VAE_BLOCK_THREADS / plan->lanes);
}

static void expect_to_fill(int64_t rows, int64_t columns)
{
    const vae_column_plan plan = vae_plan_columns(rows, columns);
    cr_assert_geq(plan.tasks, MULTIPROCESSORS, "%lld x %lld: %lld tasks", (long long)rows, (long long)columns,
                  (long long)plan.tasks);
    cr_assert_geq(thread_rows(&plan), 2);
}

Test(grid, images_of_few_channels_fill_a_gpu)
{
    expect_to_fill(25088, 32);
    expect_to_fill(100352, 1);
    expect_to_fill(6272, 64);
    expect_to_fill(1 << 22, 3);
}

static void expect_a_whole_matrix(int64_t rows, int64_t columns)
{
    const vae_column_plan plan = vae_plan_columns(rows, columns);
    const int64_t group_columns = plan.lanes * vae_vector_width(columns);
    cr_assert(plan.groups * group_columns >= columns && (plan.groups - 1) * group_columns < columns);
    cr_assert(plan.pieces * plan.piece_rows >= rows && (plan.pieces - 1) * plan.piece_rows < rows);
    cr_assert_eq(plan.tasks, plan.groups * plan.pieces);
    cr_assert(plan.pieces == 1 || plan.tasks <= VAE_COLUMN_MOST_TASKS, "%lld x %lld: %lld tasks", (long long)rows,
              (long long)columns, (long long)plan.tasks);
    /* A block whose threads have a row each would cost more than it sums. */
    cr_assert(plan.pieces == 1 || thread_rows(&plan) >= 2, "%lld x %lld", (long long)rows, (long long)columns);
}

Test(grid, every_row_and_column_is_in_one_task)
{
    static const int64_t sizes[] = {1, 2, 3, 4, 7, 8, 31, 32, 33, 64, 100, 129, 255, 256, 257, 512, 1000, 2051, 65537};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    for (int r = 0; r < COUNT; ++r) {
        for (int c = 0; c < COUNT; ++c)
            expect_a_whole_matrix(sizes[r], sizes[c]);
    }
}
