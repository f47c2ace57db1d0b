/* A Gaussian whose elements are independent, each with a mean and a log-variance of its own; the standard normal. */
#include "distribution/distribution.h"

#define LOG_TWO_PI 1.8378770664093454836

static const vae_weight minus_half = {-0.5, VAE_SCALAR_ONE}, log_two_pi = {LOG_TWO_PI, VAE_SCALAR_ONE};

/* -½ Σ (terms + log 2π) */
static vae_status finish(vae_program *program, const char *name, vae_tensor terms, vae_tensor *log_prob)
{
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_ADD, terms, log_two_pi, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, terms, minus_half, &terms));
    return vae_program_sum_columns(program, name, terms, log_prob);
}

/* -½ Σ (value - μ)²/σ² + log σ² + log 2π */
vae_status vae_distribution_gaussian_log_prob(vae_program *program, const char *name, vae_tensor mean,
                                              vae_tensor log_variance, vae_tensor value, vae_tensor *result)
{
    vae_tensor precision, terms;
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_NEGATE, log_variance, VAE_NO_TENSOR, &precision));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_EXP, precision, VAE_NO_TENSOR, &precision));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, value, mean, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQUARE, terms, VAE_NO_TENSOR, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, terms, precision, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_ADD, terms, log_variance, &terms));
    return finish(program, name, terms, result);
}

static vae_status log_prob(vae_program *program, const char *name, vae_tensor parameters, vae_tensor value,
                           const vae_likelihood_options *options, vae_tensor *result)
{
    vae_tensor mean, log_variance;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_variance));
    return vae_distribution_gaussian_log_prob(program, name, mean, log_variance, value, result);
}

/* ½ μ² + σ² - log σ² - 1 (Kingma & Welling 2014, Appendix B) */
vae_status vae_distribution_gaussian_kl(vae_program *program, const char *name, vae_tensor parameters,
                                        const vae_likelihood_options *options, vae_tensor *result)
{
    static const vae_weight one = {1.0, VAE_SCALAR_ONE}, half = {0.5, VAE_SCALAR_ONE};
    vae_tensor mean, log_variance, variance, terms;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_variance));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQUARE, mean, VAE_NO_TENSOR, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_EXP, log_variance, VAE_NO_TENSOR, &variance));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_ADD, terms, variance, &terms));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, terms, log_variance, &terms));
    VAE_TRY(vae_program_apply_constant(program, name, VAE_FUNCTION_SUBTRACT, terms, one, &terms));
    return vae_program_apply_constant(program, name, VAE_FUNCTION_MULTIPLY, terms, half, result);
}

static vae_status kl(vae_program *program, const char *name, vae_tensor parameters,
                     const vae_likelihood_options *options, vae_tensor *result)
{
    vae_tensor terms;
    VAE_TRY(vae_distribution_gaussian_kl(program, name, parameters, options, &terms));
    return vae_program_sum_columns(program, name, terms, result);
}

/* μ + σ·ε */
static vae_status sample(vae_program *program, const char *name, vae_tensor parameters, int64_t samples,
                         uint32_t stream, const vae_likelihood_options *options, vae_tensor *value)
{
    vae_tensor mean, log_variance;
    VAE_TRY(vae_distribution_split(program, parameters, options, &mean, &log_variance));
    return vae_distribution_gaussian_sample(program, name, mean, log_variance, samples, stream, value);
}

const vae_distribution vae_distribution_gaussian_diagonal = {.width = vae_distribution_two_numbers,
                                                             .log_prob = log_prob,
                                                             .mean = vae_distribution_location,
                                                             .sample = sample,
                                                             .kl = kl};

vae_status vae_distribution_standard_normal(vae_program *program, const char *name, vae_tensor value,
                                            vae_tensor *result)
{
    vae_tensor terms;
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SQUARE, value, VAE_NO_TENSOR, &terms));
    return finish(program, name, terms, result);
}
