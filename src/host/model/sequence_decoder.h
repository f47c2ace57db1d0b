/* The autoregressive decoder of models of sequences: recurrent layers one over the other, which begin with a state made
 * of z and have z at every step, and the prediction that is made of the last one's.
 *
 * With a conductor (Roberts et al. 2018, hierarchical MusicVAE) an item is a number of segments of as many steps. The
 * conductor, a recurrent layer of its own, makes of z a code for each segment, and the decoder begins anew at each,
 * with that code in place of z; over what it reads, it knows the last step before its segment and nothing else of those
 * before. So segments are decoded side by side, as sequences of their own. */
#ifndef VAE_MODEL_SEQUENCE_DECODER_H
#define VAE_MODEL_SEQUENCE_DECODER_H

#include "model/sequence_steps.h"

/* "decoder.initial", "decoder", "decoder.2" and so on, and "output"; "conductor.initial" and "conductor". */
vae_status vae_sequence_decoder_declare(const vae_sequence_model *model, const vae_design *design, vae_layout *layout);

/* z [rows·samples, latent], VAE_NO_TENSOR without a posterior → log p(x|z) [rows·samples]. VAE_ERROR_SHAPE where a
 * conductor's segments do not make up the items. */
vae_status vae_sequence_decoder_log_likelihood(const vae_sequence_model *model, const vae_design *design,
                                               vae_program *program, const vae_sequences *s, vae_tensor z,
                                               int64_t samples, bool training, vae_tensor *ll);

/* VAE_ROLE_NEXT of so many rows. */
vae_status vae_sequence_decoder_next(const vae_sequence_model *model, const vae_design *design, vae_program *program,
                                     int64_t rows);

#endif
