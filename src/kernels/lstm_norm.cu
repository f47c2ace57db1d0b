/* The steps of lstm with layer norms (Ba et al. 2016), and of its backward pass: a block a sequence, as the norms'
 * sums are over its units. */
#include "lstm.cuh"
#include "reduce.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS, C = LSTM_PARTS };

/* Mean and inverse deviation of COUNT rows of `hidden` numbers each, value(part, unit); a thread finds what it has
 * written itself. */
template <int COUNT, typename Value>
__device__ inline void find_moments(const lstm_call &call, double *shared, const Value &value, float (&mean)[COUNT],
                                    float (&inverse_deviation)[COUNT])
{
    double sums[COUNT];
    for (int part = 0; part < COUNT; ++part)
        mean[part] = 0.0f;
    for (int pass = 0; pass < 2; ++pass) {
        long_sums<COUNT, 1> own;
        for (int64_t unit = threadIdx.x; unit < call.s.hidden; unit += THREADS) {
            for (int part = 0; part < COUNT; ++part) {
                const float above = value(part, unit) - mean[part];
                own.few[part][0] += pass == 0 ? above : above * above;
            }
            own.counted();
        }
        own.close();
        for (int part = 0; part < COUNT; ++part)
            sums[part] = own.total[part][0];
        block_sums(sums, shared);
        for (int part = 0; pass == 0 && part < COUNT; ++part)
            mean[part] = (float)(sums[part] * call.share);
    }
    for (int part = 0; part < COUNT; ++part)
        inverse_deviation[part] = 1.0f / sqrtf((float)(sums[part] * call.share + VAE_RECURRENT_EPSILON));
}

/* The normalised sums, scaled and shifted. */
__device__ inline void normalise_gates(const lstm_call &call, int64_t row, int64_t unit,
                                       const float (&mean)[LSTM_PARTS], const float (&inverse_deviation)[LSTM_PARTS],
                                       float (&gate)[LSTM_PARTS][1])
{
    for (int part = 0; part < LSTM_PARTS; ++part) {
        const int64_t parameter = part * call.s.hidden + unit;
        load_sum(call, row, part, unit, gate[part]);
        const float normalised = (gate[part][0] - mean[part]) * inverse_deviation[part];
        if (call.normalised) call.normalised[row * LSTM_PARTS * call.s.hidden + parameter] = normalised;
        gate[part][0] = call.scale[parameter] * normalised + call.shift[parameter];
    }
}

__device__ inline void run_row(const lstm_call &call, int64_t row, double *shared)
{
    const int64_t hidden = call.s.hidden;
    float mean[LSTM_PARTS], inverse_deviation[LSTM_PARTS], c_mean[1], c_inverse_deviation[1];
    const auto sum_at = [&](int part, int64_t unit) {
        float sum[1];
        load_sum(call, row, part, unit, sum);
        return sum[0];
    };
    find_moments(call, shared, sum_at, mean, inverse_deviation);
    for (int64_t unit = threadIdx.x; unit < hidden; unit += THREADS) {
        float gate[LSTM_PARTS][1], c[1];
        normalise_gates(call, row, unit, mean, inverse_deviation, gate);
        take_gates(call, row, unit, gate, c);
    }
    const float *own_c = call.c + row * hidden, *own_o = call.activated + (row * LSTM_PARTS + 3) * hidden;
    find_moments(
        call, shared, [&](int, int64_t unit) { return own_c[unit]; }, c_mean, c_inverse_deviation);
    for (int64_t unit = threadIdx.x; unit < hidden; unit += THREADS) {
        const float normalised = (own_c[unit] - c_mean[0]) * c_inverse_deviation[0];
        const float h[1] = {own_o[unit] *
                            tanhf(call.scale[C * hidden + unit] * normalised + call.shift[C * hidden + unit])};
        store_h(call, row, unit, h);
    }
    if (threadIdx.x > 0 || !call.inverse_deviation) return;
    for (int part = 0; part < LSTM_PARTS; ++part)
        call.inverse_deviation[row * LSTM_NORMS + part] = inverse_deviation[part];
    call.inverse_deviation[row * LSTM_NORMS + C] = c_inverse_deviation[0];
}

