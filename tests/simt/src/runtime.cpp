// The state behind the API: options from the environment, faults, counters, and calls made to fail.
#include "runtime.hpp"

#include "address_sanitizer.hpp"
#include "memory.hpp"
#include "stream.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace simt
{
namespace
{
constexpr size_t default_stack_bytes = (address_sanitizer ? 256 : 64) << 10;

long environment_number(const char *name, long otherwise)
{
    const char *text = std::getenv(name);
    return text != nullptr && *text != '\0' ? std::strtol(text, nullptr, 0) : otherwise;
}
} // namespace

Runtime::Runtime()
{
    options.devices = static_cast<int>(environment_number("SIMT_DEVICES", 1));
    options.multiprocessors = static_cast<int>(environment_number("SIMT_MULTIPROCESSORS", 4));
    options.memory_bytes = static_cast<size_t>(environment_number("SIMT_MEMORY_MB", 2048)) << 20;
    options.compute_major = 9;
    options.compute_minor = 0;
    options.driver_version = static_cast<int>(environment_number("SIMT_DRIVER_VERSION", CUDART_VERSION));
    options.stack_bytes = default_stack_bytes;
    if (const char *capability = std::getenv("SIMT_COMPUTE_CAPABILITY"))
        std::sscanf(capability, "%d.%d", &options.compute_major, &options.compute_minor);
    seed = static_cast<uint64_t>(environment_number("SIMT_SEED", 1));
    random.seed(seed);
}

Runtime &runtime()
{
    // Never destroyed: other static objects may still release device memory when the process ends.
    static Runtime *const instance = new Runtime;
    return *instance;
}

void report(const std::string &message)
{
    Runtime &rt = runtime();
    rt.message = message;
    if (rt.print_faults) std::fprintf(stderr, "simt: %s\n", message.c_str());
}

cudaError_t refuse(cudaError_t error, const std::string &reason)
{
    report(reason);
    return error;
}

void device_fault(cudaError_t error, const std::string &message)
{
    report(message);
    runtime().sticky_error = error;
    runtime().last_error = error;
    drop_queued_work();
}

bool call_fails(const char *function, int *error)
{
    Runtime &rt = runtime();
    ++rt.counters.calls;
    if (rt.calls_until_failure == 0 || (!rt.failing_function.empty() && rt.failing_function != function)) return false;
    *error = rt.injected_error;
    return --rt.calls_until_failure == 0;
}
} // namespace simt

using namespace simt;

extern "C" {

simt_device_options simt_get_device_options(void)
{
    return runtime().options;
}

void simt_set_device_options(const simt_device_options *options)
{
    runtime().options = *options;
}

void simt_set_seed(uint64_t seed)
{
    runtime().seed = seed;
    runtime().random.seed(seed);
}

void simt_reset(void)
{
    Runtime &rt = runtime();
    std::lock_guard<std::recursive_mutex> lock(rt.mutex);
    drop_all_streams();
    free_all_device_memory();
    rt.last_error = rt.sticky_error = cudaSuccess;
    rt.message.clear();
    rt.current_device = 0;
    rt.calls_until_failure = 0;
    rt.injections = Injections::from_environment();
    rt.random.seed(rt.seed);
    rt.counters = simt_counters{};
}

const char *simt_last_message(void)
{
    return runtime().message.c_str();
}

void simt_print_faults(int on)
{
    runtime().print_faults = on != 0;
}

void simt_fail_call(const char *function, unsigned nth, int error)
{
    Runtime &rt = runtime();
    rt.failing_function = function != nullptr ? function : "";
    rt.calls_until_failure = nth;
    rt.injected_error = error;
}

simt_counters simt_get_counters(void)
{
    simt_counters counters = runtime().counters;
    counters.objects_in_use = runtime().objects_in_use;
    return counters;
}

void simt_reset_counters(void)
{
    const uint64_t in_use = runtime().counters.device_bytes_in_use;
    runtime().counters = simt_counters{};
    runtime().counters.device_bytes_in_use = runtime().counters.device_bytes_peak = in_use;
}

size_t simt_record_launches(simt_launch_shape *shapes, size_t most)
{
    Runtime &rt = runtime();
    const size_t recorded = rt.shapes_recorded;
    rt.shapes = shapes;
    rt.shapes_most = most;
    rt.shapes_recorded = 0;
    return recorded;
}

const char *cudaGetErrorName(cudaError_t error)
{
    switch (error) {
#define SIMT_NAME(name, value, message)                                                                                \
    case name: return #name;
        SIMT_CUDA_ERROR_MAP(SIMT_NAME)
#undef SIMT_NAME
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    switch (error) {
#define SIMT_MESSAGE(name, value, message)                                                                             \
    case name: return message;
        SIMT_CUDA_ERROR_MAP(SIMT_MESSAGE)
#undef SIMT_MESSAGE
    }
    return "unrecognized error code";
}

cudaError_t cudaGetLastError(void)
{
    Runtime &rt = runtime();
    const cudaError_t error = rt.last_error;
    rt.last_error = rt.sticky_error;
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    return runtime().last_error;
}
}
