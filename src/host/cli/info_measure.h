/* The part of `vae-cuda info` that times training steps. */
#ifndef VAE_CLI_INFO_MEASURE_H
#define VAE_CLI_INFO_MEASURE_H

#include "cli/common.h"

typedef struct vae_cli_measure_options {
    const vae_cli_options *shared; /* a configuration, or a run or checkpoint */
    const int64_t *shape;          /* [3]: height, width, channels of made-up images; zeros: the configured data */
    int64_t repeats;               /* 0: as many as a few seconds allow */
    bool json;
} vae_cli_measure_options;

vae_status vae_cli_measure(const vae_cli_measure_options *options);

#endif
