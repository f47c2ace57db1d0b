/* Several stochastic layers (Burda, Grosse & Salakhutdinov 2016, section 3): q(z₁|x)·q(z₂|z₁)… against p(z₂)·p(z₁|z₂)…,
 * every factor a diagonal Gaussian, that of the last layer's prior the standard normal. The encoder gives q(z₁|x);
 * between two layers stand networks both ways. The decoder reads z₁, so z₁ is the code. */
#include <stdio.h>

#include "distribution/distribution.h"
#include "model/family_vae.h"

static int64_t width(const vae_design *design)
{
    return 2 * design->config.model.latent.size[0];
}

/* q(z[layer + 1]|z[layer]) for `up`, p(z[layer]|z[layer + 1]) else. */
static vae_status resolve(const vae_design *design, int32_t layer, bool up, vae_network *network)
{
    const int32_t from = up ? layer : layer + 1, to = up ? layer + 1 : layer;
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "%s%d", up ? "recognition" : "generation", (int)layer + 1);
    return vae_network_between(&design->config, &vae_vae_keys_of(&design->config)->latent_layers, name, from, to,
                               network);
}

static vae_status build(const vae_design *design, vae_program *program, int32_t layer, bool up, vae_tensor z,
                        bool training, vae_tensor *parameters)
{
    vae_network network;
    VAE_TRY(resolve(design, layer, up, &network));
    return vae_network_build(&network, program, z, training, parameters);
}

typedef vae_status (*declare_function)(const vae_network *network, vae_layout *layout);

static vae_status for_each_network(const vae_design *design, vae_layout *layout, declare_function function)
{
    for (int32_t layer = 0; layer + 1 < design->config.model.latent.count; ++layer) {
        for (int up = 1; up >= 0; --up) {
            vae_network network;
            VAE_TRY(resolve(design, layer, up, &network));
            VAE_TRY(function(&network, layout));
        }
    }
    return VAE_OK;
}

static vae_status declare(const vae_design *design, vae_layout *layout)
{
    return for_each_network(design, layout, vae_network_declare);
}

static vae_status declare_statistics(const vae_design *design, vae_layout *layout)
{
    return for_each_network(design, layout, vae_network_declare_statistics);
}

/* ---- Drawing from q ---- */

/* Draws a layer; `ratio` is log N(z; 0, I) - log q(z|…). */
static vae_status draw_layer(vae_program *program, vae_tensor parameters, const vae_draw_options *options,
                             int64_t samples, vae_tensor *z, vae_tensor *ratio)
{
    const vae_posterior_options sample = {
        .samples = samples, .stream = options->stream, .sampled = true, .with_log_ratio = true};
    vae_posterior_outputs outputs;
    VAE_TRY(vae_program_gaussian_sample_kl(program, "gaussian_sample_kl", parameters, sample, &outputs));
    *z = outputs.z;
    *ratio = outputs.log_ratio;
    return VAE_OK;
}

/* log p(z[layer]|z[layer + 1]) in place of log N(z[layer]; 0, I). */
static vae_status take_prior(const vae_design *design, vae_program *program, int32_t layer, const vae_tensor z[2],
                             bool training, vae_tensor *ratio)
{
    const vae_likelihood_options options = {.channels = design->config.model.latent.size[layer]};
    vae_tensor parameters, conditional, standard;
    VAE_TRY(build(design, program, layer, false, z[1], training, &parameters));
    VAE_TRY(vae_distribution_gaussian_diagonal.log_prob(program, "log_p", parameters, z[0], &options, &conditional));
    VAE_TRY(vae_distribution_standard_normal(program, "log_n", z[0], &standard));
    VAE_TRY(vae_program_apply(program, "log_ratio", VAE_FUNCTION_SUBTRACT, *ratio, standard, ratio));
    return vae_program_apply(program, "log_ratio", VAE_FUNCTION_ADD, *ratio, conditional, ratio);
}

static vae_status draw(const vae_design *design, vae_program *program, vae_tensor posterior,
                       const vae_draw_options *options, vae_draw *drawn)
{
    if (options->path) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[model] objective: dreg is for one stochastic layer; use iwae, or a single "
                             "number for latent");
    }
    vae_tensor z[2], ratio, parameters = posterior;
    VAE_TRY(draw_layer(program, parameters, options, options->samples, &z[0], &ratio));
    *drawn = (vae_draw){z[0], VAE_NO_TENSOR, ratio, VAE_NO_TENSOR};
    for (int32_t layer = 0; layer + 1 < design->config.model.latent.count; ++layer) {
        vae_tensor next;
        VAE_TRY(build(design, program, layer, true, z[0], options->training, &parameters));
        VAE_TRY(draw_layer(program, parameters, options, 1, &z[1], &next));
        VAE_TRY(take_prior(design, program, layer, z, options->training, &drawn->log_ratio));
        VAE_TRY(vae_program_apply(program, "log_ratio", VAE_FUNCTION_ADD, drawn->log_ratio, next, &drawn->log_ratio));
        z[0] = z[1];
    }
    return VAE_OK;
}

/* ---- Drawing from p ---- */

static int64_t prior_width(const vae_design *design)
{
    int64_t sum = 0;
    for (int32_t layer = 0; layer < design->config.model.latent.count; ++layer)
        sum += design->config.model.latent.size[layer];
    return sum;
}

/* z = μ + σ·normal, from (μ | log σ²). */
static vae_status move(vae_program *program, vae_tensor parameters, vae_tensor normal, int64_t latent, vae_tensor *z)
{
    vae_tensor mean, deviation;
    VAE_TRY(vae_program_slice(program, "mean", parameters, 2 * latent, 0, latent, &mean));
    VAE_TRY(vae_program_slice(program, "deviation", parameters, 2 * latent, latent, latent, &deviation));
    VAE_TRY(vae_program_apply_constant(program, "deviation", VAE_FUNCTION_MULTIPLY, deviation,
                                       (vae_weight){0.5, VAE_SCALAR_ONE}, &deviation));
    VAE_TRY(vae_program_apply(program, "deviation", VAE_FUNCTION_EXP, deviation, VAE_NO_TENSOR, &deviation));
    VAE_TRY(vae_program_apply(program, "step", VAE_FUNCTION_MULTIPLY, deviation, normal, &normal));
    return vae_program_apply(program, "prior_z", VAE_FUNCTION_ADD, mean, normal, z);
}

/* The normals of the first layer come first; the last layer's are z itself. */
static vae_status prior(const vae_design *design, vae_program *program, vae_tensor normals, vae_tensor *z)
{
    const int64_t all = prior_width(design);
    int64_t first = all;
    for (int32_t layer = design->config.model.latent.count - 1; layer >= 0; --layer) {
        const int64_t latent = design->config.model.latent.size[layer];
        const bool last = layer == design->config.model.latent.count - 1;
        vae_tensor normal, parameters;
        first -= latent;
        VAE_TRY(vae_program_slice(program, "normal", normals, all, first, latent, &normal));
        if (last) {
            *z = normal;
            continue;
        }
        VAE_TRY(build(design, program, layer, false, *z, false, &parameters));
        VAE_TRY(move(program, parameters, normal, latent, z));
    }
    return VAE_OK;
}

const vae_posterior_family vae_posterior_family_layers = {
    .width = width,
    .declare = declare,
    .declare_statistics = declare_statistics,
    .draw = draw,
    .prior_width = prior_width,
    .prior = prior,
};
