/* The Laplace likelihood with a mean and a log-width for each element, for location_scale.cuh. */
#include "location_scale.cuh"

namespace
{

/* log p = -|x - mean|/b - log 2b, by log b. */
struct laplace {
    __device__ explicit laplace(const vae_cuda_likelihood_call &)
    {
    }
    __device__ location_scale_term term(float mean, float log_width, float x) const
    {
        const float inverse = expf(-log_width), error = x - mean, distance = fabsf(error) * inverse;
        const float sign = error > 0.0f ? 1.0f : (error < 0.0f ? -1.0f : 0.0f);
        return {-distance - log_width - 0.69314718055994531f, sign * inverse, distance - 1.0f}; /* ln 2 */
    }
    __device__ float mean(float mean) const
    {
        return mean;
    }
};

} // namespace

cudaError_t vae_cuda_likelihood_laplace(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_location_scale<laplace>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_laplace(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_location_scale_mean<laplace>(call, stream);
}
