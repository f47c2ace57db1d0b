/* Steps that are tokens: read by an embedding, and predicted by logits. What families of texts and of music share. */
#ifndef VAE_MODEL_TOKEN_STEPS_H
#define VAE_MODEL_TOKEN_STEPS_H

#include "config/token_keys.h"
#include "model/sequence_steps.h"

/* As vae_sequence_steps has them; the vocabulary is the data set's. */
int64_t vae_token_steps_width(const vae_design *design);
int64_t vae_token_steps_prediction(const vae_design *design);
vae_status vae_token_steps_declare(const vae_design *design, const char *side, vae_layout *layout);
vae_status vae_token_steps_read(const vae_design *design, vae_program *program, const char *side, vae_tensor x,
                                bool training, vae_tensor *y);
vae_status vae_token_steps_sample(const vae_design *design, vae_program *program, vae_tensor logits, vae_tensor ids,
                                  vae_tensor lengths, vae_tensor *y);
vae_status vae_token_steps_log_likelihood(const vae_design *design, vae_program *program, vae_tensor logits,
                                          vae_tensor targets, vae_tensor lengths, bool training, vae_tensor *ll);

/* The traits of a resolved model, with what its keys say of scheduled sampling. */
void vae_token_steps_resolve(vae_design *design);

#endif
