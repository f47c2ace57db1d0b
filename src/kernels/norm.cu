/* Batch and layer norm with the activation behind them. Their pre-activations are made again where the backward pass
 * wants them: that costs less than reading them. */
#include "activation.cuh"
#include "column_sums.cuh"
#include "launch.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

/* Batch norm: x is [rows·positions, channels], a mean and deviation a channel. Layer norm: a mean and deviation for
 * each of the rows, `positions` × channels numbers. Backward, with d = d_y · activation'(scale·x̂ + shift). */
struct norm_call {
    int activation;     /* vae_activation */
    bool by_channel;    /* batch norm */
    bool training;      /* batch norm: by the batch's statistics, which norm_moments has put into `mean` and below */
    const float *x;     /* [rows, positions, channels] */
    const float *scale; /* [channels] */
    const float *shift; /* [channels] */
    float *mean;        /* [channels] or [rows]; layer norm: may be NULL */
    float *inverse_deviation;
    float *running_mean; /* [channels] */
    float *running_variance;
    float *y;
    float *d_y;       /* becomes d_x */
    float *d_scale;   /* Σ d·x̂ */
    float *d_shift;   /* Σ d */
    uint16_t *shadow; /* of y, or of d_x */
    int64_t rows, positions, channels;
    double epsilon, momentum;
    double *partials; /* as in vae_cuda_column_sums, for two sums a channel */
    unsigned int *finished;
};

/* ---- Sums over rows and positions ---- */

/* Near the mean of each channel: that of four rows. The fourth part of a float is exact, so it is the same wherever it
 * is computed. */
template <int WIDTH> __device__ inline void load_origin(const norm_call &call, int64_t column, float (&origin)[WIDTH])
{
    const int64_t last = call.rows * call.positions - 1;
    for (int k = 0; k < WIDTH; ++k)
        origin[k] = 0.0f;
    for (int64_t row = 0; row < 4; ++row) {
        float x[WIDTH];
        load(call.x + min(row, last) * call.channels + column, x);
        for (int k = 0; k < WIDTH; ++k)
            origin[k] += x[k];
    }
    for (int k = 0; k < WIDTH; ++k)
        origin[k] *= 0.25f;
}

/* The batch's mean and variance of each channel, from Σ and Σ² of x less its origin, whose squares lose nothing that
 * counts as floats. Divisions are the host's: in double they are calls, for which registers would be spilled. */
template <int WIDTH> struct moments {
    norm_call call;
    double share;    /* 1 / count */
    double unbiased; /* count / (count - 1) */
    explicit moments(const norm_call &of)
        : call(of), share(1.0 / (double)(of.rows * of.positions)), unbiased(1.0 / (1.0 - share))
    {
    }
    __device__ void start(int64_t column, float (&origin)[WIDTH]) const
    {
        load_origin(call, column, origin);
    }
    __device__ void add(int64_t row, int64_t column, const float (&origin)[WIDTH], float (&sums)[2][WIDTH]) const
    {
        float x[WIDTH];
        load(call.x + row * call.channels + column, x);
        for (int k = 0; k < WIDTH; ++k) {
            const float above = x[k] - origin[k];
            sums[0][k] += above;
            sums[1][k] += above * above;
        }
    }
    __device__ void operator()(int64_t column, const double (&sums)[2]) const
    {
        const double above = sums[0] * share, square = sums[1] * share - above * above;
        float origin[1];
        load_origin(call, column, origin);
        const double mean = (double)origin[0] + above;
        const double variance = square < 0.0 ? 0.0 : square;
        call.mean[column] = (float)mean;
        call.inverse_deviation[column] = 1.0f / sqrtf((float)(variance + call.epsilon));
        if (call.momentum <= 0.0 || !isfinite(mean) || !isfinite(variance)) return;
        float *running_mean = call.running_mean + column, *running_variance = call.running_variance + column;
        *running_mean = (float)((1.0 - call.momentum) * (double)*running_mean + call.momentum * mean);
        *running_variance =
            (float)((1.0 - call.momentum) * (double)*running_variance + call.momentum * (variance * unbiased));
    }
};

/* WIDTH numbers of one row and position: x̂, and d where d_y is given. */
template <int WIDTH> struct place {
    float normalised[WIDTH], scale[WIDTH], inverse_deviation[WIDTH], d[WIDTH];
};

