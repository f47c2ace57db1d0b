/* A diagonal Gaussian, q(z|x) = N(μ, σ²) (Kingma & Welling 2014): the encoder gives means and log-variances. */
#include "distribution/distribution.h"
#include "model/posterior.h"

static int64_t width(const vae_design *design)
{
    return 2 * design->config.model.latent.size[0];
}

/* log p(z) - log q(z|x) where the posterior's own numbers take no gradient: it reaches the encoder along z alone
 * (Roeder, Wu & Duvenaud 2017, equation 7). */
static vae_status path_log_ratio(const vae_design *design, vae_program *program, vae_tensor posterior, vae_draw *drawn)
{
    const vae_likelihood_options options = {.channels = design->config.model.latent.size[0]};
    vae_tensor fixed, log_q, log_p;
    VAE_TRY(vae_program_scale_gradient(program, "path", drawn->z, &drawn->scaled));
    drawn->z = drawn->scaled;
    VAE_TRY(vae_program_stop_gradient(program, "fixed_posterior", posterior, &fixed));
    VAE_TRY(vae_distribution_gaussian_diagonal.log_prob(program, "log_q", fixed, drawn->z, &options, &log_q));
    VAE_TRY(vae_distribution_standard_normal(program, "log_p", drawn->z, &log_p));
    return vae_program_apply(program, "log_ratio", VAE_FUNCTION_SUBTRACT, log_p, log_q, &drawn->log_ratio);
}

static vae_status draw(const vae_design *design, vae_program *program, vae_tensor posterior,
                       const vae_draw_options *options, vae_draw *drawn)
{
    const vae_posterior_options sample = {
        .samples = options->samples,
        .stream = options->stream,
        .sampled = true,
        .with_kl = options->exact_kl,
        .with_log_ratio = !options->path && (options->log_ratio || !options->exact_kl),
    };
    vae_posterior_outputs outputs;
    VAE_TRY(vae_program_gaussian_sample_kl(program, "gaussian_sample_kl", posterior, sample, &outputs));
    *drawn = (vae_draw){outputs.z, outputs.kl, outputs.log_ratio, VAE_NO_TENSOR};
    return options->path ? path_log_ratio(design, program, posterior, drawn) : VAE_OK;
}

const vae_posterior_family vae_posterior_family_gaussian = {.width = width, .draw = draw};
