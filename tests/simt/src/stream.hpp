// Streams: queues of operations that run only when somebody waits for them.
#pragma once

#include "../include/cuda_runtime_api.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace simt
{
struct Operation {
    cudaGraphNodeType type;
    std::function<void()> run;
};
using OperationPointer = std::shared_ptr<const Operation>;

struct Stream;

// One cudaEventRecord: done when its place in its stream has been reached.
struct EventRecord {
    std::shared_ptr<Stream> stream; // null for a record that was captured
    bool done = false;
    double milliseconds = 0.0;
};

struct Queued {
    uint64_t sequence; // of all streams, so that the legacy stream knows what came before
    OperationPointer operation;
    std::shared_ptr<EventRecord> awaited; // this operation waits for it, or null
};

struct Capture {
    std::shared_ptr<CUgraph_st> graph;
    cudaStreamCaptureMode mode;
    bool valid;
};

struct Stream {
    bool legacy = false;
    bool non_blocking = false;
    bool destroyed = false;
    std::deque<Queued> queue;
    std::unique_ptr<Capture> capture;
};

// The stream of a handle, null if there is none.
std::shared_ptr<Stream> find_stream(cudaStream_t handle);
std::shared_ptr<Stream> legacy_stream();

// Puts an operation at the end of the stream, or of the graph that it captures.
cudaError_t enqueue(cudaStream_t handle, cudaGraphNodeType type, std::function<void()> run);
void enqueue_wait(Stream &stream, std::shared_ptr<EventRecord> record);

// Run what is queued, with all that it depends on; the result is the fault that a kernel raised, if one did.
cudaError_t synchronise_stream(const std::shared_ptr<Stream> &stream);
cudaError_t synchronise_device();
cudaError_t synchronise_event(const std::shared_ptr<EventRecord> &record);
void run_one(Stream &stream);

// The error, if a stream is being captured, of a call that must not be made then; it invalidates the capture.
cudaError_t refuse_during_capture(const char *function);
cudaError_t invalidate_capture(Stream &stream, const char *function);

void drop_queued_work();
void drop_all_streams();
} // namespace simt

struct CUgraph_st {
    std::vector<simt::OperationPointer> nodes;
};
