/* log_sum_exp: log Σ e^x over runs of numbers, by a few threads each, or by a block. */
#include "launch.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

struct runs_call {
    const float *x; /* [runs, count] */
    float *y;       /* [runs] */
    uint16_t *shadow;
    int64_t runs, count;
    int32_t lanes; /* threads that share a run */
};

/* NaN is larger than all numbers. */
__device__ inline float larger(float a, float b)
{
    return b > a || isnan(b) ? b : a;
}

/* Each of `lanes` threads gets their largest number. Called by the whole block; `shared` may be used again at once. */
__device__ inline float lanes_max(float value, int lanes, float *shared)
{
    for (int distance = min(lanes, (int)WARP) / 2; distance > 0; distance /= 2)
        value = larger(value, __shfl_xor_sync(0xFFFFFFFFu, value, distance));
    if (lanes <= WARP) return value;
    if (threadIdx.x % WARP == 0) shared[threadIdx.x / WARP] = value;
    __syncthreads();
    for (int warp = 0; warp < THREADS / WARP; ++warp)
        value = larger(value, shared[warp]);
    __syncthreads();
    return value;
}

template <int WIDTH> __device__ inline float max_of(const runs_call &call, const float *x, int lane)
{
    float largest = -INFINITY;
    for (int64_t j = (int64_t)lane * WIDTH; x && j < call.count; j += (int64_t)call.lanes * WIDTH) {
        float values[WIDTH];
        load(x + j, values);
        for (int k = 0; k < WIDTH; ++k)
            largest = larger(largest, values[k]);
    }
    return largest;
}

/* Σ e^(x - largest) */
template <int WIDTH> __device__ inline double sum_of(const runs_call &call, const float *x, int lane, float largest)
{
    long_sums<1, 1> sums;
    for (int64_t j = (int64_t)lane * WIDTH; x && j < call.count; j += (int64_t)call.lanes * WIDTH) {
        float values[WIDTH];
        load(x + j, values);
        for (int k = 0; k < WIDTH; ++k)
            sums.few[0][0] += expf(values[k] - largest);
        sums.counted(WIDTH);
    }
    sums.close();
    return sums.total[0][0];
}

/* The largest is taken out, so that nothing overflows; where it is infinite or NaN it is the result. */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) log_sum_exp_kernel(const __grid_constant__ runs_call call)
{
    __shared__ float largest_shared[MAX_WARPS];
    __shared__ double shared[MAX_WARPS];
    const int lane = (int)threadIdx.x % call.lanes;
    for (int64_t first = first_row(call.lanes); first < call.runs; first += row_stride(call.lanes)) {
        const int64_t run = first + (int)threadIdx.x / call.lanes;
        const float *x = run < call.runs ? call.x + run * call.count : nullptr;
        const float largest = lanes_max(max_of<WIDTH>(call, x, lane), call.lanes, largest_shared);
        const double sum = lanes_sum(sum_of<WIDTH>(call, x, lane, largest), call.lanes, shared);
        if (lane > 0 || !x) continue;
        const float y[1] = {isfinite(largest) ? largest + logf((float)sum) : largest};
        store(call.y + run, y);
        store_shadow(shadow_at(call.shadow, run), y);
    }
}

} // namespace

cudaError_t vae_cuda_log_sum_exp(const vae_cuda_call *call, cudaStream_t stream)
{
    const int64_t count = call->op->attributes.group.count;
    const runs_call own = {
        call->inputs[0], call->outputs[0],    call->shadows[0], vae_shape_elements(vae_cuda_output_shape(call, 0)),
        count,           vae_row_lanes(count)};
    return launch(vae_vector_width(count) == 4 ? log_sum_exp_kernel<4> : log_sum_exp_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}
