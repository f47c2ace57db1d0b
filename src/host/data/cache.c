/* Opens a cached file, or writes it aside under a lock, so that of several processes one decodes and others wait. */
#include "data/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"
#include "core/npy_header.h"
#include "data/collect.h"
#include "data/mapping.h"

enum { VALUES_AT = 4096 };

/* The last bytes of the file, in this machine's own order: a cache is not an exchange format. */
typedef struct note {
    char magic[8];
    int64_t count, height, width, channels, stored, skipped, labelled, names_bytes, names_differ, binary, class_bytes,
        classes, column_bytes, column_names, dtype, levels;
    vae_remarks remarks;
} note;

static const char magic[8] = "vaecach8";

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

/* A copy of what lies in the mapping; NULL for no bytes. */
static vae_status copy_of(const char *path, const uint8_t *from, size_t bytes, void *copy)
{
    void *made = bytes ? malloc(bytes) : NULL;
    if (bytes && !made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for labels and names", path);
    if (bytes) memcpy(made, from, bytes);
    memcpy(copy, &made, sizeof made);
    return VAE_OK;
}

static vae_status take(const char *path, const note *end, vae_mapping *mapping, vae_dataset *dataset)
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
    vae_status status = copy_of(path, behind, labels, &dataset->labels);
    const uint8_t *classes = behind + labels, *columns = classes + end->class_bytes;
    const uint8_t *names = columns + end->column_bytes;
    if (!status) status = vae_classes_add_all(&dataset->classes, (const char *)classes, end->classes);
    if (!status) status = vae_classes_add_all(&dataset->column_names, (const char *)columns, end->column_names);
    if (!status) status = copy_of(path, names, dataset->names_bytes, &dataset->names);
    if (!status) return VAE_OK;
    free(dataset->labels);
    vae_classes_free(&dataset->classes);
    vae_classes_free(&dataset->column_names);
    *dataset = (vae_dataset){0};
    return status;
}

/* *found: a whole file was there. */
static vae_status open_cached(const char *path, bool *found, vae_dataset *dataset)
{
    note end;
    vae_mapping mapping;
    *found = false;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return VAE_OK;
    if (file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    vae_status status = vae_mapping_open(file, path, &mapping);
    close(file);
    if (status) return status;
    *found = interpret(&mapping, &end);
    if (*found) {
        status = take(path, &end, &mapping, dataset);
        if (!status) return VAE_OK;
    }
    vae_mapping_close(&mapping);
    return status;
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

static vae_status write_images(int file, const char *path, vae_source *source, const vae_read_options *options)
{
    vae_dataset dataset = {0};
    file_sink sink = {{reserve, commit}, .file = file, .path = path};
    if (ftruncate(file, 0) || lseek(file, VALUES_AT, SEEK_SET) < 0) {
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    vae_status status = vae_collect_images(source, options, &sink.base, &dataset);
    free(sink.piece);
    if (!status) status = write_end(file, path, &dataset);
    free(dataset.labels);
    vae_classes_free(&dataset.classes);
    vae_classes_free(&dataset.column_names);
    free(dataset.names);
    if (!status && fsync(file))
        status = vae_error_set(VAE_ERROR_IO, "%s: cannot be flushed to disk: %s", path, strerror(errno));
    return status;
}

/* Opens the file that is written aside, alone: others who want the same wait here until it is done. */
static vae_status lock_partial(const char *partial, int *file)
{
    for (;;) {
        struct stat information;
        *file = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (*file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be created: %s", partial, strerror(errno));
        if (flock(*file, LOCK_EX) == 0 && fstat(*file, &information) == 0 && information.st_nlink > 0) return VAE_OK;
        const int reason = errno;
        const bool failed = fstat(*file, &information) != 0 || information.st_nlink > 0;
        close(*file);
        if (failed) return vae_error_set(VAE_ERROR_IO, "%s: cannot be locked: %s", partial, strerror(reason));
        /* Who held the lock has removed or renamed the file: another is to be made. */
    }
}

/* Under the lock: unless another was quicker. */
static vae_status make(const char *path, const char *partial, int file, vae_source *source,
                       const vae_read_options *options, vae_dataset *dataset)
{
    bool found;
    vae_status status = open_cached(path, &found, dataset);
    if (!status && !found) status = write_images(file, partial, source, options);
    if (status || found) {
        unlink(partial);
        return status;
    }
    if (rename(partial, path)) {
        status = vae_error_set(VAE_ERROR_IO, "%s: cannot be replaced: %s", path, strerror(errno));
        unlink(partial);
        return status;
    }
    VAE_TRY(open_cached(path, &found, dataset));
    return found ? VAE_OK : vae_error_set(VAE_ERROR_IO, "%s: was changed while it was written", path);
}

vae_status vae_cache_images(const char *path, vae_source *source, const vae_read_options *options, vae_dataset *dataset)
{
    char partial[2 * VAE_PATH_SIZE + 16];
    bool found;
    int file;
    *dataset = (vae_dataset){0};
    VAE_TRY(open_cached(path, &found, dataset));
    if (found) return VAE_OK;
    snprintf(partial, sizeof partial, "%s.partial", path);
    VAE_TRY(lock_partial(partial, &file));
    const vae_status status = make(path, partial, file, source, options, dataset);
    close(file);
    return status;
}
