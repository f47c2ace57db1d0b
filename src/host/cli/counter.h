/* Long work on many images: how far it is, on a terminal, and whether a signal asks it to end. */
#ifndef VAE_CLI_COUNTER_H
#define VAE_CLI_COUNTER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

typedef struct vae_cli_counter {
    const char *what; /* "sample" */
    int64_t count;    /* of images in all */
    double started, shown;
    bool visible, drawn;
    volatile sig_atomic_t *stop;
} vae_cli_counter;

/* Begins to catch signals. Draws a line on standard error, if that is a terminal and `quiet` was not asked for. */
vae_cli_counter vae_cli_counter_start(const char *what, int64_t count, bool quiet);
/* `counter` is one; `done` images are finished. VAE_ERROR_INTERRUPTED if a signal came. */
vae_status vae_cli_counter_show(void *counter, int64_t done);
double vae_cli_counter_seconds(const vae_cli_counter *counter);

#endif
