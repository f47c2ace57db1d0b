#include "cli/interrupt.h"

#include <stddef.h>

static volatile sig_atomic_t caught;

static void handle(int signal_number)
{
    caught = signal_number;
}

volatile sig_atomic_t *vae_interrupt_catch(void)
{
    /* SA_RESETHAND: the second signal meets the default action. */
    struct sigaction action = {.sa_handler = handle, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &caught;
}

int vae_interrupt_signal(void)
{
    return (int)caught;
}
