/* Signals that ask the program to end, as a flag that long work looks at. A signal handler can reach nothing but a
 * global: this is the program's only one. */
#ifndef VAE_CLI_INTERRUPT_H
#define VAE_CLI_INTERRUPT_H

#include <signal.h>

/* First thing in main, on its first thread: signal handlers get a stack of their own, and what would end the process
 * for a write of its own, to a pipe that nobody reads any more or past a limit on file sizes, lets that write fail
 * instead. */
void vae_interrupt_spare_writes(void);

/* The flag: 0 until the first signal that vae_interrupt_catch() waits for, then its number. */
volatile sig_atomic_t *vae_interrupt_flag(void);

/* From now on signals that would end the process set the flag instead: SIGINT, SIGTERM and SIGQUIT once, a second one
 * ending the process at once; SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM and a SIGPIPE sent from elsewhere as often as
 * they come, since a closing terminal sends two and batch systems repeat theirs. A signal that was ignored when the
 * program started, as nohup does with SIGHUP, stays ignored. */
void vae_interrupt_catch(void);

/* The number of the signal that was caught, or 0. */
int vae_interrupt_signal(void);

#endif
