/* SIGINT and SIGTERM as a flag that long work looks at. A signal handler can reach nothing but a global: this is the
 * program's only one. */
#ifndef VAE_CLI_INTERRUPT_H
#define VAE_CLI_INTERRUPT_H

#include <signal.h>

/* From now on the first SIGINT or SIGTERM sets the flag to its number, and a second ends the process at once. The flag
 * is 0 until then. */
volatile sig_atomic_t *vae_interrupt_catch(void);

/* The number of the signal that was caught, or 0. */
int vae_interrupt_signal(void);

#endif
