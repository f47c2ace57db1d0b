/* A Bernoulli, from a logit l: x·l - log(1 + e^l). x may be anything in [0, 1]. */
#include "distribution/distribution.h"

static int64_t width(const vae_likelihood_options *options)
{
    return options->channels;
}

static vae_status log_prob(vae_program *program, const char *name, vae_tensor logits, vae_tensor x,
                           const vae_likelihood_options *options, vae_tensor *result)
{
    vae_tensor product, normaliser;
    (void)options;
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, logits, x, &product));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SOFTPLUS, logits, VAE_NO_TENSOR, &normaliser));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, product, normaliser, &product));
    return vae_program_sum_columns(program, name, product, result);
}

static vae_status mean(vae_program *program, const char *name, vae_tensor logits, const vae_likelihood_options *options,
                       vae_tensor *result)
{
    (void)options;
    return vae_program_apply(program, name, VAE_FUNCTION_SIGMOID, logits, VAE_NO_TENSOR, result);
}

const vae_distribution vae_distribution_bernoulli = {.width = width, .log_prob = log_prob, .mean = mean};
