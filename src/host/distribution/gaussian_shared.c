/* A Gaussian around a mean, with one variance for all elements, which the op `likelihood` finds in training. */
#include "distribution/distribution.h"

static int64_t width(const vae_likelihood_options *options)
{
    return options->channels;
}

static vae_status sample(vae_program *program, const char *name, vae_tensor means, int64_t samples, uint32_t stream,
                         const vae_likelihood_options *options, vae_tensor *value)
{
    vae_tensor log_variance;
    (void)options;
    VAE_TRY(vae_program_parameter(program, "likelihood.log_variance", &log_variance));
    return vae_distribution_gaussian_sample(program, name, means, log_variance, samples, stream, value);
}

const vae_distribution vae_distribution_gaussian_shared = {.width = width, .sample = sample};
