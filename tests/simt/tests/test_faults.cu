// Mistakes in kernels that must not pass.
#include "support.hpp"

#include <cmath>

namespace
{
constexpr unsigned all = 0xffffffffu;

template <bool with_barrier> __global__ void rotate_kernel(float *out)
{
    __shared__ float tile[128];
    tile[threadIdx.x] = static_cast<float>(threadIdx.x);
    if (with_barrier) __syncthreads();
    out[threadIdx.x] = tile[(threadIdx.x + 1) % 128];
}

__global__ void early_exit_kernel(int n)
{
    if (static_cast<int>(threadIdx.x) >= n) return;
    __syncthreads();
}

__global__ void two_barriers_kernel()
{
    if (threadIdx.x % 2 == 0)
        __syncthreads();
    else
        __syncthreads();
}

__global__ void barrier_and_collective_kernel()
{
    if (threadIdx.x == 3)
        __syncthreads();
    else
        __syncwarp();
}

__global__ void foreign_mask_kernel()
{
    __shfl_sync(0x1u, 1, 0);
}

__global__ void ended_lane_kernel()
{
    if (threadIdx.x != 7) __syncwarp();
}

__global__ void missing_lanes_kernel()
{
    __syncwarp(all);
}

__global__ void different_masks_kernel()
{
    __syncwarp(threadIdx.x == 0 ? all : all & ~1u);
}

__global__ void overlapping_masks_kernel()
{
    __syncwarp(threadIdx.x < 2 ? 0x3u : 0x7u);
}

__global__ void crossing_masks_kernel()
{
    __syncwarp(threadIdx.x == 0 ? 0x3u : threadIdx.x == 1 ? 0x7u : all);
}

__global__ void different_collectives_kernel()
{
    if (threadIdx.x == 0)
        __ballot_sync(all, 1);
    else
        __syncwarp();
}

__global__ void trap_kernel()
{
    if (threadIdx.x == 5) __trap();
}

__global__ void store_kernel(float *x, long index)
{
    x[index] = 1.0f;
}

__global__ void load_kernel(const float *x, long index, float *out)
{
    *out = x[index];
}

__global__ void big_shared_kernel(float *out)
{
    __shared__ float tile[12289];
    tile[threadIdx.x] = 1.0f;
    *out = tile[0];
}

__global__ void shared_store_kernel(float *out, int index)
{
    __shared__ float tile[32];
    float *volatile start = tile; // so that UndefinedBehaviorSanitizer does not see its size first
    start[index] = 1.0f;
    *out = tile[0];
}

__global__ void dynamic_store_kernel(float *out, int index)
{
    SIMT_DYNAMIC_SHARED(float, tile);
    tile[index] = 1.0f;
    *out = tile[0];
}

__global__ void stale_shared_kernel(float *out, bool write)
{
    __shared__ float tile[1];
    SIMT_DYNAMIC_SHARED(float, dynamic);
    if (write) tile[0] = dynamic[0] = 1.0f;
    out[0] = tile[0];
    out[1] = dynamic[0];
}

__global__ void nothing_kernel()
{
}

__device__ int overflow(int depth)
{
    volatile char frame[1024];
    frame[depth % 1024] = static_cast<char>(depth);
    return depth == 0 ? frame[0] : overflow(depth - 1) + frame[depth % 1024];
}

__global__ void deep_kernel(int *out)
{
    *out = overflow(100000);
}

void quiet()
{
    simt_print_faults(0);
}

unsigned wrong_rotations(void (*kernel)(float *))
{
    float *out = device_array<float>(128);
    CHECK(launch(1, 128, kernel, out));
    const auto got = read_back(out, 128);
    unsigned wrong = 0;
    for (size_t i = 0; i < 128; ++i)
        wrong += got[i] != static_cast<float>((i + 1) % 128);
    CHECK(cudaFree(out));
    return wrong;
}
} // namespace

TestSuite(faults, .init = quiet);

Test(faults, removed_barrier_gives_nan)
{
    cr_assert_eq(wrong_rotations(rotate_kernel<true>), 0);
    for (uint64_t seed = 0; seed < 10; ++seed) {
        simt_set_seed(seed);
        const unsigned wrong = wrong_rotations(rotate_kernel<false>);
        cr_assert_gt(wrong, 20, "only %u wrong, seed %lu", wrong, seed);
    }
}

