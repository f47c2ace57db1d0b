/* Atomics: one host thread runs all device threads and switches at barriers only, so that plain operations are atomic.
 */
#ifndef SIMT_DEVICE_ATOMICS_H
#define SIMT_DEVICE_ATOMICS_H

#include "device_language.h"

#define SIMT_ATOMIC(name, type, update)                                                                                \
    inline type name(type *address, type value)                                                                        \
    {                                                                                                                  \
        const type old = *address;                                                                                     \
        *address = static_cast<type>(update);                                                                          \
        return old;                                                                                                    \
    }                                                                                                                  \
    inline type name##_block(type *address, type value)                                                                \
    {                                                                                                                  \
        return name(address, value);                                                                                   \
    }                                                                                                                  \
    inline type name##_system(type *address, type value)                                                               \
    {                                                                                                                  \
        return name(address, value);                                                                                   \
    }

#define SIMT_ATOMIC_INTEGERS(name, update)                                                                             \
    SIMT_ATOMIC(name, int, update)                                                                                     \
    SIMT_ATOMIC(name, unsigned int, update)                                                                            \
    SIMT_ATOMIC(name, unsigned long long, update)

SIMT_ATOMIC(atomicAdd, int, static_cast<unsigned>(old) + static_cast<unsigned>(value))
SIMT_ATOMIC(atomicAdd, unsigned int, old + value)
SIMT_ATOMIC(atomicAdd, unsigned long long, old + value)
SIMT_ATOMIC(atomicAdd, float, old + value)
SIMT_ATOMIC(atomicAdd, double, old + value)
SIMT_ATOMIC(atomicSub, int, static_cast<unsigned>(old) - static_cast<unsigned>(value))
SIMT_ATOMIC(atomicSub, unsigned int, old - value)
SIMT_ATOMIC_INTEGERS(atomicExch, value)
SIMT_ATOMIC(atomicExch, float, value)
SIMT_ATOMIC_INTEGERS(atomicMin, old < value ? old : value)
SIMT_ATOMIC_INTEGERS(atomicMax, old > value ? old : value)
SIMT_ATOMIC(atomicMin, long long, old < value ? old : value)
SIMT_ATOMIC(atomicMax, long long, old > value ? old : value)
SIMT_ATOMIC_INTEGERS(atomicAnd, old &value)
SIMT_ATOMIC_INTEGERS(atomicOr, old | value)
SIMT_ATOMIC_INTEGERS(atomicXor, old ^ value)
SIMT_ATOMIC(atomicInc, unsigned int, old >= value ? 0 : old + 1)
SIMT_ATOMIC(atomicDec, unsigned int, old == 0 || old > value ? value : old - 1)

#undef SIMT_ATOMIC
#undef SIMT_ATOMIC_INTEGERS

#define SIMT_ATOMIC_CAS(type)                                                                                          \
    inline type atomicCAS(type *address, type expected, type value)                                                    \
    {                                                                                                                  \
        const type old = *address;                                                                                     \
        if (old == expected) *address = value;                                                                         \
        return old;                                                                                                    \
    }

SIMT_ATOMIC_CAS(int)
SIMT_ATOMIC_CAS(unsigned int)
SIMT_ATOMIC_CAS(unsigned long long)
SIMT_ATOMIC_CAS(unsigned short)
#undef SIMT_ATOMIC_CAS

#endif
