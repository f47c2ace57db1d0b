/* A Gaussian with a mean and a log-variance, log σ² = ⌊l⌋, of each element. */
#include "distribution/distribution.h"

/* -½ Σ (x - μ)²·e^-⌊l⌋ + ⌊l⌋ + log 2π */
static vae_status log_prob(vae_program *program, const char *name, vae_tensor parameters, vae_tensor x,
                           const vae_likelihood_options *options, vae_tensor *result)
{
    vae_tensor mean, log_variance;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_variance));
    VAE_TRY(vae_distribution_soft_floor(program, name, log_variance, vae_likelihood_floor(options), &log_variance));
    return vae_distribution_gaussian_log_prob(program, name, mean, log_variance, x, result);
}

static vae_status sample(vae_program *program, const char *name, vae_tensor parameters, int64_t samples,
                         uint32_t stream, const vae_likelihood_options *options, vae_tensor *value)
{
    vae_tensor mean, log_variance;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_variance));
    VAE_TRY(vae_distribution_soft_floor(program, name, log_variance, vae_likelihood_floor(options), &log_variance));
    return vae_distribution_gaussian_sample(program, name, mean, log_variance, samples, stream, value);
}

const vae_distribution vae_distribution_gaussian_pixel = {
    .width = vae_distribution_two_numbers, .log_prob = log_prob, .mean = vae_distribution_location, .sample = sample};