__global__ void __launch_bounds__(THREADS) forward_kernel(const __grid_constant__ lstm_call call)
{
    __shared__ double shared[LSTM_PARTS * MAX_WARPS];
    for (int64_t row = blockIdx.x; row < call.s.rows; row += gridDim.x) {
        if (reading_of(call.s, row).reads) {
            run_row(call, row, shared);
            continue;
        }
        for (int64_t unit = threadIdx.x; unit < call.s.hidden; unit += THREADS)
            pass_over<1>(call, row, unit);
        if (threadIdx.x < LSTM_NORMS && call.inverse_deviation)
            call.inverse_deviation[row * LSTM_NORMS + threadIdx.x] = 0.0f;
    }
}

/* ---- Backward ---- */

/* The place of a unit's share of d_norm_scale, or with `shift` of d_norm_shift. */
__device__ inline int64_t share_at(const lstm_backward_call &call, int64_t row, bool shift, int part, int64_t unit)
{
    return ((row * 2 + shift) * LSTM_NORMS + part) * call.s.hidden + unit;
}

__device__ inline void add_shares(const lstm_backward_call &call, int64_t row, int part, int64_t unit, float d,
                                  float normalised)
{
    if (!call.shares) return;
    add_share(call.shares, share_at(call, row, false, part, unit), (double)(d * normalised), call.is_first);
    add_share(call.shares, share_at(call, row, true, part, unit), (double)d, call.is_first);
}

/* h = o·tanh(u) with u the norm of c: gradients by the sum of o and by u. */
struct output_gradients {
    float by_o, by_u, normalised;
};

__device__ inline output_gradients leave_output(const lstm_backward_call &call, const reading &r, int64_t row,
                                                int64_t unit, float mean, float inverse_deviation)
{
    const int64_t hidden = call.s.hidden;
    float d_h[1];
    load_d_h(call, r, row, unit, d_h);
    const float o = call.activated[(row * LSTM_PARTS + 3) * hidden + unit];
    const float normalised = (call.c[(call.s.time * call.s.rows + row) * hidden + unit] - mean) * inverse_deviation;
    const float y = tanhf(call.scale[C * hidden + unit] * normalised + call.shift[C * hidden + unit]);
    return {d_h[0] * y * o * (1.0f - o), d_h[0] * o * (1.0f - y * y), normalised};
}

/* What the sum of a norm's gradients and that of their products with x̂ make of one gradient, all scaled. */
__device__ inline float leave_norm(const lstm_backward_call &call, float scaled, float normalised,
                                   float inverse_deviation, double sum, double product)
{
    return inverse_deviation * (scaled - (float)(sum * call.share) - normalised * (float)(product * call.share));
}

__device__ inline float mean_of_c(const lstm_backward_call &call, int64_t row, double *shared)
{
    const float *c = call.c + (call.s.time * call.s.rows + row) * call.s.hidden;
    long_sum own;
    for (int64_t unit = threadIdx.x; unit < call.s.hidden; unit += THREADS)
        own.add(c[unit]);
    double sum[1] = {own.value()};
    block_sums(sum, shared);
    return (float)(sum[0] * call.share);
}

