/* Takes images from a source to a sink piece by piece, transformed where asked for, with labels and names. */
#include "data/collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory grows by as much as has come, but by no more than this. */
#define FIRST_PIECE_BYTES (INT64_C(1) << 20)
#define LAST_PIECE_BYTES (INT64_C(64) << 20)

vae_status vae_memory_sink_reserve(vae_sink *sink, int64_t bytes, uint8_t **target)
{
    vae_memory_sink *memory = (vae_memory_sink *)sink;
    uint8_t *grown = realloc(memory->bytes, (size_t)(memory->used + bytes));
    if (!grown) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory at %" PRId64 " bytes", memory->name, memory->used);
    }
    memory->bytes = grown;
    *target = grown + memory->used;
    return VAE_OK;
}

vae_status vae_memory_sink_commit(vae_sink *sink, int64_t bytes)
{
    ((vae_memory_sink *)sink)->used += bytes;
    return VAE_OK;
}

static int64_t next_piece(int64_t have, int64_t wanted)
{
    int64_t piece = have < FIRST_PIECE_BYTES ? FIRST_PIECE_BYTES : have;
    if (piece > LAST_PIECE_BYTES) piece = LAST_PIECE_BYTES;
    return wanted - have < piece ? wanted - have : piece;
}

vae_status vae_collect_numbers(vae_source *source, int64_t count, vae_sink *sink)
{
    const int64_t size = (int64_t)vae_dtype_size(source->dtype), bytes = count * size;
    for (int64_t have = 0; have < bytes;) {
        const int64_t piece = next_piece(have, bytes);
        uint8_t *target;
        VAE_TRY(sink->reserve(sink, piece, &target));
        VAE_TRY(source->dtype == VAE_FLOAT32 ? vae_source_read_floats(source, (void *)target, piece / size)
                                             : vae_source_read_numbers(source, target, piece));
        VAE_TRY(sink->commit(sink, piece));
        have += piece;
    }
    return VAE_OK;
}

vae_status vae_source_output_shape(const vae_source *source, const vae_transform *transform, int64_t shape[3])
{
    if (!source->numbers) { /* a folder's images come transformed */
        memcpy(shape, (int64_t[]){source->height, source->width, source->channels}, 3 * sizeof *shape);
        return VAE_OK;
    }
    const int64_t stored[3] = {source->height, source->width, source->channels};
    const vae_status status = vae_transform_shape(transform, stored, shape);
    return status ? vae_error_prepend(status, "%s", source->name) : VAE_OK;
}

/* What is being collected. */
typedef struct collection {
    vae_source *source;
    const vae_read_options *options;
    vae_sink *sink;
    int64_t wanted;   /* images at most */
    int64_t elements; /* of an image, transformed */
    int32_t *labels;
    vae_classes classes, column_names;
    char *names;
    size_t names_bytes;
    int64_t taken, kept; /* images of the source that were read, and those that were not damaged */
    int largest;         /* byte of them, as vae_numbers_largest() finds it */
} collection;

/* Rows of the next piece, at least one. */
static int64_t next_rows(const collection *c)
{
    const int64_t rows = next_piece(c->kept * c->elements, c->wanted * c->elements) / c->elements;
    return rows > 0 ? rows : 1;
}

/* One stored image at a time is in memory; the first grows as it comes. */
static vae_status transform_stored(collection *c, vae_memory_sink *stored)
{
    vae_source *source = c->source;
    const int64_t elements = source->height * source->width * source->channels;
    VAE_TRY(vae_collect_numbers(source, elements, &stored->base));
    const vae_raster image = {stored->bytes, source->height, source->width, source->channels};
    while (c->kept < c->wanted) {
        const int64_t rows = next_rows(c);
        uint8_t *target;
        VAE_TRY(c->sink->reserve(c->sink, rows * c->elements, &target));
        for (int64_t i = 0; i < rows; ++i) {
            if (c->kept + i > 0) VAE_TRY(vae_source_read_numbers(source, stored->bytes, elements));
            vae_transform_apply(&c->options->transform, &image, target + i * c->elements);
        }
        VAE_TRY(c->sink->commit(c->sink, rows * c->elements));
        c->kept += rows;
    }
    return VAE_OK;
}

