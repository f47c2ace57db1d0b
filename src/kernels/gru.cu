/* The steps of gru and its backward pass, a thread a unit or four. */
#include "activation.cuh"
#include "recurrent.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

/* Tensors of the launch's step, [rows, …]; r, z and n are the parts of the gates. */
struct gru_call {
    sequences s;
    bool is_first;               /* of the launches: the state so far is the initial one */
    const float *gates;          /* the sums' part that the input gives, [rows, 3H] */
    const float *product;        /* h_(t-1)·weight, [rows, 3H], or NULL */
    const float *per_sequence;   /* [rows, 3H] or NULL */
    const float *hidden_bias;    /* [H] or NULL */
    const float *initial_h;      /* or NULL */
    float *h, *activated, *kept; /* kept: n's part of the product with its bias, or NULL */
    float *last_h;               /* the state so far, [rows, H], and after this step */
    uint16_t *h_shadow, *last_h_shadow;
};

struct gru_backward_call {
    sequences s;
    bool is_first;
    float *activated; /* becomes d_gates */
    uint16_t *shadow; /* of that */
    const float *kept;
    const float *h;                                    /* of all steps */
    const float *d_h, *d_last_h, *initial_h, *product; /* or NULL; product: what the later step's gates give */
    float *carry;                                      /* what reaches the state before past the gates, [rows, H] */
    float *d_initial_h;                                /* or NULL */
    vae_cuda_operand gradient, gradients, states; /* by the product of this step; that again; h of the step before */
    double *shares;                               /* [rows, H]: d_hidden_bias; or NULL */
};

template <int WIDTH> __device__ inline void load_part(const float *from, int64_t at, float (&values)[WIDTH])
{
    float more[WIDTH];
    load_or_zero(from, at, more);
    for (int k = 0; k < WIDTH; ++k)
        values[k] += more[k];
}

template <int WIDTH>
__device__ inline void store_h(const gru_call &call, int64_t at, const float (&h)[WIDTH], const float (&last_h)[WIDTH])
{
    store(call.h + at, h);
    store(call.last_h + at, last_h);
    store_shadow(shadow_at(call.h_shadow, at), h);
    store_shadow(shadow_at(call.last_h_shadow, at), last_h);
}

/* h of the step, from that of the one before. */
template <int WIDTH>
__device__ inline void take_step(const gru_call &call, int64_t row, int64_t unit, float (&h)[WIDTH])
{
    const int64_t at = row * GRU_PARTS * call.s.hidden + unit;
    float gate[GRU_PARTS][WIDTH], product[WIDTH];
    for (int part = 0; part < GRU_PARTS; ++part) {
        load(call.gates + at + part * call.s.hidden, gate[part]);
        load_part(call.per_sequence, at + part * call.s.hidden, gate[part]);
        if (part < 2) load_part(call.product, at + part * call.s.hidden, gate[part]);
    }
    load_or_zero(call.hidden_bias, unit, product);
    load_part(call.product, at + 2 * call.s.hidden, product);
    for (int k = 0; k < WIDTH; ++k) {
        gate[0][k] = sigmoid(gate[0][k]);
        gate[1][k] = sigmoid(gate[1][k]);
        gate[2][k] = tanhf(gate[2][k] + gate[0][k] * product[k]);
        h[k] = (1.0f - gate[1][k]) * gate[2][k] + gate[1][k] * h[k];
    }
    for (int part = 0; part < GRU_PARTS; ++part)
        store(call.activated + at + part * call.s.hidden, gate[part]);
    if (call.kept) store(call.kept + row * call.s.hidden + unit, product);
}

/* A sequence that does not read the step: nothing there. */
template <int WIDTH> __device__ inline void pass_over(const gru_call &call, int64_t row, int64_t unit)
{
    const float zero[WIDTH] = {};
    for (int part = 0; part < GRU_PARTS; ++part)
        store(call.activated + (row * GRU_PARTS + part) * call.s.hidden + unit, zero);
    if (call.kept) store(call.kept + row * call.s.hidden + unit, zero);
}

