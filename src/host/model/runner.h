/* A program of a design on a device: fed, run and read by the names of its ports. */
#ifndef VAE_MODEL_RUNNER_H
#define VAE_MODEL_RUNNER_H

#include "backend/backend.h"
#include "model/design.h"

/* A design with its parameters on a device. All borrowed. */
typedef struct vae_instance {
    const vae_design *design;
    vae_device *device;
    vae_store *store;
} vae_instance;

typedef struct vae_runner {
    vae_program program;
    vae_executable *executable; /* NULL of a zeroed runner, which may be destroyed too */
    const vae_backend *backend;
    int64_t rows; /* of what was asked for */
} vae_runner;

/* Sizes the memory that the executables of a store share, for all of these programs; those with no rows are passed
 * over. Before the first of them is made. */
vae_status vae_instance_reserve(const vae_instance *instance, const vae_build *builds, int count);

/* data: what a role that sees the data set gathers from; else NULL. On failure nothing is to be destroyed. The runner
 * may not be moved while it is in use: its executable points to its program. */
vae_status vae_runner_create(vae_runner *runner, const vae_instance *instance, vae_build what, vae_data *data);
void vae_runner_destroy(vae_runner *runner);

/* Columns of a port's tensor; 0 where the program has no such port. */
int64_t vae_runner_columns(const vae_runner *runner, const char *port);
/* Whole tensors, float32. What was written is to be written again before every run: executables share their memory.
 * VAE_ERROR_ARGUMENT for a port that is not there. */
vae_status vae_runner_write(const vae_runner *runner, const char *port, const float *values);
vae_status vae_runner_run(const vae_runner *runner, const vae_step *step);
/* Right after a run. */
vae_status vae_runner_read(const vae_runner *runner, const char *port, float *values);

#endif
