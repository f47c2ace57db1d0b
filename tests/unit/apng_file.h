/* Takes an APNG apart, for tests: checks its chunks and gives each frame as libpng decodes it. */
#ifndef VAE_TEST_APNG_FILE_H
#define VAE_TEST_APNG_FILE_H

#include <criterion/criterion.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/file.h"

typedef struct apng_file {
    int64_t frames, height, width, channels;
    int first_delay_numerator, delay_numerator, delay_denominator; /* of the first frame, and of the last */
    uint8_t *pixels;                                               /* [frames, height, width, channels] */
} apng_file;

static inline uint32_t apng_get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void apng_append(uint8_t **to, const char type[4], const uint8_t *data, uint32_t size)
{
    const uint8_t head[8] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size,
                             (uint8_t)type[0],      (uint8_t)type[1],      (uint8_t)type[2],     (uint8_t)type[3]};
    memcpy(*to, head, 8);
    if (size > 0) memcpy(*to + 8, data, size);
    const uint32_t sum = (uint32_t)crc32(0, *to + 4, size + 4);
    for (int i = 0; i < 4; ++i)
        (*to)[8 + size + (uint32_t)i] = (uint8_t)(sum >> (24 - 8 * i));
    *to += 12 + size;
}

/* A PNG of its own from a frame's data. */
static inline void apng_decode(const uint8_t *header, const uint8_t *data, uint32_t size, apng_file *file, uint8_t *out)
{
    uint8_t *whole = malloc(size + 128), *to = whole;
    memcpy(to, "\x89PNG\r\n\x1a\n", 8);
    to += 8;
    apng_append(&to, "IHDR", header, 13);
    apng_append(&to, "IDAT", data, size);
    apng_append(&to, "IEND", NULL, 0);
    png_image image = {.version = PNG_IMAGE_VERSION};
    cr_assert(png_image_begin_read_from_memory(&image, whole, (size_t)(to - whole)), "%s", image.message);
    image.format = file->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    cr_assert(png_image_finish_read(&image, NULL, out, 0, NULL), "%s", image.message);
    free(whole);
}

static inline apng_file apng_file_read(const char *path)
{
    void *bytes;
    size_t size, at = 8;
    apng_file file = {0};
    const uint8_t *header = NULL;
    uint32_t sequence = 0, gathered = 0;
    int64_t frame = -1;
    cr_assert_eq(vae_file_read(path, 1 << 28, &bytes, &size), VAE_OK, "%s", vae_error_message());
    uint8_t *all = bytes, *data = malloc(size);
    cr_assert_eq(memcmp(all, "\x89PNG\r\n\x1a\n", 8), 0);
    for (bool ended = false; !ended;) {
        cr_assert_leq(at + 12, size, "the file has no IEND");
        const uint32_t length = apng_get32(all + at);
        const char *type = (const char *)all + at + 4;
        const uint8_t *content = all + at + 8;
        cr_assert_leq(at + 12 + length, size);
        cr_assert_eq((uint32_t)crc32(0, all + at + 4, length + 4), apng_get32(content + length), "sum of %.4s", type);
        ended = memcmp(type, "IEND", 4) == 0;
        const bool control = memcmp(type, "fcTL", 4) == 0;
        if ((control || ended) && frame >= 0) {
            apng_decode(header, data, gathered, &file, file.pixels + frame * file.height * file.width * file.channels);
        }
        if (memcmp(type, "IHDR", 4) == 0) {
            header = content;
            file.width = apng_get32(content);
            file.height = apng_get32(content + 4);
            file.channels = content[9] == 2 ? 3 : 1;
        } else if (memcmp(type, "acTL", 4) == 0) {
            file.frames = apng_get32(content);
            cr_assert_eq(apng_get32(content + 4), 0, "it plays for ever");
            file.pixels = calloc((size_t)(file.frames * file.height * file.width), 3);
        } else if (control) {
            cr_assert_eq(apng_get32(content), sequence++);
            cr_assert(apng_get32(content + 4) == file.width && apng_get32(content + 8) == file.height);
            cr_assert_lt(++frame, file.frames);
            file.delay_numerator = content[20] << 8 | content[21];
            if (frame == 0) file.first_delay_numerator = file.delay_numerator;
            file.delay_denominator = content[22] << 8 | content[23];
            gathered = 0;
        } else if (memcmp(type, "IDAT", 4) == 0) {
            cr_assert_eq(frame, 0, "IDAT belongs to the first frame, after its fcTL");
            memcpy(data + gathered, content, length);
            gathered += length;
        } else if (memcmp(type, "fdAT", 4) == 0) {
            cr_assert_gt(frame, 0);
            cr_assert_eq(apng_get32(content), sequence++);
            memcpy(data + gathered, content + 4, length - 4);
            gathered += length - 4;
        }
        at += 12 + length;
    }
    cr_assert_eq(at, size);
    cr_assert_eq(frame + 1, file.frames);
    free(data);
    free(bytes);
    return file;
}

#endif
