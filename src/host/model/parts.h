/* What the programs of families are made of. `design` tells shapes; tensors are those of `program`. */
#ifndef VAE_MODEL_PARTS_H
#define VAE_MODEL_PARTS_H

#include "model/design.h"

/* Fills in design->encoder, which ends in `width` numbers a row, the tensor "posterior", and design->decoder, which
 * ends in what the likelihood takes. */
vae_status vae_parts_resolve(vae_design *design, int64_t width);
/* Their parameters: encoder.<i>.{weight,bias}, posterior.{weight,bias}, decoder.<i>.{weight,bias},
 * output.{weight,bias}, and those of norms and residual layers. Weights of dense layers are [in, out]. */
vae_status vae_parts_declare(const vae_design *design, vae_layout *layout);
/* Statistics of their norms; after all parameters. */
vae_status vae_parts_declare_statistics(const vae_design *design, vae_layout *layout);
/* What a likelihood learns beside the networks: likelihood.log_variance of gaussian_shared, 0 until the first step.
 * After all other statistics. */
vae_status vae_parts_declare_likelihood(const vae_design *design, vae_layout *layout);

/* A batch of the data set, x [rows, height, width, channels]; training: shuffled and mirrored, else the port "x".
 * Columns that are standardised are so in *x, but not in the port. */
vae_status vae_parts_gather(const vae_design *design, vae_program *program, int64_t rows, bool training, vae_tensor *x);
/* The same from the host, the port "x". */
vae_status vae_parts_input(const vae_design *design, vae_program *program, int64_t rows, vae_tensor *x);
/* x → [rows, width]. */
vae_status vae_parts_encode(const vae_design *design, vae_program *program, vae_tensor x, bool training,
                            vae_tensor *posterior);
/* z [rows·K, latent] and x → log p(x|z) [rows·K]. */
vae_status vae_parts_log_likelihood(const vae_design *design, vae_program *program, vae_tensor z, vae_tensor x,
                                    bool training, vae_tensor *ll);
/* Gradients of the terms' sum, and Adam's step, of a part of the parameters. VAE_ERROR_ARGUMENT for one that the model
 * does not have. */
vae_status vae_parts_train(const vae_design *design, vae_part part, vae_program *program, const vae_loss_term *terms,
                           int32_t count);

/* A port with the mean over a row's `samples`, times `sign`, of a tensor [rows·samples]. */
vae_status vae_parts_row_mean(vae_program *program, const char *port, vae_tensor rows, int64_t samples, double sign);
/* The whole of VAE_ROLE_DECODE, and of VAE_ROLE_DRAW. */
vae_status vae_parts_build_decode(const vae_design *design, vae_program *program, int64_t rows);
vae_status vae_parts_build_draw(const vae_design *design, vae_program *program, int64_t rows);

#endif
