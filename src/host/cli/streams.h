/* Standard input, output and error: what may be missing or lost, and what then becomes of the program. */
#ifndef VAE_CLI_STREAMS_H
#define VAE_CLI_STREAMS_H

#include "core/error.h"

/* First of all in main: /dev/null takes the place of standard descriptors that are closed, so that no file is ever
 * opened on one of them and printed into. */
void vae_streams_prepare(void);

/* VAE_ERROR_IO if something that was printed to standard output is lost. */
vae_status vae_streams_check(void);

/* For work whose results are in files: what standard output has lost is forgotten. */
void vae_streams_forgive(void);

#endif