Test(faults, barrier_after_exit)
{
    expect_fault(launch(1, 64, early_exit_kernel, 63), cudaErrorLaunchTimeout, "__syncthreads at");
    cr_assert(contains(simt_last_message(), "early_exit_kernel") && contains(simt_last_message(), "test_faults.cu:"));
    cr_assert_eq(cudaMemset(nullptr, 0, 1), cudaErrorLaunchTimeout, "a fault stays");
    cr_assert_eq(cudaGetLastError(), cudaErrorLaunchTimeout);
    cr_assert_eq(cudaGetLastError(), cudaErrorLaunchTimeout);
    CHECK(cudaDeviceReset());
    cr_assert_eq(cudaGetLastError(), cudaSuccess);
    CHECK(launch(2, 64, early_exit_kernel, 64));
    CHECK(cudaDeviceSynchronize());
}

Test(faults, different_barriers)
{
    expect_fault(launch(1, 64, two_barriers_kernel), cudaErrorLaunchTimeout, "divergent barrier");
}

Test(faults, deadlock_of_barrier_and_collective)
{
    expect_fault(launch(1, 32, barrier_and_collective_kernel), cudaErrorLaunchTimeout, "deadlock");
    cr_assert(contains(simt_last_message(), "for lanes 0x00000008"), "%s", simt_last_message());
}

Test(faults, collectives)
{
    expect_fault(launch(1, 32, foreign_mask_kernel), cudaErrorLaunchFailure, "not in its own mask");
    CHECK(cudaDeviceReset());
    expect_fault(launch(1, 16, missing_lanes_kernel), cudaErrorLaunchFailure, "does not have");
    CHECK(cudaDeviceReset());
    expect_fault(launch(1, 32, different_masks_kernel), cudaErrorLaunchTimeout, "waits for it");
    CHECK(cudaDeviceReset());
    expect_fault(launch(1, 3, overlapping_masks_kernel), cudaErrorLaunchTimeout, "it ended");
    CHECK(cudaDeviceReset());
    expect_fault(launch(1, 32, crossing_masks_kernel), cudaErrorLaunchFailure, "with mask");
    CHECK(cudaDeviceReset());
    expect_fault(launch(1, 32, different_collectives_kernel), cudaErrorLaunchFailure, "another collective");
    CHECK(cudaDeviceReset());
    const cudaError_t error = launch(1, 32, ended_lane_kernel) ? cudaErrorUnknown : cudaDeviceSynchronize();
    cr_assert(error == cudaErrorLaunchFailure || error == cudaErrorLaunchTimeout);
    cr_assert(contains(simt_last_message(), "ended"), "%s", simt_last_message());
}

Test(faults, trap_names_the_thread)
{
    expect_fault(launch(1, 32, trap_kernel), cudaErrorLaunchFailure, "thread (5,0,0) of block (0,0,0)");
}

Test(faults, limits_of_the_hardware)
{
    float *out = device_array<float>(1);
    expect_fault(launch(1, 1025, nothing_kernel), cudaErrorInvalidConfiguration, "1025");
    expect_fault(launch(1, dim3(1, 1, 65), nothing_kernel), cudaErrorInvalidConfiguration, "65");
    expect_fault(launch(1, dim3(32, 33), nothing_kernel), cudaErrorInvalidConfiguration, "33");
    expect_fault(launch(0, 1, nothing_kernel), cudaErrorInvalidConfiguration, "grid");
    expect_fault(launch(1, 0, nothing_kernel), cudaErrorInvalidConfiguration, "grid");
    expect_fault(launch(dim3(1, 65536), 1, nothing_kernel), cudaErrorInvalidConfiguration, "65536");
    expect_fault(launch(0x80000000u, 1, nothing_kernel), cudaErrorInvalidConfiguration, "grid");
    expect_fault(launch(1, 1, big_shared_kernel, out), cudaErrorInvalidKernelImage, "49156 bytes of static");
    expect_fault(launch_in(nullptr, 1, 1, 49153, nothing_kernel), cudaErrorInvalidValue, "49153");
    cr_assert_eq(cudaGetLastError(), cudaErrorInvalidValue);
    cr_assert_eq(cudaGetLastError(), cudaSuccess, "a refused launch is no fault");
    CHECK(cudaFuncSetAttribute(nothing_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 100 << 10));
    CHECK(launch_in(nullptr, 1, 1, 100 << 10, nothing_kernel));
    CHECK(cudaFree(out));
}

