#include "data/npy_stream.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 1 << 16 };

static const char *const image_types[] = {"|u1", "|b1", "<f4", "<f8", NULL};
static const char *const label_types[] = {"|u1", "|i1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", NULL};

static vae_status read_rest(vae_npy_stream *stream, uint8_t *header, size_t have, size_t size)
{
    int64_t found = 0;
    if (size > have) VAE_TRY(stream->read(stream->context, header + have, (int64_t)(size - have), &found));
    return vae_npy_header_parse(stream->name, header, have + (size_t)found, &stream->header);
}

vae_status vae_npy_stream_open(vae_npy_stream *stream)
{
    uint8_t start[VAE_NPY_START_SIZE];
    int64_t found;
    size_t size;
    VAE_TRY(stream->read(stream->context, start, sizeof start, &found));
    VAE_TRY(vae_npy_header_measure(stream->name, start, (size_t)found, &size));
    if (size > MAX_HEADER) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is no readable .npy file: its header is of %zu bytes", stream->name,
                             size);
    }
    uint8_t *header = malloc(size < sizeof start ? sizeof start : size);
    if (!header) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", stream->name);
    memcpy(header, start, (size_t)found);
    const vae_status status = read_rest(stream, header, (size_t)found, size);
    free(header);
    return status;
}

static void describe_shape(const vae_npy_header *header, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < header->rank && used < size; ++i)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "", header->sizes[i]);
    if (used < size) snprintf(text + used, size - used, "]");
}

static vae_status check_shape(const vae_npy_stream *stream, vae_content content)
{
    const vae_npy_header *header = &stream->header;
    const bool labels = content == VAE_CONTENT_LABELS;
    char shape[256];
    describe_shape(header, shape, sizeof shape);
    if (labels ? header->rank != 1 : header->rank < 2 || header->rank > 4) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is of shape %s, but %s", stream->name, shape,
                             labels ? "labels are [n]" : "images are [n, h, w], [n, h, w, c] or [n, d]");
    }
    if (header->count == 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is of shape %s, so nothing is in it", stream->name, shape);
    }
    if (header->rank == 4 && header->sizes[3] > 4 && header->sizes[1] <= 4) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is of shape %s, which looks like [n, c, h, w], but channels come last: [n, h, w, c]",
                             stream->name, shape);
    }
    return VAE_OK;
}

vae_status vae_npy_stream_check(const vae_npy_stream *stream, vae_content content)
{
    const bool labels = content == VAE_CONTENT_LABELS;
    VAE_TRY(check_shape(stream, content));
    if (vae_npy_type_size(stream->header.type, labels ? label_types : image_types) > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds numbers of type '%s', but %s", stream->name, stream->header.type,
                         labels ? "labels are integers, little-endian" : "images are of '|u1', '|b1', '<f4' or '<f8'");
}

/* An integer, a float or a boolean as a double; integers past 2^53 lose what does not matter here. */
static double number_at(const uint8_t *data, char kind, size_t size)
{
    if (kind == 'f' && size == 4) {
        float value;
        memcpy(&value, data, sizeof value);
        return (double)value;
    }
    if (kind == 'f') {
        double value;
        memcpy(&value, data, sizeof value);
        return value;
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < size; ++i)
        bits |= (uint64_t)data[i] << 8 * i;
    if (kind != 'i') return (double)bits;
    const unsigned unused = 64 - 8 * (unsigned)size;
    return (double)((int64_t)(bits << unused) >> unused);
}

static vae_status convert(vae_npy_stream *stream, size_t size, int64_t count, uint8_t *bytes)
{
    const char kind = stream->header.type[1];
    const double scale = kind == 'f' || kind == 'b' ? 255.0 : 1.0;
    for (int64_t i = 0; i < count; ++i) {
        const double value = number_at(stream->staging + (size_t)i * size, kind, size);
        /* Written so that a NaN fails. */
        if (!(value >= 0.0 && value * scale <= 255.0)) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: number %" PRId64 " is %g, but %s", stream->name,
                                 stream->done + i + 1, value,
                                 kind == 'f' ? "floats must lie in [0, 1]" : "only 0 to 255 can be read");
        }
        bytes[i] = (uint8_t)lrint(value * scale);
    }
    return VAE_OK;
}

/* One piece: straight to its place where nothing is to be converted. */
static vae_status read_piece(vae_npy_stream *stream, size_t size, uint8_t *bytes, int64_t count)
{
    const bool plain = strcmp(stream->header.type, "|u1") == 0;
    int64_t found;
    VAE_TRY(stream->read(stream->context, plain ? bytes : stream->staging, count * (int64_t)size, &found));
    if (found < count * (int64_t)size) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is cut short: its shape needs %" PRId64 " numbers, but only %" PRId64 " are there",
                             stream->name, stream->header.count, stream->done + found / (int64_t)size);
    }
    if (!plain) VAE_TRY(convert(stream, size, count, bytes));
    stream->done += count;
    return VAE_OK;
}

vae_status vae_npy_stream_read(vae_npy_stream *stream, uint8_t *bytes, int64_t count)
{
    const size_t size = (size_t)(stream->header.type[2] - '0');
    const int64_t most = VAE_NPY_STAGING / (int64_t)size;
    for (int64_t done = 0; done < count;) {
        const int64_t piece = count - done < most ? count - done : most;
        VAE_TRY(read_piece(stream, size, bytes + done, piece));
        done += piece;
    }
    return VAE_OK;
}

vae_status vae_npy_stream_finish(vae_npy_stream *stream)
{
    uint8_t extra;
    int64_t found;
    VAE_TRY(stream->read(stream->context, &extra, 1, &found));
    if (found == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: goes on after the %" PRId64 " numbers that its shape needs",
                         stream->name, stream->header.count);
}

vae_status vae_npy_source_read(vae_source *source, uint8_t *bytes, int64_t count)
{
    return vae_npy_stream_read(source->state, bytes, count);
}

vae_status vae_npy_source_finish(vae_source *source)
{
    return vae_npy_stream_finish(source->state);
}
