#include "report/npy.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

enum { MAGIC_SIZE = 10, HEADER_ALIGNMENT = 64 };

#define MAX_FILE_BYTES ((size_t)1 << 40)

static const char magic[] = "\x93NUMPY";

/* ---- Writing ---- */

vae_status vae_npy_write_float32(const char *path, const float *values, int rank, const int64_t *sizes)
{
    if (rank < 0 || rank > VAE_NPY_MAX_RANK) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: an array of %d dimensions, but at most %d can be written", path,
                             rank, VAE_NPY_MAX_RANK);
    }
    char shape[VAE_NPY_MAX_RANK * 22 + 1] = "";
    size_t used = 0, count = 1;
    for (int i = 0; i < rank; ++i) {
        used +=
            (size_t)snprintf(shape + used, sizeof shape - used, "%" PRId64 ",%s", sizes[i], i + 1 < rank ? " " : "");
        count *= (size_t)sizes[i];
    }
    char header[512];
    const int length = snprintf(header + MAGIC_SIZE, sizeof header - MAGIC_SIZE,
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    /* Blanks and a newline bring the data to a multiple of 64 bytes. */
    const size_t text_end = MAGIC_SIZE + (size_t)length;
    const size_t total = (text_end + 1 + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
    memset(header + text_end, ' ', total - text_end);
    header[total - 1] = '\n';
    memcpy(header, magic, 6);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((total - MAGIC_SIZE) & 0xFF);
    header[9] = (char)((total - MAGIC_SIZE) >> 8);
    const void *parts[] = {header, values};
    const size_t part_sizes[] = {total, count * sizeof *values};
    return vae_file_write_atomic(path, parts, part_sizes, 2);
}

/* ---- Reading ---- */

typedef struct npy_header {
    char type[8];
    bool fortran_order;
    size_t data_offset;
} npy_header;

static vae_status damaged(const char *path, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is no readable .npy file: %s", path, what);
}

/* The text after 'name': in the header's Python dictionary, or NULL. */
static const char *find_entry(const char *text, const char *name)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s':", name);
    const char *at = strstr(text, quoted);
    if (!at) return NULL;
    at += strlen(quoted);
    while (*at == ' ')
        ++at;
    return at;
}

static vae_status parse_shape(const char *path, const char *text, vae_npy_array *array)
{
    if (!text || *text != '(') return damaged(path, "it has no shape");
    ++text;
    array->rank = 0;
    array->count = 1;
    while (*text && *text != ')') {
        if (isspace((unsigned char)*text) || *text == ',') {
            ++text;
            continue;
        }
        char *end;
        errno = 0;
        const long long size = strtoll(text, &end, 10);
        if (end == text || errno || size < 0) return damaged(path, "its shape cannot be read");
        if (array->rank == VAE_NPY_MAX_RANK) return damaged(path, "it has more than 8 dimensions");
        if (size > 0 && array->count > INT64_MAX / 16 / size) return damaged(path, "its shape is too large");
        array->sizes[array->rank++] = size;
        array->count *= size;
        text = end;
    }
    if (!*text) return damaged(path, "its shape cannot be read");
    return VAE_OK;
}

static vae_status parse_dictionary(const char *path, const char *text, npy_header *header, vae_npy_array *array)
{
    const char *type = find_entry(text, "descr"), *order = find_entry(text, "fortran_order");
    if (!type || !order) return damaged(path, "its header is incomplete");
    const size_t length = *type == '\'' ? strcspn(type + 1, "'") : 0;
    if (length == 0 || length >= sizeof header->type) return damaged(path, "its type is not a plain number");
    memcpy(header->type, type + 1, length);
    header->type[length] = '\0';
    header->fortran_order = strncmp(order, "True", 4) == 0;
    return parse_shape(path, find_entry(text, "shape"), array);
}

static vae_status parse_header(const char *path, const uint8_t *data, size_t size, npy_header *header,
                               vae_npy_array *array)
{
    if (size < MAGIC_SIZE || memcmp(data, magic, 6) != 0) return damaged(path, "it does not begin as one");
    if (data[6] < 1 || data[6] > 3) return damaged(path, "its format version is not 1, 2 or 3");
    const bool long_header = data[6] >= 2;
    const size_t start = long_header ? 12 : 10;
    if (size < start) return damaged(path, "it is cut short");
    const size_t length = long_header
                              ? (size_t)data[8] | (size_t)data[9] << 8 | (size_t)data[10] << 16 | (size_t)data[11] << 24
                              : (size_t)data[8] | (size_t)data[9] << 8;
    if (length > size - start) return damaged(path, "its header is cut short");
    header->data_offset = start + length;
    char *text = strndup((const char *)data + start, length);
    if (!text) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    const vae_status status = parse_dictionary(path, text, header, array);
    free(text);
    return status;
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
    npy_header header;
    VAE_TRY(parse_header(path, data, size, &header, array));
    const size_t width = strcmp(header.type, "<f4") == 0   ? 4
                         : strcmp(header.type, "<f8") == 0 ? 8
                         : strcmp(header.type, "|u1") == 0 ? 1
                                                           : 0;
    if (width == 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: holds numbers of type '%s', but '<f4', '<f8' or '|u1' are read",
                             path, header.type);
    }
    if (header.fortran_order && array->rank > 1) return damaged(path, "it is in Fortran order; save it in C order");
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
