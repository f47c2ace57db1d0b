// What every part of the executor needs: options, errors, faults, counters, and the frame around each API function.
#pragma once

#include "../include/cuda_runtime_api.h"
#include "../include/simt/simt.h"
#include "injection.hpp"
#include "random.hpp"

#include <cstdint>
#include <mutex>
#include <string>

namespace simt
{
struct Runtime {
    std::recursive_mutex mutex;
    simt_device_options options;
    int current_device = 0;
    cudaError_t last_error = cudaSuccess;
    cudaError_t sticky_error =
        cudaSuccess; // after a fault, as a CUDA context: every call fails until the device is reset
    std::string message;
    bool print_faults = true;
    Injections injections = Injections::from_environment();
    bool running_graph = false;
    Random random;
    uint64_t seed = 0;
    simt_counters counters{};
    uint64_t objects_in_use = 0;         // streams, events, graphs, cuBLASLt's
    simt_launch_shape *shapes = nullptr; // the caller's, of simt_record_launches()
    size_t shapes_most = 0, shapes_recorded = 0;
    double device_microseconds = 0.0; // of what ran, where durations were given

    std::string failing_function; // empty: any
    unsigned calls_until_failure = 0;
    int injected_error = 0;

    Runtime();
};

Runtime &runtime();

// Remembers and prints what went wrong; the message is simt_last_message().
void report(const std::string &message);

// A fault on the device: the context is lost, and with it all queued work.
void device_fault(cudaError_t error, const std::string &message);

// Objects that the program under test creates and destroys are counted while they live.
template <class T> T *made(T *object)
{
    ++runtime().objects_in_use;
    return object;
}

template <class T> void destroy(T *object)
{
    if (object == nullptr) return;
    --runtime().objects_in_use;
    delete object;
}

// Counts a call; true if an injected failure hits it.
bool call_fails(const char *function, int *error);

// The frame of every runtime function: lock, injected failure, device present, no earlier fault; then what it does.
template <class Body> cudaError_t runtime_call(const char *function, Body body)
{
    Runtime &rt = runtime();
    std::lock_guard<std::recursive_mutex> lock(rt.mutex);
    cudaError_t error = cudaSuccess;
    int injected = 0;
    if (call_fails(function, &injected))
        error = static_cast<cudaError_t>(injected);
    else if (rt.options.devices == 0)
        error = cudaErrorNoDevice;
    else if (rt.sticky_error != cudaSuccess)
        error = rt.sticky_error;
    else
        error = body();
    if (error != cudaSuccess && error != cudaErrorNotReady) rt.last_error = error;
    return error;
}

// A call that destroys an object. It is gone even if the call fails, as after a fault nothing could free it any more.
template <class T> cudaError_t destroy_call(const char *function, T *object, cudaError_t if_null)
{
    const cudaError_t error = runtime_call(function, [&] { return object == nullptr ? if_null : cudaSuccess; });
    std::lock_guard<std::recursive_mutex> lock(runtime().mutex);
    destroy(object);
    return error;
}

// A call that is an error in the program under test, with the reason that an error code alone does not tell.
cudaError_t refuse(cudaError_t error, const std::string &reason);
} // namespace simt
