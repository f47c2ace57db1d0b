/* What the kernels of lstm and gru share. A launch takes one step of all sequences: how the step stands to each
 * one's length, and where the step's operands lie. */
#ifndef VAE_KERNELS_RECURRENT_CUH
#define VAE_KERNELS_RECURRENT_CUH

#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { LSTM_PARTS = VAE_LSTM_GATES, GRU_PARTS = VAE_GRU_GATES };

struct sequences {
    const float *lengths; /* [rows] or NULL */
    int64_t rows, hidden, steps, time;
    bool reverse;
};

__device__ inline int64_t length_of(const sequences &s, int64_t row)
{
    return s.lengths ? vae_recurrent_length((double)s.lengths[row], s.steps) : s.steps;
}

/* Of one sequence at the launch's step: whether it reads it, as its first one and as its last. */
struct reading {
    bool reads, begins, ends;
    int64_t length;
};

__device__ inline reading reading_of(const sequences &s, int64_t row)
{
    const int64_t length = length_of(s, row);
    const bool is_early = s.time == 0, is_late = s.time == length - 1;
    return {s.time < length, s.reverse ? is_late : is_early, s.reverse ? is_early : is_late, length};
}

/* In reverse: the step behind the sequence's end, at which its way back has just left it. */
__device__ inline bool has_left(const sequences &s, const reading &r)
{
    return s.reverse && r.length > 0 && s.time == r.length;
}

template <int WIDTH> __device__ inline void load_or_zero(const float *from, int64_t at, float (&values)[WIDTH])
{
    if (from) {
        load(from + at, values);
    } else {
        for (int k = 0; k < WIDTH; ++k)
            values[k] = 0.0f;
    }
}

/* The state before the launch's step: a row of `states` [steps·rows, H], or of `initial` [rows, H], zero where NULL. */
template <int WIDTH>
__device__ inline void load_previous(const sequences &s, const reading &r, const float *states, const float *initial,
                                     int64_t row, int64_t unit, float (&values)[WIDTH])
{
    if (r.begins) return load_or_zero(initial, row * s.hidden + unit, values);
    load(states + ((s.time + (s.reverse ? 1 : -1)) * s.rows + row) * s.hidden + unit, values);
}

/* Memory that a product reads: as it is, or rounded. */
template <int WIDTH>
__device__ inline void store_operand(const vae_cuda_operand &to, int64_t at, const float (&values)[WIDTH])
{
    if (to.values) store(to.values + at, values);
    store_shadow(shadow_at(to.rounded, at), values);
}

/* Σ of the parts' sums over a launch's step, of what each unit of each sequence gives to parameters that all share:
 * [rows, sums, H], in double, as are all sums over data. */
__device__ inline void add_share(double *shares, int64_t at, double value, bool is_first)
{
    shares[at] = is_first ? value : shares[at] + value;
}

/* ---- Operands of a launch ---- */

/* `lengths` is the position of that input. */
inline sequences sequences_of(const vae_cuda_call *call, int lengths)
{
    const vae_recurrent &options = call->op->attributes.recurrent;
    sequences s = {};
    s.lengths = call->inputs[lengths];
    s.rows = vae_cuda_input_shape(call, VAE_RECURRENT_GATES)->size[0] / options.steps;
    s.hidden = vae_cuda_input_shape(call, VAE_RECURRENT_WEIGHT)->size[0];
    s.steps = options.steps;
    s.time = call->cell.time;
    s.reverse = options.reverse;
    return s;
}

/* The launch's step of a tensor [steps·rows, columns]; NULL where that is. */
template <typename Number> inline Number *step_of(const sequences &s, Number *tensor, int64_t columns)
{
    return tensor ? tensor + s.time * s.rows * columns : nullptr;
}
inline vae_cuda_operand step_of(const sequences &s, const vae_cuda_operand &operand, int64_t columns)
{
    return {step_of(s, operand.values, columns), step_of(s, operand.rounded, columns)};
}

} // namespace

#endif
