/* Cached images: what stands in such a file, and how it is written. */
#include "data/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/npy_header.h"
#include "data/cached_file.h"
#include "data/collect.h"

enum { VALUES_AT = 4096 };

/* The last bytes of the file, in this machine's own order: a cache is not an exchange format. */
typedef struct note {
    char magic[8];
    int64_t count, height, width, channels, stored, skipped, labelled, names_bytes, names_differ, binary, class_bytes,
        classes, column_bytes, column_names, dtype, levels;
    vae_remarks remarks;
} note;

static const char magic[8] = "vaecach9";

/* ---- Reading ---- */

/* Whether the mapping is a whole file of the cache; fills everything but labels. */
static bool interpret(const vae_mapping *mapping, note *end)
{
    if (mapping->bytes < VALUES_AT + sizeof *end) return false;
    memcpy(end, mapping->start + mapping->bytes - sizeof *end, sizeof *end);
    if (memcmp(end->magic, magic, sizeof magic) != 0 || end->count < 1 || end->height < 1) return false;
    if (end->dtype != VAE_UINT8 && end->dtype != VAE_FLOAT32) return false;
    const size_t numbers = (size_t)end->count * (size_t)end->height * (size_t)end->width * (size_t)end->channels;
    const size_t values = numbers * vae_dtype_size((vae_dtype)end->dtype);
    const size_t labels = end->labelled ? (size_t)end->count * sizeof(int32_t) : 0;
    const size_t texts = (size_t)end->class_bytes + (size_t)end->column_bytes + (size_t)end->names_bytes;
    return mapping->bytes == VALUES_AT + values + labels + texts + sizeof *end;
}

static vae_status fill(const char *path, const note *end, const vae_mapping *mapping, vae_dataset *dataset)
{
    *dataset = (vae_dataset){
        .values = mapping->start + VALUES_AT,
        .mapping = *mapping,
        .count = end->count,
        .height = end->height,
        .width = end->width,
        .channels = end->channels,
        .dtype = (vae_dtype)end->dtype,
        .levels = end->levels != 0,
        .stored = end->stored,
        .skipped = end->skipped,
        .names_bytes = (size_t)end->names_bytes,
        .names_differ = end->names_differ != 0,
        .remarks = end->remarks,
        .binary = end->binary != 0,
    };
    const size_t labels = end->labelled ? (size_t)end->count * sizeof(int32_t) : 0;
    const uint8_t *behind = dataset->values + end->count * vae_dataset_row_bytes(dataset);
    vae_status status = vae_cached_copy(path, behind, labels, &dataset->labels);
    const uint8_t *classes = behind + labels, *columns = classes + end->class_bytes;
    const uint8_t *names = columns + end->column_bytes;
    if (!status) status = vae_classes_add_all(&dataset->classes, (const char *)classes, end->classes);
    if (!status) status = vae_classes_add_all(&dataset->column_names, (const char *)columns, end->column_names);
    if (!status) status = vae_cached_copy(path, names, dataset->names_bytes, &dataset->names);
    if (!status) return VAE_OK;
    free(dataset->labels);
    vae_classes_free(&dataset->classes);
    vae_classes_free(&dataset->column_names);
    *dataset = (vae_dataset){0};
    return status;
}

typedef struct images {
    vae_source *source;
    const vae_read_options *options;
    vae_dataset *dataset;
} images;

static vae_status take(void *context, const char *path, vae_mapping *mapping, bool *taken)
{
    const images *i = context;
    note end;
    *taken = interpret(mapping, &end);
    return *taken ? fill(path, &end, mapping, i->dataset) : VAE_OK;
}

/* ---- Writing ---- */

typedef struct file_sink {
    vae_sink base;
    int file;
    const char *path;
    uint8_t *piece;
    int64_t room;
} file_sink;

static vae_status reserve(vae_sink *sink, int64_t bytes, uint8_t **target)
{
    file_sink *s = (file_sink *)sink;
    if (bytes > s->room) {
        uint8_t *grown = realloc(s->piece, (size_t)bytes);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", s->path);
        s->piece = grown;
        s->room = bytes;
    }
    *target = s->piece;
    return VAE_OK;
}

static vae_status commit(vae_sink *sink, int64_t bytes)
{
    file_sink *s = (file_sink *)sink;
    return vae_file_write_open(s->file, s->path, s->piece, (size_t)bytes);
}

static vae_status write_end(int file, const char *path, const vae_dataset *dataset)
{
    const int64_t sizes[] = {dataset->count, dataset->height, dataset->width, dataset->channels};
    uint8_t header[VAE_NPY_HEADER_SIZE];
    size_t size;
    note end = {.count = dataset->count,
                .height = dataset->height,
                .width = dataset->width,
                .channels = dataset->channels,
                .stored = dataset->stored,
                .skipped = dataset->skipped,
                .labelled = dataset->labels != NULL,
                .names_bytes = (int64_t)dataset->names_bytes,
                .names_differ = dataset->names_differ,
                .remarks = dataset->remarks,
                .dtype = dataset->dtype,
                .levels = dataset->levels,
                .binary = dataset->binary,
                .class_bytes = (int64_t)dataset->classes.bytes,
                .classes = dataset->classes.count,
                .column_bytes = (int64_t)dataset->column_names.bytes,
                .column_names = dataset->column_names.count};
    memcpy(end.magic, magic, sizeof magic);
    if (dataset->labels) {
        VAE_TRY(vae_file_write_open(file, path, dataset->labels, (size_t)dataset->count * sizeof *dataset->labels));
    }
    if (dataset->classes.names) {
        VAE_TRY(vae_file_write_open(file, path, dataset->classes.names, dataset->classes.bytes));
    }
    if (dataset->column_names.names) {
        VAE_TRY(vae_file_write_open(file, path, dataset->column_names.names, dataset->column_names.bytes));
    }
    if (dataset->names) VAE_TRY(vae_file_write_open(file, path, dataset->names, dataset->names_bytes));
    VAE_TRY(vae_file_write_open(file, path, &end, sizeof end));
    /* The header last: only now is the number of images known. */
    vae_npy_header_make(dataset->dtype == VAE_FLOAT32 ? "<f4" : "|u1", 4, sizes, VALUES_AT, header, &size);
    if (lseek(file, 0, SEEK_SET) < 0) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    return vae_file_write_open(file, path, header, size);
}

static vae_status write_images(void *context, int file, const char *path)
{
    const images *i = context;
    vae_dataset dataset = {0};
    file_sink sink = {{reserve, commit}, .file = file, .path = path};
    if (lseek(file, VALUES_AT, SEEK_SET) < 0) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    vae_status status = vae_collect_images(i->source, i->options, &sink.base, &dataset);
    free(sink.piece);
    if (!status) status = write_end(file, path, &dataset);
    free(dataset.labels);
    vae_classes_free(&dataset.classes);
    vae_classes_free(&dataset.column_names);
    free(dataset.names);
    return status;
}

vae_status vae_cache_images(const char *path, vae_source *source, const vae_read_options *options, vae_dataset *dataset)
{
    images i = {source, options, dataset};
    *dataset = (vae_dataset){0};
    return vae_cached_file_make(path, &(vae_cached_file){&i, take, write_images});
}
