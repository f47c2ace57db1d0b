/* Arrays in .npy files as float32: written whole, and read from floats or unsigned bytes. */
#include "core/npy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/array_order.h"
#include "core/file.h"
#include "core/number_type.h"

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

static vae_status check_type(const char *path, const char *name, vae_number_type *type)
{
    const bool known = vae_number_type_parse(name, type);
    if (known && (type->kind == 'f' || (type->kind == 'u' && type->size == 1))) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: holds numbers of type '%s', but only floats and unsigned bytes can be read", path, name);
}

static vae_status convert(const char *path, const uint8_t *data, size_t size, vae_npy_array *array)
{
    vae_npy_header header;
    vae_number_type type;
    VAE_TRY(vae_npy_header_parse(path, data, size, &header));
    VAE_TRY(check_type(path, header.type, &type));
    array->rank = header.rank;
    memcpy(array->sizes, header.sizes, sizeof header.sizes);
    array->count = header.count;
    const size_t width = (size_t)type.size, found = (size - header.data_offset) / width;
    if (found != (size_t)array->count || (size - header.data_offset) % width != 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: its shape needs %" PRId64 " numbers, but %zu are there", path,
                             array->count, found);
    }
    array->values = malloc((size_t)array->count * sizeof *array->values + 1);
    if (!array->values) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_array_order order = vae_array_order_make(header.rank, header.sizes, header.fortran_order);
    const double unit = type.kind == 'u' ? 255.0 : 1.0;
    for (int64_t i = 0; i < array->count; ++i) {
        const uint8_t *number = data + header.data_offset + (size_t)vae_array_order_next(&order) * width;
        array->values[i] = (float)(vae_number_read(&type, number) / unit);
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
