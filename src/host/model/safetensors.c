/* Writes safetensors files, and reads them, trusting no length, shape or offset. */
#include "model/safetensors.h"

#include <endian.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

/* The format's own limit on the header. */
#define MAX_HEADER_BYTES ((uint64_t)100000000)
enum { LENGTH_BYTES = 8, DATA_ALIGNMENT = 64 };
#define METADATA_KEY "__metadata__"

struct vae_safetensors_file {
    char *bytes;
    size_t size;
    json_t *header; /* owns names and metadata */
    vae_safetensor *tensors;
    int32_t count;
};

/* ---- Writing ---- */

const char *vae_safetensors_dtype_name(vae_dtype dtype)
{
    static const char *const names[] = {
        [VAE_UINT8] = "U8", [VAE_FLOAT32] = "F32", [VAE_FLOAT64] = "F64", [VAE_INT32] = "I32"};
    return names[dtype];
}

static size_t tensor_bytes(const vae_safetensor *tensor)
{
    return (size_t)vae_shape_elements(&tensor->shape) * vae_dtype_size(tensor->dtype);
}

static json_t *describe(const vae_safetensor *tensor, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (int32_t i = 0; i < tensor->shape.rank; ++i)
        json_array_append_new(shape, json_integer(tensor->shape.size[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", vae_safetensors_dtype_name(tensor->dtype), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

/* Adds a key that must be new. */
static vae_status add(json_t *object, const char *path, const char *key, json_t *value)
{
    if (value && !json_object_get(object, key) && !json_object_set_new(object, key, value)) return VAE_OK;
    if (value) json_decref(value);
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' cannot be written: given twice, or not UTF-8 text", path, key);
}

static vae_status build_header(json_t *header, const char *path, const vae_safetensors_text *metadata,
                               int32_t metadata_count, const vae_safetensor *tensors, int32_t tensor_count)
{
    json_t *texts = json_object();
    if (json_object_set_new(header, METADATA_KEY, texts)) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its header", path);
    }
    for (int32_t i = 0; i < metadata_count; ++i)
        VAE_TRY(add(texts, path, metadata[i].key, json_string(metadata[i].text)));
    size_t offset = 0;
    for (int32_t i = 0; i < tensor_count; ++i) {
        const size_t end = offset + tensor_bytes(&tensors[i]);
        VAE_TRY(add(header, path, tensors[i].name, describe(&tensors[i], offset, end)));
        offset = end;
    }
    return VAE_OK;
}

/* Length and JSON, filled up with spaces so that the data starts aligned; caller frees. */
static vae_status format_header(json_t *header, const char *path, char **prefix, size_t *prefix_bytes)
{
    const size_t length = json_dumpb(header, NULL, 0, JSON_COMPACT);
    const size_t total = (LENGTH_BYTES + length + DATA_ALIGNMENT - 1) / DATA_ALIGNMENT * DATA_ALIGNMENT;
    char *text = length > 0 ? malloc(total) : NULL;
    if (!text) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its header", path);
    const uint64_t little = htole64((uint64_t)(total - LENGTH_BYTES));
    memcpy(text, &little, sizeof little);
    memset(text + LENGTH_BYTES, ' ', total - LENGTH_BYTES);
    json_dumpb(header, text + LENGTH_BYTES, length, JSON_COMPACT);
    *prefix = text;
    *prefix_bytes = total;
    return VAE_OK;
}

static vae_status write_parts(const char *path, const char *prefix, size_t prefix_bytes, const vae_safetensor *tensors,
                              int32_t tensor_count)
{
    const size_t count = (size_t)tensor_count + 1;
    const void **parts = calloc(count, sizeof *parts);
    size_t *sizes = calloc(count, sizeof *sizes);
    vae_status status = VAE_OK;
    if (!parts || !sizes) {
        status = vae_error_set(VAE_ERROR_MEMORY, "%s: no memory to write it", path);
    } else {
        parts[0] = prefix;
        sizes[0] = prefix_bytes;
        for (int32_t i = 0; i < tensor_count; ++i) {
            parts[i + 1] = tensors[i].data;
            sizes[i + 1] = tensor_bytes(&tensors[i]);
        }
        status = vae_file_replace(path, parts, sizes, (int)count);
    }
    free(parts);
    free(sizes);
    return status;
}

#if __BYTE_ORDER != __LITTLE_ENDIAN
#error "safetensors are little-endian: this machine would have to swap bytes"
#endif

vae_status vae_safetensors_write(const char *path, const vae_safetensors_text *metadata, int32_t metadata_count,
                                 const vae_safetensor *tensors, int32_t tensor_count)
{
    json_t *header = json_object();
    char *prefix = NULL;
    size_t prefix_bytes = 0;
    vae_status status = header ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its header", path);
    if (!status) status = build_header(header, path, metadata, metadata_count, tensors, tensor_count);
    if (!status) status = format_header(header, path, &prefix, &prefix_bytes);
    if (!status) status = write_parts(path, prefix, prefix_bytes, tensors, tensor_count);
    free(prefix);
    json_decref(header);
    return status;
}

/* ---- Reading ---- */

static vae_status foreign(const char *path, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a safetensors file, or damaged: %s", path, what);
}

/* Finds the header's JSON; *data_bytes is what follows it. */
static vae_status parse_header(vae_safetensors_file *file, const char *path, uint64_t *data_bytes)
{
    if (file->size < LENGTH_BYTES) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a safetensors file: it has only %zu bytes", path,
                             file->size);
    }
    uint64_t length;
    memcpy(&length, file->bytes, sizeof length);
    length = le64toh(length);
    if (length > MAX_HEADER_BYTES) return foreign(path, "the length of its header is not plausible");
    if (length > file->size - LENGTH_BYTES) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is cut short, or is not a safetensors file: its header should have %" PRIu64
                             " bytes, but %zu follow",
                             path, length, file->size - LENGTH_BYTES);
    }
    if (length == 0 || file->bytes[LENGTH_BYTES] != '{') return foreign(path, "its header does not begin with '{'");
    json_error_t error;
    file->header = json_loadb(file->bytes + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!file->header) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: its header is not valid JSON at byte %d: %s", path, error.position,
                             error.text);
    }
    *data_bytes = file->size - LENGTH_BYTES - length;
    return VAE_OK;
}

