/* What a report shows of a model of sequences: items that it makes, and what it makes of others. */
#ifndef VAE_CLI_REPORT_SEQUENCES_H
#define VAE_CLI_REPORT_SEQUENCES_H

#include "cli/options.h"
#include "report/page_run.h"

/* Fills run->sentences or run->sketches; of a model of images nothing. options->run names its folder. Where the run's
 * data are not found there is only what needs none. */
vae_status vae_cli_report_sequences(const vae_cli_options *options, vae_page_run *run);

#endif
