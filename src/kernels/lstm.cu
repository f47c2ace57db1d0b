/* The steps of lstm and its backward pass, a thread a unit or four; those with layer norms are in lstm_norm.cu. */
#include "lstm.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

template <int WIDTH> __global__ void __launch_bounds__(THREADS) forward_kernel(const __grid_constant__ lstm_call call)
{
    const int64_t per_row = call.s.hidden / WIDTH;
    for (int64_t i = thread_index(); i < call.s.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, unit = i % per_row * WIDTH;
        if (!reading_of(call.s, row).reads) {
            pass_over<WIDTH>(call, row, unit);
            continue;
        }
        float gate[LSTM_PARTS][WIDTH], c[WIDTH], h[WIDTH];
        for (int part = 0; part < LSTM_PARTS; ++part)
            load_sum(call, row, part, unit, gate[part]);
        take_gates(call, row, unit, gate, c);
        for (int k = 0; k < WIDTH; ++k)
            h[k] = gate[3][k] * tanhf(c[k]);
        store_h(call, row, unit, h);
    }
}

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) backward_kernel(const __grid_constant__ lstm_backward_call call)
{
    const int64_t per_row = call.s.hidden / WIDTH;
    for (int64_t i = thread_index(); i < call.s.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, unit = i % per_row * WIDTH;
        const reading r = reading_of(call.s, row);
        if (!r.reads) {
            pass_back<WIDTH>(call, r, row, unit);
            continue;
        }
        float gate[LSTM_PARTS][WIDTH], d_h[WIDTH], d_c[WIDTH], c[WIDTH];
        for (int part = 0; part < LSTM_PARTS; ++part)
            load(call.activated + (row * LSTM_PARTS + part) * call.s.hidden + unit, gate[part]);
        load_d_h(call, r, row, unit, d_h);
        load_d_c(call, r, row, unit, d_c);
        load(call.c + (call.s.time * call.s.rows + row) * call.s.hidden + unit, c);
        for (int k = 0; k < WIDTH; ++k) {
            const float y = tanhf(c[k]), o = gate[3][k];
            gate[3][k] = d_h[k] * y * o * (1.0f - o);
            d_c[k] += d_h[k] * o * (1.0f - y * y);
        }
        leave_cell(call, r, row, unit, d_c, gate);
        for (int part = 0; part < LSTM_PARTS; ++part)
            store_d_gate(call, row, part, unit, gate[part]);
    }
}

/* Behind the last step of the way back. What a sequence of no steps is given back is its initial state's. */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) initial_kernel(const __grid_constant__ lstm_backward_call call)
{
    const int64_t per_row = call.s.hidden / WIDTH;
    for (int64_t i = thread_index(); i < call.s.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, at = i * WIDTH;
        const reading r = reading_of(call.s, row);
        float d_h[WIDTH], d_c[WIDTH];
        load_or_zero(r.length > 0 ? call.product : call.d_last_h, at, d_h);
        load_or_zero(r.length > 0 ? call.carry : call.d_last_c, at, d_c);
        if (call.d_initial_h && (r.begins || r.length == 0)) store(call.d_initial_h + at, d_h);
        if (call.d_initial_c) store(call.d_initial_c + at, d_c);
    }
}

} // namespace

cudaError_t vae_cuda_lstm_cell(const vae_cuda_call *call, cudaStream_t stream)
{
    const lstm_call own = lstm_call_of(call);
    if (own.scale) return vae_cuda_lstm_norm_cell(call, stream);
    return launch(vae_vector_width(own.s.hidden) == 4 ? forward_kernel<4> : forward_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}

cudaError_t vae_cuda_lstm_cell_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    const lstm_backward_call own = lstm_backward_call_of(call);
    if (own.scale) return vae_cuda_lstm_norm_cell_backward(call, stream);
    return launch(vae_vector_width(own.s.hidden) == 4 ? backward_kernel<4> : backward_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}

cudaError_t vae_cuda_lstm_initial(const vae_cuda_call *call, cudaStream_t stream)
{
    const lstm_backward_call own = lstm_backward_call_of(call);
    return launch(vae_vector_width(own.s.hidden) == 4 ? initial_kernel<4> : initial_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}
