// What kernels compute: indices, shared memory, barriers, atomics, arithmetic.
#include "support.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace
{
struct Place {
    uint3 thread, block;
    dim3 threads, blocks;
};

__global__ void places_kernel(Place *places)
{
    const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    Place &p = places[block * blockDim.x * blockDim.y * blockDim.z + thread];
    p.thread = threadIdx;
    p.block = blockIdx;
    p.threads = blockDim;
    p.blocks = gridDim;
}

template <int size> __device__ float block_sum(float value)
{
    __shared__ float partial[size];
    partial[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = size / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
        __syncthreads();
    }
    const float sum = partial[0];
    __syncthreads();
    return sum;
}

__global__ void __launch_bounds__(256) sums_kernel(const float *__restrict__ x, float *__restrict__ sums, int n)
{
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const float first = block_sum<256>(i < n ? x[i] : 0.0f);
    const float twice = block_sum<256>(i < n ? 2.0f * x[i] : 0.0f);
    if (threadIdx.x == 0) sums[blockIdx.x] = first + twice;
}

// Reverses each block's part through dynamic shared memory.
__global__ void reverse_kernel(int *x)
{
    SIMT_DYNAMIC_SHARED(int, tile);
    int *mine = x + blockIdx.x * blockDim.x;
    tile[threadIdx.x] = mine[threadIdx.x];
    __syncthreads();
    mine[threadIdx.x] = tile[blockDim.x - 1 - threadIdx.x];
}

__global__ void votes_kernel(int *out)
{
    const int odd = threadIdx.x % 2;
    const int count = __syncthreads_count(odd), any = __syncthreads_or(odd), all = __syncthreads_and(odd);
    if (threadIdx.x == 0) out[0] = count, out[1] = any, out[2] = all;
}

__global__ void atomics_kernel(unsigned *u, int *i, float *f, double *d, unsigned long long *l)
{
    const unsigned t = threadIdx.x;
    atomicAdd(&u[0], 1u);
    atomicMax(&u[1], t);
    atomicMin(&u[2], t);
    atomicInc(&u[3], 9u);
    atomicCAS(&u[4], 0u, t + 1);
    atomicExch(&u[5], 7u);
    atomicAdd(&i[0], -1);
    atomicMax(&i[1], -static_cast<int>(t));
    atomicAdd(f, 0.5f);
    atomicAdd(d, 0.25);
    atomicAdd(l, 1ull << 33);
}

__global__ void order_kernel(unsigned *order, unsigned *next)
{
    order[atomicAdd(next, 1u)] = blockIdx.x * blockDim.x + threadIdx.x;
}

__global__ void order_after_barrier_kernel(unsigned *order, unsigned *next)
{
    __syncthreads();
    order[atomicAdd(next, 1u)] = threadIdx.x;
}

__global__ void math_kernel(float *f, unsigned *u)
{
    float s, c;
    sincospif(0.25f, &s, &c);
    f[0] = s, f[1] = c;
    sincospif(1e6f + 0.5f, &s, &c);
    f[2] = s, f[3] = c;
    f[4] = rsqrtf(4.0f), f[5] = __fdividef(1.0f, 4.0f), f[6] = __frcp_rn(8.0f), f[7] = __expf(0.0f);
    f[8] = fminf(1.0f, nanf("")), f[9] = max(2.0f, 3.0f), f[10] = __uint_as_float(0x40000000u), f[11] = __ldg(f + 9);
    u[0] = __float_as_uint(1.0f), u[1] = __umulhi(0x80000000u, 6u), u[2] = static_cast<unsigned>(__clz(1));
    u[3] = static_cast<unsigned>(__popc(0xf0u)), u[4] = __brev(1u), u[5] = min(3u, 5u);
    u[6] = static_cast<unsigned>(__float2int_rn(2.5f)), u[7] = static_cast<unsigned>(__float2int_rn(nanf("")));
}

__constant__ float scale[2];

__global__ void scale_kernel(float *x)
{
    x[threadIdx.x] *= scale[threadIdx.x];
}

struct Wide {
    long long a, b;
};

__global__ void arguments_kernel(long long *out, Wide wide, const int *null, short small)
{
    *out = wide.a + wide.b + small + (null == nullptr);
}
} // namespace

Test(execution, indices)
{
    const dim3 grid(3, 2, 4), block(5, 4, 3);
    const size_t count = 3 * 2 * 4 * 5 * 4 * 3;
    Place *places = device_array<Place>(count);
    CHECK(launch(grid, block, places_kernel, places));
    const auto got = read_back(places, count);
    for (size_t i = 0; i < count; ++i) {
        const size_t t = i % 60, b = i / 60;
        const Place &p = got[i];
        cr_assert(p.thread.x == t % 5 && p.thread.y == t / 5 % 4 && p.thread.z == t / 20, "thread %zu", i);
        cr_assert(p.block.x == b % 3 && p.block.y == b / 3 % 2 && p.block.z == b / 6, "block %zu", i);
        cr_assert(p.threads.x == 5 && p.threads.z == 3 && p.blocks.x == 3 && p.blocks.z == 4);
    }
    CHECK(cudaFree(places));
}

Test(execution, barriers_and_static_shared_memory)
{
    std::vector<float> x(1000);
    std::iota(x.begin(), x.end(), 0.0f);
    float *in = device_copy(x), *out = device_array<float>(4);
    for (uint64_t seed = 0; seed < 20; ++seed) {
        simt_set_seed(seed);
        CHECK(launch(4, 256, sums_kernel, in, out, 1000));
        const auto sums = read_back(out, 4);
        for (size_t b = 0; b < 4; ++b) {
            const size_t end = std::min<size_t>(1000, b * 256 + 256);
            cr_assert_eq(sums[b], 3.0f * std::accumulate(x.begin() + long(b) * 256, x.begin() + long(end), 0.0f));
        }
    }
    CHECK(cudaFree(in));
    CHECK(cudaFree(out));
}

