// The frame of every function of cuBLASLt, as runtime_call() is that of the runtime's.
#pragma once

#include "matmul.hpp"
#include "runtime.hpp"

namespace simt
{
template <class Body> cublasStatus_t lt_call(const char *function, Body body)
{
    Runtime &rt = runtime();
    std::lock_guard<std::recursive_mutex> lock(rt.mutex);
    int injected = 0;
    if (call_fails(function, &injected)) return static_cast<cublasStatus_t>(injected);
    if (rt.options.devices == 0) return CUBLAS_STATUS_NOT_INITIALIZED;
    return body();
}
} // namespace simt
