/* The step counter lives here: the device takes its own records, and the host only writes them ahead. */
#include "launch.cuh"

static __global__ void begin_step_kernel(const vae_cuda_step *ring, uint32_t mask, uint64_t *counter,
                                         vae_cuda_step *current)
{
    *current = ring[*counter & mask];
    ++*counter;
}

cudaError_t vae_cuda_begin_step(const vae_cuda_step *ring, uint32_t mask, uint64_t *counter, vae_cuda_step *current,
                                cudaStream_t stream)
{
    return launch(begin_step_kernel, vae_grid_of_blocks(1), dim3(1), stream, ring, mask, counter, current);
}