static vae_status collect_numbered(collection *c)
{
    VAE_TRY(vae_source_examine(c->source, c->options, c->wanted, &c->largest));
    if (vae_transform_is_identity(&c->options->transform)) {
        VAE_TRY(vae_collect_numbers(c->source, c->wanted * c->elements, c->sink));
        c->kept = c->wanted;
    } else {
        vae_memory_sink stored = {VAE_MEMORY_SINK, .name = c->source->name};
        const vae_status status = transform_stored(c, &stored);
        free(stored.bytes);
        VAE_TRY(status);
    }
    c->taken = c->kept;
    return c->taken == c->source->count ? vae_numbers_finish(c->source->numbers) : VAE_OK;
}

static vae_status read_files(collection *c, FILE *names)
{
    const vae_format *format = c->source->format;
    while (c->kept < c->wanted && c->taken < c->source->count) {
        const int64_t left = c->source->count - c->taken, rows = next_rows(c) < left ? next_rows(c) : left;
        uint8_t *target;
        int64_t kept = 0;
        VAE_TRY(c->sink->reserve(c->sink, rows * c->elements, &target));
        int32_t *labels = c->labels ? c->labels + c->kept : NULL;
        VAE_TRY(format->read_images(c->source, c->taken, rows, target, labels, names, &kept));
        VAE_TRY(c->sink->commit(c->sink, kept * c->elements));
        for (int64_t i = 0; i < kept * c->elements && c->largest < VAE_NUMBERS_BRIGHT; ++i)
            c->largest = target[i] > c->largest ? target[i] : c->largest;
        c->taken += rows;
        c->kept += kept;
    }
    return VAE_OK;
}

static vae_status collect_files(collection *c)
{
    FILE *names = open_memstream(&c->names, &c->names_bytes);
    if (!names) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->source->name);
    const vae_status status = read_files(c, names);
    const bool failed = ferror(names) != 0;
    if (fclose(names) == 0 && !failed) return status;
    return status ? status : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for names", c->source->name);
}

static vae_status collect(collection *c)
{
    if (c->source->numbers) {
        VAE_TRY(collect_numbered(c));
        const vae_format *format = c->source->format;
        return format->column_names ? format->column_names(c->source, &c->column_names) : VAE_OK;
    }
    if (c->options->store == VAE_STORE_FLOAT32) {
        return vae_error_set(VAE_ERROR_CONFIG, "%s: holds pictures, whose pixels are bytes, not float32",
                             c->source->name);
    }
    VAE_TRY(c->source->format->classes(c->source, &c->classes));
    if (c->classes.count > 0) {
        c->labels = malloc((size_t)c->wanted * sizeof *c->labels);
        if (!c->labels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", c->source->name);
    }
    return collect_files(c);
}

vae_status vae_collect_images(vae_source *source, const vae_read_options *options, vae_sink *sink, vae_dataset *dataset)
{
    int64_t shape[3];
    *dataset = (vae_dataset){0};
    VAE_TRY(vae_source_output_shape(source, &options->transform, shape));
    collection c = {.source = source,
                    .options = options,
                    .sink = sink,
                    .wanted = options->limit > 0 && options->limit < source->count ? options->limit : source->count,
                    .elements = shape[0] * shape[1] * shape[2]};
    const vae_status status = collect(&c);
    if (status) {
        free(c.labels);
        vae_classes_free(&c.classes);
        vae_classes_free(&c.column_names);
        free(c.names);
        return status;
    }
    vae_source_tell_levels(source, c.kept, c.largest);
    *dataset = (vae_dataset){
        .labels = c.labels,
        .classes = c.classes,
        .column_names = c.column_names,
        .names = c.names,
        .names_bytes = c.names_bytes,
        .names_differ = c.names && source->format->names_differ(source),
        .count = c.kept,
        .height = shape[0],
        .width = shape[1],
        .channels = shape[2],
        .dtype = source->dtype,
        .levels = source->dtype == VAE_UINT8 || vae_numbers_are_bytes(source->numbers),
        .stored = source->count,
        .skipped = c.taken - c.kept,
        .binary = source->numbers && source->numbers->binary,
        .remarks = source->remarks,
    };
    return VAE_OK;
}
