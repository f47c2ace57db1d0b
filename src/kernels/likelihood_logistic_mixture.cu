/* One block a row, one thread a pixel. The number of components is known at run time only, so a pixel's numbers are
 * read again for the gradient rather than kept. */
#include "logistic.cuh"

namespace
{

/* log Σ exp of a stream of numbers. */
struct log_sum {
    float largest = -INFINITY, sum = 0.0f;
    __device__ void add(float value)
    {
        const float larger = fmaxf(largest, value);
        sum = sum * expf(largest - larger) + expf(value - larger);
        largest = larger;
    }
    __device__ float value() const
    {
        return largest + logf(sum);
    }
};

/* Where the numbers of one pixel stand, relative to its first. */
template <int CHANNELS> struct places {
    int components;
    __device__ int mean(int channel, int k) const
    {
        return components * (1 + channel) + k;
    }
    __device__ int log_scale(int channel, int k) const
    {
        return components * (1 + CHANNELS + channel) + k;
    }
    __device__ int coefficient(int channel, int on, int k) const
    {
        return components * (1 + 2 * CHANNELS + channel * (channel - 1) / 2 + on) + k;
    }
};

/* log p of one channel under component k, whose mean the channels before it move. *above is l less the floor. */
template <int CHANNELS>
__device__ inline location_scale_term channel_term(const logistic &family, const float *numbers, places<CHANNELS> place,
                                                   const float (&x)[CHANNELS], float floor, int channel, int k,
                                                   float *above)
{
    float mean = numbers[place.mean(channel, k)];
#pragma unroll
    for (int on = 0; on < CHANNELS; ++on) {
        if (on < channel) mean += tanhf(numbers[place.coefficient(channel, on, k)]) * x[on];
    }
    *above = numbers[place.log_scale(channel, k)] - floor;
    return family.term(mean, floor + softplus(*above), x[channel]);
}

/* log π_k + log p(x | component k), but for the normaliser of π. */
template <int CHANNELS>
__device__ inline float joint(const logistic &family, const float *numbers, places<CHANNELS> place,
                              const float (&x)[CHANNELS], float floor, int k)
{
    float sum = numbers[k], above;
#pragma unroll
    for (int c = 0; c < CHANNELS; ++c)
        sum += channel_term(family, numbers, place, x, floor, c, k, &above).value;
    return sum;
}

/* Of component k, whose share in p(x), times the weight, is `share`. */
template <int CHANNELS>
__device__ inline void store_component(const vae_cuda_likelihood_call &call, const logistic &family, int64_t at,
                                       places<CHANNELS> place, const float (&x)[CHANNELS], int k, float share)
{
    const float *numbers = call.prediction + at;
#pragma unroll
    for (int c = 0; c < CHANNELS; ++c) {
        float above;
        const location_scale_term t = channel_term(family, numbers, place, x, call.floor, c, k, &above);
        store_one(call, at + place.mean(c, k), share * t.d_mean);
        store_one(call, at + place.log_scale(c, k), share * t.d_log_width * sigmoid(above));
#pragma unroll
        for (int on = 0; on < CHANNELS; ++on) {
            if (on >= c) continue;
            const float tangent = tanhf(numbers[place.coefficient(c, on, k)]);
            store_one(call, at + place.coefficient(c, on, k), share * t.d_mean * x[on] * (1.0f - tangent * tangent));
        }
    }
}

/* Four blocks a processor, so 128 registers: with three channels the 64 that ptxas takes of itself spill. */
template <int CHANNELS>
__global__ void __launch_bounds__(THREADS, 4) mixture_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    __shared__ double sums[MAX_WARPS];
    const logistic family(call);
    const places<CHANNELS> place = {(int)call.options.mixtures};
    const int width = place.components * (1 + 2 * CHANNELS + CHANNELS * (CHANNELS - 1) / 2);
    const float weight = weight_value(call.weight, call.step);
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        long_sum sum;
        for (int64_t pixel = threadIdx.x; pixel < call.pixels; pixel += THREADS) {
            const int64_t at = (row * call.pixels + pixel) * width;
            const float *numbers = call.prediction + at;
            float x[CHANNELS];
            load(call.x + (row / call.samples * call.pixels + pixel) * CHANNELS, x);
            log_sum normaliser, total;
#pragma unroll 1
            for (int k = 0; k < place.components; ++k) {
                normaliser.add(numbers[k]);
                total.add(joint(family, numbers, place, x, call.floor, k));
            }
            const float log_p = total.value(), log_normaliser = normaliser.value();
            sum.add(log_p - log_normaliser);
#pragma unroll 1
            for (int k = 0; call.gradient && k < place.components; ++k) {
                const float share = weight * expf(joint(family, numbers, place, x, call.floor, k) - log_p);
                store_one(call, at + k, share - weight * expf(numbers[k] - log_normaliser));
                store_component(call, family, at, place, x, k, share);
            }
        }
        const double total = block_sum(sum.value(), sums);
        if (threadIdx.x == 0) call.ll[row] = (float)total;
    }
}

template <int CHANNELS>
__global__ void __launch_bounds__(THREADS) mixture_mean_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    const logistic family(call);
    const places<CHANNELS> place = {(int)call.options.mixtures};
    const int width = place.components * (1 + 2 * CHANNELS + CHANNELS * (CHANNELS - 1) / 2);
    for (int64_t i = thread_index(); i < call.rows * call.pixels; i += thread_count()) {
        const float *numbers = call.prediction + i * width;
        log_sum normaliser;
        for (int k = 0; k < place.components; ++k)
            normaliser.add(numbers[k]);
        const float log_normaliser = normaliser.value();
        float total[CHANNELS] = {};
        for (int k = 0; k < place.components; ++k) {
            float means[CHANNELS];
#pragma unroll
            for (int c = 0; c < CHANNELS; ++c) {
                float mean = numbers[place.mean(c, k)];
#pragma unroll
                for (int on = 0; on < CHANNELS; ++on) {
                    if (on < c) mean += tanhf(numbers[place.coefficient(c, on, k)]) * means[on];
                }
                means[c] = family.mean(mean);
                total[c] += expf(numbers[k] - log_normaliser) * means[c];
            }
        }
        store(call.mean + i * CHANNELS, total);
    }
}

} // namespace

cudaError_t vae_cuda_likelihood_logistic_mixture(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(call->options.channels == 3 ? mixture_kernel<3> : mixture_kernel<1>, vae_grid_of_blocks(call->rows),
                  dim3(THREADS), stream, *call);
}

cudaError_t vae_cuda_likelihood_mean_logistic_mixture(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(call->options.channels == 3 ? mixture_mean_kernel<3> : mixture_mean_kernel<1>,
                  vae_grid_of_means(&call->options, call->rows * call->pixels), dim3(THREADS), stream, *call);
}
