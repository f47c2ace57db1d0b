/* From times of single steps to a measurement: what all backends share. */
#ifndef VAE_BACKEND_MEASUREMENT_H
#define VAE_BACKEND_MEASUREMENT_H

#include "backend/backend.h"

/* Times of single steps, in seconds. */
typedef struct vae_step_times {
    int64_t wholes, repeats;
    int32_t parts;
    double *whole;   /* [wholes]: of steps as a trainer runs them; owned */
    double *replays; /* [wholes]: of a graph, NAN where there is none; owned */
    double *each;    /* [repeats, parts]: of others; owned */
} vae_step_times;

/* None of the three numbers may be 0. */
vae_status vae_step_times_create(int64_t wholes, int64_t repeats, int32_t parts, vae_step_times *times);
void vae_step_times_free(vae_step_times *times);

/* A measurement with as many parts, which get their times, and else are zero. */
vae_status vae_measurement_create(const vae_step_times *times, vae_measurement *measurement);

/* VAE_ERROR_NUMERIC where a loss is not finite: times of a model that has diverged are not what was asked for. */
vae_status vae_measurement_check(const double sums[VAE_METRIC_COUNT], const vae_step *step);

#endif
