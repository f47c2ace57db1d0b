/* A Gaussian with a mean and a log-variance, log σ² = ⌊l⌋, of each element. */
#include <math.h>

#include "distribution/distribution.h"

/* -½ Σ (x - μ)²·e^-⌊l⌋ + ⌊l⌋ + log 2π */
static vae_status log_prob(vae_program *program, const char *name, vae_tensor parameters, vae_tensor x,
                           const vae_likelihood_options *options, vae_tensor *result)
{
    vae_tensor mean, log_variance, precision, terms;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_variance));
    VAE_TRY(vae_distribution_soft_floor(program, name, log_variance, vae_likelihood_floor(options), &log_variance));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_NEGATE, log_variance, VAE_NO_TENSOR, &precision));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_EXP, precision, VAE_NO_TENSOR, &precision));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, x, mean, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQUARE, terms, VAE_NO_TENSOR, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, terms, precision, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_ADD, terms, log_variance, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_ADD, terms, vae_number(log(2 * M_PI)), &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, terms, vae_number(-0.5), &terms));
    return vae_program_sum_columns(program, name, terms, result);
}

const vae_distribution vae_distribution_gaussian_pixel = {
    .width = vae_distribution_two_numbers, .log_prob = log_prob, .mean = vae_distribution_location};
