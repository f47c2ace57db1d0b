// The simulated device: what it says of itself.
#include "memory.hpp"
#include "runtime.hpp"
#include "shared_memory.hpp"
#include "stream.hpp"

#include <cstdio>

using namespace simt;

namespace
{
constexpr int cuda_version = CUDART_VERSION, multiprocessor_shared = 228 << 10;

bool is_device(int device)
{
    return device >= 0 && device < runtime().options.devices;
}

cudaDeviceProp describe_device(int device)
{
    const simt_device_options &options = runtime().options;
    cudaDeviceProp p{};
    std::snprintf(p.name, sizeof p.name, "SIMT executor on the CPU, device %d", device);
    p.totalGlobalMem = options.memory_bytes;
    p.sharedMemPerBlock = shared_memory_default;
    p.sharedMemPerBlockOptin = shared_memory_most;
    p.sharedMemPerMultiprocessor = multiprocessor_shared;
    p.reservedSharedMemPerBlock = 1 << 10;
    p.regsPerBlock = p.regsPerMultiprocessor = 65536;
    p.warpSize = 32;
    p.memPitch = 0x7fffffff;
    p.maxThreadsPerBlock = p.maxThreadsDim[0] = p.maxThreadsDim[1] = 1024;
    p.maxThreadsDim[2] = 64;
    p.maxGridSize[0] = 0x7fffffff;
    p.maxGridSize[1] = p.maxGridSize[2] = 65535;
    p.totalConstMem = 64 << 10;
    p.major = options.compute_major;
    p.minor = options.compute_minor;
    p.multiProcessorCount = options.multiprocessors;
    p.maxThreadsPerMultiProcessor = 2048;
    p.maxBlocksPerMultiProcessor = 32;
    p.canMapHostMemory = p.concurrentKernels = p.unifiedAddressing = p.asyncEngineCount = 1;
    p.pciDeviceID = device;
    p.memoryBusWidth = 64;
    p.l2CacheSize = 4 << 20;
    return p;
}

// -1: not an attribute that is known here.
int attribute_of(const cudaDeviceProp &p, cudaDeviceAttr attribute)
{
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: return p.maxThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX: return p.maxThreadsDim[0];
    case cudaDevAttrMaxBlockDimY: return p.maxThreadsDim[1];
    case cudaDevAttrMaxBlockDimZ: return p.maxThreadsDim[2];
    case cudaDevAttrMaxGridDimX: return p.maxGridSize[0];
    case cudaDevAttrMaxGridDimY: return p.maxGridSize[1];
    case cudaDevAttrMaxGridDimZ: return p.maxGridSize[2];
    case cudaDevAttrMaxSharedMemoryPerBlock: return static_cast<int>(p.sharedMemPerBlock);
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: return static_cast<int>(p.sharedMemPerBlockOptin);
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: return static_cast<int>(p.sharedMemPerMultiprocessor);
    case cudaDevAttrTotalConstantMemory: return static_cast<int>(p.totalConstMem);
    case cudaDevAttrWarpSize: return p.warpSize;
    case cudaDevAttrMaxRegistersPerBlock: return p.regsPerBlock;
    case cudaDevAttrMaxRegistersPerMultiprocessor: return p.regsPerMultiprocessor;
    case cudaDevAttrMultiProcessorCount: return p.multiProcessorCount;
    case cudaDevAttrIntegrated: return p.integrated;
    case cudaDevAttrCanMapHostMemory: return p.canMapHostMemory;
    case cudaDevAttrConcurrentKernels: return p.concurrentKernels;
    case cudaDevAttrGlobalMemoryBusWidth: return p.memoryBusWidth;
    case cudaDevAttrL2CacheSize: return p.l2CacheSize;
    case cudaDevAttrMaxThreadsPerMultiProcessor: return p.maxThreadsPerMultiProcessor;
    case cudaDevAttrMaxBlocksPerMultiprocessor: return p.maxBlocksPerMultiProcessor;
    case cudaDevAttrAsyncEngineCount: return p.asyncEngineCount;
    case cudaDevAttrUnifiedAddressing: return p.unifiedAddressing;
    case cudaDevAttrComputeCapabilityMajor: return p.major;
    case cudaDevAttrComputeCapabilityMinor: return p.minor;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate: return 1000000;
    case cudaDevAttrManagedMemory:
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrMemoryPoolsSupported: return 0;
    }
    return -1;
}
} // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int *count)
{
    if (count != nullptr) *count = 0;
    return runtime_call("cudaGetDeviceCount", [&]() -> cudaError_t {
        if (count == nullptr) return cudaErrorInvalidValue;
        *count = runtime().options.devices;
        return cudaSuccess;
    });
}

cudaError_t cudaSetDevice(int device)
{
    return runtime_call("cudaSetDevice", [&]() -> cudaError_t {
        if (!is_device(device)) return cudaErrorInvalidDevice;
        runtime().current_device = device;
        return cudaSuccess;
    });
}

cudaError_t cudaGetDevice(int *device)
{
    return runtime_call("cudaGetDevice", [&]() -> cudaError_t {
        if (device == nullptr) return cudaErrorInvalidValue;
        *device = runtime().current_device;
        return cudaSuccess;
    });
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
    return runtime_call("cudaGetDeviceProperties", [&]() -> cudaError_t {
        if (properties == nullptr) return cudaErrorInvalidValue;
        if (!is_device(device)) return cudaErrorInvalidDevice;
        *properties = describe_device(device);
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device)
{
    return runtime_call("cudaDeviceGetAttribute", [&]() -> cudaError_t {
        if (!is_device(device)) return cudaErrorInvalidDevice;
        const int result = attribute_of(describe_device(device), attribute);
        if (value == nullptr || result < 0) return cudaErrorInvalidValue;
        *value = result;
        return cudaSuccess;
    });
}

cudaError_t cudaDriverGetVersion(int *version)
{
    if (version == nullptr) return cudaErrorInvalidValue;
    *version = runtime().options.driver_version;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    if (version == nullptr) return cudaErrorInvalidValue;
    *version = cuda_version;
    return cudaSuccess;
}

cudaError_t cudaDeviceReset(void)
{
    Runtime &rt = runtime();
    std::lock_guard<std::recursive_mutex> lock(rt.mutex);
    int injected = 0;
    if (call_fails("cudaDeviceReset", &injected)) return rt.last_error = static_cast<cudaError_t>(injected);
    drop_all_streams();
    free_all_device_memory();
    rt.sticky_error = rt.last_error = cudaSuccess;
    return cudaSuccess;
}
}