template <int WIDTH> __global__ void __launch_bounds__(THREADS) forward_kernel(const __grid_constant__ gru_call call)
{
    const int64_t per_row = call.s.hidden / WIDTH;
    for (int64_t i = thread_index(); i < call.s.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, unit = i % per_row * WIDTH;
        const bool reads = reading_of(call.s, row).reads;
        float last_h[WIDTH], h[WIDTH] = {};
        load_or_zero(call.is_first ? call.initial_h : call.last_h, i * WIDTH, last_h);
        if (reads) {
            take_step(call, row, unit, last_h);
        } else {
            pass_over<WIDTH>(call, row, unit);
        }
        for (int k = 0; reads && k < WIDTH; ++k)
            h[k] = last_h[k];
        store_h(call, i * WIDTH, h, last_h);
    }
}

/* ---- Backward ---- */

/* What the later step gives to this one's state. */
template <int WIDTH> __device__ inline void load_later(const gru_backward_call &call, int64_t at, float (&d_h)[WIDTH])
{
    load(call.carry + at, d_h);
    load_part(call.product, at, d_h);
}

/* Gradients by the sums of the gates and by the product, whose n has r as a factor. */
template <int WIDTH>
__device__ inline void leave_step(const gru_backward_call &call, const reading &r, int64_t row, int64_t unit,
                                  float (&gate)[GRU_PARTS][WIDTH], float (&by_product)[WIDTH])
{
    const int64_t at = row * call.s.hidden + unit;
    float d_h[WIDTH] = {}, previous[WIDTH], carry[WIDTH];
    load_part(call.d_h, at, d_h);
    if (r.ends) {
        load_part(call.d_last_h, at, d_h);
    } else {
        float later[WIDTH];
        load_later(call, at, later);
        for (int k = 0; k < WIDTH; ++k)
            d_h[k] += later[k];
    }
    for (int part = 0; part < GRU_PARTS; ++part)
        load(call.activated + (row * GRU_PARTS + part) * call.s.hidden + unit, gate[part]);
    load(call.kept + at, by_product);
    load_previous(call.s, r, call.h, call.initial_h, row, unit, previous);
    for (int k = 0; k < WIDTH; ++k) {
        const float reset = gate[0][k], z = gate[1][k], n = gate[2][k];
        gate[2][k] = d_h[k] * (1.0f - z) * (1.0f - n * n);
        gate[1][k] = d_h[k] * (previous[k] - n) * z * (1.0f - z);
        gate[0][k] = gate[2][k] * by_product[k] * reset * (1.0f - reset);
        by_product[k] = gate[2][k] * reset;
        carry[k] = d_h[k] * z;
    }
    store(call.carry + at, carry);
    store_operand(call.states, at, previous);
}

/* A sequence that does not read the step gives nothing there; where it has just been left, what reached its initial
 * state is kept. */
template <int WIDTH> __device__ inline void pass_back(const gru_backward_call &call, const reading &r, int64_t at)
{
    const float zero[WIDTH] = {};
    store_operand(call.states, at, zero);
    if (!call.d_initial_h || !has_left(call.s, r)) return;
    float d_h[WIDTH];
    load_later(call, at, d_h);
    store(call.d_initial_h + at, d_h);
}

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) backward_kernel(const __grid_constant__ gru_backward_call call)
{
    const int64_t per_row = call.s.hidden / WIDTH;
    for (int64_t i = thread_index(); i < call.s.rows * per_row; i += thread_count()) {
        const int64_t row = i / per_row, unit = i % per_row * WIDTH;
        const reading r = reading_of(call.s, row);
        float gate[GRU_PARTS][WIDTH] = {}, by_product[WIDTH] = {};
        if (r.reads) {
            leave_step(call, r, row, unit, gate, by_product);
        } else {
            pass_back<WIDTH>(call, r, i * WIDTH);
        }
        for (int part = 0; part < GRU_PARTS; ++part) {
            const int64_t at = (row * GRU_PARTS + part) * call.s.hidden + unit;
            store(call.activated + at, gate[part]);
            store_shadow(shadow_at(call.shadow, at), gate[part]);
            store_operand(call.gradient, at, part < 2 ? gate[part] : by_product);
            store_operand(call.gradients, at, part < 2 ? gate[part] : by_product);
        }
        for (int k = 0; call.shares && k < WIDTH; ++k)
            add_share(call.shares, i * WIDTH + k, (double)by_product[k], call.is_first);
    }
}

