/* The part of `vae-cuda info` that is about sequences: what their lengths make of a run. */
#ifndef VAE_CLI_INFO_SEQUENCES_H
#define VAE_CLI_INFO_SEQUENCES_H

#include "data/dataset.h"
#include "model/design.h"

/* Prints how many items there are, how long they are, the vocabulary, and the buckets that training puts them in. The
 * splits are the configuration's. */
vae_status vae_cli_print_sequences(const vae_design *design, const vae_splits *splits);

/* Prints what the programs of a run take for their activations: the largest of training, of evaluations, and of
 * generation. */
vae_status vae_cli_print_sequences_memory(const vae_design *design, const vae_splits *splits);

#endif
