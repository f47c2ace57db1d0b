/* Functions that several likelihoods share. */
#include <math.h>

#include "backend/reference/kernels.h"

double vae_reference_soft_floor(double value, double floor, double *derivative)
{
    *derivative = vae_reference_activation(VAE_ACTIVATION_SIGMOID, value - floor);
    return floor + vae_reference_activation(VAE_ACTIVATION_SOFTPLUS, value - floor);
}

double vae_reference_log_unit_decay(double t)
{
    /* The Taylor series ends where the next term is below the rounding of the first. */
    return t < 1e-3 ? t * (-0.5 + t / 24) : log(-expm1(-t) / t);
}

double vae_reference_unit_decay_mean(double t)
{
    /* 1/t - 1/(e^t - 1) loses digits for small t. */
    const double s = t * t;
    if (t < 0.25)
        return 0.5 - t * (1.0 / 12 - s * (1.0 / 720 - s * (1.0 / 30240 - s * (1.0 / 1209600 - s / 47900160))));
    return 1 / t - 1 / expm1(t);
}

double vae_reference_clamp(const vae_likelihood_options *options, double x)
{
    return fmin(fmax(x, options->shift), options->shift + (VAE_LEVELS - 1) * options->scale);
}
