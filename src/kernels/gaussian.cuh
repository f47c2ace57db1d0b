/* The Gaussian whose σ² is the same for all elements. */
#ifndef VAE_KERNELS_GAUSSIAN_CUH
#define VAE_KERNELS_GAUSSIAN_CUH

#include "likelihood.cuh"

namespace
{

/* log p = -½(x - mean)²/σ² - ½ log 2πσ². */
struct gaussian {
    float inverse_variance;
    double constant;
    __device__ explicit gaussian(double variance)
        : inverse_variance((float)(1.0 / variance)), constant(-0.5 * log(2.0 * 3.14159265358979323846 * variance))
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
    __device__ float mean(float mean) const
    {
        return mean;
    }
};

} // namespace

#endif
