// The shared memory of the running block.
#pragma once

#include "kernel_info.hpp"

namespace simt
{
constexpr size_t shared_memory_default = 48 << 10, shared_memory_most = 227 << 10;

// Fills it with NaN, as a block finds it with whatever others left.
void poison_shared_memory(const KernelInfo &info, size_t dynamic_bytes);
} // namespace simt
