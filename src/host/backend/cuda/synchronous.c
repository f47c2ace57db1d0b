/* A step without its graph: launches one at a time, each waited for, so that a fault has a name. */
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/internal.h"

bool vae_cuda_synchronous_asked(void)
{
    const char *text = getenv("VAE_CUDA_SYNC");
    return text && text[0] && strcmp(text, "0") != 0;
}

vae_status vae_cuda_launch_and_wait(const vae_executable *executable, int32_t index)
{
    const vae_launch *launch = &executable->lowering.launches[index];
    VAE_TRY(vae_cuda_launch(executable, index));
    const cudaError_t error = cudaStreamSynchronize(executable->device->stream);
    if (!error) return VAE_OK;
    cudaGetLastError();
    return vae_error_set(
        VAE_ERROR_DEVICE, "%s: '%s': %s %s failed: %s (%s)", executable->program->name,
        vae_cuda_launch_owner(executable, index), launch->kind == VAE_LAUNCH_MATMUL ? "product" : "kernel",
        vae_launch_name(&executable->lowering, launch), cudaGetErrorString(error), cudaGetErrorName(error));
}

vae_status vae_cuda_launch_one_by_one(const vae_executable *executable)
{
    for (int32_t i = 0; i < executable->lowering.count; ++i)
        VAE_TRY(vae_cuda_launch_and_wait(executable, i));
    return VAE_OK;
}
