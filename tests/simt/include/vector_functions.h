/* make_float4() and its siblings. */
#ifndef SIMT_VECTOR_FUNCTIONS_H
#define SIMT_VECTOR_FUNCTIONS_H

#include "vector_types.h"

#define SIMT_MAKE_VECTORS(type, name)                                                                                  \
    static inline name##1 make_##name##1(type x)                                                                       \
    {                                                                                                                  \
        name##1 v = {x};                                                                                               \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline name##2 make_##name##2(type x, type y)                                                               \
    {                                                                                                                  \
        name##2 v = {x, y};                                                                                            \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline name##3 make_##name##3(type x, type y, type z)                                                       \
    {                                                                                                                  \
        name##3 v = {x, y, z};                                                                                         \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline name##4 make_##name##4(type x, type y, type z, type w)                                               \
    {                                                                                                                  \
        name##4 v = {x, y, z, w};                                                                                      \
        return v;                                                                                                      \
    }

SIMT_MAKE_VECTORS(signed char, char)
SIMT_MAKE_VECTORS(unsigned char, uchar)
SIMT_MAKE_VECTORS(short, short)
SIMT_MAKE_VECTORS(unsigned short, ushort)
SIMT_MAKE_VECTORS(int, int)
SIMT_MAKE_VECTORS(unsigned int, uint)
SIMT_MAKE_VECTORS(long, long)
SIMT_MAKE_VECTORS(unsigned long, ulong)
SIMT_MAKE_VECTORS(long long, longlong)
SIMT_MAKE_VECTORS(unsigned long long, ulonglong)
SIMT_MAKE_VECTORS(float, float)
SIMT_MAKE_VECTORS(double, double)
#undef SIMT_MAKE_VECTORS

#endif
