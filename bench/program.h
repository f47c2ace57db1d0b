/* A program of ops alone on the cpu backend, as the benchmarks of steps time it. */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include "backend/backend.h"
#include "model/design.h"

typedef struct bench_program {
    vae_layout layout;   /* declared before the program is built over it */
    vae_program program; /* differentiated and planned before bench_program_open() */
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
} bench_program;

/* Opens the device in float32, and fills the parameters as a model's are at first: speeds may depend on the numbers
 * (denormals). To be closed also where it fails. */
vae_status bench_program_open(bench_program *b, int threads);
/* Also of a zeroed struct. */
void bench_program_close(bench_program *b);

#endif
