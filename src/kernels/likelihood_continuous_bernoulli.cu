/* The continuous Bernoulli likelihood, a struct for the kernels of likelihood.cuh. */
#include "likelihood.cuh"
#include "likelihood_math.cuh"

namespace
{

/* log p = x·l - max(l, 0) - ln((1 - e^-|l|)/|l|): reference/likelihood_continuous_bernoulli.c */
struct continuous_bernoulli {
    __device__ explicit continuous_bernoulli(const vae_cuda_likelihood_call &)
    {
    }
    __device__ float term(float logit, float x, float *gradient) const
    {
        *gradient = x - mean(logit);
        return logit * (x - (logit > 0.0f ? 1.0f : 0.0f)) - log_unit_decay(fabsf(logit));
    }
    __device__ double row(double sum, int64_t) const
    {
        return sum;
    }
    __device__ float mean(float logit) const
    {
        const float decayed = unit_decay_mean(fabsf(logit));
        return logit < 0.0f ? decayed : 1.0f - decayed;
    }
};

} // namespace

cudaError_t vae_cuda_likelihood_continuous_bernoulli(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_likelihood<continuous_bernoulli>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_continuous_bernoulli(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_mean<continuous_bernoulli>(call, stream);
}
