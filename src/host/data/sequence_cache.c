/* Cached sequences: values are written as they come, the rest to files without a name, which are added at the end. */
#define _GNU_SOURCE /* mkostemp, NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include "data/sequence_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "data/cached_file.h"
#include "data/disk.h"
#include "data/format.h"
#include "data/sequence_shape.h"
#include "data/sequence_store.h"

/* The last bytes of the file, in this machine's own order: a cache is not an exchange format. Texts are names, one
 * after the other, each with its zero byte. */
typedef struct note {
    char magic[8];
    int64_t kind, count, rows, truncated, labelled, vocabulary, vocabulary_bytes, classes, class_bytes, name_bytes,
        names_differ;
    vae_remarks remarks;
} note;

static const char magic[8] = "vaeseqs4";

/* ---- The name ---- */

static void hash_options(const vae_sequence_options *options, vae_hash *hash)
{
    vae_hash_add_integer(hash, options->kind);
    vae_hash_add_text(hash, options->part ? options->part : "");
    vae_hash_add_integer(hash, options->limit);
    vae_hash_add_integer(hash, options->max_length);
    vae_hash_add_integer(hash, options->tokens);
    vae_hash_add_integer(hash, options->vocabulary_size);
    vae_hash_add_integer(hash, options->min_count);
    vae_hash_add(hash, &options->simplify, sizeof options->simplify);
    vae_hash_add_integer(hash, options->unrecognized);
    vae_hash_add_integer(hash, options->music.part);
    vae_hash_add_integer(hash, options->music.bars);
    vae_hash_add_integer(hash, options->music.steps_per_quarter);
    vae_hash_add_integer(hash, options->music.any_metre);
    vae_hash_add_integer(hash, options->music.deduplicate);
    vae_hash_add_integer(hash, options->music.transpose);
    if (options->known) vae_hash_add(hash, options->known->names, options->known->bytes);
}

static vae_status find_digits(const vae_sequence_source *source, char name[VAE_HASH_TEXT + 8])
{
    char digits[VAE_HASH_TEXT];
    vae_hash hash = {.length = 0};
    vae_hash_add_text(&hash, "vae-cuda sequences 4");
    VAE_TRY(vae_hash_add_file(&hash, source->file));
    if (source->format->add_to_hash) VAE_TRY(source->format->add_to_hash(source, &hash));
    vae_hash_add_text(&hash, source->key);
    hash_options(source->options, &hash);
    vae_hash_format(&hash, digits);
    snprintf(name, VAE_HASH_TEXT + 8, "%s.seq", digits);
    return VAE_OK;
}

static vae_status find_path(const vae_sequence_source *source, const char *folder, char path[2 * VAE_PATH_SIZE])
{
    char name[VAE_HASH_TEXT + 8];
    VAE_TRY(find_digits(source, name));
    return vae_path_join(path, 2 * VAE_PATH_SIZE, folder, name);
}

bool vae_sequence_cache_exists(const vae_sequence_source *source)
{
    char folder[VAE_PATH_SIZE], path[2 * VAE_PATH_SIZE];
    return !vae_disk_find_folder(source->options->cache, folder) && !find_path(source, folder, path) &&
           vae_path_exists(path);
}

/* ---- Reading ---- */

/* Where the parts of the file begin; `end` is its size without the note. */
typedef struct places {
    size_t offsets, labels, vocabulary, classes, names, end;
} places;

static size_t value_bytes(vae_kind kind, int64_t rows)
{
    return (size_t)rows * (size_t)vae_sequence_shape_of(kind)->elements *
           vae_dtype_size(vae_sequence_shape_of(kind)->dtype);
}

