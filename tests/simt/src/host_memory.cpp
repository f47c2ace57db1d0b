// Pinned host memory: ordinary memory that is remembered, as copies from it are not staged.
#include "memory.hpp"
#include "runtime.hpp"
#include "stream.hpp"

#include <cstdlib>
#include <map>

namespace simt
{
namespace
{
struct Pinned {
    size_t bytes;
    bool registered;
};

std::map<const char *, Pinned> &pinned()
{
    static auto *const instance = new std::map<const char *, Pinned>;
    return *instance;
}

cudaError_t allocate(void **pointer, size_t bytes)
{
    if (pointer == nullptr) return cudaErrorInvalidValue;
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    void *memory = nullptr;
    if (posix_memalign(&memory, 256, bytes) != 0) return cudaErrorMemoryAllocation;
    pinned()[static_cast<char *>(memory)] = {bytes, false};
    *pointer = memory;
    return cudaSuccess;
}
} // namespace

bool is_pinned_host_range(const void *pointer, size_t bytes)
{
    const char *p = static_cast<const char *>(pointer);
    auto above = pinned().upper_bound(p);
    if (above == pinned().begin()) return false;
    const auto &[start, range] = *std::prev(above);
    return static_cast<size_t>(p - start) + bytes <= range.bytes;
}
} // namespace simt

using namespace simt;

extern "C" {

cudaError_t cudaMallocHost(void **pointer, size_t bytes)
{
    return runtime_call("cudaMallocHost", [&] { return allocate(pointer, bytes); });
}

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned int)
{
    return runtime_call("cudaHostAlloc", [&] { return allocate(pointer, bytes); });
}

cudaError_t cudaFreeHost(void *pointer)
{
    return runtime_call("cudaFreeHost", [&]() -> cudaError_t {
        if (pointer == nullptr) return cudaSuccess;
        if (cudaError_t error = refuse_during_capture("cudaFreeHost")) return error;
        if (cudaError_t error = synchronise_device()) return error;
        const auto found = pinned().find(static_cast<char *>(pointer));
        if (found == pinned().end() || found->second.registered) return cudaErrorInvalidValue;
        pinned().erase(found);
        std::free(pointer);
        return cudaSuccess;
    });
}

cudaError_t cudaHostGetDevicePointer(void **device_pointer, void *host_pointer, unsigned int)
{
    return runtime_call("cudaHostGetDevicePointer", [&]() -> cudaError_t {
        if (device_pointer == nullptr || !is_pinned_host_range(host_pointer, 1)) return cudaErrorInvalidValue;
        *device_pointer = host_pointer;
        return cudaSuccess;
    });
}

cudaError_t cudaHostRegister(void *pointer, size_t bytes, unsigned int)
{
    return runtime_call("cudaHostRegister", [&]() -> cudaError_t {
        if (pointer == nullptr || bytes == 0) return cudaErrorInvalidValue;
        if (is_pinned_host_range(pointer, 1)) return cudaErrorHostMemoryAlreadyRegistered;
        pinned()[static_cast<char *>(pointer)] = {bytes, true};
        return cudaSuccess;
    });
}

cudaError_t cudaHostUnregister(void *pointer)
{
    return runtime_call("cudaHostUnregister", [&]() -> cudaError_t {
        const auto found = pinned().find(static_cast<char *>(pointer));
        if (found == pinned().end() || !found->second.registered) return cudaErrorHostMemoryNotRegistered;
        if (cudaError_t error = synchronise_device()) return error;
        pinned().erase(found);
        return cudaSuccess;
    });
}
}
