/* Images batch by batch out of any source, brought to the shape of a model. */
#include "data/image_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/collect.h"
#include "data/read.h"

/* ---- What fits ---- */

static bool same_shape(const int64_t one[3], const int64_t other[3])
{
    return memcmp(one, other, 3 * sizeof *one) == 0;
}

static bool is_row(const int64_t shape[3])
{
    return shape[0] == 1 && shape[2] == 1;
}

/* Rows of numbers that are whole images. */
static bool is_flat(const int64_t found[3], const int64_t shape[3])
{
    return is_row(found) && found[1] == shape[0] * shape[1] * shape[2];
}

/* Numbers that are no levels cannot be made to fit. */
static vae_status does_not_fit(const char *path, const int64_t found[3], const int64_t shape[3], bool levels)
{
    if (!levels && is_row(found) && is_row(shape)) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: rows have %" PRId64 " numbers, but the model takes %" PRId64, path,
                             found[1], shape[1]);
    }
    char size[96] = "", channels[64] = "";
    if (found[0] != shape[0] || found[1] != shape[1]) {
        snprintf(size, sizeof size, " --size %" PRId64 "x%" PRId64, shape[0], shape[1]);
    }
    const bool can_change =
        found[2] != shape[2] && (found[2] == 1 || found[2] == 3) && (shape[2] == 1 || shape[2] == 3);
    if (can_change) snprintf(channels, sizeof channels, " --channels %s", shape[2] == 1 ? "grey" : "rgb");
    const bool helps = levels && (can_change || (found[2] == shape[2] && size[0]));
    return vae_error_set(VAE_ERROR_SHAPE,
                         "%s: images are %" PRId64 "x%" PRId64 "x%" PRId64 ", but the model takes %" PRId64 "x%" PRId64
                         "x%" PRId64 " (height x width x channels)%s%s%s",
                         path, found[0], found[1], found[2], shape[0], shape[1], shape[2],
                         helps ? "; what makes them fit:" : "", helps ? size : "", helps ? channels : "");
}