Test(execution, dynamic_shared_memory)
{
    std::vector<int> x(96);
    std::iota(x.begin(), x.end(), 0);
    int *values = device_copy(x);
    CHECK(launch_in(nullptr, 3, 32, 32 * sizeof(int), reverse_kernel, values));
    const auto got = read_back(values, 96);
    for (int i = 0; i < 96; ++i)
        cr_assert_eq(got[size_t(i)], i / 32 * 32 + 31 - i % 32);
    CHECK(cudaFree(values));
}

Test(execution, barrier_votes)
{
    int *out = device_array<int>(3);
    CHECK(launch(1, 100, votes_kernel, out));
    const auto got = read_back(out, 3);
    cr_assert(got[0] == 50 && got[1] == 1 && got[2] == 0);
    CHECK(cudaFree(out));
}

Test(execution, atomics)
{
    unsigned *u = device_copy<unsigned>({0, 0, 99, 0, 0, 0});
    int *i = device_copy<int>({0, -99});
    float *f = device_copy<float>({1.0f});
    double *d = device_copy<double>({1.0});
    auto *l = device_copy<unsigned long long>({0});
    CHECK(launch(1, 64, atomics_kernel, u, i, f, d, l));
    const auto us = read_back(u, 6);
    cr_assert(us[0] == 64 && us[1] == 63 && us[2] == 0 && us[3] == 64 % 10 && us[4] >= 1 && us[5] == 7);
    const auto is = read_back(i, 2);
    cr_assert(is[0] == -64 && is[1] == 0);
    cr_assert(read_back(f, 1)[0] == 33.0f && read_back(d, 1)[0] == 17.0 && read_back(l, 1)[0] == 64ull << 33);
    for (void *p : {static_cast<void *>(u), static_cast<void *>(i), static_cast<void *>(f), static_cast<void *>(d),
                    static_cast<void *>(l)})
        CHECK(cudaFree(p));
}

template <class Kernel>
static std::vector<unsigned> order_of(uint64_t seed, unsigned blocks, unsigned threads, Kernel kernel)
{
    unsigned *next = device_copy<unsigned>({0}), *order = device_array<unsigned>(blocks * threads);
    simt_set_seed(seed);
    CHECK(launch(blocks, threads, kernel, order, next));
    auto got = read_back(order, blocks * threads);
    CHECK(cudaFree(next));
    CHECK(cudaFree(order));
    return got;
}

Test(execution, order_is_a_permutation_that_the_seed_decides)
{
    for (const unsigned blocks : {1u, 2u, 7u, 64u, 1000u}) {
        const auto a = order_of(1, blocks, 32, order_kernel), b = order_of(1, blocks, 32, order_kernel),
                   c = order_of(2, blocks, 32, order_kernel);
        cr_assert(a == b && a != c);
        auto sorted = a;
        std::sort(sorted.begin(), sorted.end());
        for (unsigned i = 0; i < sorted.size(); ++i)
            cr_assert_eq(sorted[i], i);
    }
    const auto a = order_of(1, 1, 256, order_after_barrier_kernel), c = order_of(2, 1, 256, order_after_barrier_kernel);
    cr_assert(a != c && !std::is_sorted(a.begin(), a.end()));
}

Test(execution, arithmetic)
{
    float *f = device_array<float>(12);
    unsigned *u = device_array<unsigned>(8);
    CHECK(launch(1, 1, math_kernel, f, u));
    const auto x = read_back(f, 12);
    const float half = std::sqrt(0.5f);
    const float want[] = {half, half, 1.0f, 0.0f, 0.5f, 0.25f, 0.125f, 1.0f, 1.0f, 3.0f, 2.0f, 3.0f};
    for (size_t i = 0; i < 12; ++i)
        cr_assert_float_eq(x[i], want[i], 1e-7f, "%zu: %g", i, double(x[i]));
    const unsigned integers[] = {0x3f800000u, 3u, 31u, 4u, 0x80000000u, 3u, 2u, 0u};
    const auto y = read_back(u, 8);
    for (size_t i = 0; i < 8; ++i)
        cr_assert_eq(y[i], integers[i], "%zu: %u", i, y[i]);
    CHECK(cudaFree(f));
    CHECK(cudaFree(u));
}

Test(execution, constant_memory)
{
    float *x = device_copy<float>({1.0f, 1.0f});
    const float values[2] = {3.0f, 5.0f};
    CHECK(cudaMemcpyToSymbol(scale, values, sizeof values));
    CHECK(launch(1, 2, scale_kernel, x));
    const auto got = read_back(x, 2);
    cr_assert(got[0] == 3.0f && got[1] == 5.0f);
    CHECK(cudaFree(x));
}

Test(execution, arguments_are_converted_and_copied_at_launch)
{
    long long *out = device_array<long long>(1);
    Wide wide{1, 10};
    int small = 100;
    cudaLaunchConfig_t config{};
    config.gridDim = config.blockDim = 1;
    CHECK(cudaLaunchKernelEx(&config, arguments_kernel, out, wide, nullptr, small));
    wide.a = 5000;
    small = 6000;
    cr_assert_eq(read_back(out, 1)[0], 112);
    CHECK(cudaFree(out));
}
