/* The data set: resident on the device where it fits, else sent row by row, a step ahead. */
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/internal.h"

/* Device memory that is left to programs: parameters, activations, what the driver wants. */
enum { RESERVE_DIVISOR = 4 };

/* The numbers of all items. */
static size_t column_bytes(const vae_column *column)
{
    const int64_t rows = column->offsets ? column->offsets[column->count] : column->count;
    return (size_t)(rows * column->elements) * vae_dtype_size(column->dtype);
}

static vae_status copy_to_device(vae_cuda_device *device, const void *from, size_t bytes, void **to)
{
    *to = NULL;
    if (!from) return VAE_OK;
    VAE_CUDA_TRY("the data set", cudaMalloc, to, bytes);
    VAE_CUDA_TRY("the data set", cudaMemcpyAsync, *to, from, bytes, cudaMemcpyHostToDevice, device->stream);
    VAE_CUDA_TRY("the data set", cudaStreamSynchronize, device->stream);
    return VAE_OK;
}

static vae_status make_resident(vae_cuda_device *device, vae_data *data)
{
    const vae_column *column = &data->column;
    const size_t bytes = column_bytes(column), each = (size_t)column->count * sizeof(int64_t);
    const size_t tables = (column->offsets ? each + sizeof(int64_t) : 0) + (column->order ? each : 0);
    size_t available, total;
    VAE_CUDA_TRY("the data set", cudaMemGetInfo, &available, &total);
    if (bytes + tables > available - available / RESERVE_DIVISOR) return VAE_OK;
    VAE_TRY(copy_to_device(device, column->offsets, each + sizeof(int64_t), (void **)&data->sequences.offsets));
    VAE_TRY(copy_to_device(device, column->order, each, (void **)&data->sequences.order));
    return copy_to_device(device, column->values, bytes, (void **)&data->resident);
}

vae_status vae_cuda_data_create(vae_device *device, const vae_column *column, vae_data **data)
{
    vae_data *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "data set: out of memory");
    made->column = *column;
    made->sequences.integers = column->dtype == VAE_INT32;
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
    if (data->sequences.offsets) cudaFree((void *)data->sequences.offsets);
    if (data->sequences.order) cudaFree((void *)data->sequences.order);
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

vae_status vae_cuda_staging_create(const vae_data *data, const vae_program *program, const vae_op *gather,
                                   vae_cuda_staging **staging)
{
    const bool sequences = gather->kind == VAE_OP_GATHER_SEQUENCE;
    vae_cuda_staging *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "staged rows: out of memory");
    made->rows = program->batch_rows;
    made->row_bytes = (size_t)data->column.elements * vae_dtype_size(data->column.dtype);
    if (sequences) {
        made->row_bytes *= (size_t)gather->attributes.gather_sequence.steps;
        made->row_bytes += VAE_CUDA_SEQUENCE_HEADER;
        /* Each begins where an int64_t may. */
        made->row_bytes =
            (made->row_bytes + VAE_CUDA_SEQUENCE_HEADER - 1) / VAE_CUDA_SEQUENCE_HEADER * VAE_CUDA_SEQUENCE_HEADER;
    }
    made->gather = gather;
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

/* Place p of the data set, a row, to where it is staged. */
static void stage_row(const vae_executable *executable, uint64_t place, uint8_t *to)
{
    const size_t bytes = executable->staging->row_bytes;
    memcpy(to, (const uint8_t *)executable->data->column.values + place * bytes, bytes);
}

/* Place p of a bucket, a sequence. */
static void stage_sequence(const vae_executable *executable, uint64_t place, uint8_t *to)
{
    const vae_column *column = &executable->data->column;
    const vae_gather_sequence *gather = &executable->staging->gather->attributes.gather_sequence;
    const size_t row = (size_t)column->elements * vae_dtype_size(column->dtype);
    const int64_t at = gather->first + (int64_t)place, item = column->order ? column->order[at] : at;
    const int64_t begin = column->offsets[item], length = column->offsets[item + 1] - begin;
    const int64_t kept = length < gather->steps ? length : gather->steps;
    memcpy(to, &kept, sizeof kept);
    memcpy(to + VAE_CUDA_SEQUENCE_HEADER, (const uint8_t *)column->values + (size_t)begin * row, (size_t)kept * row);
}

/* What a step reads, side by side in its order. */
static void stage_all(const vae_executable *executable, const vae_cuda_step *record, uint8_t *host)
{
    const vae_cuda_staging *staging = executable->staging;
    const bool sequences = staging->gather->kind == VAE_OP_GATHER_SEQUENCE;
    const bool shuffle =
        sequences ? staging->gather->attributes.gather_sequence.shuffle : staging->gather->attributes.gather.shuffle;
    const int64_t rows = sequences && record->rows > 0 ? record->rows : staging->rows;
    for (int64_t r = 0; r < rows; ++r) {
        uint64_t place = (uint64_t)(record->first + r);
        if (shuffle) place = vae_permutation_apply(&record->permutation, place);
        (sequences ? stage_sequence : stage_row)(executable, place, host + (size_t)r * staging->row_bytes);
    }
}

vae_status vae_cuda_staging_send(vae_executable *executable, vae_cuda_step *record)
{
    vae_cuda_staging *staging = executable->staging;
    const int half = (int)(executable->runs % 2);
    const size_t bytes = (size_t)staging->rows * staging->row_bytes;
    uint8_t *host = staging->host + (size_t)half * bytes, *device = staging->device + (size_t)half * bytes;
    const cudaStream_t copies = executable->device->copies;
    /* The host may write again once this half's last copy has left it, the copy begin once its last reader is done. */
    VAE_CUDA_TRY("staged rows", cudaEventSynchronize, staging->copied[half]);
    stage_all(executable, record, host);
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
