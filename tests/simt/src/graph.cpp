// Captures and graphs. A graph is the list of operations that one stream captured; a launch runs the list again.
#include "runtime.hpp"
#include "stream.hpp"

#include <algorithm>

struct CUgraphExec_st {
    std::shared_ptr<const std::vector<simt::OperationPointer>> nodes; // shared with launches that have not run yet
};

using namespace simt;

namespace
{
void run_nodes(const std::vector<OperationPointer> &nodes)
{
    runtime().running_graph = true;
    for (const auto &node : nodes)
        if (runtime().sticky_error == cudaSuccess) node->run();
    runtime().running_graph = false;
}
} // namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, enum cudaStreamCaptureMode mode)
{
    return runtime_call("cudaStreamBeginCapture", [&]() -> cudaError_t {
        const auto stream = find_stream(handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream->legacy)
            return refuse(cudaErrorStreamCaptureUnsupported, "the legacy default stream cannot be captured");
        if (stream->capture != nullptr) return refuse(cudaErrorNotPermitted, "the stream is being captured already");
        stream->capture = std::make_unique<Capture>(Capture{std::make_shared<CUgraph_st>(), mode, true});
        return cudaSuccess;
    });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *graph)
{
    return runtime_call("cudaStreamEndCapture", [&]() -> cudaError_t {
        const auto stream = find_stream(handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (graph == nullptr) return cudaErrorInvalidValue;
        *graph = nullptr;
        if (stream->capture == nullptr) return cudaErrorStreamCaptureUnmatched;
        const std::unique_ptr<Capture> capture = std::move(stream->capture);
        if (!capture->valid) return cudaErrorStreamCaptureInvalidated;
        *graph = made(new CUgraph_st(*capture->graph)); // the caller's, until cudaGraphDestroy
        return cudaSuccess;
    });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, enum cudaStreamCaptureStatus *status)
{
    return runtime_call("cudaStreamIsCapturing", [&]() -> cudaError_t {
        const auto stream = find_stream(handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (status == nullptr) return cudaErrorInvalidValue;
        *status = stream->capture == nullptr ? cudaStreamCaptureStatusNone
                  : stream->capture->valid   ? cudaStreamCaptureStatusActive
                                             : cudaStreamCaptureStatusInvalidated;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
    return runtime_call("cudaGraphInstantiate", [&]() -> cudaError_t {
        if (exec == nullptr || graph == nullptr) return cudaErrorInvalidValue;
        *exec = made(new CUgraphExec_st{std::make_shared<const std::vector<OperationPointer>>(graph->nodes)});
        return cudaSuccess;
    });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    return runtime_call("cudaGraphUpload", [&]() -> cudaError_t {
        return exec == nullptr || find_stream(stream) == nullptr ? cudaErrorInvalidValue : cudaSuccess;
    });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    return runtime_call("cudaGraphLaunch", [&]() -> cudaError_t {
        if (exec == nullptr) return cudaErrorInvalidValue;
        ++runtime().counters.graph_launches;
        return enqueue(stream, cudaGraphNodeTypeGraph, [nodes = exec->nodes] { run_nodes(*nodes); });
    });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    return destroy_call("cudaGraphDestroy", graph, cudaErrorInvalidValue);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    return destroy_call("cudaGraphExecDestroy", exec, cudaErrorInvalidValue);
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count)
{
    return runtime_call("cudaGraphGetNodes", [&]() -> cudaError_t {
        if (graph == nullptr || count == nullptr) return cudaErrorInvalidValue;
        const size_t total = graph->nodes.size();
        for (size_t i = 0; nodes != nullptr && i < *count; ++i)
            nodes[i] =
                i < total ? reinterpret_cast<cudaGraphNode_t>(const_cast<Operation *>(graph->nodes[i].get())) : nullptr;
        *count = nodes == nullptr ? total : std::min(*count, total);
        return cudaSuccess;
    });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, enum cudaGraphNodeType *type)
{
    return runtime_call("cudaGraphNodeGetType", [&]() -> cudaError_t {
        if (node == nullptr || type == nullptr) return cudaErrorInvalidValue;
        *type = reinterpret_cast<const Operation *>(node)->type;
        return cudaSuccess;
    });
}
}
