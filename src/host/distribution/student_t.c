/* A Student-t with a mean and the log of a scale, log s = ⌊l⌋, at least one level, of each element, and a fixed number
 * of degrees of freedom. */
#include <math.h>

#include "distribution/distribution.h"

#define FREEDOM 5.0

/* Σ log Γ((ν+1)/2) - log Γ(ν/2) - ½ log νπ - log s - (ν+1)/2·log(1 + (x - μ)²/(ν·s²)) */
static vae_status log_prob(vae_program *program, const char *name, vae_tensor parameters, vae_tensor x,
                           const vae_likelihood_options *options, vae_tensor *result)
{
    const vae_weight normaliser =
        vae_number(lgamma(0.5 * (FREEDOM + 1)) - lgamma(0.5 * FREEDOM) - 0.5 * log(FREEDOM * M_PI));
    vae_tensor mean, log_scale, precision, terms;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_scale));
    VAE_TRY(vae_distribution_soft_floor(program, name, log_scale, vae_likelihood_floor(options), &log_scale));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, log_scale, vae_number(-2), &precision));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_EXP, precision, VAE_NO_TENSOR, &precision));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, x, mean, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQUARE, terms, VAE_NO_TENSOR, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, terms, precision, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_DIVIDE, terms, vae_number(FREEDOM), &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_ADD, terms, vae_number(1), &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_LOG, terms, VAE_NO_TENSOR, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, terms, vae_number(-0.5 * (FREEDOM + 1)),
                                       &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, terms, log_scale, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_ADD, terms, normaliser, &terms));
    return vae_program_sum_columns(program, name, terms, result);
}

/* μ + s·ε / sqrt(χ²/ν), χ² being the sum of ν squared normals. */
static vae_status sample(vae_program *program, const char *name, vae_tensor parameters, int64_t samples,
                         uint32_t stream, const vae_likelihood_options *options, vae_tensor *value)
{
    vae_tensor mean, log_scale, noise, square, sum = VAE_NO_TENSOR;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_scale));
    VAE_TRY(vae_distribution_soft_floor(program, name, log_scale, vae_likelihood_floor(options), &log_scale));
    for (int i = 0; i < (int)FREEDOM; ++i) {
        VAE_TRY(vae_distribution_normal(program, name, mean, samples, stream, &square));
        VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQUARE, square, VAE_NO_TENSOR, &square));
        if (i > 0) VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_ADD, sum, square, &square));
        sum = square;
    }
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_DIVIDE, sum, vae_number(FREEDOM), &sum));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQRT, sum, VAE_NO_TENSOR, &sum));
    VAE_TRY(vae_distribution_normal(program, name, mean, samples, stream, &noise));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_DIVIDE, noise, sum, &noise));
    return vae_distribution_shift_and_scale(program, name, mean, log_scale, noise, value);
}

const vae_distribution vae_distribution_student_t = {
    .width = vae_distribution_two_numbers, .log_prob = log_prob, .mean = vae_distribution_location, .sample = sample};
