// The queues of all streams and the order in which they run.
#include "stream.hpp"

#include "memory.hpp"
#include "runtime.hpp"

#include <algorithm>
#include <string>

namespace simt
{
namespace
{
struct Streams {
    std::shared_ptr<Stream> legacy = std::make_shared<Stream>();
    std::vector<std::shared_ptr<Stream>> created; // with destroyed ones that still have work
    uint64_t sequence = 0;

    Streams()
    {
        legacy->legacy = true;
    }
};

Streams &streams()
{
    static Streams *const instance = new Streams;
    return *instance;
}

void run_until(Stream &stream, uint64_t sequence)
{
    while (!stream.queue.empty() && stream.queue.front().sequence < sequence)
        run_one(stream);
}

// The legacy stream waits for all blocking streams, and they for it.
void run_what_legacy_order_demands(Stream &stream, uint64_t sequence)
{
    if (stream.non_blocking) return;
    if (!stream.legacy) {
        run_until(*streams().legacy, sequence);
        return;
    }
    const auto others = streams().created;
    for (const auto &other : others)
        if (!other->non_blocking) run_until(*other, sequence);
}

void forget_destroyed()
{
    auto &all = streams().created;
    all.erase(std::remove_if(all.begin(), all.end(),
                             [](const auto &s) { return s->destroyed && s->queue.empty() && s->capture == nullptr; }),
              all.end());
}

cudaError_t fault()
{
    return runtime().sticky_error;
}
} // namespace

std::shared_ptr<Stream> legacy_stream()
{
    return streams().legacy;
}

std::shared_ptr<Stream> find_stream(cudaStream_t handle)
{
    if (handle == nullptr || handle == cudaStreamLegacy) return streams().legacy;
    for (const auto &stream : streams().created)
        if (reinterpret_cast<cudaStream_t>(stream.get()) == handle && !stream->destroyed) return stream;
    return nullptr;
}

void run_one(Stream &stream)
{
    const uint64_t sequence = stream.queue.front().sequence;
    run_what_legacy_order_demands(stream, sequence);
    if (stream.queue.empty() || stream.queue.front().sequence != sequence) return;
    const std::shared_ptr<EventRecord> awaited = stream.queue.front().awaited;
    while (awaited != nullptr && !awaited->done && fault() == cudaSuccess)
        run_one(*awaited->stream);
    if (stream.queue.empty() || stream.queue.front().sequence != sequence) return;
    const Queued next = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (next.operation != nullptr) next.operation->run();
}

cudaError_t synchronise_stream(const std::shared_ptr<Stream> &stream)
{
    ++runtime().counters.host_synchronisations;
    // For the legacy stream, also work on other streams that nothing in its own queue follows.
    const uint64_t now = streams().sequence + 1;
    if (stream->queue.empty() && !stream->legacy) return fault();
    DeviceMemoryAccess access;
    while (!stream->queue.empty())
        run_one(*stream);
    if (stream->legacy) run_what_legacy_order_demands(*stream, now);
    forget_destroyed();
    return fault();
}

cudaError_t synchronise_device()
{
    ++runtime().counters.host_synchronisations;
    std::vector<std::shared_ptr<Stream>> all = streams().created;
    all.push_back(streams().legacy);
    const auto idle = [](const auto &stream) { return stream->queue.empty(); };
    all.erase(std::remove_if(all.begin(), all.end(), idle), all.end());
    if (all.empty()) return fault();
    DeviceMemoryAccess access;
    while (!all.empty()) { // independent streams may overlap in any way
        run_one(*all[runtime().random.below(static_cast<uint32_t>(all.size()))]);
        all.erase(std::remove_if(all.begin(), all.end(), idle), all.end());
    }
    forget_destroyed();
    return fault();
}

cudaError_t synchronise_event(const std::shared_ptr<EventRecord> &record)
{
    ++runtime().counters.host_synchronisations;
    if (record == nullptr || record->done) return fault();
    DeviceMemoryAccess access;
    while (!record->done && fault() == cudaSuccess)
        run_one(*record->stream);
    return fault();
}

cudaError_t enqueue(cudaStream_t handle, cudaGraphNodeType type, std::function<void()> run)
{
    const auto stream = find_stream(handle);
    if (stream == nullptr) return refuse(cudaErrorInvalidResourceHandle, "not a stream, or a destroyed one");
    auto operation = std::make_shared<Operation>(Operation{type, std::move(run)});
    if (stream->capture != nullptr) {
        if (!stream->capture->valid) return cudaErrorStreamCaptureInvalidated;
        stream->capture->graph->nodes.push_back(std::move(operation));
        return cudaSuccess;
    }
    if (stream->legacy)
        for (const auto &other : streams().created)
            if (other->capture != nullptr && !other->non_blocking &&
                other->capture->mode != cudaStreamCaptureModeRelaxed) {
                other->capture->valid = false;
                return refuse(cudaErrorStreamCaptureImplicit,
                              "work on the legacy default stream while a blocking stream is captured");
            }
    stream->queue.push_back({++streams().sequence, std::move(operation), nullptr});
    return cudaSuccess;
}

void enqueue_wait(Stream &stream, std::shared_ptr<EventRecord> record)
{
    stream.queue.push_back({++streams().sequence, nullptr, std::move(record)});
}

cudaError_t invalidate_capture(Stream &stream, const char *function)
{
    stream.capture->valid = false;
    return refuse(cudaErrorStreamCaptureUnsupported, std::string(function) + " while a stream is captured");
}

cudaError_t refuse_during_capture(const char *function)
{
    for (const auto &stream : streams().created)
        if (stream->capture != nullptr && stream->capture->mode != cudaStreamCaptureModeRelaxed)
            return invalidate_capture(*stream, function);
    return cudaSuccess;
}

void drop_queued_work()
{
    streams().legacy->queue.clear();
    for (const auto &stream : streams().created)
        stream->queue.clear();
}

void drop_all_streams()
{
    drop_queued_work();
    for (const auto &stream : streams().created)
        runtime().objects_in_use -= stream->destroyed ? 0 : 1;
    streams().created.clear();
}
} // namespace simt

