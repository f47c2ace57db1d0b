// When queued work runs: streams, events, copies, and host code that does not wait.
#include "support.hpp"

#include <algorithm>
#include <cstdlib>

namespace
{
__global__ void add_kernel(float *x, float value)
{
    x[threadIdx.x] += value;
}

__global__ void copy_kernel(float *out, const float *in)
{
    out[threadIdx.x] = in[threadIdx.x];
}

float *pinned(size_t count)
{
    float *p = nullptr;
    CHECK(cudaMallocHost(&p, count * sizeof(float)));
    std::fill(p, p + count, -1.0f);
    return p;
}

cudaStream_t new_stream(unsigned flags = cudaStreamNonBlocking)
{
    cudaStream_t stream = nullptr;
    CHECK(cudaStreamCreateWithFlags(&stream, flags));
    return stream;
}
} // namespace

Test(streams, without_synchronisation_the_host_sees_stale_data)
{
    cudaStream_t stream = new_stream();
    float *x = device_copy<float>({1.0f}), *host = pinned(1);
    CHECK(launch_in(stream, 1, 1, 0, add_kernel, x, 2.0f));
    CHECK(cudaMemcpyAsync(host, x, sizeof(float), cudaMemcpyDeviceToHost, stream));
    cr_assert_eq(host[0], -1.0f, "nobody waited for the copy");
    cr_assert_eq(read_back(x, 1)[0], 1.0f, "a blocking copy does not wait for a non-blocking stream");
    CHECK(cudaStreamSynchronize(stream));
    cr_assert_eq(host[0], 3.0f);
    CHECK(cudaStreamDestroy(stream));
    CHECK(cudaFree(x));
    CHECK(cudaFreeHost(host));
}

Test(streams, the_legacy_stream_waits_for_blocking_ones_and_they_for_it)
{
    cudaStream_t stream = new_stream(cudaStreamDefault);
    float *x = device_copy<float>({1.0f}), *y = device_array<float>(1);
    CHECK(launch_in(stream, 1, 1, 0, add_kernel, x, 2.0f));
    CHECK(launch(1, 1, copy_kernel, y, static_cast<const float *>(x)));
    CHECK(launch_in(stream, 1, 1, 0, add_kernel, y, 10.0f));
    CHECK(cudaStreamSynchronize(stream));
    cr_assert_eq(read_back(y, 1)[0], 13.0f);
    CHECK(launch_in(stream, 1, 1, 0, add_kernel, y, 100.0f));
    cr_assert_eq(read_back(y, 1)[0], 113.0f);
    CHECK(cudaStreamDestroy(stream));
    CHECK(cudaFree(x));
    CHECK(cudaFree(y));
}

Test(streams, events_order_streams)
{
    float *x = device_copy<float>({1.0f}), *y = device_array<float>(1);
    for (uint64_t seed = 0; seed < 20; ++seed) {
        simt_set_seed(seed);
        cudaStream_t first = new_stream(), second = new_stream();
        cudaEvent_t event = nullptr;
        CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
        CHECK(cudaMemset(x, 0, sizeof(float)));
        CHECK(cudaDeviceSynchronize());
        CHECK(launch_in(first, 1, 1, 0, add_kernel, x, 5.0f));
        CHECK(cudaEventRecord(event, first));
        CHECK(launch_in(first, 1, 1, 0, add_kernel, x, 100.0f));
        CHECK(cudaStreamWaitEvent(second, event));
        CHECK(launch_in(second, 1, 1, 0, copy_kernel, y, static_cast<const float *>(x)));
        cr_assert_eq(cudaEventQuery(event), cudaErrorNotReady);
        if (seed % 2 == 0) {
            CHECK(cudaStreamSynchronize(second));
            cr_assert_eq(cudaEventQuery(event), cudaSuccess);
            cr_assert_eq(read_back(y, 1)[0], 5.0f);
        }
        CHECK(cudaDeviceSynchronize());
        cr_assert_eq(read_back(x, 1)[0], 105.0f);
        CHECK(cudaEventDestroy(event));
        CHECK(cudaStreamDestroy(first));
        CHECK(cudaStreamDestroy(second));
    }
    CHECK(cudaFree(x));
    CHECK(cudaFree(y));
}

