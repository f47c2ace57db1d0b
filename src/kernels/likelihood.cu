/* Likelihoods: log p(x|z) of a row and its gradient in one pass, one block a row. */
#include "launch.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = 128 };

/* log p = x·l - max(l, 0) - log(1 + e^-|l|), its derivative x - sigmoid(l); no overflow for any logit l. */
struct bernoulli {
    __device__ explicit bernoulli(const vae_cuda_likelihood_call &)
    {
    }
    __device__ float term(float logit, float x, float *gradient) const
    {
        const float e = expf(-fabsf(logit));
        *gradient = x - (logit >= 0.0f ? 1.0f : e) / (1.0f + e);
        return logit * (x - (logit >= 0.0f ? 1.0f : 0.0f)) - log1pf(e);
    }
    __device__ double row(double sum, int64_t) const
    {
        return sum;
    }
};

/* log p = -½(x - mean)²/σ² - ½ log 2πσ²; the constant is left out where not normalised. */
struct gaussian {
    float inverse_variance;
    double constant;
    __device__ explicit gaussian(const vae_cuda_likelihood_call &call)
        : inverse_variance((float)(1.0 / call.variance)),
          constant(call.normalised ? -0.5 * log(2.0 * 3.14159265358979323846 * call.variance) : 0.0)
    {
    }
    __device__ float term(float mean, float x, float *gradient) const
    {
        const float error = x - mean;
        *gradient = error * inverse_variance;
        return -0.5f * error * *gradient;
    }
    __device__ double row(double sum, int64_t elements) const
    {
        return sum + constant * (double)elements;
    }
};

template <typename Likelihood, int WIDTH>
__global__ void __launch_bounds__(THREADS) likelihood_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    __shared__ double sums[MAX_WARPS];
    const Likelihood likelihood(call);
    const float weight = weight_value(call.weight, call.step);
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        const float *prediction = call.prediction + row * call.elements;
        const float *x = call.x + row / call.samples * call.elements;
        float sum = 0.0f;
        for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < call.elements; j += (int64_t)blockDim.x * WIDTH) {
            float p[WIDTH], data[WIDTH], gradient[WIDTH];
            load(prediction + j, p);
            load(x + j, data);
            for (int k = 0; k < WIDTH; ++k) {
                sum += likelihood.term(p[k], data[k], &gradient[k]);
                gradient[k] *= weight;
            }
            if (!call.gradient) continue;
            store(call.gradient + row * call.elements + j, gradient);
            store_shadow(shadow_at(call.shadow, row * call.elements + j), gradient);
        }
        const double total = block_sum((double)sum, sums);
        if (threadIdx.x == 0) call.ll[row] = (float)likelihood.row(total, call.elements);
    }
}

template <typename Likelihood> cudaError_t launch_likelihood(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(call->elements % 4 == 0 ? likelihood_kernel<Likelihood, 4> : likelihood_kernel<Likelihood, 1>,
                  call->rows, 1, dim3(THREADS), stream, *call);
}

} // namespace

cudaError_t vae_cuda_bernoulli_ll(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_likelihood<bernoulli>(call, stream);
}

cudaError_t vae_cuda_gaussian_ll(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_likelihood<gaussian>(call, stream);
}
