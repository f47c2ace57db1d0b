/* Which family a configuration asks for; that of an autoencoder, which has none. */
#include "model/posterior.h"

const vae_posterior_family *vae_posterior_family_of(const vae_config *config)
{
    static const vae_posterior_family *const families[VAE_POSTERIOR_COUNT] = {
#define ROW(NAME, name) &vae_posterior_family_##name,
        VAE_POSTERIOR_MAP(ROW)
#undef ROW
    };
    if (config->model.objective == VAE_OBJECTIVE_AE) return &vae_posterior_family_none;
    if (config->model.latent.count > 1) return &vae_posterior_family_layers;
    return families[config->model.posterior];
}

int64_t vae_posterior_prior_width(const vae_config *config)
{
    const vae_posterior_family *family = vae_posterior_family_of(config);
    return family->prior_width ? family->prior_width(config) : config->model.latent.size[0];
}

static int64_t width(const vae_config *config)
{
    return config->model.latent.size[0];
}

static vae_status draw(const vae_config *config, vae_program *program, vae_tensor posterior,
                       const vae_draw_options *options, vae_draw *drawn)
{
    (void)config, (void)program, (void)options;
    *drawn = (vae_draw){posterior, VAE_NO_TENSOR, VAE_NO_TENSOR, VAE_NO_TENSOR};
    return VAE_OK;
}

const vae_posterior_family vae_posterior_family_none = {.width = width, .draw = draw};
