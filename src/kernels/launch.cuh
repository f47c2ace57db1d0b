/* How a kernel is launched: with the grid of backend/cuda/grid.h, or as many blocks as the device holds at once where
 * those are fewer. */
#ifndef VAE_KERNELS_LAUNCH_CUH
#define VAE_KERNELS_LAUNCH_CUH

#include "kernels.h"
#include "program/grid.h"

namespace
{

/* Blocks of `kernel` that are resident on the whole device at a time. */
template <typename Kernel> cudaError_t resident_blocks(Kernel kernel, int threads, int64_t *blocks)
{
    int device = 0, processors = 0, each = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (!error) error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    if (!error) error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel, threads, 0);
    *blocks = (int64_t)processors * each;
    return error;
}

template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), vae_grid grid, dim3 block, cudaStream_t stream,
                   Arguments... arguments)
{
    int64_t resident = 0;
    const cudaError_t error = resident_blocks(kernel, (int)(block.x * block.y), &resident);
    if (error) return error;
    const int64_t wanted = vae_grid_blocks(grid);
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3((unsigned)(wanted < resident ? wanted : resident));
    config.blockDim = block;
    config.stream = stream;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

/* For one-dimensional grid-stride loops. */
__device__ inline int64_t thread_index()
{
    return (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
}
__device__ inline int64_t thread_count()
{
    return (int64_t)gridDim.x * blockDim.x;
}

} // namespace

#endif
