/* The Bernoulli likelihood, a struct for the kernels of likelihood.cuh. */
#include "likelihood.cuh"

namespace
{

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
    __device__ float mean(float logit) const
    {
        const float e = expf(-fabsf(logit));
        return (logit >= 0.0f ? 1.0f : e) / (1.0f + e);
    }
};

} // namespace

cudaError_t vae_cuda_likelihood_bernoulli(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_likelihood<bernoulli>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_bernoulli(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_mean<bernoulli>(call, stream);
}
