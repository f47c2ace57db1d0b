/* Opens and closes what the benchmarks of steps run. */
#include "program.h"

#include "train/initialise.h"

vae_status bench_program_open(bench_program *b, int threads)
{
    const vae_device_options options = {.threads = threads, .precision = VAE_PRECISION_FP32};
    VAE_TRY(vae_device_open("cpu", &options, &b->device));
    const vae_backend *backend = b->device->backend;
    VAE_TRY(backend->store_create(b->device, &b->layout, true, &b->store));
    VAE_TRY(backend->executable_create(b->device, &b->program, b->store, NULL, &b->executable));
    return vae_initialise_store(b->device, b->store, &b->layout, NULL, 1);
}

void bench_program_close(bench_program *b)
{
    if (b->device) {
        b->device->backend->executable_destroy(b->executable);
        if (b->store) b->device->backend->store_destroy(b->store);
        b->device->backend->device_close(b->device);
    }
    vae_program_free(&b->program);
    vae_layout_free(&b->layout);
}