vae_status vae_images_fit(const char *path, const int64_t shape[3], vae_read_options *options)
{
    const vae_transform as_stored = {.channels = VAE_CHANNELS_AUTO};
    int64_t found[4], stored[4];
    options->one_picture = true;
    const vae_status status = vae_images_read_shape(path, options, found);
    if (!status && same_shape(found + 1, shape)) return VAE_OK;
    if (status == VAE_ERROR_CONFIG) return status;
    char message[VAE_MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s", vae_error_message());
    vae_read_options plain = *options;
    plain.transform = as_stored;
    if (!vae_images_read_shape(path, &plain, stored) && (same_shape(stored + 1, shape) || is_flat(stored + 1, shape))) {
        *options = plain;
        return VAE_OK;
    }
    if (status) return vae_error_set(status, "%s", message);
    vae_dtype dtype;
    const bool levels = vae_images_read_type(path, &plain, &dtype) != VAE_OK || dtype == VAE_UINT8;
    return does_not_fit(path, found + 1, shape, levels);
}

vae_status vae_images_read_fitting(const char *path, const int64_t shape[3], const vae_read_options *options,
                                   vae_dataset *dataset)
{
    vae_read_options fitting = *options;
    *dataset = (vae_dataset){0};
    VAE_TRY(vae_images_fit(path, shape, &fitting));
    VAE_TRY(vae_images_read(path, &fitting, dataset));
    dataset->height = shape[0];
    dataset->width = shape[1];
    dataset->channels = shape[2];
    return VAE_OK;
}

/* ---- The stream ---- */

struct vae_image_stream {
    vae_source source;
    vae_read_options options;
    int64_t shape[3], elements;
    int64_t taken; /* images of the source, damaged ones too */
    int largest;   /* byte, see vae_source_tell_levels() */
    int64_t room;  /* images that the buffers hold */
    float *pixels;
    uint8_t *bytes;
    uint8_t *stored; /* one image before the transform */
    char *names;
    size_t names_bytes;
};

/* Whether the transform leaves images of the source as they are. */
static bool keeps(const vae_image_stream *stream)
{
    const vae_transform *t = &stream->options.transform;
    const vae_source *s = &stream->source;
    if (t->crop && (t->crop != s->height || t->crop != s->width)) return false;
    if (t->size.height && (t->size.height != s->height || t->size.width != s->width)) return false;
    return t->channels == VAE_CHANNELS_AUTO || s->channels == stream->shape[2];
}

static vae_status make_room(vae_image_stream *s, int64_t images)
{
    if (s->room >= images) return VAE_OK;
    free(s->pixels);
    free(s->bytes);
    s->room = 0;
    s->pixels = malloc((size_t)(images * s->elements) * sizeof *s->pixels);
    s->bytes = calloc((size_t)images, (size_t)s->elements);
    if (!s->pixels || !s->bytes) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", s->source.name);
    s->room = images;
    return VAE_OK;
}

static vae_status begin(vae_image_stream *s)
{
    if (!s->source.numbers) return VAE_OK;
    if (!keeps(s)) {
        s->stored = malloc((size_t)(s->source.height * s->source.width * s->source.channels));
        if (!s->stored) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", s->source.name);
    }
    return vae_source_examine(&s->source, &s->options, s->source.count, &s->largest);
}

vae_status vae_image_stream_open(const char *path, const int64_t shape[3], const vae_read_options *options,
                                 vae_image_stream **stream)
{
    vae_image_stream *made = calloc(1, sizeof *made);
    *stream = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    made->options = *options;
    memcpy(made->shape, shape, sizeof made->shape);
    made->elements = shape[0] * shape[1] * shape[2];
    vae_status status = vae_images_fit(path, shape, &made->options);
    if (!status) status = vae_source_open(path, VAE_CONTENT_IMAGES, &made->options, &made->source);
    if (status) {
        free(made);
        return status;
    }
    status = begin(made);
    if (status) {
        vae_image_stream_free(made);
        return status;
    }
    *stream = made;
    return VAE_OK;
}

int64_t vae_image_stream_count(const vae_image_stream *stream)
{
    return stream->source.count;
}

const vae_remarks *vae_image_stream_remarks(const vae_image_stream *stream)
{
    return &stream->source.remarks;
}

void vae_image_stream_free(vae_image_stream *stream)
{
    if (!stream) return;
    vae_source_close(&stream->source);
    free(stream->pixels);
    free(stream->bytes);
    free(stream->stored);
    free(stream->names);
    free(stream);
}

/* ---- Batches ---- */

static void to_floats(vae_image_stream *s, int64_t images)
{
    for (int64_t i = 0; i < images * s->elements; ++i) {
        s->pixels[i] = (float)s->bytes[i] / 255.0f;
        if (s->bytes[i] > s->largest) s->largest = s->bytes[i];
    }
}

static vae_status read_numbers(vae_image_stream *s, int64_t images)
{
    vae_source *source = &s->source;
    if (!s->stored) return vae_source_read_floats(source, s->pixels, images * s->elements);
    const vae_raster image = {s->stored, source->height, source->width, source->channels};
    for (int64_t i = 0; i < images; ++i) {
        VAE_TRY(vae_source_read_numbers(source, s->stored, source->height * source->width * source->channels));
        vae_transform_apply(&s->options.transform, &image, s->bytes + i * s->elements);
    }
    to_floats(s, images);
    return VAE_OK;
}

/* Of pictures that are asked for, those that are no damage. */
static vae_status read_pictures(vae_image_stream *s, int64_t images, int64_t *kept)
{
    free(s->names);
    s->names = NULL;
    FILE *names = open_memstream(&s->names, &s->names_bytes);
    if (!names) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", s->source.name);
    const vae_format *format = s->source.format;
    const vae_status status = format->read_images(&s->source, s->taken, images, s->bytes, NULL, names, kept);
    const bool failed = ferror(names) != 0;
    if (fclose(names) != 0 || failed) {
        return status ? status : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for names", s->source.name);
    }
    if (!status) to_floats(s, *kept);
    return status;
}

/* Once all were read. */
static vae_status finish(vae_image_stream *s, int64_t images)
{
    if (s->source.numbers) VAE_TRY(vae_numbers_finish(s->source.numbers));
    vae_source_tell_levels(&s->source, images, s->largest);
    return VAE_OK;
}

vae_status vae_image_stream_next(vae_image_stream *s, int64_t most, vae_image_batch *batch)
{
    const bool folder = !s->source.numbers;
    *batch = (vae_image_batch){.count = 0};
    VAE_TRY(make_room(s, most));
    while (batch->count == 0 && s->taken < s->source.count) {
        const int64_t left = s->source.count - s->taken, images = left < most ? left : most;
        batch->count = images;
        VAE_TRY(folder ? read_pictures(s, images, &batch->count) : read_numbers(s, images));
        s->taken += images;
        if (s->taken == s->source.count) VAE_TRY(finish(s, s->taken));
    }
    batch->pixels = s->pixels;
    if (folder) batch->names = s->names;
    return VAE_OK;
}
