/* The negative squared error in place of log p, a struct for the kernels of likelihood.cuh. */
#include "likelihood.cuh"

namespace
{

/* -(x - mean)² */
struct mse {
    __device__ explicit mse(const vae_cuda_likelihood_call &)
    {
    }
    __device__ float term(float mean, float x, float *gradient) const
    {
        const float error = x - mean;
        *gradient = 2.0f * error;
        return -error * error;
    }
    __device__ double row(double sum, int64_t) const
    {
        return sum;
    }
    __device__ float mean(float mean) const
    {
        return mean;
    }
};

} // namespace

cudaError_t vae_cuda_likelihood_mse(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_likelihood<mse>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_mse(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_mean<mse>(call, stream);
}
