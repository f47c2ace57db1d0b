// Events: recorded and waited for like other queued work, and timed by the wall clock or by durations from tests.
#include "memory.hpp"
#include "runtime.hpp"
#include "stream.hpp"

#include <chrono>

// An event is its last record; waits keep the record that they saw.
struct CUevent_st {
    bool timed;
    std::shared_ptr<simt::EventRecord> record;
    const CUgraph_st *captured_in; // not null: last recorded in a capture
};

using namespace simt;

namespace
{
// The device's own time where tests gave durations, else the wall's.
double now_in_milliseconds()
{
    const Runtime &rt = runtime();
    if (rt.injections.have_durations()) return rt.device_microseconds / 1e3;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::milli>(now).count();
}

void mark(EventRecord &record)
{
    record.done = true;
    record.milliseconds = now_in_milliseconds();
    record.stream = nullptr;
}

// In a capture, an external event is a node that records it whenever the graph runs.
cudaError_t record_event(cudaEvent_t event, cudaStream_t handle, unsigned int flags)
{
    const auto stream = find_stream(handle);
    if (event == nullptr || stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (flags != cudaEventRecordDefault && flags != cudaEventRecordExternal) return cudaErrorInvalidValue;
    if (stream->capture != nullptr && flags == cudaEventRecordExternal)
        return enqueue(handle, cudaGraphNodeTypeEventRecord, [event] {
            event->record = std::make_shared<EventRecord>();
            mark(*event->record);
        });
    if (stream->capture != nullptr) {
        event->captured_in = stream->capture->graph.get();
        return cudaSuccess;
    }
    if (flags == cudaEventRecordExternal)
        return refuse(cudaErrorInvalidValue, "cudaEventRecordExternal where nothing is captured");
    event->captured_in = nullptr;
    auto record = std::make_shared<EventRecord>();
    record->stream = stream;
    event->record = record;
    return enqueue(handle, cudaGraphNodeTypeEventRecord, [record] { mark(*record); });
}
} // namespace

extern "C" {

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
    return runtime_call("cudaEventCreateWithFlags", [&]() -> cudaError_t {
        if (event == nullptr) return cudaErrorInvalidValue;
        *event = made(new CUevent_st{(flags & cudaEventDisableTiming) == 0, nullptr, nullptr});
        return cudaSuccess;
    });
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle)
{
    return runtime_call("cudaEventRecord", [&] { return record_event(event, handle, cudaEventRecordDefault); });
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t handle, unsigned int flags)
{
    return runtime_call("cudaEventRecordWithFlags", [&] { return record_event(event, handle, flags); });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned int)
{
    return runtime_call("cudaStreamWaitEvent", [&]() -> cudaError_t {
        const auto stream = find_stream(handle);
        if (event == nullptr || stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream->capture != nullptr) {
            if (event->captured_in == stream->capture->graph.get())
                return cudaSuccess; // recorded before in the same linear capture
            return invalidate_capture(*stream, "cudaStreamWaitEvent for an event of another stream");
        }
        if (event->captured_in != nullptr)
            return refuse(cudaErrorStreamCaptureUnsupported,
                          "cudaStreamWaitEvent: captures of more than one stream are not supported");
        if (event->record != nullptr && !event->record->done) enqueue_wait(*stream, event->record);
        return cudaSuccess;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    return runtime_call("cudaEventSynchronize", [&]() -> cudaError_t {
        if (event == nullptr) return cudaErrorInvalidResourceHandle;
        if (event->captured_in != nullptr) return cudaErrorCapturedEvent;
        return synchronise_event(event->record);
    });
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    return runtime_call("cudaEventQuery", [&]() -> cudaError_t {
        if (event == nullptr) return cudaErrorInvalidResourceHandle;
        if (event->captured_in != nullptr) return cudaErrorCapturedEvent;
        if (event->record == nullptr || event->record->done) return cudaSuccess;
        DeviceMemoryAccess access;
        run_one(*event->record->stream);
        return runtime().sticky_error != cudaSuccess ? runtime().sticky_error : cudaErrorNotReady;
    });
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    return runtime_call("cudaEventElapsedTime", [&]() -> cudaError_t {
        if (milliseconds == nullptr) return cudaErrorInvalidValue;
        if (start == nullptr || end == nullptr || !start->timed || !end->timed || start->record == nullptr ||
            end->record == nullptr)
            return cudaErrorInvalidResourceHandle;
        if (!start->record->done || !end->record->done) return cudaErrorNotReady;
        *milliseconds = static_cast<float>(end->record->milliseconds - start->record->milliseconds);
        return cudaSuccess;
    });
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    return destroy_call("cudaEventDestroy", event, cudaErrorInvalidResourceHandle);
}
}
