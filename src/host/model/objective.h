/* Objectives: what training minimises, of a batch's log-likelihoods and what was drawn. An objective is a row in
 * VAE_OBJECTIVE_MAP and a vae_objective_info in a file model/objective_<name>.c. */
#ifndef VAE_MODEL_OBJECTIVE_H
#define VAE_MODEL_OBJECTIVE_H

#include "model/posterior.h"

#define VAE_OBJECTIVE_MAP(X) X(VAE, vae) X(AE, ae) X(KL, kl) X(IWAE, iwae) X(DREG, dreg)
typedef enum vae_objective {
#define VAE_OBJECTIVE_ROW(NAME, name) VAE_OBJECTIVE_##NAME,
    VAE_OBJECTIVE_MAP(VAE_OBJECTIVE_ROW)
#undef VAE_OBJECTIVE_ROW
        VAE_OBJECTIVE_COUNT
} vae_objective;

/* What an objective is given. */
typedef struct vae_objective_inputs {
    vae_tensor ll; /* [batch·K]: log p(x|z) */
    vae_draw draw;
    int64_t batch, samples;
    vae_tensor posterior;     /* what z was drawn from: see vae_posterior_family.width */
    const vae_config *config; /* whose kl_floor and free_bits hold; NULL where nothing is trained */
} vae_objective_inputs;

enum { VAE_MAX_TERMS = 4 };

/* What it makes of them. */
typedef struct vae_objective_outputs {
    vae_loss_term terms[VAE_MAX_TERMS]; /* whose sum is the loss: a mean over the batch, nats */
    int32_t term_count;
    vae_tensor
        bound; /* [batch]: a bound of log p(x) that is tighter than the ELBO; VAE_NO_TENSOR where there is none */
} vae_objective_outputs;

typedef struct vae_objective_info {
    bool has_posterior;  /* z is drawn, and there is a KL */
    bool needs_ratio;    /* draw with log_ratio, not a KL in closed form */
    bool path;           /* see vae_draw_options */
    bool fits_decoder;   /* the decoder is trained */
    bool is_weighted;    /* the bound is what counts: it decides which epoch is the best */
    const char *summary; /* "reconstruction only": in captions of figures; NULL for the ELBO */
    vae_status (*build)(vae_program *program, const vae_objective_inputs *inputs, vae_objective_outputs *outputs);
} vae_objective_info;

#define VAE_OBJECTIVE_ROW(NAME, name) extern const vae_objective_info vae_objective_info_##name;
VAE_OBJECTIVE_MAP(VAE_OBJECTIVE_ROW)
#undef VAE_OBJECTIVE_ROW

const vae_objective_info *vae_objective_info_of(vae_objective objective);

#endif