/* The gates' gradients by what their norms give, left in their places, and the sums that the norms' own take. */
__device__ inline void leave_gates(const lstm_backward_call &call, const reading &r, int64_t row, double *shared,
                                   double (&sums)[2 * LSTM_PARTS])
{
    const int64_t hidden = call.s.hidden;
    const float deviation = call.inverse_deviation[row * LSTM_NORMS + C], mean = mean_of_c(call, row, shared);
    long_sum sum, product;
    for (int64_t unit = threadIdx.x; unit < hidden; unit += THREADS) {
        const output_gradients d = leave_output(call, r, row, unit, mean, deviation);
        const float scaled = call.scale[C * hidden + unit] * d.by_u;
        sum.add(scaled);
        product.add(scaled * d.normalised);
    }
    double of_c[2] = {sum.value(), product.value()};
    block_sums(of_c, shared);
    long_sums<2 * LSTM_PARTS, 1> own;
    for (int64_t unit = threadIdx.x; unit < hidden; unit += THREADS) {
        const output_gradients d = leave_output(call, r, row, unit, mean, deviation);
        float gate[LSTM_PARTS][1], d_c[1];
        for (int part = 0; part < LSTM_PARTS; ++part)
            gate[part][0] = call.activated[(row * LSTM_PARTS + part) * hidden + unit];
        load_d_c(call, r, row, unit, d_c);
        d_c[0] += leave_norm(call, call.scale[C * hidden + unit] * d.by_u, d.normalised, deviation, of_c[0], of_c[1]);
        leave_cell(call, r, row, unit, d_c, gate);
        gate[3][0] = d.by_o;
        add_shares(call, row, C, unit, d.by_u, d.normalised);
        for (int part = 0; part < LSTM_PARTS; ++part) {
            const int64_t at = (row * LSTM_PARTS + part) * hidden + unit;
            const float scaled = call.scale[part * hidden + unit] * gate[part][0];
            call.activated[at] = gate[part][0];
            own.few[2 * part][0] += scaled;
            own.few[2 * part + 1][0] += scaled * call.normalised[at];
        }
        own.counted();
    }
    own.close();
    for (int i = 0; i < 2 * LSTM_PARTS; ++i)
        sums[i] = own.total[i][0];
    block_sums(sums, shared);
}

__device__ inline void run_row_backward(const lstm_backward_call &call, const reading &r, int64_t row, double *shared)
{
    double sums[2 * LSTM_PARTS];
    leave_gates(call, r, row, shared, sums);
    for (int64_t unit = threadIdx.x; unit < call.s.hidden; unit += THREADS) {
        for (int part = 0; part < LSTM_PARTS; ++part) {
            const int64_t parameter = part * call.s.hidden + unit, at = row * LSTM_PARTS * call.s.hidden + parameter;
            const float d = call.activated[at], normalised = call.normalised[at];
            add_shares(call, row, part, unit, d, normalised);
            const float left[1] = {leave_norm(call, call.scale[parameter] * d, normalised,
                                              call.inverse_deviation[row * LSTM_NORMS + part], sums[2 * part],
                                              sums[2 * part + 1])};
            store_d_gate(call, row, part, unit, left);
        }
    }
}

__global__ void __launch_bounds__(THREADS) backward_kernel(const __grid_constant__ lstm_backward_call call)
{
    __shared__ double shared[2 * LSTM_PARTS * MAX_WARPS];
    for (int64_t row = blockIdx.x; row < call.s.rows; row += gridDim.x) {
        const reading r = reading_of(call.s, row);
        if (r.reads) {
            run_row_backward(call, r, row, shared);
            continue;
        }
        for (int64_t unit = threadIdx.x; unit < call.s.hidden; unit += THREADS) {
            pass_back<1>(call, r, row, unit);
            for (int part = 0; call.is_first && part < LSTM_NORMS; ++part)
                add_shares(call, row, part, unit, 0.0f, 0.0f);
        }
    }
}

} // namespace

cudaError_t vae_cuda_lstm_norm_cell(const vae_cuda_call *call, cudaStream_t stream)
{
    return launch(forward_kernel, call->grid, dim3(THREADS), stream, lstm_call_of(call));
}

cudaError_t vae_cuda_lstm_norm_cell_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    return launch(backward_kernel, call->grid, dim3(THREADS), stream, lstm_backward_call_of(call));
}
