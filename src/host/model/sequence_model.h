/* Latent variable models of sequences: a recurrent encoder reads x, z is drawn, and an autoregressive decoder, which
 * has z as its initial state and at every step, gives each step's distribution from those before it (Bowman et al.
 * 2016; Ha & Eck 2017). Families of this kind differ in what a step is: how it is read, and how log p(x|z) comes from
 * what the decoder predicts.
 *
 * Items of the data set hold their begin and end: of L rows, the decoder reads 0 … L - 2 and is held against 1 … L - 1,
 * which the encoder reads too. Tensors are time-major (program/recurrent.h). */
#ifndef VAE_MODEL_SEQUENCE_MODEL_H
#define VAE_MODEL_SEQUENCE_MODEL_H

#include "model/sequence_steps.h"

/* The functions of a family, with the model that it makes of its keys. */
vae_status vae_sequence_model_resolve(const vae_sequence_model *model, vae_design *design);
vae_status vae_sequence_model_declare(const vae_sequence_model *model, const vae_design *design, vae_layout *layout);
vae_status vae_sequence_model_build(const vae_sequence_model *model, const vae_design *design, const vae_build *what,
                                    vae_program *program);

#endif
