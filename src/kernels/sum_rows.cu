/* sum_rows: sums over groups of consecutive rows. A thread takes all rows of a short group; long groups are cut as sums
 * of columns are. */
#include "column_sums.cuh"
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct groups_call {
    const float *x; /* [groups·count, columns] */
    float *y;       /* [groups, columns] */
    uint16_t *shadow;
    int64_t groups, count, columns;
    double *partials; /* [groups, pieces, columns] */
    unsigned int *finished;
};

template <int WIDTH> __global__ void __launch_bounds__(THREADS) short_kernel(const __grid_constant__ groups_call call)
{
    for (int64_t i = thread_index() * WIDTH; i < call.groups * call.columns; i += thread_count() * WIDTH) {
        const int64_t group = i / call.columns, column = i - group * call.columns;
        long_sums<1, WIDTH> sums;
        for (int64_t row = group * call.count; row < (group + 1) * call.count; ++row) {
            float x[WIDTH];
            load(call.x + row * call.columns + column, x);
            for (int k = 0; k < WIDTH; ++k)
                sums.few[0][k] += x[k];
            sums.counted(1);
        }
        sums.close();
        float y[WIDTH];
        for (int k = 0; k < WIDTH; ++k)
            y[k] = (float)sums.total[0][k];
        store(call.y + i, y);
        store_shadow(shadow_at(call.shadow, i), y);
    }
}

struct write_group {
    float *y;
    uint16_t *shadow;
    __device__ void operator()(int64_t column, const double (&total)[1]) const
    {
        const float sum[1] = {(float)total[0]};
        store(y + column, sum);
        store_shadow(shadow_at(shadow, column), sum);
    }
};

/* Where a group is one piece: nothing is left for another block. */
template <int WIDTH>
__device__ inline void sum_piece(const vae_column_plan &plan, const column_piece &piece, long_sums<1, WIDTH> &sums,
                                 double *shared, const write_group &write)
{
    sums.close();
    add_row_lanes(sums.total[0], shared);
    for (int k = 0; threadIdx.y == 0 && piece.column < plan.columns && k < WIDTH; ++k) {
        const double total[1] = {sums.total[0][k]};
        write(piece.column + k, total);
    }
}

/* `plan` is that of one group. */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS)
    long_kernel(const __grid_constant__ groups_call call, const __grid_constant__ vae_column_plan plan)
{
    __shared__ double shared[THREADS * WIDTH];
    for (int64_t task = blockIdx.x; task < call.groups * plan.tasks; task += gridDim.x) {
        const int64_t group = task / plan.tasks;
        const column_piece piece = piece_of<WIDTH>(plan, task - group * plan.tasks);
        const float *from = call.x + group * call.count * call.columns + piece.column;
        long_sums<1, WIDTH> sums;
        for (int64_t row = piece.first; row < piece.end; row += blockDim.y) {
            float x[WIDTH];
            load(from + row * call.columns, x);
            for (int k = 0; k < WIDTH; ++k)
                sums.few[0][k] += x[k];
            sums.counted(1);
        }
        const int64_t at = group * call.columns;
        const write_group write = {call.y + at, shadow_at(call.shadow, at)};
        if (plan.pieces > 1) {
            sum_columns(call.partials + at * plan.pieces, call.finished + group * plan.groups, plan, piece, sums,
                        shared, write);
        } else {
            sum_piece(plan, piece, sums, shared, write);
        }
    }
}

} // namespace

cudaError_t vae_cuda_sum_rows(const vae_cuda_call *call, cudaStream_t stream)
{
    const int64_t count = call->op->attributes.group.count;
    const int64_t columns = vae_shape_columns(vae_cuda_input_shape(call, 0));
    const int64_t groups = vae_shape_elements(vae_cuda_output_shape(call, 0)) / columns;
    const groups_call own = {call->inputs[0], call->outputs[0], call->shadows[0], groups,
                             count,           columns,          call->partials,   call->finished};
    const bool in_fours = vae_vector_width(columns) == 4;
    if (vae_is_short_group(count)) {
        return launch(in_fours ? short_kernel<4> : short_kernel<1>, call->grid, dim3(THREADS), stream, own);
    }
    const vae_column_plan plan = vae_plan_groups(groups, count, columns);
    return launch(in_fours ? long_kernel<4> : long_kernel<1>, call->grid, block_of(plan), stream, own, plan);
}