template <int WIDTH>
__device__ inline void load_statistics(const norm_call &call, int64_t row, int64_t channel, float (&mean)[WIDTH],
                                       float (&inverse_deviation)[WIDTH])
{
    if (call.by_channel) {
        load(call.mean + channel, mean);
        load(call.inverse_deviation + channel, inverse_deviation);
        return;
    }
    for (int k = 0; k < WIDTH; ++k) {
        mean[k] = call.mean[row];
        inverse_deviation[k] = call.inverse_deviation[row];
    }
}

template <int WIDTH>
__device__ inline place<WIDTH> load_place(const norm_call &call, int64_t row, int64_t channel, int64_t at)
{
    place<WIDTH> p;
    float x[WIDTH], mean[WIDTH], shift[WIDTH], d_y[WIDTH];
    load(call.x + at, x);
    load(call.d_y + at, d_y);
    load(call.scale + channel, p.scale);
    load(call.shift + channel, shift);
    load_statistics(call, row, channel, mean, p.inverse_deviation);
    for (int k = 0; k < WIDTH; ++k) {
        p.normalised[k] = (x[k] - mean[k]) * p.inverse_deviation[k];
        p.d[k] = activation_gradient_at(call.activation, d_y[k], p.scale[k] * p.normalised[k] + shift[k]);
    }
    return p;
}

template <int WIDTH> struct gradients {
    norm_call call;
    __device__ void start(int64_t, float (&)[WIDTH]) const
    {
    }
    __device__ void add(int64_t row, int64_t column, const float (&)[WIDTH], float (&sums)[2][WIDTH]) const
    {
        const place<WIDTH> p = load_place<WIDTH>(call, row / call.positions, column, row * call.channels + column);
        for (int k = 0; k < WIDTH; ++k) {
            sums[0][k] += p.d[k];
            sums[1][k] += p.d[k] * p.normalised[k];
        }
    }
    __device__ void operator()(int64_t column, const double (&sums)[2]) const
    {
        call.d_shift[column] = (float)sums[0];
        call.d_scale[column] = (float)sums[1];
    }
};

template <int WIDTH, typename Term>
__global__ void __launch_bounds__(THREADS)
    sums_kernel(const __grid_constant__ Term term, const __grid_constant__ vae_column_plan plan)
{
    __shared__ double shared[THREADS * WIDTH];
    for (int64_t task = blockIdx.x; task < plan.tasks; task += gridDim.x) {
        const column_piece piece = piece_of<WIDTH>(plan, task);
        long_sums<2, WIDTH> sums;
        float origin[WIDTH] = {};
        if (piece.first < piece.end) term.start(piece.column, origin);
        for (int64_t row = piece.first; row < piece.end; row += blockDim.y) {
            term.add(row, piece.column, origin, sums.few);
            sums.counted();
        }
        sum_columns(term.call.partials, term.call.finished, plan, piece, sums, shared, term);
    }
}

template <int WIDTH, typename Term> cudaError_t launch_sums(const Term &term, cudaStream_t stream)
{
    const vae_column_plan plan = vae_plan_columns(term.call.rows * term.call.positions, term.call.channels);
    return launch(sums_kernel<WIDTH, Term>, vae_grid_of_blocks(plan.tasks), block_of(plan), stream, term, plan);
}

/* ---- Batch norm, number by number ---- */

template <int WIDTH> __global__ void __launch_bounds__(THREADS) batch_kernel(const __grid_constant__ norm_call call)
{
    const int64_t count = call.rows * call.positions * call.channels;
    for (int64_t i = thread_index() * WIDTH; i < count; i += thread_count() * WIDTH) {
        const int64_t channel = i % call.channels;
        float x[WIDTH], mean[WIDTH], inverse_deviation[WIDTH], scale[WIDTH], shift[WIDTH];
        load(call.x + i, x);
        load(call.scale + channel, scale);
        load(call.shift + channel, shift);
        if (call.training) {
            load(call.mean + channel, mean);
            load(call.inverse_deviation + channel, inverse_deviation);
        } else {
            float variance[WIDTH];
            load(call.running_mean + channel, mean);
            load(call.running_variance + channel, variance);
            for (int k = 0; k < WIDTH; ++k)
                inverse_deviation[k] = 1.0f / sqrtf(variance[k] + (float)call.epsilon);
        }
        for (int k = 0; k < WIDTH; ++k)
            x[k] = activate(call.activation, scale[k] * ((x[k] - mean[k]) * inverse_deviation[k]) + shift[k]);
        store(call.y + i, x);
        store_shadow(shadow_at(call.shadow, i), x);
    }
}

