// Captures and graphs.
#include "support.hpp"

namespace
{
__global__ void scale_kernel(float *out, const float *in, float factor)
{
    out[threadIdx.x] = factor * in[threadIdx.x];
}

struct Captured {
    cudaStream_t stream = nullptr;
    cudaGraph_t graph = nullptr;
};

Captured begin()
{
    simt_print_faults(0);
    Captured c;
    CHECK(cudaStreamCreateWithFlags(&c.stream, cudaStreamNonBlocking));
    CHECK(cudaStreamBeginCapture(c.stream, cudaStreamCaptureModeGlobal));
    return c;
}

void expect_invalidated(Captured c)
{
    cudaStreamCaptureStatus status;
    CHECK(cudaStreamIsCapturing(c.stream, &status));
    cr_expect_eq(status, cudaStreamCaptureStatusInvalidated);
    cr_expect_eq(cudaStreamEndCapture(c.stream, &c.graph), cudaErrorStreamCaptureInvalidated);
    cr_expect_null(c.graph);
    CHECK(cudaStreamIsCapturing(c.stream, &status));
    cr_expect_eq(status, cudaStreamCaptureStatusNone);
    CHECK(cudaStreamDestroy(c.stream));
}
} // namespace

Test(graphs, replays_with_new_data_and_the_captured_arguments)
{
    float *in = device_copy<float>({1.0f, 2.0f}), *middle = device_array<float>(2), *out = device_array<float>(2);
    Captured c = begin();
    float factor = 3.0f;
    CHECK(cudaMemsetAsync(middle, 0, 8, c.stream));
    CHECK(launch_in(c.stream, 1, 2, 0, scale_kernel, middle, static_cast<const float *>(in), factor));
    factor = 100.0f;
    CHECK(cudaMemcpyAsync(out, middle, 8, cudaMemcpyDeviceToDevice, c.stream));
    CHECK(launch_in(c.stream, 1, 2, 0, scale_kernel, out, static_cast<const float *>(out), 2.0f));
    CHECK(cudaStreamEndCapture(c.stream, &c.graph));

    size_t nodes = 0;
    CHECK(cudaGraphGetNodes(c.graph, nullptr, &nodes));
    cr_assert_eq(nodes, 4);
    cudaGraphNode_t node[4];
    CHECK(cudaGraphGetNodes(c.graph, node, &nodes));
    const cudaGraphNodeType types[4] = {cudaGraphNodeTypeMemset, cudaGraphNodeTypeKernel, cudaGraphNodeTypeMemcpy,
                                        cudaGraphNodeTypeKernel};
    for (int i = 0; i < 4; ++i) {
        cudaGraphNodeType type;
        CHECK(cudaGraphNodeGetType(node[i], &type));
        cr_assert_eq(type, types[i]);
    }

    cudaGraphExec_t exec = nullptr;
    CHECK(cudaGraphInstantiate(&exec, c.graph, 0));
    CHECK(cudaGraphDestroy(c.graph));
    CHECK(cudaDeviceSynchronize());
    cr_assert(read_back(out, 1)[0] != 6.0f, "a capture runs nothing");
    simt_reset_counters();
    for (int i = 1; i <= 3; ++i) {
        const float values[2] = {float(i), 10.0f * float(i)};
        CHECK(cudaMemcpy(in, values, sizeof values, cudaMemcpyHostToDevice));
        CHECK(cudaGraphLaunch(exec, c.stream));
        CHECK(cudaStreamSynchronize(c.stream));
        const auto got = read_back(out, 2);
        cr_assert(got[0] == 6.0f * values[0] && got[1] == 6.0f * values[1]);
    }
    const simt_counters counters = simt_get_counters();
    cr_assert_eq(counters.graph_launches, 3);
    cr_assert_eq(counters.graph_kernels_run, 6);
    cr_assert_eq(counters.kernels_run, 6);
    cr_assert_eq(counters.launches, 0);
    CHECK(cudaGraphLaunch(exec, c.stream)); // not run before its destruction
    CHECK(cudaGraphExecDestroy(exec));
    CHECK(cudaStreamSynchronize(c.stream));
    cr_assert_eq(simt_get_counters().graph_kernels_run, 8);
    for (float *p : {in, middle, out})
        CHECK(cudaFree(p));
    CHECK(cudaStreamDestroy(c.stream));
}

Test(graphs, calls_that_a_capture_forbids)
{
    float *x = device_array<float>(2), host[2] = {};
    cudaEvent_t event = nullptr;
    CHECK(cudaEventCreate(&event));
    void *pointer = nullptr;
    const std::function<cudaError_t(cudaStream_t)> calls[] = {
        [](cudaStream_t s) { return cudaStreamSynchronize(s); },
        [](cudaStream_t s) { return cudaStreamQuery(s); },
        [](cudaStream_t) { return cudaDeviceSynchronize(); },
        [&](cudaStream_t) { return cudaMalloc(&pointer, 4); },
        [&](cudaStream_t) { return cudaFree(x); },
        [&](cudaStream_t) { return cudaMemcpy(host, x, 8, cudaMemcpyDeviceToHost); },
        [&](cudaStream_t) { return cudaMemset(x, 0, 8); },
        [&](cudaStream_t s) { return cudaStreamWaitEvent(s, event); },
    };
    for (const auto &call : calls) {
        const Captured c = begin();
        cr_expect_eq(call(c.stream), cudaErrorStreamCaptureUnsupported);
        expect_invalidated(c);
    }
    CHECK(cudaEventDestroy(event));
    CHECK(cudaFree(x));
}

Test(graphs, events_within_one_stream_are_captured)
{
    Captured c = begin();
    cudaEvent_t event = nullptr;
    CHECK(cudaEventCreate(&event));
    CHECK(cudaEventRecord(event, c.stream));
    CHECK(cudaStreamWaitEvent(c.stream, event));
    cr_assert_eq(cudaEventSynchronize(event), cudaErrorCapturedEvent);
    CHECK(cudaStreamEndCapture(c.stream, &c.graph));
    CHECK(cudaGraphDestroy(c.graph));
    CHECK(cudaEventDestroy(event));
}

Test(graphs, other_misuse)
{
    simt_print_faults(0);
    cr_assert_eq(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
    cudaStream_t stream = nullptr;
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamCreate(&stream));
    cr_assert_eq(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureUnmatched);
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    float *x = nullptr;
    cr_assert_eq(launch(1, 1, scale_kernel, x, static_cast<const float *>(x), 1.0f), cudaErrorStreamCaptureImplicit);
    cr_assert_eq(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    CHECK(cudaStreamDestroy(stream));
}

Test(graphs, memory_freed_between_capture_and_launch)
{
    float *x = device_array<float>(2);
    Captured c = begin();
    CHECK(cudaMemsetAsync(x, 0, 8, c.stream));
    CHECK(cudaStreamEndCapture(c.stream, &c.graph));
    cudaGraphExec_t exec = nullptr;
    CHECK(cudaGraphInstantiate(&exec, c.graph, 0));
    CHECK(cudaFree(x));
    CHECK(cudaGraphLaunch(exec, c.stream));
    cr_assert_eq(cudaStreamSynchronize(c.stream), cudaErrorIllegalAddress);
    cr_assert(contains(simt_last_message(), "freed device allocation"));
    simt_reset();
    CHECK(cudaGraphExecDestroy(exec));
    CHECK(cudaGraphDestroy(c.graph));
}
