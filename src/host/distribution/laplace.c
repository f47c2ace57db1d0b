/* A Laplace with a mean and the log of a width, log b = ⌊l⌋, of each element. */
#include <math.h>

#include "distribution/distribution.h"

/* -Σ |x - μ|·e^-⌊l⌋ + ⌊l⌋ + log 2 */
static vae_status log_prob(vae_program *program, const char *name, vae_tensor parameters, vae_tensor x,
                           const vae_likelihood_options *options, vae_tensor *result)
{
    vae_tensor mean, log_width, inverse, terms;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_width));
    VAE_TRY(vae_distribution_soft_floor(program, name, log_width, vae_likelihood_floor(options), &log_width));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_NEGATE, log_width, VAE_NO_TENSOR, &inverse));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_EXP, inverse, VAE_NO_TENSOR, &inverse));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, x, mean, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_ABS, terms, VAE_NO_TENSOR, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, terms, inverse, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_ADD, terms, log_width, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_ADD, terms, vae_number(log(2)), &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_NEGATE, terms, VAE_NO_TENSOR, &terms));
    return vae_program_sum_columns(program, name, terms, result);
}

/* μ + b·(ε₁ε₂ - ε₃ε₄): each product is half the difference of two exponential variables, and their difference a Laplace
 * of width 1. */
static vae_status sample(vae_program *program, const char *name, vae_tensor parameters, int64_t samples,
                         uint32_t stream, const vae_likelihood_options *options, vae_tensor *value)
{
    vae_tensor mean, log_width, normals[4], noise;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_width));
    VAE_TRY(vae_distribution_soft_floor(program, name, log_width, vae_likelihood_floor(options), &log_width));
    for (int i = 0; i < 4; ++i)
        VAE_TRY(vae_distribution_normal(program, name, mean, samples, stream, &normals[i]));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, normals[0], normals[1], &noise));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, normals[2], normals[3], &normals[2]));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, noise, normals[2], &noise));
    return vae_distribution_shift_and_scale(program, name, mean, log_width, noise, value);
}

const vae_distribution vae_distribution_laplace = {
    .width = vae_distribution_two_numbers, .log_prob = log_prob, .mean = vae_distribution_location, .sample = sample};
