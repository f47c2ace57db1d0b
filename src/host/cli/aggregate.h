/* The aggregate posterior of a model: a mixture fitted to the codes of its training data. */
#ifndef VAE_CLI_AGGREGATE_H
#define VAE_CLI_AGGREGATE_H

#include <vae/model.h>

#include "cli/options.h"
#include "model/mixture.h"

/* What --components, --threads and the run's data give; told on standard output unless `quiet`. */
vae_status vae_cli_fit_aggregate(const vae_cli_options *options, vae_model *model, uint64_t seed, bool quiet,
                                 vae_mixture *mixture);

#endif
