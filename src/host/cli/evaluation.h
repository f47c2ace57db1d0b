/* What evaluations of all kinds of models print and write alike. */
#ifndef VAE_CLI_EVALUATION_H
#define VAE_CLI_EVALUATION_H

#include "cli/options.h"
#include "data/dataset.h"
#include "model/design.h"
#include "model/latent_statistics.h"

/* "104.1234 ± 0.5678", or the mean alone where one item gives no error. */
const char *vae_cli_format_mean(double mean, double error, char *text, size_t size);
/* "active units …", and "KL per dimension  2.913 (3)  2.544 (0) …", the largest first, in lines of eight. */
vae_status vae_cli_print_latent(const vae_traits *traits, const vae_latent_statistics *latent);
/* values [count] of each item to --npy, and to the table beside it: log P(x), or else negative ELBOs. */
vae_status vae_cli_write_evaluation(const vae_cli_options *options, const vae_dataset *dataset, const double *values,
                                    int64_t count, bool likelihoods);

#endif
