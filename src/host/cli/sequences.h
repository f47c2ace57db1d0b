/* Models of sequences as commands use them. What is particular to sentences or to drawings, how they are shown, written
 * and given, is a row of a table (cli/sequence_kind.h). */
#ifndef VAE_CLI_SEQUENCES_H
#define VAE_CLI_SEQUENCES_H

#include "cli/sequence_kind.h"

typedef vae_status vae_cli_use_sequences_as(vae_cli_options *options, vae_cli_sequences *sequences);

/* The model that --run or --checkpoint name, of options->kind. On failure nothing is to be closed. */
vae_status vae_cli_sequences_open(const vae_cli_options *options, vae_cli_sequences *sequences);
void vae_cli_sequences_close(vae_cli_sequences *sequences);

/* vae_cli_use_model() for models of sequences. */
vae_status vae_cli_use_sequences(vae_cli_options *options, const vae_cli_file *files, int count,
                                 vae_cli_use_sequences_as *use);

/* VAE_ERROR_ARGUMENT of a decoder only, naming the command or option; also of models of images, which all have codes.
 */
vae_status vae_cli_check_codes(const vae_model *model, const char *command);
vae_status vae_cli_require_codes(const vae_cli_sequences *sequences, const char *command);

/* What --greedy, --beam, --temperature, --top-k, --top-p, --max-length and --seed ask for; steps are drawn at
 * `temperature` unless they say otherwise. VAE_ERROR_ARGUMENT for those that contradict each other. */
vae_status vae_cli_find_decoding(const vae_cli_options *options, const vae_cli_sequences *sequences, double temperature,
                                 vae_decoding *decoding);

/* Means of q(z|x), codes [list->count, latent], which the caller frees. */
vae_status vae_cli_encode_list(const vae_cli_sequences *sequences, const vae_sequence_list *list, float **codes);
/* A sequence for each of the codes [count, latent], of which the first is number `first` of all. */
vae_status vae_cli_decode_list(const vae_cli_sequences *sequences, const vae_decoding *decoding, const float *codes,
                               int64_t first, int64_t count, vae_sequence_list *made);

/* What the commands do with such models: `run_sequences` of each, in a file of its own. */
vae_status vae_cli_sample_sequences(vae_cli_options *options);
vae_status vae_cli_reconstruct_sequences(vae_cli_options *options);
vae_status vae_cli_interpolate_sequences(vae_cli_options *options);
vae_status vae_cli_arithmetic_sequences(vae_cli_options *options);
vae_status vae_cli_encode_sequences(vae_cli_options *options);
vae_status vae_cli_decode_sequences(vae_cli_options *options);
vae_status vae_cli_evaluate_sequences(vae_cli_options *options);

#endif