Test(streams, kernels_take_the_time_that_a_test_gives_them)
{
    cudaEvent_t start = nullptr, end = nullptr;
    cr_assert_eq(setenv("SIMT_KERNEL_DURATION", "add:1,copy:30", 1), 0);
    simt_reset();
    float *x = device_copy<float>({1.0f}), *y = device_array<float>(1), milliseconds = 0.0f;
    simt_set_kernel_duration("add_kernel", 2.0);
    cudaStream_t stream = new_stream();
    CHECK(cudaEventCreate(&start));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaEventRecord(start, stream));
    CHECK(launch_in(stream, 1, 1, 0, add_kernel, x, 5.0f));
    CHECK(launch_in(stream, 1, 1, 0, copy_kernel, y, static_cast<const float *>(x)));
    CHECK(cudaEventRecord(end, stream));
    CHECK(launch_in(stream, 1, 1, 0, add_kernel, x, 5.0f));
    CHECK(cudaStreamSynchronize(stream));
    CHECK(cudaEventElapsedTime(&milliseconds, start, end));
    cr_assert_float_eq(milliseconds, 0.032f, 1e-7f);
    CHECK(cudaEventDestroy(start));
    CHECK(cudaEventDestroy(end));
    CHECK(cudaStreamDestroy(stream));
    CHECK(cudaFree(x));
    CHECK(cudaFree(y));
}

Test(streams, independent_streams_overlap_in_an_order_of_the_seed)
{
    float *x = device_copy<float>({0.0f}), *y = device_array<float>(1);
    cudaStream_t first = new_stream(), second = new_stream();
    bool before = false, after = false;
    for (uint64_t seed = 0; seed < 50; ++seed) {
        simt_set_seed(seed);
        CHECK(cudaMemset(x, 0, sizeof(float)));
        CHECK(cudaDeviceSynchronize());
        CHECK(launch_in(first, 1, 1, 0, add_kernel, x, 5.0f));
        CHECK(launch_in(second, 1, 1, 0, copy_kernel, y, static_cast<const float *>(x)));
        CHECK(cudaDeviceSynchronize());
        (read_back(y, 1)[0] == 0.0f ? before : after) = true;
    }
    cr_assert(before && after);
    CHECK(cudaFree(x));
    CHECK(cudaFree(y));
}

Test(streams, polling_ends)
{
    cudaStream_t stream = new_stream();
    float *x = device_copy<float>({1.0f});
    for (int i = 0; i < 10; ++i)
        CHECK(launch_in(stream, 1, 1, 0, add_kernel, x, 1.0f));
    int polls = 0;
    while (cudaStreamQuery(stream) == cudaErrorNotReady)
        ++polls;
    cr_assert_eq(polls, 10);
    cr_assert_eq(cudaGetLastError(), cudaSuccess, "not ready is no error");
    CHECK(cudaFree(x));
}

Test(streams, a_destroyed_stream_still_ends_its_work)
{
    cudaStream_t stream = new_stream();
    float *x = device_copy<float>({1.0f});
    CHECK(launch_in(stream, 1, 1, 0, add_kernel, x, 1.0f));
    CHECK(cudaStreamDestroy(stream));
    cr_assert_eq(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
    CHECK(cudaDeviceSynchronize());
    cr_assert_eq(read_back(x, 1)[0], 2.0f);
    CHECK(cudaFree(x));
}

Test(streams, pageable_memory_is_staged_and_pinned_memory_is_not)
{
    cudaStream_t stream = new_stream();
    float *x = device_array<float>(2), *host = pinned(1);
    float pageable = 1.0f;
    host[0] = 1.0f;
    CHECK(cudaMemcpyAsync(x, &pageable, sizeof(float), cudaMemcpyHostToDevice, stream));
    CHECK(cudaMemcpyAsync(x + 1, host, sizeof(float), cudaMemcpyHostToDevice, stream));
    pageable = host[0] = 2.0f;
    float got[2];
    CHECK(cudaMemcpyAsync(got, x, sizeof got, cudaMemcpyDeviceToHost, stream)); // to pageable memory: waits
    cr_assert(got[0] == 1.0f && got[1] == 2.0f);
    CHECK(cudaFree(x));
    CHECK(cudaFreeHost(host));
}

Test(streams, elapsed_time_and_host_functions)
{
    cudaStream_t stream = new_stream();
    cudaEvent_t start = nullptr, end = nullptr;
    CHECK(cudaEventCreate(&start));
    CHECK(cudaEventCreate(&end));
    int called = 0;
    CHECK(cudaEventRecord(start, stream));
    CHECK(cudaLaunchHostFunc(
        stream, [](void *data) { ++*static_cast<int *>(data), usleep(2000); }, &called));
    CHECK(cudaEventRecord(end, stream));
    float milliseconds = 0.0f;
    cr_assert_eq(cudaEventElapsedTime(&milliseconds, start, end), cudaErrorNotReady);
    cr_assert_eq(called, 0);
    CHECK(cudaEventSynchronize(end));
    CHECK(cudaEventElapsedTime(&milliseconds, start, end));
    cr_assert(called == 1 && milliseconds >= 2.0f);
    CHECK(cudaEventDestroy(start));
    CHECK(cudaEventDestroy(end));
}