static vae_status check_metadata(const vae_safetensors_file *file, const char *path)
{
    json_t *metadata = json_object_get(file->header, METADATA_KEY);
    if (!metadata) return VAE_OK;
    if (!json_is_object(metadata)) return foreign(path, METADATA_KEY " is not an object");
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value)
    {
        if (json_is_string(value)) continue;
        return vae_error_set(VAE_ERROR_FORMAT, "%s: metadata '%.64s' is not a string", path, key);
    }
    return VAE_OK;
}

static vae_status tensor_error(const char *path, const char *name, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: tensor '%.64s': %s", path, name, what);
}

static vae_status read_dtype(const char *path, const char *name, json_t *entry, vae_dtype *dtype)
{
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    if (!text) return tensor_error(path, name, "has no dtype");
    for (vae_dtype candidate = VAE_UINT8; candidate <= VAE_INT32; ++candidate) {
        if (strcmp(text, vae_safetensors_dtype_name(candidate)) != 0) continue;
        *dtype = candidate;
        return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_FORMAT, "%s: tensor '%.64s' has dtype %.16s, expected U8, F32, F64 or I32", path,
                         name, text);
}

/* The shape, and the bytes that it needs. */
static vae_status read_shape(const char *path, const char *name, json_t *entry, vae_safetensor *tensor)
{
    json_t *sizes = json_object_get(entry, "shape");
    if (!json_is_array(sizes)) return tensor_error(path, name, "has no shape");
    const size_t rank = json_array_size(sizes);
    if (rank > VAE_MAX_RANK) return tensor_error(path, name, "has more dimensions than this program supports");
    size_t bytes = vae_dtype_size(tensor->dtype);
    tensor->shape.rank = (int32_t)rank;
    for (size_t i = 0; i < rank; ++i) {
        json_t *size = json_array_get(sizes, i);
        const json_int_t value = json_integer_value(size);
        if (!json_is_integer(size) || value < 0) {
            return tensor_error(path, name, "has a size that is not a whole number");
        }
        if (__builtin_mul_overflow(bytes, (size_t)value, &bytes)) {
            return tensor_error(path, name, "has an implausibly large shape");
        }
        tensor->shape.size[i] = value;
    }
    tensor->bytes = bytes;
    return VAE_OK;
}

