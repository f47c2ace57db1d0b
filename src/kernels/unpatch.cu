/* The way back from patches to images: every pixel gathers what the windows over it hold for it, in the order of the
 * grid, so no sum depends on the order of threads. Around it, what the layers at both ends would do in passes of their
 * own: bias and activation forward; their gradients backward. */
#include "activation.cuh"
#include "column_sums.cuh"
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

/* Windows along one axis that cover `at`: first … end - 1. */
struct covering {
    int first, end;

    __device__ covering(int at, int kernel, int stride, int size)
        : first(at < kernel ? 0 : (at - kernel) / stride + 1), end(min(size, at / stride + 1))
    {
    }
};

/* `pixel` counts over all rows. */
template <int WIDTH>
__device__ inline void gather(const vae_cuda_unpatch_call &call, int pixel, int64_t channel, float (&sum)[WIDTH])
{
    const vae_cuda_windows &w = call.windows;
    const int line = pixel / w.width, row = line / w.height;
    /* Counted from the corner of the first window. */
    const int y = line - row * w.height + w.padding, x = pixel - line * w.width + w.padding;
    const covering lines(y, w.kernel, w.stride, w.grid_height), columns(x, w.kernel, w.stride, w.grid_width);
    for (int i = lines.first; i < lines.end; ++i) {
        for (int j = columns.first; j < columns.end; ++j) {
            const int64_t patch = (row * w.grid_height + i) * w.grid_width + j;
            const int place = (y - i * w.stride) * w.kernel + x - j * w.stride;
            float part[WIDTH];
            load(call.patches + (patch * w.kernel * w.kernel + place) * w.channels + channel, part);
            for (int k = 0; k < WIDTH; ++k)
                sum[k] += part[k];
        }
    }
}

template <int WIDTH>
__device__ inline void finish_forward(const vae_cuda_unpatch_call &call, int64_t at, int64_t channel,
                                      float (&values)[WIDTH])
{
    float bias[WIDTH];
    load(call.bias + channel, bias);
    for (int k = 0; k < WIDTH; ++k)
        values[k] += bias[k];
    if (call.pre_activation) store(call.pre_activation + at, values);
    for (int k = 0; k < WIDTH; ++k)
        values[k] = activate(call.activation, values[k]);
}

template <int WIDTH>
__device__ inline void finish_backward(const vae_cuda_unpatch_call &call, int64_t at, float (&values)[WIDTH])
{
    if (!call.from) return;
    float from[WIDTH];
    load(call.from + at, from);
    for (int k = 0; k < WIDTH; ++k)
        values[k] = activation_gradient(call.activation, values[k], from[k]);
}

/* At 64 registers four blocks are resident and nothing spills; left alone, ptxas spills for more blocks. */
template <int WIDTH, bool FORWARD>
__global__ void __launch_bounds__(THREADS, 4)
    unpatch_kernel(const __grid_constant__ vae_cuda_unpatch_call call, const __grid_constant__ vae_column_plan plan)
{
    __shared__ double shared[FORWARD ? 1 : THREADS * WIDTH];
    for (int64_t task = blockIdx.x; task < plan.tasks; task += gridDim.x) {
        const column_piece piece = piece_of<WIDTH>(plan, task);
        long_sums<1, WIDTH> sums;
        for (int64_t pixel = piece.first; pixel < piece.end; pixel += blockDim.y) {
            const int64_t at = pixel * plan.columns + piece.column;
            float values[WIDTH] = {};
            gather(call, (int)pixel, piece.column, values);
            if constexpr (FORWARD) {
                finish_forward(call, at, piece.column, values);
            } else {
                finish_backward(call, at, values);
                for (int k = 0; k < WIDTH; ++k)
                    sums.few[0][k] += values[k];
                sums.counted();
            }
            store(call.images + at, values);
            store_shadow(shadow_at(call.shadow, at), values);
        }
        if (!FORWARD && call.d_bias.sums) sum_columns(call.d_bias, plan, piece, sums, shared);
    }
}

template <bool FORWARD> cudaError_t launch_unpatch(const vae_cuda_unpatch_call *call, cudaStream_t stream)
{
    const vae_cuda_windows *w = &call->windows;
    const vae_column_plan plan = vae_plan_columns((int64_t)w->rows * w->height * w->width, w->channels);
    return launch(vae_vector_width(w->channels) == 4 ? unpatch_kernel<4, FORWARD> : unpatch_kernel<1, FORWARD>,
                  vae_grid_of_blocks(plan.tasks), block_of(plan), stream, *call, plan);
}

} // namespace

cudaError_t vae_cuda_unpatch(const vae_cuda_unpatch_call *call, cudaStream_t stream)
{
    return call->bias ? launch_unpatch<true>(call, stream) : launch_unpatch<false>(call, stream);
}
