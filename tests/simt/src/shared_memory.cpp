// Shared memory in static storage, filled with 0xff for each block, so that reading it unwritten shows.
#include "shared_memory.hpp"

#include "../include/simt/device_language.h"
#include "address_sanitizer.hpp"

#include <cstring>

namespace simt
{
namespace
{
alignas(1024) char dynamic_shared[shared_memory_most + 1024];

void poison(const std::vector<SharedVariable> &variables)
{
    for (const SharedVariable &v : variables)
        std::memset(v.address, 0xff, v.bytes);
}
} // namespace

void poison_shared_memory(const KernelInfo &info, size_t dynamic_bytes)
{
    poison(info.own);
    poison(shared_variables_of_functions(info.module));
    asan_unpoison(dynamic_shared, sizeof dynamic_shared);
    std::memset(dynamic_shared, 0xff, dynamic_bytes);
    asan_poison(dynamic_shared + dynamic_bytes, sizeof dynamic_shared - dynamic_bytes);
}

void *dynamic_shared_memory()
{
    return dynamic_shared;
}
} // namespace simt
