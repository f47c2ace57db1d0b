// The simulated device, its errors, counters and injected failures.
#include "support.hpp"

#include <cstdlib>
#include <cstring>

extern "C" int device_count_from_c(void);

namespace
{
__global__ void nothing_kernel()
{
}

__global__ void shared_kernel(int *out)
{
    __shared__ int tile[100];
    tile[threadIdx.x] = 1;
    *out = tile[0];
}
} // namespace

Test(device, properties)
{
    cr_assert_eq(device_count_from_c(), 1);
    cudaDeviceProp p;
    CHECK(cudaGetDeviceProperties(&p, 0));
    cr_assert(p.multiProcessorCount == 4 && p.major == 9 && p.minor == 0 && p.totalGlobalMem == size_t{2} << 30);
    int value = 0;
    CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
    cr_assert_eq(value, 4);
    cr_assert_eq(cudaSetDevice(1), cudaErrorInvalidDevice);
    cr_assert_eq(cudaGetLastError(), cudaErrorInvalidDevice);
    cr_assert_eq(cudaPeekAtLastError(), cudaSuccess);
    CHECK(cudaDriverGetVersion(&value));
    cr_assert_geq(value, 13000);
    cr_assert_str_eq(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
    cr_assert_str_eq(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
}

Test(device, options)
{
    simt_device_options options = simt_get_device_options();
    options.memory_bytes = 1 << 20;
    options.devices = 2;
    options.compute_major = 8;
    simt_set_device_options(&options);
    float *a = nullptr, *b = nullptr;
    CHECK(cudaMalloc(&a, 1 << 19));
    cr_assert_eq(reinterpret_cast<uintptr_t>(a) % 256, 0);
    cr_assert_eq(cudaMalloc(&b, (1 << 19) + 1), cudaErrorMemoryAllocation);
    cr_assert_null(b);
    size_t free_bytes, total_bytes;
    CHECK(cudaMemGetInfo(&free_bytes, &total_bytes));
    cr_assert(free_bytes == 1 << 19 && total_bytes == 1 << 20);
    CHECK(cudaSetDevice(1));
    CHECK(cudaMalloc(&b, (1 << 19) + 1));
    CHECK(cudaFree(a));
    CHECK(cudaFree(b));
    options.devices = 0;
    simt_set_device_options(&options);
    int count = 5;
    cr_assert_eq(cudaGetDeviceCount(&count), cudaErrorNoDevice);
    cr_assert_eq(count, 0);
    cr_assert_eq(cudaMalloc(&a, 1), cudaErrorNoDevice);
}

Test(device, environment)
{
    setenv("SIMT_DEVICES", "3", 1);
    setenv("SIMT_MEMORY_MB", "5", 1);
    setenv("SIMT_COMPUTE_CAPABILITY", "7.5", 1);
    cudaDeviceProp p;
    CHECK(cudaGetDeviceProperties(&p, 2));
    cr_assert(p.major == 7 && p.minor == 5 && p.totalGlobalMem == 5 << 20);
}

Test(device, functions_and_occupancy)
{
    cudaFuncAttributes attributes;
    CHECK(cudaFuncGetAttributes(&attributes, shared_kernel));
    cr_assert_eq(attributes.sharedSizeBytes, 400);
    cr_assert_eq(attributes.maxThreadsPerBlock, 1024);
    int blocks = 0, grid = 0, block = 0;
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing_kernel, 256, 0));
    cr_assert_eq(blocks, 8);
    CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing_kernel, 32, 40 << 10));
    cr_assert_eq(blocks, 5);
    CHECK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, nothing_kernel));
    cr_assert(block == 1024 && grid == 8);
}

Test(device, counters)
{
    simt_reset_counters();
    std::vector<float> host(10);
    float *x = device_copy(host);
    read_back(x, 5);
    CHECK(launch(2, 3, nothing_kernel));
    CHECK(cudaDeviceSynchronize());
    const simt_counters c = simt_get_counters();
    cr_assert(c.device_allocations == 1 && c.device_bytes_in_use == 40 && c.device_bytes_peak == 40);
    cr_assert(c.host_to_device_copies == 1 && c.host_to_device_bytes == 40);
    cr_assert(c.device_to_host_copies == 1 && c.device_to_host_bytes == 20);
    cr_assert(c.launches == 1 && c.kernels_run == 1 && c.host_synchronisations == 3);
    CHECK(cudaFree(x));
    cr_assert_eq(simt_get_counters().device_bytes_in_use, 0);
}

Test(device, shapes_of_launches)
{
    simt_launch_shape shapes[2] = {};
    CHECK(launch(5, 3, nothing_kernel));
    cr_assert_eq(simt_record_launches(shapes, 2), 0);
    for (unsigned blocks = 2; blocks < 5; ++blocks)
        CHECK(launch(dim3(blocks, 7), 32 * blocks, nothing_kernel));
    cr_assert_eq(simt_record_launches(nullptr, 0), 2);
    cr_assert(shapes[0].grid[0] == 2 && shapes[0].grid[1] == 7 && shapes[0].grid[2] == 1 && shapes[0].block[0] == 64);
    cr_assert(shapes[1].grid[0] == 3 && shapes[1].block[0] == 96 && shapes[1].block[1] == 1);
    CHECK(launch(1, 1, nothing_kernel));
    cr_assert_eq(simt_record_launches(nullptr, 0), 0);
}

Test(device, injected_failures)
{
    float *x = nullptr;
    simt_fail_call("cudaMalloc", 2, cudaErrorMemoryAllocation);
    CHECK(cudaMalloc(&x, 4));
    CHECK(cudaFree(x));
    cr_assert_eq(cudaMalloc(&x, 4), cudaErrorMemoryAllocation);
    CHECK(cudaMalloc(&x, 4));
    simt_fail_call("cudaLaunchKernelEx", 1, cudaErrorLaunchOutOfResources);
    cr_assert_eq(launch(1, 1, nothing_kernel), cudaErrorLaunchOutOfResources);
    simt_fail_call(nullptr, 3, cudaErrorUnknown);
    CHECK(launch(1, 1, nothing_kernel));
    CHECK(cudaDeviceSynchronize());
    cr_assert_eq(cudaDeviceSynchronize(), cudaErrorUnknown);
    simt_fail_call("cudaFree", 1, cudaErrorUnknown);
    simt_fail_call(nullptr, 0, 0);
    CHECK(cudaFree(x));
}

Test(device, pinned_memory)
{
    char *p = nullptr;
    void *device = nullptr;
    CHECK(cudaHostAlloc(&p, 100, cudaHostAllocMapped));
    CHECK(cudaHostGetDevicePointer(&device, p, 0));
    cr_assert_eq(device, p);
    cudaPointerAttributes attributes;
    CHECK(cudaPointerGetAttributes(&attributes, p + 50));
    cr_assert_eq(attributes.type, cudaMemoryTypeHost);
    CHECK(cudaFreeHost(p));
    static char buffer[64];
    cr_assert_eq(cudaHostGetDevicePointer(&device, buffer, 0), cudaErrorInvalidValue);
    CHECK(cudaHostRegister(buffer, sizeof buffer, 0));
    cr_assert_eq(cudaHostRegister(buffer, sizeof buffer, 0), cudaErrorHostMemoryAlreadyRegistered);
    CHECK(cudaHostUnregister(buffer));
    cr_assert_eq(cudaHostUnregister(buffer), cudaErrorHostMemoryNotRegistered);
}
