/* What a report tells of a model of measured columns. */
#ifndef VAE_CLI_REPORT_COLUMNS_H
#define VAE_CLI_REPORT_COLUMNS_H

#include "cli/options.h"
#include "report/page_run.h"

/* Sets run->columns, where the run's data are no images: by draws of its model beside the data, which are found as
 * every command finds them; a note tells where they were not. options->run is the run's folder. */
vae_status vae_cli_report_columns(const vae_cli_options *options, vae_page_run *run);

#endif
