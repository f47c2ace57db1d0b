/* Families of posteriors: how z is drawn from what the encoder gives, with what the objectives need of it. A family is
 * a file, model/posterior_<name>.c, and a row in VAE_POSTERIOR_MAP.
 *
 * What an encoder gives a row is the tensor "posterior", of the width that the family asks for. */
#ifndef VAE_MODEL_POSTERIOR_H
#define VAE_MODEL_POSTERIOR_H

#include "model/design.h"

#define VAE_POSTERIOR_MAP(X) X(GAUSSIAN, gaussian) X(PLANAR, planar)
typedef enum vae_posterior {
#define VAE_POSTERIOR_ROW(NAME, name) VAE_POSTERIOR_##NAME,
    VAE_POSTERIOR_MAP(VAE_POSTERIOR_ROW)
#undef VAE_POSTERIOR_ROW
        VAE_POSTERIOR_COUNT
} vae_posterior;

typedef struct vae_draw_options {
    int64_t samples; /* K: of each row of the posterior come K consecutive rows of z */
    uint32_t stream; /* vae_stream of the noise */
    bool training;   /* keep what the backward pass needs */
    bool exact_kl;   /* give `kl` where there is a closed form */
    bool log_ratio;  /* give `log_ratio`; without, it is given only where there is no `kl` */
    bool path;       /* log q reaches the encoder through z alone, and the gradient of z can be scaled: give `scaled` */
} vae_draw_options;

typedef struct vae_draw {
    vae_tensor z;         /* [rows·K, latent]: what the decoder reads */
    vae_tensor kl;        /* [rows], or VAE_NO_TENSOR */
    vae_tensor log_ratio; /* [rows·K]: log p(z) - log q(z|x), or VAE_NO_TENSOR */
    vae_tensor scaled;    /* for vae_program_bind_gradient_scale(), or VAE_NO_TENSOR */
} vae_draw;

typedef struct vae_posterior_family {
    /* Columns of "posterior". */
    int64_t (*width)(const vae_design *design);
    /* Parameters beside those of encoder and decoder, and the statistics of their norms; NULL: none. */
    vae_status (*declare)(const vae_design *design, vae_layout *layout);
    vae_status (*declare_statistics)(const vae_design *design, vae_layout *layout);
    vae_status (*draw)(const vae_design *design, vae_program *program, vae_tensor posterior,
                       const vae_draw_options *options, vae_draw *draw);
    /* What encoding an image gives, [rows, latent] or [rows, 2·latent]: a code that the decoder takes, with
     * log-variances where q(z|x) has them. NULL: the posterior itself. */
    vae_status (*code)(const vae_design *design, vae_program *program, vae_tensor posterior, vae_tensor *code);
    /* From `prior_width` standard normals a row to a draw of p(z) [rows, latent]. NULL: these are z. */
    int64_t (*prior_width)(const vae_design *design);
    vae_status (*prior)(const vae_design *design, vae_program *program, vae_tensor normals, vae_tensor *z);
} vae_posterior_family;

extern const vae_posterior_family vae_posterior_family_gaussian, vae_posterior_family_planar;
/* Several stochastic layers, latent = 100, 50, each a Gaussian. */
extern const vae_posterior_family vae_posterior_family_layers;
/* Of objective = ae: the code itself. */
extern const vae_posterior_family vae_posterior_family_none;

#endif
