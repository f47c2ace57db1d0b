/* Of models of music: how many of the data's notes a model finds again, by pitch and place; notes that are held are not
 * counted at each step. */
#ifndef VAE_CLI_EVALUATE_ONSETS_H
#define VAE_CLI_EVALUATE_ONSETS_H

#include "cli/sequences.h"

typedef struct vae_cli_onsets {
    int64_t there;  /* notes that begin in the data */
    int64_t forced; /* those of them that the decoder predicts from the true steps before (teacher forcing) */
    int64_t found;  /* those that it finds by itself, from the code alone */
    int64_t made;   /* notes that begin in what it makes of the codes */
} vae_cli_onsets;

/* Of the first `count` items of the data, with the likeliest step each time. */
vae_status vae_cli_find_onsets(const vae_cli_sequences *sequences, const vae_dataset *dataset, int64_t count,
                               vae_cli_onsets *onsets);

#endif