static vae_status read_tensor(const vae_safetensors_file *file, const char *path, const char *name, json_t *entry,
                              uint64_t data_bytes, vae_safetensor *tensor)
{
    *tensor = (vae_safetensor){.name = name};
    VAE_TRY(read_dtype(path, name, entry, &tensor->dtype));
    VAE_TRY(read_shape(path, name, entry, tensor));
    json_t *offsets = json_object_get(entry, "data_offsets");
    json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last)) {
        return tensor_error(path, name, "has no pair of data_offsets");
    }
    const json_int_t begin = json_integer_value(first), end = json_integer_value(last);
    if (begin < 0 || end < begin || (uint64_t)end > data_bytes) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: tensor '%.64s' lies at bytes %lld to %lld of data that ends at %" PRIu64
                             ": the file is cut short or damaged",
                             path, name, (long long)begin, (long long)end, data_bytes);
    }
    if ((uint64_t)(end - begin) != tensor->bytes) {
        char shape[96];
        return vae_error_set(VAE_ERROR_FORMAT, "%s: tensor '%.64s' of shape %s needs %zu bytes, but has %lld", path,
                             name, vae_shape_format(&tensor->shape, shape, sizeof shape), tensor->bytes,
                             (long long)(end - begin));
    }
    tensor->data = file->bytes + (file->size - data_bytes) + begin;
    return VAE_OK;
}

static int by_position(const void *left, const void *right)
{
    const vae_safetensor *a = left, *b = right;
    if (a->data != b->data) return (const char *)a->data < (const char *)b->data ? -1 : 1;
    /* An empty tensor shares its place with the one that follows. */
    return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

/* Each tensor must begin where the one before it ends, as the format demands. */
static vae_status check_order(const vae_safetensors_file *file, const char *path, uint64_t data_bytes)
{
    const char *next = file->bytes + (file->size - data_bytes);
    for (int32_t i = 0; i < file->count; ++i) {
        const vae_safetensor *tensor = &file->tensors[i];
        if ((const char *)tensor->data != next) {
            return tensor_error(path, tensor->name,
                                (const char *)tensor->data < next ? "overlaps another" : "has a hole before it");
        }
        next += tensor->bytes;
    }
    const size_t left = (size_t)(file->bytes + file->size - next);
    if (left == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: %zu bytes at its end belong to no tensor", path, left);
}

static vae_status read_tensors(vae_safetensors_file *file, const char *path, uint64_t data_bytes)
{
    const size_t entries = json_object_size(file->header);
    file->tensors = calloc(entries + 1, sizeof *file->tensors);
    if (!file->tensors) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its header", path);
    const char *name;
    json_t *entry;
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, METADATA_KEY) == 0) continue;
        VAE_TRY(read_tensor(file, path, name, entry, data_bytes, &file->tensors[file->count]));
        file->count++;
    }
    qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, by_position);
    return check_order(file, path, data_bytes);
}

vae_status vae_safetensors_read(const char *path, vae_safetensors_file **file)
{
    vae_safetensors_file *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    void *bytes = NULL;
    uint64_t data_bytes = 0;
    vae_status status;
    VAE_TRY_GOTO(status, failure, vae_file_read(path, (size_t)INT64_MAX, &bytes, &made->size));
    made->bytes = bytes;
    VAE_TRY_GOTO(status, failure, parse_header(made, path, &data_bytes));
    VAE_TRY_GOTO(status, failure, check_metadata(made, path));
    VAE_TRY_GOTO(status, failure, read_tensors(made, path, data_bytes));
    *file = made;
    return VAE_OK;
failure:
    vae_safetensors_free(made);
    return status;
}

void vae_safetensors_free(vae_safetensors_file *file)
{
    if (!file) return;
    json_decref(file->header);
    free(file->tensors);
    free(file->bytes);
    free(file);
}

/* ---- Access ---- */

int32_t vae_safetensors_count(const vae_safetensors_file *file)
{
    return file->count;
}

const vae_safetensor *vae_safetensors_get(const vae_safetensors_file *file, int32_t index)
{
    return &file->tensors[index];
}

const vae_safetensor *vae_safetensors_find(const vae_safetensors_file *file, const char *name)
{
    for (int32_t i = 0; i < file->count; ++i) {
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    }
    return NULL;
}

const char *vae_safetensors_metadata(const vae_safetensors_file *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, METADATA_KEY), key));
}

int32_t vae_safetensors_metadata_count(const vae_safetensors_file *file)
{
    return (int32_t)json_object_size(json_object_get(file->header, METADATA_KEY));
}

vae_safetensors_text vae_safetensors_metadata_get(const vae_safetensors_file *file, int32_t index)
{
    json_t *metadata = json_object_get(file->header, METADATA_KEY);
    void *at = json_object_iter(metadata);
    while (index-- > 0)
        at = json_object_iter_next(metadata, at);
    return (vae_safetensors_text){json_object_iter_key(at), json_string_value(json_object_iter_value(at))};
}
