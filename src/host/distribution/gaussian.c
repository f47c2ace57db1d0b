/* A Gaussian around a mean, with a variance that is fixed: options.variance. */
#include <math.h>

#include "distribution/distribution.h"

static int64_t width(const vae_likelihood_options *options)
{
    return options->channels;
}

/* -½ (x - μ)²/σ² - ½ log 2πσ² */
static vae_status log_prob(vae_program *program, const char *name, vae_tensor means, vae_tensor x,
                           const vae_likelihood_options *options, vae_tensor *result)
{
    const vae_weight scale = vae_number(-0.5 / options->variance);
    const vae_weight normaliser = vae_number(0.5 * log(2 * M_PI * options->variance));
    vae_tensor terms;
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, x, means, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQUARE, terms, VAE_NO_TENSOR, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, terms, scale, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_SUBTRACT, terms, normaliser, &terms));
    return vae_program_sum_columns(program, name, terms, result);
}

static vae_status mean(vae_program *program, const char *name, vae_tensor means, const vae_likelihood_options *options,
                       vae_tensor *result)
{
    (void)options;
    return vae_program_apply(program, name, VAE_FUNCTION_IDENTITY, means, VAE_NO_TENSOR, result);
}

static vae_status sample(vae_program *program, const char *name, vae_tensor means, int64_t samples, uint32_t stream,
                         const vae_likelihood_options *options, vae_tensor *value)
{
    const vae_weight deviation = vae_number(sqrt(options->variance));
    vae_tensor noise;
    VAE_TRY(vae_distribution_normal(program, name, means, samples, stream, &noise));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, noise, deviation, &noise));
    return vae_program_apply(program, name, VAE_FUNCTION_ADD, means, noise, value);
}

const vae_distribution vae_distribution_gaussian = {
    .width = width, .log_prob = log_prob, .mean = mean, .sample = sample};
