// cuRAND's device header as it is, in kernels.
#include "support.hpp"

#include <curand_kernel.h>

namespace
{
__global__ void philox_kernel(uint4 *words, float4 *normals)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    curandStatePhilox4_32_10_t state;
    curand_init(0, i, 0, &state);
    words[i] = curand4(&state);
    curand_init(0, i, 0, &state);
    normals[i] = curand_normal4(&state);
}
} // namespace

Test(curand, philox_values)
{
    uint4 *words = device_array<uint4>(64);
    float4 *normals = device_array<float4>(64);
    CHECK(launch(2, 32, philox_kernel, words, normals));
    // Philox4x32-10 of counter 0 and key 0, the known answer of its authors.
    const uint4 first = read_back(words, 1)[0];
    cr_assert(first.x == 0x6627e8d5u && first.y == 0xe169c58du && first.z == 0xbc57ac4cu && first.w == 0x9b00dbd8u);
    const auto w = read_back(words, 64);
    const auto n = read_back(normals, 64);
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < 64; ++i) {
        // Box and Muller: two words give a radius and an angle.
        const float u = float(w[i].x) * 2.3283064e-10f + 1.1641532e-10f;
        const float v = (float(w[i].y) * 2.3283064e-10f + 1.1641532e-10f) * 6.2831855f;
        const float radius = sqrtf(-2.0f * logf(u));
        cr_assert_float_eq(n[i].x, radius * sinf(v), 1e-5);
        cr_assert_float_eq(n[i].y, radius * cosf(v), 1e-5);
        for (const float x : {n[i].x, n[i].y, n[i].z, n[i].w})
            sum += double(x), squares += double(x) * double(x);
    }
    cr_assert(sum / 256 > -0.25 && sum / 256 < 0.25 && squares / 256 > 0.7 && squares / 256 < 1.3);
    CHECK(cudaFree(words));
    CHECK(cudaFree(normals));
}
