/* The data set: resident on the device where it fits, else sent row by row, a step ahead. */
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/internal.h"

/* Device memory that is left to programs: parameters, activations, what the driver wants. */
enum { RESERVE_DIVISOR = 4 };

static vae_status make_resident(vae_cuda_device *device, vae_data *data)
{
    const size_t bytes = (size_t)(data->column.count * data->column.elements) * vae_dtype_size(data->column.dtype);
    size_t available, total;
    VAE_CUDA_TRY("the data set", cudaMemGetInfo, &available, &total);
    if (bytes > available - available / RESERVE_DIVISOR) return VAE_OK;
    VAE_CUDA_TRY("the data set", cudaMalloc, (void **)&data->resident, bytes);
    VAE_CUDA_TRY("the data set", cudaMemcpyAsync, data->resident, data->column.values, bytes, cudaMemcpyHostToDevice,
                 device->stream);
    VAE_CUDA_TRY("the data set", cudaStreamSynchronize, device->stream);
    return VAE_OK;
}

vae_status vae_cuda_data_create(vae_device *device, const vae_column *column, vae_data **data)
{
    vae_data *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "data set: out of memory");
    made->column = *column;
    const vae_status status = make_resident((vae_cuda_device *)device, made);
    if (status) {
        vae_cuda_data_destroy(made);
        return status;
    }
    *data = made;
    return VAE_OK;
}

void vae_cuda_data_destroy(vae_data *data)
{
    if (!data) return;
    if (data->resident) cudaFree(data->resident);
    free(data);
}

/* ---- Streaming ---- */

static vae_status open_staging(vae_cuda_staging *staging)
{
    const size_t bytes = 2 * (size_t)staging->rows * staging->row_bytes;
    VAE_CUDA_TRY("staged rows", cudaMallocHost, (void **)&staging->host, bytes);
    VAE_CUDA_TRY("staged rows", cudaMalloc, (void **)&staging->device, bytes);
    for (int i = 0; i < 2; ++i) {
        VAE_CUDA_TRY("staged rows", cudaEventCreateWithFlags, &staging->copied[i], cudaEventDisableTiming);
        VAE_CUDA_TRY("staged rows", cudaEventCreateWithFlags, &staging->gathered[i], cudaEventDisableTiming);
    }
    return VAE_OK;
}

vae_status vae_cuda_staging_create(const vae_data *data, int64_t rows, vae_cuda_staging **staging)
{
    vae_cuda_staging *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "staged rows: out of memory");
    made->rows = rows;
    made->row_bytes = (size_t)data->column.elements * vae_dtype_size(data->column.dtype);
    *staging = made;
    return open_staging(made);
}

void vae_cuda_staging_destroy(vae_cuda_staging *staging)
{
    if (!staging) return;
    for (int i = 0; i < 2; ++i) {
        if (staging->copied[i]) cudaEventDestroy(staging->copied[i]);
        if (staging->gathered[i]) cudaEventDestroy(staging->gathered[i]);
    }
    if (staging->device) cudaFree(staging->device);
    if (staging->host) cudaFreeHost(staging->host);
    free(staging);
}

vae_status vae_cuda_staging_send(vae_executable *executable, bool shuffle, vae_cuda_step *record)
{
    vae_cuda_staging *staging = executable->staging;
    const int half = (int)(executable->runs % 2);
    const size_t row_bytes = staging->row_bytes, bytes = (size_t)staging->rows * row_bytes;
    uint8_t *host = staging->host + (size_t)half * bytes, *device = staging->device + (size_t)half * bytes;
    const cudaStream_t copies = executable->device->copies;
    /* The host may write again once this half's last copy has left it, the copy begin once its last reader is done. */
    VAE_CUDA_TRY("staged rows", cudaEventSynchronize, staging->copied[half]);
    const uint8_t *values = executable->data->column.values;
    for (int64_t r = 0; r < staging->rows; ++r) {
        uint64_t position = (uint64_t)(record->first + r);
        if (shuffle) position = vae_permutation_apply(&record->permutation, position);
        memcpy(host + (size_t)r * row_bytes, values + position * row_bytes, row_bytes);
    }
    VAE_CUDA_TRY("staged rows", cudaStreamWaitEvent, copies, staging->gathered[half], 0);
    VAE_CUDA_TRY("staged rows", cudaMemcpyAsync, device, host, bytes, cudaMemcpyHostToDevice, copies);
    VAE_CUDA_TRY("staged rows", cudaEventRecord, staging->copied[half], copies);
    VAE_CUDA_TRY("staged rows", cudaStreamWaitEvent, executable->device->stream, staging->copied[half], 0);
    record->first = half * staging->rows;
    return VAE_OK;
}

vae_status vae_cuda_staging_release(vae_executable *executable)
{
    const int half = (int)((executable->runs - 1) % 2);
    VAE_CUDA_TRY("staged rows", cudaEventRecord, executable->staging->gathered[half], executable->device->stream);
    return VAE_OK;
}
