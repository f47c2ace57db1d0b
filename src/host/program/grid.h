/* How large the grid of each kernel is. Plain C that knows no CUDA: the launchers beside it take their grids from
 * here, and so does what tells them where there is no GPU (vae_launch_blocks).
 *
 * A grid is what a launch asks for, which follows from shapes alone, and so does the order of every sum. Of these
 * blocks a device gets as many as it holds at a time: the kernels' loops go over the grid, so fewer blocks take more
 * each. */
#ifndef VAE_PROGRAM_GRID_H
#define VAE_PROGRAM_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "program/likelihood.h"

/* Threads of a block: of kernels that take a number after the other, and of those with more to do for each or with a
 * block to a row. */
enum { VAE_BLOCK_THREADS = 256, VAE_SMALL_BLOCK_THREADS = 128, VAE_WARP_THREADS = 32 };

/* `items`, of which a block takes `per_block` at a time. */
typedef struct vae_grid {
    int64_t items, per_block;
    int64_t partials, groups; /* what blocks leave for the last of each group: so many sums, in double; 0: nothing */
} vae_grid;

static inline int64_t vae_ceiling(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static inline int64_t vae_grid_blocks(vae_grid grid)
{
    return vae_ceiling(grid.items, grid.per_block);
}

/* A block an item: one for all, or one a row. */
static inline vae_grid vae_grid_of_blocks(int64_t items)
{
    return (vae_grid){items, 1, 0, 0};
}

static inline vae_grid vae_grid_of_warps(int64_t items)
{
    return (vae_grid){items, VAE_SMALL_BLOCK_THREADS / VAE_WARP_THREADS, 0, 0};
}

/* Numbers that a thread takes at a time: 128 bits where every row of `columns` begins at a multiple of them. */
static inline int64_t vae_vector_width(int64_t columns)
{
    return columns % 4 == 0 ? 4 : 1;
}

/* A thread a vector of numbers that lie in rows of `columns`. */
static inline vae_grid vae_grid_of_vectors(int64_t elements, int64_t columns, int64_t threads)
{
    return (vae_grid){elements / vae_vector_width(columns), threads, 0, 0};
}

/* gather: values that a thread takes at a time, at most 16 bytes. Mirrored ones lie apart. */
static inline int64_t vae_gather_width(int64_t columns, bool mirrored, bool floats)
{
    return mirrored ? 1 : columns % 16 == 0 && !floats ? 16 : vae_vector_width(columns);
}

static inline vae_grid vae_grid_of_gather(int64_t rows, int64_t columns, bool mirrored, bool floats)
{
    return (vae_grid){rows * columns / vae_gather_width(columns, mirrored, floats), VAE_SMALL_BLOCK_THREADS, 0, 0};
}

/* likelihood_mean of `pixels` in all: a thread an element, a warp where it has a softmax of its own; a thread a pixel
 * where the numbers of its channels stand together. */
static inline vae_grid vae_grid_of_means(const vae_likelihood_options *options, int64_t pixels)
{
    switch (options->family) {
    case VAE_LIKELIHOOD_CATEGORICAL: return vae_grid_of_warps(pixels * options->channels);
    case VAE_LIKELIHOOD_GAUSSIAN_PIXEL:
    case VAE_LIKELIHOOD_LAPLACE:
    case VAE_LIKELIHOOD_LOGISTIC:
    case VAE_LIKELIHOOD_LOGISTIC_MIXTURE: return (vae_grid){pixels, VAE_SMALL_BLOCK_THREADS, 0, 0};
    default: return (vae_grid){pixels * options->channels, VAE_SMALL_BLOCK_THREADS, 0, 0};
    }
}

/* Threads side by side that share `vectors`: a power of two, a warp at most. */
static inline int32_t vae_lanes(int64_t vectors)
{
    int32_t lanes = 1;
    while (lanes < VAE_WARP_THREADS && lanes < vectors)
        lanes *= 2;
    return lanes;
}

/* Threads that share a row of numbers that are summed: a few, a warp, or the block where rows are long. */
static inline int32_t vae_row_lanes(int64_t columns)
{
    const int64_t vectors = columns / vae_vector_width(columns);
    return vectors < 4 * VAE_SMALL_BLOCK_THREADS ? vae_lanes(vectors) : VAE_SMALL_BLOCK_THREADS;
}

static inline vae_grid vae_grid_of_row_sums(int64_t rows, int64_t columns)
{
    return (vae_grid){rows, VAE_SMALL_BLOCK_THREADS / vae_row_lanes(columns), 0, 0};
}

/* patches: threads that share one, of kernel × kernel × channels numbers. */
static inline int32_t vae_patch_lanes(int64_t kernel, int64_t channels)
{
    return vae_lanes(kernel * kernel * channels / vae_vector_width(kernel * channels));
}

static inline vae_grid vae_grid_of_patches(int64_t windows, int64_t kernel, int64_t channels)
{
    return (vae_grid){windows, VAE_BLOCK_THREADS / vae_patch_lanes(kernel, channels), 0, 0};
}

/* How a pass over a matrix is cut that leaves sums of its columns (kernels/column_sums.cuh). A block is lanes × row
 * lanes: lanes take a vector of columns each, row lanes every so many rows. The matrix is cut into groups of columns,
 * as wide as a block, and these into pieces of rows. */
typedef struct vae_column_plan {
    int64_t rows, columns, groups, pieces, piece_rows; /* of a group; the last piece may have fewer rows */
    int64_t tasks;                                     /* groups × pieces; a block takes one at a time */
    int32_t lanes;
} vae_column_plan;

/* Rows that a thread should have, and shall have at least; tasks that fill a large GPU (two blocks for each of 132
 * multiprocessors), for which rows become fewer, and tasks that are enough, beyond which they become more. */
enum { VAE_COLUMN_ROWS = 8, VAE_COLUMN_LEAST_ROWS = 2, VAE_COLUMN_FILLING_TASKS = 264, VAE_COLUMN_MOST_TASKS = 512 };

static inline int64_t vae_smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Of each of `copies` matrices of this shape. */
static inline vae_column_plan vae_plan_groups(int64_t copies, int64_t rows, int64_t columns)
{
    const int64_t width = vae_vector_width(columns);
    const int32_t lanes = vae_lanes(vae_ceiling(columns, width));
    const int64_t row_lanes = VAE_BLOCK_THREADS / lanes, groups = vae_ceiling(columns, lanes * width);
    const int64_t full = vae_ceiling(rows, row_lanes * VAE_COLUMN_ROWS);
    const int64_t filling = vae_smaller(vae_ceiling(VAE_COLUMN_FILLING_TASKS, copies * groups),
                                        vae_ceiling(rows, row_lanes * VAE_COLUMN_LEAST_ROWS));
    const int64_t most = copies * groups < VAE_COLUMN_MOST_TASKS ? VAE_COLUMN_MOST_TASKS / (copies * groups) : 1;
    const int64_t piece_rows = vae_ceiling(rows, vae_smaller(full > filling ? full : filling, most));
    const int64_t pieces = vae_ceiling(rows, piece_rows);
    return (vae_column_plan){rows, columns, groups, pieces, piece_rows, groups * pieces, lanes};
}

static inline vae_column_plan vae_plan_columns(int64_t rows, int64_t columns)
{
    return vae_plan_groups(1, rows, columns);
}

/* A block a task, that leaves so many `sums` of each column. */
static inline vae_grid vae_grid_of_columns(const vae_column_plan *plan, int64_t sums)
{
    const int64_t groups = sums > 0 ? plan->groups : 0;
    return (vae_grid){plan->tasks, 1, plan->pieces * sums * plan->columns, groups};
}

/* sum_rows: whether a thread adds up a whole group. */
static inline bool vae_is_short_group(int64_t count)
{
    return count <= 2 * VAE_COLUMN_ROWS;
}

static inline vae_grid vae_grid_of_groups(int64_t groups, int64_t count, int64_t columns)
{
    if (vae_is_short_group(count)) return vae_grid_of_vectors(groups * columns, columns, VAE_BLOCK_THREADS);
    const vae_column_plan plan = vae_plan_groups(groups, count, columns);
    const int64_t met = plan.pieces > 1 ? groups : 0; /* groups in which blocks meet */
    return (vae_grid){groups * plan.tasks, 1, met * plan.pieces * columns, met * plan.groups};
}

#endif
