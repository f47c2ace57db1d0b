/* The KL's term of a loss: β times its mean over the batch, or what [train] kl_floor and free_bits make of that, so
 * that a posterior which carries little is not pressed to carry nothing. What metrics tell is the KL itself. */
#ifndef VAE_MODEL_KL_TERM_H
#define VAE_MODEL_KL_TERM_H

#include "program/program.h"

#include "config/config.h"

typedef struct vae_kl_inputs {
    vae_tensor kl; /* [n], 0 for rows that hold no data */
    double
        mean; /* this times Σ kl is what the loss has of it: 1/rows, -1/(rows·K) of log-ratios, or a share of these */
    int64_t rows;         /* of the batch */
    vae_tensor posterior; /* [rows, 2·latent], (μ | log σ²): what free_bits needs. VAE_NO_TENSOR where q(z|x) is more
                             than one Gaussian */
    vae_tensor present;   /* [rows]: 1 for rows that hold data, 0 for those that fill a short batch up, whose share the
                             means then take; VAE_NO_TENSOR: all rows hold data */
} vae_kl_inputs;

/* β·max(mean KL, kl_floor) (Ha & Eck 2017, section 3.3); β·Σ_j max(free_bits, mean KL of dimension j) (Kingma et al.
 * 2016, equation 15, with groups of one dimension); else β·mean KL.
 * `config` is NULL where nothing is trained, so that the term is not computed. */
vae_status vae_kl_term(const vae_config *config, vae_program *program, const vae_kl_inputs *inputs,
                       vae_loss_term *term);
/* For `check` of a family: VAE_ERROR_CONFIG where kl_floor or free_bits are given to an objective without such a term,
 * or free_bits to a q(z|x) that is more than one Gaussian whose KL is exact. */
vae_status vae_kl_term_check(const vae_config *config, bool has_term, bool is_gaussian);

#endif
