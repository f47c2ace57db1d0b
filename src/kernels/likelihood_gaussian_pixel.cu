/* The Gaussian likelihood with a mean and a log-variance for each element, for location_scale.cuh. */
#include "location_scale.cuh"

namespace
{

/* log p = -½(x - mean)²/σ² - ½ log 2πσ², by log σ². */
struct gaussian_pixel {
    __device__ explicit gaussian_pixel(const vae_cuda_likelihood_call &)
    {
    }
    __device__ location_scale_term term(float mean, float log_variance, float x) const
    {
        const float precision = expf(-log_variance), error = x - mean, square = error * error * precision;
        /* ln 2π */
        return {-0.5f * (square + log_variance + 1.83787706640934548f), error * precision, 0.5f * (square - 1.0f)};
    }
    __device__ float mean(float mean) const
    {
        return mean;
    }
};

} // namespace

cudaError_t vae_cuda_likelihood_gaussian_pixel(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_location_scale<gaussian_pixel>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_gaussian_pixel(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_location_scale_mean<gaussian_pixel>(call, stream);
}
