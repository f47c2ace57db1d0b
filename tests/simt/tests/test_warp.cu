// Warp collectives.
#include "support.hpp"

namespace
{
constexpr unsigned all = 0xffffffffu;

__global__ void shuffles_kernel(int *out)
{
    const int t = static_cast<int>(threadIdx.x), lane = t % 32;
    int *mine = out + t * 6;
    mine[0] = __shfl_sync(all, t, 5);
    mine[1] = __shfl_up_sync(all, t, 2);
    mine[2] = __shfl_down_sync(all, t, 2);
    mine[3] = __shfl_xor_sync(all, t, 1);
    mine[4] = __shfl_down_sync(all, t, 1, 8);
    mine[5] = __shfl_sync(all, t, lane + 1, 4);
}

__global__ void votes_kernel(unsigned *out)
{
    const unsigned t = threadIdx.x;
    unsigned *mine = out + t * 4;
    mine[0] = __ballot_sync(all, t % 3 == 0);
    mine[1] = static_cast<unsigned>(__any_sync(all, t == 40));
    mine[2] = static_cast<unsigned>(__all_sync(all, t < 32));
    mine[3] = __reduce_add_sync(all, t);
}

template <class T> __global__ void sum_kernel(T *out)
{
    T value = static_cast<T>(threadIdx.x);
    for (int offset = 16; offset > 0; offset /= 2)
        value += __shfl_xor_sync(all, value, offset);
    out[threadIdx.x] = value;
}

// The halves of each warp go different ways, with loops of different length.
__global__ void halves_kernel(int *out)
{
    const int lane = static_cast<int>(threadIdx.x % 32);
    int value = lane;
    if (lane < 16) {
        for (int offset = 8; offset > 0; offset /= 2)
            value += __shfl_xor_sync(0x0000ffffu, value, offset);
    } else {
        value = __shfl_sync(0xffff0000u, value, 16);
    }
    __syncwarp();
    out[threadIdx.x] = value;
}

__global__ void undefined_kernel(float *out)
{
    if (threadIdx.x < 4) out[threadIdx.x] = __shfl_down_sync(0xfu, 1.0f, 2);
}

// Through shared memory with no more than __syncwarp between.
__global__ void syncwarp_kernel(int *out)
{
    __shared__ int tile[64];
    tile[threadIdx.x] = static_cast<int>(threadIdx.x);
    __syncwarp();
    out[threadIdx.x] = tile[threadIdx.x ^ 31];
}

template <class T> void check_sum()
{
    T *out = device_array<T>(64);
    CHECK(launch(1, 64, sum_kernel<T>, out));
    const auto got = read_back(out, 64);
    for (size_t i = 0; i < 64; ++i)
        cr_assert(got[i] == static_cast<T>(i < 32 ? 496 : 1520));
    CHECK(cudaFree(out));
}
} // namespace

Test(warp, shuffles)
{
    int *out = device_array<int>(64 * 6);
    CHECK(launch(1, 64, shuffles_kernel, out));
    const auto got = read_back(out, 64 * 6);
    for (int t = 0; t < 64; ++t) {
        const int lane = t % 32, base = t - lane;
        const int *mine = &got[size_t(t) * 6];
        cr_assert_eq(mine[0], base + 5);
        cr_assert_eq(mine[1], lane < 2 ? t : t - 2);
        cr_assert_eq(mine[2], lane > 29 ? t : t + 2);
        cr_assert_eq(mine[3], t ^ 1);
        cr_assert_eq(mine[4], lane % 8 == 7 ? t : t + 1);
        cr_assert_eq(mine[5], lane % 4 == 3 ? t - 3 : t + 1);
    }
    CHECK(cudaFree(out));
}

Test(warp, votes_and_reductions)
{
    unsigned *out = device_array<unsigned>(64 * 4);
    CHECK(launch(1, 64, votes_kernel, out));
    const auto got = read_back(out, 64 * 4);
    for (unsigned t = 0; t < 64; ++t) {
        const unsigned *mine = &got[t * 4];
        cr_assert_eq(mine[0], t < 32 ? 0x49249249u : 0x92492492u);
        cr_assert_eq(mine[1], t < 32 ? 0u : 1u);
        cr_assert_eq(mine[2], t < 32 ? 1u : 0u);
        cr_assert_eq(mine[3], t < 32 ? 496u : 1520u);
    }
    CHECK(cudaFree(out));
}

Test(warp, butterfly_sums_of_all_types)
{
    check_sum<int>();
    check_sum<unsigned>();
    check_sum<float>();
    check_sum<double>();
    check_sum<long long>();
}

Test(warp, groups_of_lanes_go_their_own_ways)
{
    int *out = device_array<int>(64);
    for (uint64_t seed = 0; seed < 20; ++seed) {
        simt_set_seed(seed);
        CHECK(launch(1, 64, halves_kernel, out));
        const auto got = read_back(out, 64);
        for (size_t i = 0; i < 64; ++i)
            cr_assert_eq(got[i], i % 32 < 16 ? 120 : 16);
    }
    CHECK(cudaFree(out));
}

Test(warp, a_lane_outside_the_mask_gives_nan)
{
    float *out = device_array<float>(4);
    CHECK(launch(1, 32, undefined_kernel, out));
    const auto got = read_back(out, 4);
    cr_assert(got[0] == 1.0f && got[1] == 1.0f && got[2] != got[2] && got[3] != got[3]);
    CHECK(cudaFree(out));
}

Test(warp, syncwarp_orders_shared_memory)
{
    int *out = device_array<int>(64);
    CHECK(launch(1, 64, syncwarp_kernel, out));
    const auto got = read_back(out, 64);
    for (int i = 0; i < 64; ++i)
        cr_assert_eq(got[size_t(i)], i ^ 31);
    CHECK(cudaFree(out));
}