/* Offsets are read where they lie, so they begin at a multiple of their size. */
static size_t align(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

static places find_places(const note *n)
{
    places p = {.offsets = align(value_bytes((vae_kind)n->kind, n->rows))};
    p.labels = p.offsets + (size_t)(n->count + 1) * sizeof(int64_t);
    p.vocabulary = p.labels + (n->labelled ? (size_t)n->count * sizeof(int32_t) : 0);
    p.classes = p.vocabulary + (size_t)n->vocabulary_bytes;
    p.names = p.classes + (size_t)n->class_bytes;
    p.end = p.names + (size_t)n->name_bytes;
    return p;
}

static bool interpret(const vae_mapping *mapping, vae_kind kind, note *n)
{
    if (mapping->bytes < sizeof *n) return false;
    memcpy(n, mapping->start + mapping->bytes - sizeof *n, sizeof *n);
    if (memcmp(n->magic, magic, sizeof magic) != 0 || n->kind != (int64_t)kind || n->count < 1) return false;
    return mapping->bytes == find_places(n).end + sizeof *n;
}

static vae_status fill(const char *path, const note *n, const vae_mapping *mapping, vae_dataset *dataset)
{
    const places p = find_places(n);
    const uint8_t *start = mapping->start;
    const vae_kind kind = (vae_kind)n->kind;
    *dataset = (vae_dataset){
        .kind = kind,
        .values = mapping->start,
        .offsets = (void *)(mapping->start + p.offsets),
        .dtype = vae_sequence_shape_of(kind)->dtype,
        .truncated = n->truncated,
        .count = n->count,
        .names_bytes = (size_t)n->name_bytes,
        .names_differ = n->names_differ != 0,
        .height = 1,
        .width = 1,
        .channels = vae_sequence_shape_of(kind)->elements,
        .remarks = n->remarks,
        .mapping = *mapping,
    };
    vae_status status = vae_cached_copy(path, start + p.labels, p.vocabulary - p.labels, &dataset->labels);
    if (!status) status = vae_cached_copy(path, start + p.names, p.end - p.names, &dataset->names);
    if (!status) {
        status = vae_classes_add_all(&dataset->vocabulary, (const char *)start + p.vocabulary, n->vocabulary);
    }
    if (!status) status = vae_classes_add_all(&dataset->classes, (const char *)start + p.classes, n->classes);
    if (!status) return VAE_OK;
    dataset->mapping = (vae_mapping){0}; /* the caller's still, and with it what points there */
    dataset->values = NULL;
    dataset->offsets = NULL;
    vae_dataset_free(dataset);
    return status;
}

typedef struct cached {
    vae_sequence_source *source;
    vae_dataset *dataset;
} cached;

static vae_status take(void *context, const char *path, vae_mapping *mapping, bool *taken)
{
    const cached *c = context;
    note n;
    *taken = interpret(mapping, c->source->options->kind, &n);
    return *taken ? fill(path, &n, mapping, c->dataset) : VAE_OK;
}

/* ---- Writing ---- */

/* A file without a name beside that of the path. */
static vae_status open_scratch(const char *path, FILE **stream)
{
    char name[2 * VAE_PATH_SIZE + 32];
    snprintf(name, sizeof name, "%s-XXXXXX", path);
    const int file = mkostemp(name, O_CLOEXEC);
    if (file < 0) return vae_error_set(VAE_ERROR_IO, "%s: cannot be created: %s", name, strerror(errno));
    unlink(name);
    *stream = fdopen(file, "w+b");
    if (*stream) return VAE_OK;
    close(file);
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
}

/* Adds all that a scratch file holds to the end of the values' stream. */
static vae_status add_scratch(vae_appender *from, vae_appender *to)
{
    char piece[1 << 14];
    rewind(from->stream);
    for (;;) {
        const size_t found = fread(piece, 1, sizeof piece, from->stream);
        if (ferror(from->stream)) {
            return vae_error_set(VAE_ERROR_IO, "%s: cannot be read again: %s", from->name, strerror(errno));
        }
        if (found == 0) return VAE_OK;
        VAE_TRY(vae_appender_add(to, piece, found));
    }
}

static vae_status add_names(vae_appender *to, const vae_classes *names)
{
    return names->bytes > 0 ? vae_appender_add(to, names->names, names->bytes) : VAE_OK;
}

static vae_status write_rest(vae_sequence_store *store, const vae_sequence_source *source)
{
    static const uint8_t padding[8] = {0};
    vae_appender *to = &store->values;
    const vae_kind kind = source->format->kind;
    const size_t values = to->used;
    note n = {.kind = kind,
              .count = store->count,
              .rows = (int64_t)(values / value_bytes(kind, 1)),
              .truncated = store->truncated,
              .labelled = store->labels.used > 0,
              .vocabulary = source->vocabulary.count,
              .vocabulary_bytes = (int64_t)source->vocabulary.bytes,
              .classes = source->classes.count,
              .class_bytes = (int64_t)source->classes.bytes,
              .name_bytes = (int64_t)store->names.used,
              .names_differ = source->names_differ,
              .remarks = source->remarks};
    memcpy(n.magic, magic, sizeof magic);
    VAE_TRY(vae_appender_add(to, padding, align(values) - values));
    VAE_TRY(add_scratch(&store->offsets, to));
    VAE_TRY(add_scratch(&store->labels, to));
    VAE_TRY(add_names(to, &source->vocabulary));
    VAE_TRY(add_names(to, &source->classes));
    VAE_TRY(add_scratch(&store->names, to));
    VAE_TRY(vae_appender_add(to, &n, sizeof n));
    if (fflush(to->stream) == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", to->name, strerror(errno));
}

static vae_status open_streams(vae_sequence_store *store, int file, const char *path)
{
    const int copy = fcntl(file, F_DUPFD_CLOEXEC, 0);
    store->values.stream = copy < 0 ? NULL : fdopen(copy, "wb");
    if (!store->values.stream) {
        if (copy >= 0) close(copy);
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    VAE_TRY(open_scratch(path, &store->offsets.stream));
    VAE_TRY(open_scratch(path, &store->labels.stream));
    return open_scratch(path, &store->names.stream);
}

static vae_status close_stream(vae_appender *appender, vae_status status)
{
    if (!appender->stream || fclose(appender->stream) == 0 || status) return status;
    return vae_error_set(VAE_ERROR_IO, "%s: cannot be written: %s", appender->name, strerror(errno));
}

static vae_status write_items(void *context, int file, const char *path)
{
    const cached *c = context;
    vae_sequence_store store = {.values.name = path, .offsets.name = path, .labels.name = path, .names.name = path};
    VAE_TRY(c->source->format->open(c->source));
    vae_status status = open_streams(&store, file, path);
    if (!status) status = vae_sequence_store_collect(&store, c->source);
    if (!status) status = write_rest(&store, c->source);
    status = close_stream(&store.values, status);
    status = close_stream(&store.offsets, status);
    status = close_stream(&store.labels, status);
    status = close_stream(&store.names, status);
    vae_sequence_source_close(c->source);
    return status;
}

vae_status vae_sequence_cache_read(vae_sequence_source *source, vae_dataset *dataset)
{
    char folder[VAE_PATH_SIZE], path[2 * VAE_PATH_SIZE];
    cached c = {source, dataset};
    VAE_TRY(vae_disk_folder(source->options->cache, folder));
    VAE_TRY(find_path(source, folder, path));
    return vae_cached_file_make(path, &(vae_cached_file){&c, take, write_items});
}