/* Behind the last step of the way back. What a sequence of no steps is given back is its initial state's. */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) initial_kernel(const __grid_constant__ gru_backward_call call)
{
    const int64_t per_row = call.s.hidden / WIDTH;
    for (int64_t i = thread_index(); i < call.s.rows * per_row; i += thread_count()) {
        const reading r = reading_of(call.s, i / per_row);
        float d_h[WIDTH];
        if (r.length == 0) {
            load_or_zero(call.d_last_h, i * WIDTH, d_h);
        } else {
            load_later(call, i * WIDTH, d_h);
        }
        if (r.begins || r.length == 0) store(call.d_initial_h + i * WIDTH, d_h);
    }
}

/* ---- Launches ---- */

gru_call forward_of(const vae_cuda_call *call)
{
    const sequences s = sequences_of(call, VAE_RECURRENT_LENGTHS);
    gru_call own = {};
    own.s = s;
    own.is_first = call->cell.is_first;
    own.gates = step_of(s, call->inputs[VAE_RECURRENT_GATES], GRU_PARTS * s.hidden);
    own.product = call->cell.product;
    own.per_sequence = call->inputs[VAE_RECURRENT_PER_SEQUENCE];
    own.hidden_bias = call->inputs[VAE_GRU_HIDDEN_BIAS];
    own.initial_h = call->inputs[VAE_RECURRENT_INITIAL_H];
    own.h = step_of(s, call->outputs[VAE_RECURRENT_H], s.hidden);
    own.activated = step_of(s, call->outputs[VAE_RECURRENT_ACTIVATED], GRU_PARTS * s.hidden);
    own.kept = step_of(s, call->outputs[VAE_GRU_PRODUCT], s.hidden);
    own.last_h = call->outputs[VAE_RECURRENT_LAST_H];
    own.h_shadow = step_of(s, call->shadows[VAE_RECURRENT_H], s.hidden);
    own.last_h_shadow = call->shadows[VAE_RECURRENT_LAST_H];
    return own;
}

gru_backward_call backward_of(const vae_cuda_call *call)
{
    const sequences s = sequences_of(call, VAE_RECURRENT_BACKWARD_LENGTHS);
    gru_backward_call own = {};
    own.s = s;
    own.is_first = call->cell.is_first;
    own.activated = step_of(s, call->inputs[VAE_RECURRENT_BACKWARD_ACTIVATED], GRU_PARTS * s.hidden);
    own.shadow = step_of(s, call->shadows[VAE_RECURRENT_BACKWARD_D_GATES], GRU_PARTS * s.hidden);
    own.kept = step_of(s, call->inputs[VAE_GRU_BACKWARD_PRODUCT], s.hidden);
    own.h = call->inputs[VAE_RECURRENT_BACKWARD_H];
    own.d_h = step_of(s, call->inputs[VAE_RECURRENT_BACKWARD_D_H], s.hidden);
    own.d_last_h = call->inputs[VAE_RECURRENT_BACKWARD_D_LAST_H];
    own.initial_h = call->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H];
    own.product = call->cell.product;
    own.carry = call->cell.carry;
    own.d_initial_h = call->outputs[VAE_RECURRENT_BACKWARD_D_INITIAL_H];
    own.gradient = call->cell.gradient;
    own.gradients = step_of(s, call->cell.gradients, GRU_PARTS * s.hidden);
    own.states = step_of(s, call->cell.states, s.hidden);
    own.shares = call->cell.shares;
    return own;
}

} // namespace

cudaError_t vae_cuda_gru_cell(const vae_cuda_call *call, cudaStream_t stream)
{
    const gru_call own = forward_of(call);
    return launch(vae_vector_width(own.s.hidden) == 4 ? forward_kernel<4> : forward_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}

cudaError_t vae_cuda_gru_cell_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    const gru_backward_call own = backward_of(call);
    return launch(vae_vector_width(own.s.hidden) == 4 ? backward_kernel<4> : backward_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}

cudaError_t vae_cuda_gru_initial(const vae_cuda_call *call, cudaStream_t stream)
{
    const gru_backward_call own = backward_of(call);
    return launch(vae_vector_width(own.s.hidden) == 4 ? initial_kernel<4> : initial_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}