/* d_x = inverse_deviation·scale·(d - mean of d - x̂·mean of d·x̂) */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) batch_backward_kernel(const __grid_constant__ norm_call call)
{
    const int64_t count = call.rows * call.positions * call.channels;
    const float share = (float)(1.0 / (double)(call.rows * call.positions));
    for (int64_t i = thread_index() * WIDTH; i < count; i += thread_count() * WIDTH) {
        const int64_t channel = i % call.channels;
        place<WIDTH> p = load_place<WIDTH>(call, 0, channel, i);
        float sum[WIDTH], product[WIDTH];
        load(call.d_shift + channel, sum);
        load(call.d_scale + channel, product);
        for (int k = 0; k < WIDTH; ++k) {
            p.d[k] = p.inverse_deviation[k] * p.scale[k] *
                     (p.d[k] - share * sum[k] - p.normalised[k] * (share * product[k]));
        }
        store(call.d_y + i, p.d);
        store_shadow(shadow_at(call.shadow, i), p.d);
    }
}

/* ---- Layer norm, one block a row ---- */

/* All threads get the block's sum. */
__device__ inline double share_sum(double value, double *shared)
{
    __shared__ double total;
    const double sum = block_sum(value, shared);
    if (threadIdx.x == 0) total = sum;
    __syncthreads();
    return total;
}

template <int WIDTH> __global__ void __launch_bounds__(THREADS) layer_kernel(const __grid_constant__ norm_call call)
{
    __shared__ double shared[MAX_WARPS];
    const int64_t columns = call.positions * call.channels;
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        const float *from = call.x + row * columns;
        /* As in `moments`: a number from which squares are taken. */
        const float origin = from[0];
        long_sum sum, squares;
        for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < columns; j += (int64_t)THREADS * WIDTH) {
            float x[WIDTH];
            load(from + j, x);
            for (int k = 0; k < WIDTH; ++k) {
                const float above = x[k] - origin;
                sum.add(above);
                squares.add(above * above);
            }
        }
        const double above = share_sum(sum.value(), shared) / (double)columns, mean = (double)origin + above;
        const double square = share_sum(squares.value(), shared) / (double)columns - above * above;
        const double inverse_deviation = 1.0 / sqrt((square < 0.0 ? 0.0 : square) + call.epsilon);
        for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < columns; j += (int64_t)THREADS * WIDTH) {
            const int64_t channel = j % call.channels;
            float x[WIDTH], scale[WIDTH], shift[WIDTH];
            load(from + j, x);
            load(call.scale + channel, scale);
            load(call.shift + channel, shift);
            for (int k = 0; k < WIDTH; ++k) {
                const float normalised = (x[k] - (float)mean) * (float)inverse_deviation;
                x[k] = activate(call.activation, scale[k] * normalised + shift[k]);
            }
            store(call.y + row * columns + j, x);
            store_shadow(shadow_at(call.shadow, row * columns + j), x);
        }
        if (threadIdx.x > 0 || !call.mean) continue;
        call.mean[row] = (float)mean;
        call.inverse_deviation[row] = (float)inverse_deviation;
    }
}

