// Copies and fills, with CUDA's rules of when the host waits and when its memory is read.
#include "../include/simt/launch.h"
#include "memory.hpp"
#include "runtime.hpp"
#include "stream.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace simt
{
namespace
{
struct Copy {
    void *destination;
    const void *source;
    size_t bytes;
    bool to_device, from_device;
    bool symbol = false; // the destination is a variable of the program
};

// A graph may outlive memory that it names.
bool is_gone(bool device, const void *pointer, size_t bytes, const char *what)
{
    if (!device || is_device_range(pointer, bytes) || is_pinned_host_range(pointer, bytes)) return false;
    device_fault(cudaErrorIllegalAddress, std::string(what) + " touches " + describe_device_address(pointer));
    return true;
}

void run_copy(const Copy &copy, const void *source)
{
    if (is_gone(copy.to_device && !copy.symbol, copy.destination, copy.bytes, "a copy") ||
        is_gone(copy.from_device, source, copy.bytes, "a copy"))
        return;
    simt_counters &counters = runtime().counters;
    std::memmove(copy.destination, source, copy.bytes);
    if (copy.to_device && !copy.from_device) {
        ++counters.host_to_device_copies;
        counters.host_to_device_bytes += copy.bytes;
    } else if (copy.from_device && !copy.to_device) {
        ++counters.device_to_host_copies;
        counters.device_to_host_bytes += copy.bytes;
    }
}

cudaError_t check_side(const char *side, const void *pointer, size_t bytes, bool want_device)
{
    const bool device = is_device_pointer(pointer);
    if (want_device && !device && is_pinned_host_range(pointer, bytes))
        return cudaSuccess; // pinned memory is mapped into the device's address space
    if (want_device != device)
        return refuse(cudaErrorInvalidValue, std::string("copy: its ") + side + " is not " +
                                                 (want_device ? "device" : "host") + " memory; " +
                                                 describe_device_address(pointer));
    if (device && !is_device_range(pointer, bytes))
        return refuse(cudaErrorInvalidValue, "copy: " + std::to_string(bytes) + " bytes do not fit its " + side + ", " +
                                                 describe_device_address(pointer));
    return cudaSuccess;
}

cudaError_t prepare(void *destination, const void *source, size_t bytes, cudaMemcpyKind kind, Copy *copy)
{
    bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (kind == cudaMemcpyDefault) {
        to_device = is_device_pointer(destination);
        from_device = is_device_pointer(source);
    } else if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) {
        return cudaErrorInvalidMemcpyDirection;
    }
    if (destination == nullptr || source == nullptr) return cudaErrorInvalidValue;
    *copy = {destination, source, bytes, to_device, from_device, false};
    if (cudaError_t error = check_side("destination", destination, bytes, to_device)) return error;
    return check_side("source", source, bytes, from_device);
}

cudaError_t enqueue_copy(const Copy &copy, cudaStream_t handle)
{
    const auto stream = find_stream(handle);
    const bool captured = stream != nullptr && stream->capture != nullptr;
    if (captured || copy.from_device || is_pinned_host_range(copy.source, copy.bytes))
        return enqueue(handle, cudaGraphNodeTypeMemcpy, [copy] { run_copy(copy, copy.source); });
    const char *bytes = static_cast<const char *>(copy.source);
    auto staged = std::make_shared<std::vector<char>>(bytes, bytes + copy.bytes);
    return enqueue(handle, cudaGraphNodeTypeMemcpy, [copy, staged] { run_copy(copy, staged->data()); });
}

cudaError_t blocking_copy(const char *function, const Copy &copy)
{
    if (cudaError_t error = refuse_during_capture(function)) return error;
    if (cudaError_t error = enqueue_copy(copy, nullptr)) return error;
    return synchronise_stream(legacy_stream());
}

cudaError_t fill(const char *function, void *pointer, int value, size_t bytes, cudaStream_t stream)
{
    if (bytes == 0) return cudaSuccess;
    if (!is_device_range(pointer, bytes) && !is_pinned_host_range(pointer, bytes))
        return refuse(cudaErrorInvalidValue, std::string(function) + ": " + std::to_string(bytes) +
                                                 " bytes do not fit; " + describe_device_address(pointer));
    return enqueue(stream, cudaGraphNodeTypeMemset, [=] {
        if (!is_gone(true, pointer, bytes, "a fill")) std::memset(pointer, value, bytes);
    });
}
} // namespace

cudaError_t copy_to_symbol(void *symbol, size_t symbol_bytes, const void *source, size_t bytes, size_t offset)
{
    return runtime_call("cudaMemcpyToSymbol", [&]() -> cudaError_t {
        if (source == nullptr || offset > symbol_bytes || bytes > symbol_bytes - offset) return cudaErrorInvalidValue;
        return blocking_copy("cudaMemcpyToSymbol",
                             {static_cast<char *>(symbol) + offset, source, bytes, true, false, true});
    });
}
} // namespace simt

using namespace simt;

extern "C" {

cudaError_t cudaMemcpy(void *destination, const void *source, size_t bytes, enum cudaMemcpyKind kind)
{
    return runtime_call("cudaMemcpy", [&]() -> cudaError_t {
        Copy copy{};
        if (bytes == 0) return refuse_during_capture("cudaMemcpy");
        if (cudaError_t error = prepare(destination, source, bytes, kind, &copy)) return error;
        return blocking_copy("cudaMemcpy", copy);
    });
}

cudaError_t cudaMemcpyAsync(void *destination, const void *source, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t handle)
{
    return runtime_call("cudaMemcpyAsync", [&]() -> cudaError_t {
        Copy copy{};
        if (bytes == 0) return cudaSuccess;
        if (cudaError_t error = prepare(destination, source, bytes, kind, &copy)) return error;
        if (cudaError_t error = enqueue_copy(copy, handle)) return error;
        // To pageable memory, CUDA returns when the copy is done.
        const auto stream = find_stream(handle);
        if (!copy.to_device && !is_pinned_host_range(destination, bytes) && stream->capture == nullptr)
            return synchronise_stream(stream);
        return cudaSuccess;
    });
}

cudaError_t cudaMemset(void *pointer, int value, size_t bytes)
{
    return runtime_call("cudaMemset", [&]() -> cudaError_t {
        if (cudaError_t error = refuse_during_capture("cudaMemset")) return error;
        return fill("cudaMemset", pointer, value, bytes, nullptr);
    });
}

cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream)
{
    return runtime_call("cudaMemsetAsync",
                        [&]() -> cudaError_t { return fill("cudaMemsetAsync", pointer, value, bytes, stream); });
}
}
