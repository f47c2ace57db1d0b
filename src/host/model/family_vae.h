/* Keys of family = vae. */
#ifndef VAE_MODEL_FAMILY_VAE_H
#define VAE_MODEL_FAMILY_VAE_H

#include "config/config.h"
#include "model/objective.h"
#include "model/posterior.h"

/* exact: in closed form where the posterior has one; sampled: log q(z|x) - log p(z) of the sample itself. */
typedef enum vae_kl_estimate { VAE_KL_EXACT, VAE_KL_SAMPLED } vae_kl_estimate;

typedef struct vae_vae_keys {
    vae_objective objective;
    vae_posterior posterior;
    int64_t flow_length; /* of a planar posterior */
    vae_kl_estimate kl;
    vae_layer_list latent_layers; /* hidden layers of the networks between two stochastic layers */
} vae_vae_keys;

static inline const vae_vae_keys *vae_vae_keys_of(const vae_config *config)
{
    return (const void *)config->model.own[VAE_FAMILY_VAE];
}
static inline vae_vae_keys *vae_vae_keys_edit(vae_config *config)
{
    return (void *)config->model.own[VAE_FAMILY_VAE];
}

/* How z is drawn: that of the posterior's name, of several layers, or none. */
const vae_posterior_family *vae_posterior_family_of(const vae_config *config);

#endif