using namespace simt;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *handle, unsigned int flags)
{
    return runtime_call("cudaStreamCreateWithFlags", [&]() -> cudaError_t {
        if (handle == nullptr || (flags & ~static_cast<unsigned>(cudaStreamNonBlocking)) != 0)
            return cudaErrorInvalidValue;
        auto stream = std::make_shared<Stream>();
        stream->non_blocking = (flags & cudaStreamNonBlocking) != 0;
        *handle = reinterpret_cast<cudaStream_t>(stream.get());
        streams().created.push_back(std::move(stream));
        ++runtime().objects_in_use;
        return cudaSuccess;
    });
}

cudaError_t cudaStreamCreate(cudaStream_t *handle)
{
    return cudaStreamCreateWithFlags(handle, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *handle, unsigned int flags, int)
{
    return cudaStreamCreateWithFlags(handle, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle)
{
    return runtime_call("cudaStreamDestroy", [&]() -> cudaError_t {
        const auto stream = find_stream(handle);
        if (stream == nullptr || stream->legacy) return cudaErrorInvalidResourceHandle;
        --runtime().objects_in_use;
        stream->destroyed = true; // what is queued still runs, some time
        stream->capture = nullptr;
        forget_destroyed();
        return cudaSuccess;
    });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle)
{
    return runtime_call("cudaStreamSynchronize", [&]() -> cudaError_t {
        const auto stream = find_stream(handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream->capture != nullptr) return invalidate_capture(*stream, "cudaStreamSynchronize");
        if (stream->legacy)
            if (cudaError_t error = refuse_during_capture("cudaStreamSynchronize of the legacy stream")) return error;
        return synchronise_stream(stream);
    });
}

// Each query runs one operation, so that a loop of queries ends.
cudaError_t cudaStreamQuery(cudaStream_t handle)
{
    return runtime_call("cudaStreamQuery", [&]() -> cudaError_t {
        const auto stream = find_stream(handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream->capture != nullptr) return invalidate_capture(*stream, "cudaStreamQuery");
        if (stream->queue.empty()) return cudaSuccess;
        DeviceMemoryAccess access;
        run_one(*stream);
        return fault() != cudaSuccess ? fault() : cudaErrorNotReady;
    });
}

cudaError_t cudaDeviceSynchronize(void)
{
    return runtime_call("cudaDeviceSynchronize", []() -> cudaError_t {
        if (cudaError_t error = refuse_during_capture("cudaDeviceSynchronize")) return error;
        return synchronise_device();
    });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *user_data)
{
    return runtime_call("cudaLaunchHostFunc", [&]() -> cudaError_t {
        if (function == nullptr) return cudaErrorInvalidValue;
        return enqueue(stream, cudaGraphNodeTypeHost, [=] { function(user_data); });
    });
}
}
