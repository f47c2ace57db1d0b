// AddressSanitizer's interface, empty in builds without it.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

namespace simt
{
constexpr bool address_sanitizer = true;

inline void asan_poison(const void *address, size_t bytes)
{
    __asan_poison_memory_region(address, bytes);
}
inline void asan_unpoison(const void *address, size_t bytes)
{
    __asan_unpoison_memory_region(address, bytes);
}
inline void asan_leave_stack(void **fake_stack, const void *next_bottom, size_t next_bytes)
{
    __sanitizer_start_switch_fiber(fake_stack, next_bottom, next_bytes);
}
inline void asan_enter_stack(void *fake_stack, const void **previous_bottom, size_t *previous_bytes)
{
    __sanitizer_finish_switch_fiber(fake_stack, previous_bottom, previous_bytes);
}
} // namespace simt
#else
namespace simt
{
constexpr bool address_sanitizer = false;

inline void asan_poison(const void *, size_t)
{
}
inline void asan_unpoison(const void *, size_t)
{
}
inline void asan_leave_stack(void **, const void *, size_t)
{
}
inline void asan_enter_stack(void *, const void **, size_t *)
{
}
} // namespace simt
#endif
