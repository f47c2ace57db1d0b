/* Two sums over each column of a matrix, in a fixed order whatever the grid: blocks take a group of columns and a piece
 * of the rows, and leave partial sums that the last block of the group adds up. */
#ifndef VAE_KERNELS_COLUMNS_CUH
#define VAE_KERNELS_COLUMNS_CUH

#include "launch.cuh"

namespace
{

enum { COLUMN_THREADS = 256, MAX_ACROSS = 32, MAX_PIECES = 256, LANE_ROWS = 4 };

/* A block is `across` threads wide, WIDTH columns each, and `lanes` high; a lane takes every lanes-th row of a piece.
 */
struct column_plan {
    int64_t rows, columns;
    int64_t groups, pieces, piece_rows;
    int across, lanes;
};

inline column_plan plan_columns(int64_t rows, int64_t columns, int width)
{
    column_plan plan = {};
    const int64_t vectors = columns / width;
    plan.rows = rows;
    plan.columns = columns;
    plan.across = (int)(vectors < MAX_ACROSS ? vectors : MAX_ACROSS);
    plan.lanes = COLUMN_THREADS / plan.across;
    plan.groups = (vectors + plan.across - 1) / plan.across;
    const int64_t wanted = (rows + plan.lanes * LANE_ROWS - 1) / (plan.lanes * LANE_ROWS);
    const int64_t most = wanted < MAX_PIECES ? wanted : MAX_PIECES;
    plan.piece_rows = (rows + most - 1) / most;
    plan.pieces = (rows + plan.piece_rows - 1) / plan.piece_rows;
    return plan;
}

/* Adds up the lanes' sums, in their order. Of the group's n columns, thread c < n gets the first sum of column c and
 * thread n + c its second. `shared` has room for 2 · COLUMN_THREADS · WIDTH and may be used again at once. */
template <int WIDTH>
__device__ inline double add_lanes(const column_plan &plan, const double (&first)[WIDTH], const double (&second)[WIDTH],
                                   double *shared)
{
    const int n = plan.across * WIDTH, lane = (int)threadIdx.x / plan.across, used = plan.lanes * n;
    const int at = lane * n + (int)threadIdx.x % plan.across * WIDTH;
    for (int k = 0; lane < plan.lanes && k < WIDTH; ++k) {
        shared[at + k] = first[k];
        shared[used + at + k] = second[k];
    }
    __syncthreads();
    const int column = (int)threadIdx.x % n, which = (int)threadIdx.x / n;
    double total = 0.0;
    for (int l = 0; which < 2 && l < plan.lanes; ++l)
        total += shared[which * used + l * n + column];
    __syncthreads();
    return total;
}

/* The sums of one piece, of which `term` says what a row adds. */
template <int WIDTH, typename Term>
__device__ inline double sum_piece(const Term &term, const column_plan &plan, int64_t group, int64_t piece,
                                   double *shared)
{
    const int lane = (int)threadIdx.x / plan.across;
    const int64_t column = (group * plan.across + (int)threadIdx.x % plan.across) * WIDTH;
    const int64_t next = (piece + 1) * plan.piece_rows, end = next < plan.rows ? next : plan.rows;
    double first[WIDTH] = {}, second[WIDTH] = {};
    for (int64_t row = piece * plan.piece_rows + lane; lane < plan.lanes && column < plan.columns && row < end;
         row += plan.lanes)
        term.add(row, column, first, second);
    return add_lanes(plan, first, second, shared);
}

/* The pieces' sums of a group, in their order. */
template <int WIDTH>
__device__ inline double sum_partials(const column_plan &plan, const double *partials, double *shared)
{
    const int n = plan.across * WIDTH, lane = (int)threadIdx.x / plan.across;
    const int at = (int)threadIdx.x % plan.across * WIDTH;
    double first[WIDTH] = {}, second[WIDTH] = {};
    for (int64_t piece = lane; lane < plan.lanes && piece < plan.pieces; piece += plan.lanes) {
        for (int k = 0; k < WIDTH; ++k) {
            first[k] += __ldcg(partials + piece * 2 * n + at + k);
            second[k] += __ldcg(partials + piece * 2 * n + n + at + k);
        }
    }
    return add_lanes(plan, first, second, shared);
}

/* Term has add(row, column, first, second) for WIDTH columns from `column` on, and finish(column, first, second), which
 * takes the sums. `partials` is [groups, pieces, 2, across · WIDTH], `finished` [groups], zero before and after. */
template <int WIDTH, typename Term>
__global__ void __launch_bounds__(COLUMN_THREADS)
    column_kernel(const __grid_constant__ Term term, const __grid_constant__ column_plan plan, double *partials,
                  unsigned int *finished)
{
    __shared__ double shared[2 * COLUMN_THREADS * WIDTH];
    __shared__ bool is_last;
    const int n = plan.across * WIDTH, thread = (int)threadIdx.x;
    for (int64_t task = blockIdx.x; task < plan.groups * plan.pieces; task += gridDim.x) {
        const int64_t group = task / plan.pieces;
        const double sum = sum_piece<WIDTH>(term, plan, group, task % plan.pieces, shared);
        if (thread < 2 * n) partials[task * 2 * n + thread] = sum;
        __threadfence();
        __syncthreads();
        if (thread == 0) is_last = atomicAdd(finished + group, 1u) == (unsigned int)plan.pieces - 1;
        __syncthreads();
        if (!is_last) continue;
        const double total = sum_partials<WIDTH>(plan, partials + group * plan.pieces * 2 * n, shared);
        if (thread < 2 * n) shared[thread] = total;
        __syncthreads();
        const int64_t column = group * n + thread;
        if (thread < n && column < plan.columns) term.finish(column, shared[thread], shared[n + thread]);
        if (thread == 0) finished[group] = 0;
        __syncthreads();
    }
}

template <int WIDTH, typename Term>
cudaError_t launch_columns(const Term &term, int64_t rows, int64_t columns, double *partials, unsigned int *finished,
                           cudaStream_t stream)
{
    const column_plan plan = plan_columns(rows, columns, WIDTH);
    return launch(column_kernel<WIDTH, Term>, plan.groups * plan.pieces, 1, dim3(COLUMN_THREADS), stream, term, plan,
                  partials, finished);
}

} // namespace

#endif
