/* The clock that times are taken from. */
#ifndef VAE_CORE_CLOCK_H
#define VAE_CORE_CLOCK_H

#include <time.h>

/* Seconds since some moment in the past; never goes back. */
static inline double vae_clock_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#endif
