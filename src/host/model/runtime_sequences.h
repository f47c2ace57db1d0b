/* What commands do with a model of sequences: codes of items, and items of codes. Not part of the public API yet. */
#ifndef VAE_MODEL_RUNTIME_SEQUENCES_H
#define VAE_MODEL_RUNTIME_SEQUENCES_H

#include "model/evaluate_sequences.h"
#include "model/generate.h"
#include "model/runtime.h"

/* Sequences that are made, and encoded, at a time; also the widest beam. */
enum { VAE_SEQUENCE_ROWS = 64 };

/* items: sequences as a data set has them, each from its begin to its end (offsets are set) → mean and log_variance
 * [count, latent] of q(z|x), as vae_model_encode() gives them; log_variance may be NULL. Items of like lengths are
 * encoded together; what a row gives does not depend on the others, but for the last bits. VAE_ERROR_ARGUMENT for a
 * model that is a decoder only, or not of sequences. */
vae_status vae_model_encode_sequences(vae_model *model, const vae_column *items, float *mean, float *log_variance);

/* vae_generate() with a generator of the model's own. */
vae_status vae_model_generate(vae_model *model, const vae_generation *what, vae_sequence_list *made);

/* vae_evaluate_sequences() of the model. */
vae_status vae_model_evaluate_sequences(vae_model *model, const vae_sequence_evaluation_setup *setup, double *per_item,
                                        vae_sequence_evaluation *evaluation);

#endif