/* With g = scale·d: d_x = inverse_deviation·(g - mean of g - x̂·mean of g·x̂) */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) layer_backward_kernel(const __grid_constant__ norm_call call)
{
    __shared__ double shared[MAX_WARPS];
    const int64_t columns = call.positions * call.channels;
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        long_sum sum, product;
        for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < columns; j += (int64_t)THREADS * WIDTH) {
            const place<WIDTH> p = load_place<WIDTH>(call, row, j % call.channels, row * columns + j);
            for (int k = 0; k < WIDTH; ++k) {
                sum.add(p.scale[k] * p.d[k]);
                product.add(p.scale[k] * p.d[k] * p.normalised[k]);
            }
        }
        const float mean = (float)(share_sum(sum.value(), shared) / (double)columns);
        const float mean_product = (float)(share_sum(product.value(), shared) / (double)columns);
        for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < columns; j += (int64_t)THREADS * WIDTH) {
            const int64_t at = row * columns + j;
            place<WIDTH> p = load_place<WIDTH>(call, row, j % call.channels, at);
            for (int k = 0; k < WIDTH; ++k) {
                p.d[k] = p.inverse_deviation[k] * (p.scale[k] * p.d[k] - mean - p.normalised[k] * mean_product);
            }
            store(call.d_y + at, p.d);
            store_shadow(shadow_at(call.shadow, at), p.d);
        }
    }
}

/* What forward and backward have in common; x, scale and shift are the op's inputs from `first` on. */
norm_call call_of(const vae_cuda_call *call, int first, float *mean, float *inverse_deviation)
{
    const vae_shape *shape = vae_cuda_input_shape(call, first);
    norm_call own = {};
    own.activation = (int)call->op->attributes.norm.activation;
    own.training = call->op->attributes.norm.training;
    own.x = call->inputs[first];
    own.scale = call->inputs[first + 1];
    own.shift = call->inputs[first + 2];
    own.mean = mean;
    own.inverse_deviation = inverse_deviation;
    own.shadow = call->shadows[0];
    own.rows = shape->size[0];
    own.channels = shape->size[shape->rank - 1];
    own.positions = vae_shape_columns(shape) / own.channels;
    own.epsilon = call->op->attributes.norm.epsilon;
    own.momentum = call->op->attributes.norm.momentum;
    own.partials = call->partials;
    own.finished = call->finished;
    return own;
}

norm_call forward_of(const vae_cuda_call *call)
{
    norm_call own = call_of(call, 0, call->outputs[1], call->outputs[2]);
    own.by_channel = call->op->kind == VAE_OP_BATCH_NORM;
    own.y = call->outputs[0];
    own.running_mean = call->inputs[3];
    own.running_variance = call->inputs[4];
    return own;
}

norm_call backward_of(const vae_cuda_call *call)
{
    norm_call own = call_of(call, 1, call->inputs[4], call->inputs[5]);
    own.by_channel = call->op->kind == VAE_OP_BATCH_NORM_BACKWARD;
    own.d_y = call->inputs[0];
    own.d_scale = call->outputs[1];
    own.d_shift = call->outputs[2];
    return own;
}

bool in_fours(const norm_call &call)
{
    return vae_vector_width(call.channels) == 4;
}

} // namespace

cudaError_t vae_cuda_norm_moments(const vae_cuda_call *call, cudaStream_t stream)
{
    const norm_call own = forward_of(call);
    return in_fours(own) ? launch_sums<4>(moments<4>(own), stream) : launch_sums<1>(moments<1>(own), stream);
}

cudaError_t vae_cuda_norm_gradients(const vae_cuda_call *call, cudaStream_t stream)
{
    const norm_call own = backward_of(call);
    return in_fours(own) ? launch_sums<4>(gradients<4>{own}, stream) : launch_sums<1>(gradients<1>{own}, stream);
}

cudaError_t vae_cuda_batch_norm(const vae_cuda_call *call, cudaStream_t stream)
{
    const norm_call own = forward_of(call);
    return launch(in_fours(own) ? batch_kernel<4> : batch_kernel<1>, call->grid, dim3(THREADS), stream, own);
}

cudaError_t vae_cuda_batch_norm_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    const norm_call own = backward_of(call);
    return launch(in_fours(own) ? batch_backward_kernel<4> : batch_backward_kernel<1>, call->grid, dim3(THREADS),
                  stream, own);
}

cudaError_t vae_cuda_layer_norm(const vae_cuda_call *call, cudaStream_t stream)
{
    const norm_call own = forward_of(call);
    return launch(in_fours(own) ? layer_kernel<4> : layer_kernel<1>, call->grid, dim3(THREADS), stream, own);
}

cudaError_t vae_cuda_layer_norm_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    const norm_call own = backward_of(call);
    return launch(in_fours(own) ? layer_backward_kernel<4> : layer_backward_kernel<1>, call->grid, dim3(THREADS),
                  stream, own);
}
