/* Updates of encoder and decoder in turns, on the simulated device. */
#include <simt/simt.h>

#include "backend/cuda/internal.h"
#include "ops.h"
#include "sequence_training.h"

enum { PARTS = VAE_PART_DECODER + 1, ROUNDS = 6 };

Test(cuda_parts, steps_in_turns_are_a_graph_launch_each_and_allocate_nothing)
{
    sequence_run run;
    vae_program programs[PARTS];
    vae_executable *executables[PARTS];
    sequence_open(&vae_backend_cuda, &sequence_cases[0], VAE_PART_ALL, &run);
    MUST(vae_backend_cuda.store_write(run.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, run.parameters));
    for (int part = 0; part < PARTS; ++part) {
        const vae_build build = {
            .role = VAE_ROLE_TRAIN, .part = (vae_part)part, .rows = ROWS, .steps = STEPS, .count = ITEMS};
        MUST(vae_design_build(&run.design, build, &programs[part]));
        MUST(vae_backend_cuda.executable_create(run.device, &programs[part], run.store, run.data, &executables[part]));
    }
    run.step.learning_rate = 0.01;
    simt_reset_counters();
    for (int i = 0; i < ROUNDS * PARTS; ++i) {
        run.step.step = (uint64_t)i;
        run.step.adam_step = (uint64_t)(i / PARTS) + 1;
        MUST(vae_backend_cuda.executable_run(executables[i % PARTS], &run.step));
    }
    const simt_counters counted = simt_get_counters();
    cr_expect_eq(counted.graph_launches, ROUNDS * PARTS);
    cr_expect_eq(counted.calls, ROUNDS * PARTS, "steps made other calls than cudaGraphLaunch");
    cr_expect_eq(counted.device_allocations, 0);
    for (int part = 0; part < PARTS; ++part) {
        double sums[VAE_METRIC_COUNT];
        MUST(vae_backend_cuda.metrics_take(executables[part], sums));
        cr_expect_eq(sums[VAE_METRIC_STEPS], ROUNDS);
        cr_expect(vae_metrics_finite(sums));
        vae_backend_cuda.executable_destroy(executables[part]);
        vae_program_free(&programs[part]);
    }
    sequence_close(&run);
}
