/* Latent variable models: x → encoder → a draw of z → decoder → log p(x|z), and an objective over these. What differs
 * among families of this kind is how z is drawn (model/posterior.h) and what is minimised (model/objective.h). */
#ifndef VAE_MODEL_LATENT_MODEL_H
#define VAE_MODEL_LATENT_MODEL_H

#include "model/objective.h"
#include "model/posterior.h"

typedef struct vae_latent_model {
    const vae_posterior_family *posterior;
    const vae_objective_info *objective;
    bool exact_kl; /* in closed form where there is one; else log q(z|x) - log p(z) of the sample */
} vae_latent_model;

/* For `check` of a family's keys: VAE_ERROR_CONFIG where the objective cannot do with the likelihood. */
vae_status vae_latent_model_check(const vae_config *config, const vae_objective_info *objective);
/* The functions of a family, with the model that it makes of its keys. */
vae_status vae_latent_model_resolve(const vae_latent_model *model, vae_design *design);
vae_status vae_latent_model_declare(const vae_latent_model *model, const vae_design *design, vae_layout *layout);
vae_status vae_latent_model_build(const vae_latent_model *model, const vae_design *design, const vae_build *what,
                                  vae_program *program);

#endif
