/* cuRAND's device header, compiled as C++ for the CPU, behind functions that C can call. */
#include "device_header.h"

#include <curand_kernel.h>

void device_words(uint64_t seed, uint64_t subsequence, uint64_t offset, uint32_t words[4])
{
    curandStatePhilox4_32_10_t state;
    curand_init(seed, subsequence, offset, &state);
    const uint4 random = curand4(&state);
    words[0] = random.x;
    words[1] = random.y;
    words[2] = random.z;
    words[3] = random.w;
}

void device_normals(uint64_t seed, uint64_t subsequence, uint64_t offset, float normals[4])
{
    curandStatePhilox4_32_10_t state;
    curand_init(seed, subsequence, offset, &state);
    const float4 random = curand_normal4(&state);
    normals[0] = random.x;
    normals[1] = random.y;
    normals[2] = random.z;
    normals[3] = random.w;
}

void device_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
    const uint4 random =
        curand_Philox4x32_10(make_uint4(counter[0], counter[1], counter[2], counter[3]), make_uint2(key[0], key[1]));
    words[0] = random.x;
    words[1] = random.y;
    words[2] = random.z;
    words[3] = random.w;
}

float device_uniform(uint32_t word)
{
    return _curand_uniform(word);
}
