/* What the kernels of likelihoods see, and their launchers, which likelihood.cu chooses from. */
#ifndef VAE_KERNELS_LIKELIHOOD_CALL_CUH
#define VAE_KERNELS_LIKELIHOOD_CALL_CUH

#include "kernels.h"

struct vae_cuda_likelihood_call {
    const float *prediction; /* [rows, pixels·width] */
    const float *x;          /* [rows / samples, pixels·channels] */
    float *ll;               /* [rows] */
    float *gradient;         /* [rows, pixels·width] or NULL */
    uint16_t *shadow;        /* of the gradient */
    float *mean;             /* likelihood_mean: [rows, pixels·channels] */
    vae_weight weight;       /* ∂loss/∂ll */
    const vae_cuda_step *step;
    int64_t rows, pixels, samples;
    vae_likelihood_options options;
    float floor;            /* vae_likelihood_floor() */
    float *log_variance;    /* gaussian_shared: the statistic [1] */
    double *variance;       /* gaussian_shared in training: the batch's σ² [1], from shared_variance; else NULL */
    unsigned int *finished; /* shared_variance: blocks done; zero before and after */
};

/* The call of an op `likelihood`. */
vae_cuda_likelihood_call vae_cuda_likelihood_call_of(const vae_cuda_call *call);

#define VAE_CUDA_DECLARE(NAME, name)                                                                                   \
    cudaError_t vae_cuda_likelihood_##name(const vae_cuda_likelihood_call *call, cudaStream_t stream);                 \
    cudaError_t vae_cuda_likelihood_mean_##name(const vae_cuda_likelihood_call *call, cudaStream_t stream);
VAE_LIKELIHOOD_MAP(VAE_CUDA_DECLARE)
#undef VAE_CUDA_DECLARE

#endif
