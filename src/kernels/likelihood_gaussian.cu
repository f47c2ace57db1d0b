/* The Gaussian likelihood with a given variance: that of gaussian.cuh with the variance of the options. */
#include "gaussian.cuh"

namespace
{

struct fixed_gaussian : gaussian {
    __device__ explicit fixed_gaussian(const vae_cuda_likelihood_call &call) : gaussian(call.options.variance)
    {
    }
};

} // namespace

cudaError_t vae_cuda_likelihood_gaussian(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_likelihood<fixed_gaussian>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_gaussian(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_mean<fixed_gaussian>(call, stream);
}
