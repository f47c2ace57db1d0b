/* Passes over a matrix, however tall or wide, that leave the sums of its columns. It is cut as vae_plan_columns says; a
 * block takes a piece of a group at a time, and the last to finish with a group adds up its pieces. All of it follows
 * from the shape alone, and so does the order of every sum. WIDTH is vae_vector_width() of the columns. */
#ifndef VAE_KERNELS_COLUMN_SUMS_CUH
#define VAE_KERNELS_COLUMN_SUMS_CUH

#include "kernels.h"
#include "program/grid.h"
#include "reduce.cuh"

namespace
{

inline dim3 block_of(const vae_column_plan &plan)
{
    return dim3((unsigned)plan.lanes, (unsigned)(VAE_BLOCK_THREADS / plan.lanes));
}

/* What a thread takes of a task: rows first, first + blockDim.y … before end, of WIDTH columns. */
struct column_piece {
    int64_t group, number, column, first, end;
};

template <int WIDTH> __device__ inline column_piece piece_of(const vae_column_plan &plan, int64_t task)
{
    column_piece piece;
    piece.number = task / plan.groups;
    piece.group = task % plan.groups;
    piece.column = (piece.group * blockDim.x + threadIdx.x) * WIDTH;
    piece.first = piece.number * plan.piece_rows + threadIdx.y;
    piece.end = piece.column < plan.columns ? min(plan.rows, (piece.number + 1) * plan.piece_rows) : 0;
    return piece;
}

/* The first row lane's `sum` becomes that of all. `shared` has a place for each; it may be used again at once. */
template <int WIDTH> __device__ inline void add_row_lanes(double (&sum)[WIDTH], double *shared)
{
    double *own = shared + (threadIdx.y * blockDim.x + threadIdx.x) * WIDTH;
    for (int k = 0; k < WIDTH; ++k)
        own[k] = sum[k];
    __syncthreads();
    for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
        for (int k = 0; threadIdx.y < half && k < WIDTH; ++k)
            own[k] += own[half * blockDim.x * WIDTH + k];
        __syncthreads();
    }
    for (int k = 0; k < WIDTH; ++k)
        sum[k] = own[k];
    __syncthreads();
}

/* Called by the whole block with what its threads found in a piece: SUMS numbers a column. `finish`, called with a
 * column and its sums, takes the result. `partials` is [pieces, SUMS, columns]. */
template <int WIDTH, int SUMS, typename Finish>
__device__ inline void sum_columns(double *partials, unsigned int *finished, const vae_column_plan &plan,
                                   const column_piece &piece, long_sums<SUMS, WIDTH> &sums, double *shared,
                                   const Finish &finish)
{
    sums.close();
    const bool reports = threadIdx.y == 0 && piece.column < plan.columns;
    for (int s = 0; s < SUMS; ++s) {
        add_row_lanes(sums.total[s], shared);
        for (int k = 0; reports && k < WIDTH; ++k)
            partials[(piece.number * SUMS + s) * plan.columns + piece.column + k] = sums.total[s][k];
    }
    if (!is_last_block(finished + piece.group, (unsigned)plan.pieces)) return;
    double totals[SUMS][WIDTH] = {};
    for (int64_t i = threadIdx.y; piece.column < plan.columns && i < plan.pieces; i += blockDim.y) {
        for (int s = 0; s < SUMS; ++s) {
            for (int k = 0; k < WIDTH; ++k)
                totals[s][k] += __ldcg(partials + (i * SUMS + s) * plan.columns + piece.column + k);
        }
    }
    for (int s = 0; s < SUMS; ++s)
        add_row_lanes(totals[s], shared);
    for (int k = 0; reports && k < WIDTH; ++k) {
        double column[SUMS];
        for (int s = 0; s < SUMS; ++s)
            column[s] = totals[s][k];
        finish(piece.column + k, column);
    }
    if (threadIdx.x == 0 && threadIdx.y == 0) finished[piece.group] = 0;
}

struct write_sum {
    float *sums;
    __device__ void operator()(int64_t column, const double (&total)[1]) const
    {
        sums[column] = (float)total[0];
    }
};

/* The plain case: one sum a column, written down. */
template <int WIDTH>
__device__ inline void sum_columns(const vae_cuda_column_sums &call, const vae_column_plan &plan,
                                   const column_piece &piece, long_sums<1, WIDTH> &sums, double *shared)
{
    sum_columns(call.partials, call.finished, plan, piece, sums, shared, write_sum{call.sums});
}

} // namespace

#endif
