/* Which sequences a command looks at: a part of the run's, or those of a file. */
#ifndef VAE_CLI_SEQUENCE_INPUT_H
#define VAE_CLI_SEQUENCE_INPUT_H

#include "cli/sequences.h"
#include "data/dataset.h"

typedef struct vae_sequence_input {
    vae_splits splits;          /* the run's; empty where a file was given */
    vae_dataset file;           /* empty where none was */
    const vae_dataset *dataset; /* in one of them */
    const char *part;           /* "test", …, or "given" */
} vae_sequence_input;

/* --input, or else --split, as vae_cli_find_split() takes it. Texts are read by the model's vocabulary. What reading
 * left out or changed is told. On failure nothing is to be closed. */
vae_status vae_sequence_input_open(const vae_cli_sequences *sequences, const vae_cli_input_options *options,
                                   vae_sequence_input *input);
void vae_sequence_input_close(vae_sequence_input *input);
/* All items that the file holds; of one that holds all parts of a data set those of the test part. */
vae_status vae_sequence_file_read(const vae_cli_sequences *sequences, const char *path, vae_dataset *dataset);
/* Adds the first `most` of them, or, where that is 0, all; `option` names the file in messages. */
vae_status vae_sequence_file_add(const vae_cli_sequences *sequences, const char *option, const char *path, int64_t most,
                                 vae_sequence_list *list);

#endif
