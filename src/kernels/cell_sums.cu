/* The last launch of a recurrent backward pass: the gradients of norms and hidden biases, from what each sequence gave
 * over all its steps. */
#include "column_sums.cuh"
#include "launch.cuh"

namespace
{

enum { LANES = VAE_WARP_THREADS, ROW_LANES = VAE_BLOCK_THREADS / LANES };

/* Columns up to `first_columns` go to the first target, the others to the second. */
struct sums_call {
    const double *shares; /* [rows, columns] */
    float *targets[2];    /* or NULL */
    int64_t rows, columns, first_columns;
};

/* A block takes a warp's width of columns; its row lanes every so many rows, in their order. */
__global__ void __launch_bounds__(LANES *ROW_LANES) sums_kernel(const __grid_constant__ sums_call call)
{
    __shared__ double shared[LANES * ROW_LANES];
    for (int64_t first = (int64_t)blockIdx.x * LANES; first < call.columns; first += (int64_t)gridDim.x * LANES) {
        const int64_t column = first + threadIdx.x;
        double sum[1] = {0.0};
        for (int64_t row = threadIdx.y; column < call.columns && row < call.rows; row += ROW_LANES)
            sum[0] += call.shares[row * call.columns + column];
        add_row_lanes(sum, shared);
        if (threadIdx.y > 0 || column >= call.columns) continue;
        const bool is_first = column < call.first_columns;
        float *target = call.targets[is_first ? 0 : 1];
        if (target) target[is_first ? column : column - call.first_columns] = (float)sum[0];
    }
}

} // namespace

cudaError_t vae_cuda_cell_sums(const vae_cuda_call *call, cudaStream_t stream)
{
    const bool is_lstm = call->op->kind == VAE_OP_LSTM_BACKWARD;
    sums_call own = {};
    own.shares = call->cell.shares;
    own.rows = vae_cuda_input_shape(call, 0)->size[0] / call->op->attributes.recurrent.steps;
    own.columns = call->grid.items;
    own.first_columns = is_lstm ? own.columns / 2 : own.columns;
    own.targets[0] = call->outputs[is_lstm ? VAE_LSTM_BACKWARD_D_NORM_SCALE : VAE_GRU_BACKWARD_D_HIDDEN_BIAS];
    own.targets[1] = is_lstm ? call->outputs[VAE_LSTM_BACKWARD_D_NORM_SHIFT] : nullptr;
    return launch(sums_kernel, call->grid, dim3(LANES, ROW_LANES), stream, own);
}
