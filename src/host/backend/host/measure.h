/* Timing a step op by op, for backends whose ops run on the host. */
#ifndef VAE_BACKEND_HOST_MEASURE_H
#define VAE_BACKEND_HOST_MEASURE_H

#include "backend/backend.h"

/* Runs a step as the backend's executable_run does; seconds[op_count] receives what each op took. */
typedef vae_status vae_host_run_timed(vae_executable *executable, const vae_step *step, double *seconds);

/* The table's executable_measure, for a backend that runs `run` op by op. */
vae_status vae_host_executable_measure(vae_executable *executable, vae_host_run_timed *run,
                                       const vae_measure_plan *plan, vae_measurement *measurement);

#endif
