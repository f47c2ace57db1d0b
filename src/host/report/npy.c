#include "report/npy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

#define MAX_FILE_BYTES ((size_t)1 << 40)

vae_status vae_npy_write_float32(const char *path, const float *values, int rank, const int64_t *sizes)
{
    if (rank < 0 || rank > VAE_NPY_MAX_RANK) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: an array of %d dimensions, but at most %d can be written", path,
                             rank, VAE_NPY_MAX_RANK);
    }
    size_t count = 1;
    for (int i = 0; i < rank; ++i)
        count *= (size_t)sizes[i];
    uint8_t header[VAE_NPY_HEADER_SIZE];
    size_t header_size;
    vae_npy_header_make("<f4", rank, sizes, 0, header, &header_size);
    const void *parts[] = {header, values};
    const size_t part_sizes[] = {header_size, count * sizeof *values};
    return vae_file_write_atomic(path, parts, part_sizes, 2);
}

static float read_value(const uint8_t *data, const char *type, int64_t index)
{
    if (strcmp(type, "<f4") == 0) {
        float value;
        memcpy(&value, data + index * 4, sizeof value);
        return value;
    }
    if (strcmp(type, "<f8") == 0) {
        double value;
        memcpy(&value, data + index * 8, sizeof value);
        return (float)value;
    }
    return (float)data[index] / 255.0f;
}

static vae_status convert(const char *path, const uint8_t *data, size_t size, vae_npy_array *array)
{
    static const char *const taken[] = {"<f4", "<f8", "|u1", NULL};
    vae_npy_header header;
    VAE_TRY(vae_npy_header_parse(path, data, size, &header));
    array->rank = header.rank;
    memcpy(array->sizes, header.sizes, sizeof header.sizes);
    array->count = header.count;
    const size_t width = vae_npy_type_size(header.type, taken);
    if (width == 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: holds numbers of type '%s', but '<f4', '<f8' or '|u1' are read",
                             path, header.type);
    }
    const size_t found = (size - header.data_offset) / width;
    if (found != (size_t)array->count || (size - header.data_offset) % width != 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: its shape needs %" PRId64 " numbers, but %zu are there", path,
                             array->count, found);
    }
    array->values = malloc((size_t)array->count * sizeof *array->values + 1);
    if (!array->values) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    for (int64_t i = 0; i < array->count; ++i) {
        array->values[i] = read_value(data + header.data_offset, header.type, i);
    }
    return VAE_OK;
}

vae_status vae_npy_read_float32(const char *path, vae_npy_array *array)
{
    void *data;
    size_t size;
    *array = (vae_npy_array){0};
    VAE_TRY(vae_file_read(path, MAX_FILE_BYTES, &data, &size));
    const vae_status status = convert(path, data, size, array);
    free(data);
    return status;
}

void vae_npy_free(vae_npy_array *array)
{
    free(array->values);
    *array = (vae_npy_array){0};
}
