/* From launches to a graph. */
#include "backend/cuda/internal.h"

static vae_status record(const vae_executable *executable, cudaEvent_t event)
{
    VAE_CUDA_TRY(executable->program->name, cudaEventRecordWithFlags, event, executable->device->stream,
                 cudaEventRecordExternal);
    return VAE_OK;
}

/* events: two in front of the first launch, and one behind each; NULL: none. */
static vae_status launch_all(const vae_executable *executable, int32_t first, int32_t count, const cudaEvent_t *events)
{
    if (events) {
        VAE_TRY(record(executable, events[0]));
        VAE_TRY(record(executable, events[1]));
    }
    for (int32_t i = 0; i < count; ++i) {
        VAE_TRY(vae_cuda_launch(executable, first + i));
        if (events) VAE_TRY(record(executable, events[i + 2]));
    }
    return VAE_OK;
}

vae_status vae_cuda_capture(const vae_executable *executable, int32_t first, int32_t count, const cudaEvent_t *events,
                            cudaGraph_t *graph)
{
    const cudaStream_t stream = executable->device->stream;
    *graph = NULL;
    VAE_CUDA_TRY(executable->program->name, cudaStreamBeginCapture, stream, cudaStreamCaptureModeThreadLocal);
    vae_status status = launch_all(executable, first, count, events);
    const cudaError_t error = cudaStreamEndCapture(stream, graph);
    if (!status && error) status = vae_cuda_failure(error, "cudaStreamEndCapture", executable->program->name);
    if (status && *graph) {
        cudaGraphDestroy(*graph);
        *graph = NULL;
    }
    return status;
}
