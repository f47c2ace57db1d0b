/* Warp collectives. Each waits until all lanes of its mask have called it; what cannot end is reported as a fault. */
#ifndef SIMT_DEVICE_WARP_H
#define SIMT_DEVICE_WARP_H

#include "device_language.h"

namespace simt
{
enum class CollectiveKind { synchronise, ballot, shuffle, sum, smallest, largest, bit_and, bit_or, bit_xor };

/* `value` is what this lane gives; the result what it gets. A shuffle reads `source_lane`; when that is not in the mask
 * the result is undefined in CUDA, and all ones (NaN) here. */
uint64_t collective(CollectiveKind kind, unsigned mask, uint64_t value, unsigned source_lane, const char *file,
                    int line);
unsigned lane();
unsigned active_lanes();

template <class T> uint64_t to_bits(T value)
{
    static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_trivially_copyable_v<T>, "not a type that can be shuffled");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
}

template <class T> T from_bits(uint64_t bits)
{
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

template <class T> T shuffle(unsigned mask, T value, unsigned source_lane, const char *file, int line)
{
    return from_bits<T>(collective(CollectiveKind::shuffle, mask, to_bits(value), source_lane, file, line));
}
} // namespace simt

template <class T> T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, SIMT_SITE)
{
    const unsigned lane = simt::lane(), size = static_cast<unsigned>(width);
    const unsigned from = (lane & ~(size - 1)) | (static_cast<unsigned>(source) & (size - 1));
    return simt::shuffle(mask, value, from, simt_file, simt_line);
}

template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize, SIMT_SITE)
{
    const unsigned lane = simt::lane(), size = static_cast<unsigned>(width);
    const unsigned from = (lane & (size - 1)) >= delta ? lane - delta : lane;
    return simt::shuffle(mask, value, from, simt_file, simt_line);
}

template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize, SIMT_SITE)
{
    const unsigned lane = simt::lane(), size = static_cast<unsigned>(width);
    const unsigned from = (lane & (size - 1)) + delta < size ? lane + delta : lane;
    return simt::shuffle(mask, value, from, simt_file, simt_line);
}

template <class T> T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize, SIMT_SITE)
{
    /* As in hardware: a partner in a later segment is out of reach, one in an earlier segment is not. */
    const unsigned lane = simt::lane(), size = static_cast<unsigned>(width);
    const unsigned partner = lane ^ static_cast<unsigned>(lane_mask);
    const unsigned from = partner <= (lane | (size - 1)) ? partner : lane;
    return simt::shuffle(mask, value, from, simt_file, simt_line);
}

inline void __syncwarp(unsigned mask = 0xffffffffu, SIMT_SITE)
{
    simt::collective(simt::CollectiveKind::synchronise, mask, 0, 0, simt_file, simt_line);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, SIMT_SITE)
{
    const uint64_t vote = predicate != 0;
    return static_cast<unsigned>(simt::collective(simt::CollectiveKind::ballot, mask, vote, 0, simt_file, simt_line));
}

inline int __any_sync(unsigned mask, int predicate, SIMT_SITE)
{
    return __ballot_sync(mask, predicate, simt_file, simt_line) != 0;
}

inline int __all_sync(unsigned mask, int predicate, SIMT_SITE)
{
    return __ballot_sync(mask, predicate, simt_file, simt_line) == mask;
}

/* The lanes of this warp that have not ended. Hardware may give fewer, so a kernel must not rely on more than its own.
 */
inline unsigned __activemask()
{
    return simt::active_lanes();
}

#define SIMT_REDUCE_SYNC(name, kind, type)                                                                             \
    inline type name(unsigned mask, type value, SIMT_SITE)                                                             \
    {                                                                                                                  \
        const auto bits = static_cast<uint64_t>(static_cast<long long>(value));                                        \
        return static_cast<type>(simt::collective(simt::CollectiveKind::kind, mask, bits, 0, simt_file, simt_line));   \
    }

SIMT_REDUCE_SYNC(__reduce_add_sync, sum, int)
SIMT_REDUCE_SYNC(__reduce_add_sync, sum, unsigned)
SIMT_REDUCE_SYNC(__reduce_min_sync, smallest, int)
SIMT_REDUCE_SYNC(__reduce_min_sync, smallest, unsigned)
SIMT_REDUCE_SYNC(__reduce_max_sync, largest, int)
SIMT_REDUCE_SYNC(__reduce_max_sync, largest, unsigned)
SIMT_REDUCE_SYNC(__reduce_and_sync, bit_and, unsigned)
SIMT_REDUCE_SYNC(__reduce_or_sync, bit_or, unsigned)
SIMT_REDUCE_SYNC(__reduce_xor_sync, bit_xor, unsigned)
#undef SIMT_REDUCE_SYNC

#endif
