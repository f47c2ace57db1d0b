// Launches: the limits of the hardware, the queue, and what the runtime tells about kernels.
#include "../include/simt/launch.h"
#include "block.hpp"
#include "runtime.hpp"
#include "shared_memory.hpp"
#include "stream.hpp"

namespace simt
{
namespace
{
constexpr unsigned most_threads = 1024, most_grid_yz = 65535, most_threads_resident = 2048, most_blocks_resident = 32;
constexpr size_t shared_memory_of_multiprocessor = 228 << 10, shared_memory_reserved = 1 << 10;

std::string to_string(dim3 size)
{
    return "(" + std::to_string(size.x) + "," + std::to_string(size.y) + "," + std::to_string(size.z) + ")";
}

// Why the hardware would not take the launch, "" if it would.
std::string wrong_shape(const dim3 &grid, const dim3 &block)
{
    const bool empty = grid.x == 0 || grid.y == 0 || grid.z == 0 || block.x == 0 || block.y == 0 || block.z == 0;
    if (empty || grid.x > 0x7fffffffu || grid.y > most_grid_yz || grid.z > most_grid_yz)
        return "a grid of " + to_string(grid) + " blocks of " + to_string(block) + " threads";
    if (block.x > 1024 || block.y > 1024 || block.z > 64 || uint64_t{block.x} * block.y * block.z > most_threads)
        return "a block of " + to_string(block) + " threads";
    return "";
}

cudaError_t check_launch(const cudaLaunchConfig_t &config, const KernelInfo &info)
{
    const std::string shape = wrong_shape(config.gridDim, config.blockDim);
    if (!shape.empty())
        return refuse(cudaErrorInvalidConfiguration, "kernel " + info.name + " cannot be launched with " + shape);
    if (info.static_shared_bytes > shared_memory_default)
        return refuse(cudaErrorInvalidKernelImage, "kernel " + info.name + " has " +
                                                       std::to_string(info.static_shared_bytes) +
                                                       " bytes of static shared memory, more than 49152");
    if (info.static_shared_bytes + config.dynamicSmemBytes > info.max_dynamic_shared_bytes)
        return refuse(cudaErrorInvalidValue, "kernel " + info.name + " cannot be launched with " +
                                                 std::to_string(config.dynamicSmemBytes) + " bytes of dynamic and " +
                                                 std::to_string(info.static_shared_bytes) +
                                                 " of static shared memory; " +
                                                 std::to_string(info.max_dynamic_shared_bytes) + " are allowed");
    for (unsigned i = 0; i < config.numAttrs; ++i) {
        const cudaLaunchAttributeID id = config.attrs[i].id;
        if (id == cudaLaunchAttributeCooperative || id == cudaLaunchAttributeClusterDimension)
            return refuse(cudaErrorNotSupported, "cooperative and cluster launches are not simulated");
    }
    return cudaSuccess;
}

void record_shape(const cudaLaunchConfig_t &config)
{
    Runtime &rt = runtime();
    if (rt.shapes == nullptr || rt.shapes_recorded == rt.shapes_most) return;
    const dim3 &grid = config.gridDim, &block = config.blockDim;
    rt.shapes[rt.shapes_recorded++] = {{grid.x, grid.y, grid.z}, {block.x, block.y, block.z}};
}

void run_kernel(const Launch &launch)
{
    Runtime &rt = runtime();
    ++rt.counters.kernels_run;
    if (rt.running_graph) ++rt.counters.graph_kernels_run;
    rt.device_microseconds += rt.injections.duration_of_kernel(launch.info->name);
    if (rt.injections.kernel_faults(launch.info->name))
        return device_fault(cudaErrorIllegalAddress, "kernel " + launch.info->name + " faults, as was asked for");
    run_launch(launch);
}
} // namespace

cudaError_t launch(const cudaLaunchConfig_t *config, const void *function, std::unique_ptr<const Kernel> kernel)
{
    return runtime_call("cudaLaunchKernelEx", [&]() -> cudaError_t {
        if (config == nullptr || function == nullptr) return cudaErrorInvalidDeviceFunction;
        const KernelInfo &info = kernel_info(function);
        if (cudaError_t error = check_launch(*config, info)) return error;
        ++runtime().counters.launches;
        record_shape(*config);
        const Launch launch{std::move(kernel), &info, config->gridDim, config->blockDim, config->dynamicSmemBytes};
        return enqueue(config->stream, cudaGraphNodeTypeKernel, [launch] { run_kernel(launch); });
    });
}
} // namespace simt

using namespace simt;

extern "C" {

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, const void *kernel)
{
    return runtime_call("cudaFuncGetAttributes", [&]() -> cudaError_t {
        if (attributes == nullptr || kernel == nullptr) return cudaErrorInvalidDeviceFunction;
        const KernelInfo &info = kernel_info(kernel);
        const simt_device_options &options = runtime().options;
        *attributes = {};
        attributes->sharedSizeBytes = info.static_shared_bytes;
        attributes->maxThreadsPerBlock = most_threads;
        attributes->numRegs = 32;
        attributes->ptxVersion = attributes->binaryVersion = options.compute_major * 10 + options.compute_minor;
        attributes->maxDynamicSharedSizeBytes = static_cast<int>(
            info.max_dynamic_shared_bytes - std::min(info.max_dynamic_shared_bytes, info.static_shared_bytes));
        return cudaSuccess;
    });
}

cudaError_t cudaFuncSetAttribute(const void *kernel, enum cudaFuncAttribute attribute, int value)
{
    return runtime_call("cudaFuncSetAttribute", [&]() -> cudaError_t {
        if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
        if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;
        KernelInfo &info = kernel_info(kernel);
        if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
            static_cast<size_t>(value) + info.static_shared_bytes > shared_memory_most)
            return cudaErrorInvalidValue;
        info.max_dynamic_shared_bytes =
            std::max(shared_memory_default, static_cast<size_t>(value) + info.static_shared_bytes);
        return cudaSuccess;
    });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *kernel, int block_size,
                                                          size_t dynamic_shared_bytes)
{
    return runtime_call("cudaOccupancyMaxActiveBlocksPerMultiprocessor", [&]() -> cudaError_t {
        if (blocks == nullptr || kernel == nullptr || block_size < 1 || block_size > static_cast<int>(most_threads))
            return cudaErrorInvalidValue;
        const size_t shared = kernel_info(kernel).static_shared_bytes + dynamic_shared_bytes + shared_memory_reserved;
        const unsigned warps = (static_cast<unsigned>(block_size) + 31) / 32;
        const auto by_shared = static_cast<unsigned>(shared_memory_of_multiprocessor / shared);
        *blocks = static_cast<int>(std::min({most_threads_resident / (warps * 32), most_blocks_resident, by_shared}));
        return cudaSuccess;
    });
}
}