Test(faults, uninitialised_memory_is_nan)
{
    float *x = device_array<float>(3), *out = device_array<float>(2);
    cr_assert(std::isnan(read_back(x, 3)[1]));
    CHECK(launch_in(nullptr, 1, 1, 64, stale_shared_kernel, out, true));
    cr_assert_eq(read_back(out, 1)[0], 1.0f);
    CHECK(launch_in(nullptr, 1, 1, 64, stale_shared_kernel, out, false));
    const auto got = read_back(out, 2);
    cr_assert(std::isnan(got[0]) && std::isnan(got[1]), "shared memory outlived its block");
}

// Under AddressSanitizer the process ends with its report; without it, the runtime returns the error.
static void expect_bad_access(const std::function<cudaError_t()> &body, const char *part)
{
    if (address_sanitizer)
        expect_death([&] { expect_fault(body(), cudaErrorIllegalAddress, part); }, "AddressSanitizer");
    else
        expect_fault(body(), cudaErrorIllegalAddress, part);
    simt_reset();
}

Test(faults, out_of_bounds)
{
    for (const long index : {100L, 2000L, -1L, -300L})
        for (const bool aligned : {false, true}) {
            const size_t count = aligned ? 64 : 100;
            expect_bad_access(
                [=] {
                    return launch(1, 1, store_kernel, device_array<float>(count), index == 100 ? long(count) : index);
                },
                "device allocation");
        }
    expect_bad_access([] { return launch(1, 1, load_kernel, device_array<float>(64), 64L, device_array<float>(1)); },
                      "0 bytes past the end of the 256 bytes");
}

Test(faults, host_memory_in_a_kernel_is_seen_as_far_as_it_is_not_there)
{
    expect_bad_access([] { return launch(1, 1, store_kernel, static_cast<float *>(nullptr), 1L); }, "not near any");
}

Test(faults, use_after_free)
{
    expect_bad_access(
        [] {
            float *x = device_array<float>(100);
            CHECK(cudaFree(x));
            float *y = device_array<float>(100);
            cr_assert_neq(x, y, "freed memory was reused at once");
            return launch(1, 1, store_kernel, x, 0L);
        },
        "freed device allocation");
}

Test(faults, shared_memory_out_of_bounds_under_address_sanitizer)
{
    if (!address_sanitizer) cr_skip_test("needs AddressSanitizer");
    expect_death([] { launch(1, 1, shared_store_kernel, device_array<float>(1), 32), cudaDeviceSynchronize(); },
                 "AddressSanitizer");
    expect_death(
        [] { launch_in(nullptr, 1, 1, 64, dynamic_store_kernel, device_array<float>(1), 16), cudaDeviceSynchronize(); },
        "AddressSanitizer");
}

Test(faults, host_access_to_device_memory)
{
    expect_death(
        [] {
            simt_print_faults(1);
            float *x = device_array<float>(100);
            launch(1, 1, store_kernel, x, 0L);
            cudaDeviceSynchronize();
            x[0] = 2.0f;
        },
        address_sanitizer ? "AddressSanitizer" : "host code touches device memory");
}

Test(faults, stack_overflow)
{
    expect_bad_access([] { return launch(1, 1, deep_kernel, device_array<int>(1)); }, "stack overflow");
}

Test(faults, wrong_pointers_in_copies)
{
    float host[4] = {}, *device = device_array<float>(4);
    cr_assert_eq(cudaMemcpy(device, host, 20, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    cr_assert_eq(cudaMemcpy(host, host, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    cr_assert_eq(cudaMemcpy(host, device, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    cr_assert_eq(cudaMemcpy(host, device, 16, static_cast<cudaMemcpyKind>(7)), cudaErrorInvalidMemcpyDirection);
    cr_assert_eq(cudaMemset(host, 0, 16), cudaErrorInvalidValue);
    cr_assert_eq(cudaFree(device + 1), cudaErrorInvalidValue);
    cr_assert_eq(cudaFree(host), cudaErrorInvalidValue);
    CHECK(cudaFree(device));
    cr_assert_eq(cudaFree(device), cudaErrorInvalidValue, "freed twice");
}
