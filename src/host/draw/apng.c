/* The format: https://wiki.mozilla.org/APNG_Specification, now part of PNG (Third Edition). Each frame is compressed by
 * libpng as a PNG of its own; its IDAT chunks become fdAT chunks here, a sequence number before the data. */
#include "draw/apng.h"

#include <inttypes.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/file.h"
#include "draw/image.h"

enum { SIGNATURE = 8, CHUNK_HEAD = 8, CHUNK_TAIL = 4, CONTROL_SIZE = 26 };

struct vae_apng {
    vae_apng_shape shape;
    vae_file_stream *file;
    char *path;
    uint32_t sequence; /* of the next fcTL or fdAT */
    int64_t added;
    uint8_t *encoded; /* [capacity]: one frame as PNG */
    size_t capacity;
};

/* ---- Chunks ---- */

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; ++i)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A chunk whose data are `head` and then `data`. */
static vae_status write_chunk(vae_apng *a, const char type[4], const uint8_t *head, uint32_t head_size,
                              const uint8_t *data, uint32_t data_size)
{
    uint8_t start[CHUNK_HEAD], end[CHUNK_TAIL];
    put32(start, head_size + data_size);
    memcpy(start + 4, type, 4);
    uLong sum = crc32(0, start + 4, 4);
    /* zlib takes a NULL for the wish to begin anew. */
    if (head_size > 0) sum = crc32(sum, head, head_size);
    if (data_size > 0) sum = crc32(sum, data, data_size);
    put32(end, (uint32_t)sum);
    VAE_TRY(vae_file_stream_write(a->file, start, sizeof start));
    VAE_TRY(vae_file_stream_write(a->file, head, head_size));
    VAE_TRY(vae_file_stream_write(a->file, data, data_size));
    return vae_file_stream_write(a->file, end, sizeof end);
}

static vae_status write_animation_control(vae_apng *a)
{
    uint8_t data[8]; /* frames, plays: 0 is for ever */
    put32(data, (uint32_t)a->shape.frames);
    put32(data + 4, 0);
    return write_chunk(a, "acTL", data, sizeof data, NULL, 0);
}

static vae_status write_frame_control(vae_apng *a)
{
    uint8_t data[CONTROL_SIZE] = {0}; /* offsets 0; dispose: none; blend: source */
    put32(data, a->sequence++);
    put32(data + 4, (uint32_t)a->shape.width);
    put32(data + 8, (uint32_t)a->shape.height);
    const int64_t held = a->added == 0 && a->shape.hold > 0 ? a->shape.hold : 1;
    data[20] = (uint8_t)(held >> 8); /* seconds a frame: held / frames_per_second */
    data[21] = (uint8_t)held;
    data[22] = (uint8_t)(a->shape.frames_per_second >> 8);
    data[23] = (uint8_t)a->shape.frames_per_second;
    return write_chunk(a, "fcTL", data, sizeof data, NULL, 0);
}

/* ---- Frames ---- */

/* Compresses to a->encoded. */
static vae_status encode(vae_apng *a, const uint8_t *pixels, size_t *size)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)a->shape.width,
                       .height = (png_uint_32)a->shape.height,
                       .format = a->shape.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    png_alloc_size_t bytes = a->capacity;
    if (!png_image_write_to_memory(&image, a->encoded, &bytes, 0, pixels, 0, NULL)) {
        return vae_error_set(VAE_ERROR_IO, "%s: libpng: %s", a->path, image.message);
    }
    *size = bytes;
    return VAE_OK;
}

/* What comes before the first frame's data stands for all frames, so it must be the same in all; with images of one
 * format libpng sees to that. */
static vae_status take_chunk(vae_apng *a, const uint8_t *chunk, uint32_t data_size, bool *in_data)
{
    const uint8_t *type = chunk + 4, *data = chunk + CHUNK_HEAD;
    const bool first_frame = a->added == 0, is_data = memcmp(type, "IDAT", 4) == 0;
    if (is_data && !*in_data) {
        if (first_frame) VAE_TRY(write_animation_control(a));
        VAE_TRY(write_frame_control(a));
        *in_data = true;
    }
    if (is_data && !first_frame) {
        uint8_t sequence[4];
        put32(sequence, a->sequence++);
        return write_chunk(a, "fdAT", sequence, sizeof sequence, data, data_size);
    }
    const bool kept = is_data || (first_frame && memcmp(type, "IEND", 4) != 0);
    return kept ? vae_file_stream_write(a->file, chunk, CHUNK_HEAD + data_size + CHUNK_TAIL) : VAE_OK;
}

vae_status vae_apng_add(vae_apng *animation, const uint8_t *pixels)
{
    vae_apng *a = animation;
    size_t size;
    bool in_data = false;
    if (a->added == a->shape.frames) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: all %" PRId64 " frames have been written already", a->path,
                             a->shape.frames);
    }
    VAE_TRY(encode(a, pixels, &size));
    if (a->added == 0) VAE_TRY(vae_file_stream_write(a->file, a->encoded, SIGNATURE));
    for (size_t at = SIGNATURE; at + CHUNK_HEAD + CHUNK_TAIL <= size;) {
        const uint32_t data_size = get32(a->encoded + at);
        VAE_TRY(take_chunk(a, a->encoded + at, data_size, &in_data));
        at += CHUNK_HEAD + data_size + CHUNK_TAIL;
    }
    ++a->added;
    return VAE_OK;
}

/* ---- Opening and closing ---- */

static vae_status check_shape(const char *path, const vae_apng_shape *shape)
{
    const bool sane = shape->frames >= 1 && shape->frames <= 1000000 && shape->height >= 1 && shape->width >= 1 &&
                      shape->height <= 32768 && shape->width <= 32768 && shape->frames_per_second >= 1 &&
                      shape->frames_per_second <= 1000 && shape->hold >= 0 && shape->hold <= 1000 &&
                      vae_image_can_show(shape->channels);
    if (sane) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "%s: an animation of %" PRId64 " frames of %" PRId64 " x %" PRId64 " pixels and %" PRId64
                         " channels cannot be written",
                         path, shape->frames, shape->width, shape->height, shape->channels);
}

vae_status vae_apng_open(const char *path, const vae_apng_shape *shape, vae_apng **animation)
{
    *animation = NULL;
    VAE_TRY(check_shape(path, shape));
    vae_apng *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    const png_image image = {.width = (png_uint_32)shape->width,
                             .height = (png_uint_32)shape->height,
                             .format = shape->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    made->shape = *shape;
    made->capacity = PNG_IMAGE_PNG_SIZE_MAX(image);
    made->encoded = malloc(made->capacity);
    made->path = strdup(path);
    vae_status status = made->encoded && made->path ? vae_file_stream_open(path, &made->file)
                                                    : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    if (status) {
        vae_apng_abandon(made);
        return status;
    }
    *animation = made;
    return VAE_OK;
}

static vae_status write_end(vae_apng *a)
{
    if (a->added == a->shape.frames) return write_chunk(a, "IEND", NULL, 0, NULL, 0);
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: has %" PRId64 " frames of %" PRId64, a->path, a->added,
                         a->shape.frames);
}

vae_status vae_apng_finish(vae_apng *animation)
{
    vae_status status = write_end(animation);
    if (!status) {
        status = vae_file_stream_commit(animation->file);
        animation->file = NULL;
    }
    vae_apng_abandon(animation);
    return status;
}

void vae_apng_abandon(vae_apng *animation)
{
    if (!animation) return;
    vae_file_stream_abandon(animation->file);
    free(animation->encoded);
    free(animation->path);
    free(animation);
}
