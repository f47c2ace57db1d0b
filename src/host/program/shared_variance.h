/* The one σ² of gaussian_shared, on the host and in kernels alike. */
#ifndef VAE_PROGRAM_SHARED_VARIANCE_H
#define VAE_PROGRAM_SHARED_VARIANCE_H

#include <math.h>
#include <stdint.h>

#include "core/host_device.h"

/* The σ² under which `elements` numbers with this sum of squared errors are most likely, and at least e^floor; NaN
 * stays NaN. */
VAE_HOST_DEVICE static inline double vae_shared_variance(double squared_error, double elements, double floor)
{
    const double variance = squared_error / elements, smallest = exp(floor);
    return variance < smallest ? smallest : variance;
}

/* The log of the running mean of σ²: exponential smoothing with bias correction, so that step 1 (from 1) takes
 * `variance` whole, and late ones a twentieth of it: σ² falls fast at first, and an old one would look like a bad
 * model. Not finite: `previous` stays. */
VAE_HOST_DEVICE static inline double vae_running_log_variance(double previous, double variance, uint64_t step)
{
    const double share = 0.05 / (1 - pow(0.95, (double)step));
    return isfinite(variance) ? log((1 - share) * exp(previous) + share * variance) : previous;
}

#endif
