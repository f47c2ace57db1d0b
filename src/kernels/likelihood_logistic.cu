/* The discretised logistic likelihood: the struct of logistic.cuh in the kernels of location_scale.cuh. */
#include "logistic.cuh"

cudaError_t vae_cuda_likelihood_logistic(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_location_scale<logistic>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_logistic(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_location_scale_mean<logistic>(call, stream);
}
