/* A step of lstm, unit by unit: what its kernels with and without layer norms share. */
#ifndef VAE_KERNELS_LSTM_CUH
#define VAE_KERNELS_LSTM_CUH

#include "activation.cuh"
#include "noise.cuh"
#include "recurrent.cuh"

namespace
{

enum { LSTM_NORMS = LSTM_PARTS + 1 }; /* of i, f, g, o and c */

/* Recurrent dropout, made again from the noise by the backward pass. */
struct lstm_mask {
    double rate;
    uint32_t noise_stream;
    int64_t samples; /* sequences for each row of the batch */
    const vae_cuda_step *step;
};

/* Tensors of the launch's step, [rows, …]. */
struct lstm_call {
    sequences s;
    lstm_mask mask;
    float forget_bias;
    bool is_first;             /* of the launches: the state so far is the initial one */
    const float *gates;        /* the sums' part that the input gives, [rows, 4H] */
    const float *product;      /* the state's, or NULL */
    const float *per_sequence; /* the sequence's, or NULL */
    const float *scale, *shift;
    const float *initial_h, *initial_c; /* or NULL */
    float *h, *c, *activated, *normalised, *inverse_deviation;
    float *last_h, *last_c; /* the state so far, [rows, H], and after this step */
    uint16_t *h_shadow, *last_h_shadow;
    double share; /* 1 / H */
};

struct lstm_backward_call {
    sequences s;
    lstm_mask mask;
    bool is_first;
    float *activated; /* becomes d_gates */
    uint16_t *shadow; /* of that */
    const float *scale, *shift, *normalised, *inverse_deviation;
    const float *h, *c;                           /* of all steps */
    const float *d_h, *d_last_h, *d_last_c;       /* or NULL */
    const float *initial_h, *initial_c, *product; /* the same; product: what the later step's gates give */
    float *carry;                                 /* d_c of the state before, [rows, H] */
    float *d_initial_h, *d_initial_c;             /* or NULL */
    vae_cuda_operand gradient, states;            /* d_gates once more, and h of the step before */
    double *shares;                               /* [rows, 2·5, H]: d_norm_scale, d_norm_shift; or NULL */
    double share;
};

template <int WIDTH>
__device__ inline void load_mask(const lstm_mask &mask, const sequences &s, int64_t row, int64_t unit,
                                 float (&values)[WIDTH])
{
    for (int k = 0; k < WIDTH; ++k)
        values[k] = 1.0f;
    if (mask.rate == 0.0) return;
    const int64_t of_batch = mask.step->first_row * mask.samples + row;
    uniforms(mask.step, mask.noise_stream, (int64_t)vae_recurrent_element(of_batch, s.time, s.hidden, unit), values);
    const float rate = (float)mask.rate, scale = (float)(1.0 / (1.0 - mask.rate));
    for (int k = 0; k < WIDTH; ++k)
        values[k] = values[k] > rate ? scale : 0.0f;
}

/* ---- Forward ---- */

/* One part of the sums of the gates. */
template <int WIDTH>
__device__ inline void load_sum(const lstm_call &call, int64_t row, int part, int64_t unit, float (&sum)[WIDTH])
{
    const int64_t at = (row * LSTM_PARTS + part) * call.s.hidden + unit;
    float product[WIDTH], own[WIDTH];
    load(call.gates + at, sum);
    load_or_zero(call.per_sequence, at, own);
    load_or_zero(call.product, at, product);
    for (int k = 0; k < WIDTH; ++k)
        sum[k] += own[k] + product[k];
}

/* Activates the sums, and stores them and the new c. */
template <int WIDTH>
__device__ inline void take_gates(const lstm_call &call, int64_t row, int64_t unit, float (&gate)[LSTM_PARTS][WIDTH],
                                  float (&c)[WIDTH])
{
    const int64_t at = row * call.s.hidden + unit;
    float mask[WIDTH];
    load_mask(call.mask, call.s, row, unit, mask);
    load_or_zero(call.is_first ? call.initial_c : call.last_c, at, c);
    for (int k = 0; k < WIDTH; ++k) {
        gate[0][k] = sigmoid(gate[0][k]);
        gate[1][k] = sigmoid(gate[1][k] + call.forget_bias);
        gate[2][k] = tanhf(gate[2][k]);
        gate[3][k] = sigmoid(gate[3][k]);
        c[k] = gate[1][k] * c[k] + gate[0][k] * gate[2][k] * mask[k];
    }
    for (int part = 0; part < LSTM_PARTS; ++part)
        store(call.activated + (row * LSTM_PARTS + part) * call.s.hidden + unit, gate[part]);
    store(call.c + at, c);
    store(call.last_c + at, c);
}

template <int WIDTH>
__device__ inline void store_h(const lstm_call &call, int64_t row, int64_t unit, const float (&h)[WIDTH])
{
    const int64_t at = row * call.s.hidden + unit;
    store(call.h + at, h);
    store(call.last_h + at, h);
    store_shadow(shadow_at(call.h_shadow, at), h);
    store_shadow(shadow_at(call.last_h_shadow, at), h);
}

/* A sequence that does not read the step: nothing there, and its state stays. */
template <int WIDTH> __device__ inline void pass_over(const lstm_call &call, int64_t row, int64_t unit)
{
    const int64_t at = row * call.s.hidden + unit;
    const float zero[WIDTH] = {};
    for (int part = 0; part < LSTM_PARTS; ++part) {
        const int64_t gate = (row * LSTM_PARTS + part) * call.s.hidden + unit;
        store(call.activated + gate, zero);
        if (call.normalised) store(call.normalised + gate, zero);
    }
    store(call.h + at, zero);
    store(call.c + at, zero);
    store_shadow(shadow_at(call.h_shadow, at), zero);
    if (!call.is_first) return;
    float h[WIDTH], c[WIDTH];
    load_or_zero(call.initial_h, at, h);
    load_or_zero(call.initial_c, at, c);
    store(call.last_h + at, h);
    store(call.last_c + at, c);
    store_shadow(shadow_at(call.last_h_shadow, at), h);
}

/* ---- Backward ---- */

/* ∂loss/∂h of the step: what its readers give, and the later step or who reads the last state. */
template <int WIDTH>
__device__ inline void load_d_h(const lstm_backward_call &call, const reading &r, int64_t row, int64_t unit,
                                float (&d_h)[WIDTH])
{
    const int64_t at = row * call.s.hidden + unit;
    float later[WIDTH];
    load_or_zero(call.d_h, at, d_h);
    load_or_zero(r.ends ? call.d_last_h : call.product, at, later);
    for (int k = 0; k < WIDTH; ++k)
        d_h[k] += later[k];
}

/* What has come back to c from behind the step. */
template <int WIDTH>
__device__ inline void load_d_c(const lstm_backward_call &call, const reading &r, int64_t row, int64_t unit,
                                float (&d_c)[WIDTH])
{
    load_or_zero(r.ends ? call.d_last_c : call.carry, row * call.s.hidden + unit, d_c);
}

/* i, f and g become their gradients, by ∂loss/∂c; ∂loss/∂c of the step before is carried there. o stays. */
template <int WIDTH>
__device__ inline void leave_cell(const lstm_backward_call &call, const reading &r, int64_t row, int64_t unit,
                                  const float (&d_c)[WIDTH], float (&gate)[LSTM_PARTS][WIDTH])
{
    const int64_t at = row * call.s.hidden + unit;
    float mask[WIDTH], previous[WIDTH], carry[WIDTH];
    load_mask(call.mask, call.s, row, unit, mask);
    load_previous(call.s, r, call.c, call.initial_c, row, unit, previous);
    for (int k = 0; k < WIDTH; ++k) {
        const float i = gate[0][k], f = gate[1][k], g = gate[2][k];
        gate[0][k] = d_c[k] * mask[k] * g * i * (1.0f - i);
        gate[1][k] = d_c[k] * previous[k] * f * (1.0f - f);
        gate[2][k] = d_c[k] * mask[k] * i * (1.0f - g * g);
        carry[k] = d_c[k] * f;
    }
    store(call.carry + at, carry);
    load_previous(call.s, r, call.h, call.initial_h, row, unit, previous);
    store_operand(call.states, at, previous);
}

template <int WIDTH>
__device__ inline void store_d_gate(const lstm_backward_call &call, int64_t row, int part, int64_t unit,
                                    const float (&d)[WIDTH])
{
    const int64_t at = (row * LSTM_PARTS + part) * call.s.hidden + unit;
    store(call.activated + at, d);
    store_shadow(shadow_at(call.shadow, at), d);
    store_operand(call.gradient, at, d);
}

/* A sequence that does not read the step gives nothing there; where it has just been left, what reached its initial
 * state is kept. */
template <int WIDTH>
__device__ inline void pass_back(const lstm_backward_call &call, const reading &r, int64_t row, int64_t unit)
{
    const int64_t at = row * call.s.hidden + unit;
    const float zero[WIDTH] = {};
    for (int part = 0; part < LSTM_PARTS; ++part)
        store_d_gate(call, row, part, unit, zero);
    store_operand(call.states, at, zero);
    if (!call.d_initial_h || !has_left(call.s, r)) return;
    float d_h[WIDTH];
    load(call.product + at, d_h);
    store(call.d_initial_h + at, d_h);
}

/* ---- Launches ---- */

inline lstm_mask mask_of(const vae_cuda_call *call, const sequences &s)
{
    const vae_recurrent &options = call->op->attributes.recurrent;
    return {options.dropout, options.stream, vae_recurrent_samples(call->program, s.rows), call->step};
}

inline lstm_call lstm_call_of(const vae_cuda_call *call)
{
    const sequences s = sequences_of(call, VAE_RECURRENT_LENGTHS);
    lstm_call own = {};
    own.s = s;
    own.mask = mask_of(call, s);
    own.forget_bias = (float)call->op->attributes.recurrent.forget_bias;
    own.is_first = call->cell.is_first;
    own.gates = step_of(s, call->inputs[VAE_RECURRENT_GATES], LSTM_PARTS * s.hidden);
    own.product = call->cell.product;
    own.per_sequence = call->inputs[VAE_RECURRENT_PER_SEQUENCE];
    own.scale = call->inputs[VAE_LSTM_NORM_SCALE];
    own.shift = call->inputs[VAE_LSTM_NORM_SHIFT];
    own.initial_h = call->inputs[VAE_RECURRENT_INITIAL_H];
    own.initial_c = call->inputs[VAE_LSTM_INITIAL_C];
    own.h = step_of(s, call->outputs[VAE_RECURRENT_H], s.hidden);
    own.c = step_of(s, call->outputs[VAE_LSTM_C], s.hidden);
    own.activated = step_of(s, call->outputs[VAE_RECURRENT_ACTIVATED], LSTM_PARTS * s.hidden);
    own.normalised = step_of(s, call->outputs[VAE_LSTM_NORMALISED], LSTM_PARTS * s.hidden);
    own.inverse_deviation = step_of(s, call->outputs[VAE_LSTM_INVERSE_DEVIATION], LSTM_NORMS);
    own.last_h = call->outputs[VAE_RECURRENT_LAST_H];
    own.last_c = call->outputs[VAE_LSTM_LAST_C];
    own.h_shadow = step_of(s, call->shadows[VAE_RECURRENT_H], s.hidden);
    own.last_h_shadow = call->shadows[VAE_RECURRENT_LAST_H];
    own.share = 1.0 / (double)s.hidden;
    return own;
}

inline lstm_backward_call lstm_backward_call_of(const vae_cuda_call *call)
{
    const sequences s = sequences_of(call, VAE_RECURRENT_BACKWARD_LENGTHS);
    lstm_backward_call own = {};
    own.s = s;
    own.mask = mask_of(call, s);
    own.is_first = call->cell.is_first;
    own.activated = step_of(s, call->inputs[VAE_RECURRENT_BACKWARD_ACTIVATED], LSTM_PARTS * s.hidden);
    own.shadow = step_of(s, call->shadows[VAE_RECURRENT_BACKWARD_D_GATES], LSTM_PARTS * s.hidden);
    own.scale = call->inputs[VAE_LSTM_BACKWARD_NORM_SCALE];
    own.shift = call->inputs[VAE_LSTM_BACKWARD_NORM_SHIFT];
    own.normalised = step_of(s, call->inputs[VAE_LSTM_BACKWARD_NORMALISED], LSTM_PARTS * s.hidden);
    own.inverse_deviation = step_of(s, call->inputs[VAE_LSTM_BACKWARD_INVERSE_DEVIATION], LSTM_NORMS);
    own.h = call->inputs[VAE_RECURRENT_BACKWARD_H];
    own.c = call->inputs[VAE_LSTM_BACKWARD_C];
    own.d_h = step_of(s, call->inputs[VAE_RECURRENT_BACKWARD_D_H], s.hidden);
    own.d_last_h = call->inputs[VAE_RECURRENT_BACKWARD_D_LAST_H];
    own.d_last_c = call->inputs[VAE_LSTM_BACKWARD_D_LAST_C];
    own.initial_h = call->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H];
    own.initial_c = call->inputs[VAE_LSTM_BACKWARD_INITIAL_C];
    own.product = call->cell.product;
    own.carry = call->cell.carry;
    own.d_initial_h = call->outputs[VAE_RECURRENT_BACKWARD_D_INITIAL_H];
    own.d_initial_c = call->outputs[VAE_LSTM_BACKWARD_D_INITIAL_C];
    own.gradient = call->cell.gradient;
    own.states = step_of(s, call->cell.states, s.hidden);
    own.shares = call->cell.shares;
    own.share = 1.0 / (double)s.hidden;
    return own;
}

} // namespace

/* The launches of a step of an op with layer norms (lstm_norm.cu). */
cudaError_t vae_cuda_lstm_norm_cell(const vae_cuda_call *call, cudaStream_t stream);
cudaError_t vae_cuda_lstm_norm_cell_backward(const vae_cuda_call *call, cudaStream_t stream);

#endif
