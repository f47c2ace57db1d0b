/* Which way is up: the orientation that cameras store in EXIF (or XMP), and the turning of pixels by it. */
#define _GNU_SOURCE /* memmem, NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include <stdlib.h>
#include <string.h>

#include "data/picture.h"

/* ---- Where it is stored ---- */

/* An EXIF block is a TIFF file, in either order of bytes. One number of its first directory is all that is wanted. */
typedef struct block {
    const uint8_t *data;
    size_t size;
    bool big_endian;
} block;

enum { ORIENTATION_TAG = 274, TYPE_BYTE = 1, TYPE_SHORT = 3, TYPE_LONG = 4, ENTRY_SIZE = 12, VALUE_AT = 8 };

/* A number of `bytes` bytes, which must be there. */
static uint32_t number_at(const block *b, size_t at, size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i)
        value = value << 8 | b->data[at + (b->big_endian ? i : bytes - 1 - i)];
    return value;
}

static uint32_t value_of(const block *b, size_t entry)
{
    switch (number_at(b, entry + 2, 2)) {
    case TYPE_BYTE: return b->data[entry + VALUE_AT];
    case TYPE_SHORT: return number_at(b, entry + VALUE_AT, 2);
    case TYPE_LONG: return number_at(b, entry + VALUE_AT, 4);
    default: return 0;
    }
}

static uint32_t find_orientation(const block *b)
{
    const size_t directory = number_at(b, 4, 4);
    if (directory > b->size - 2) return 0;
    const size_t entries = number_at(b, directory, 2);
    for (size_t i = 0, at = directory + 2; i < entries && at + ENTRY_SIZE <= b->size; ++i, at += ENTRY_SIZE) {
        if (number_at(b, at, 2) == ORIENTATION_TAG) return value_of(b, at);
    }
    return 0;
}

void vae_picture_take_exif(vae_picture *picture, const uint8_t *data, size_t size)
{
    if (size >= 6 && memcmp(data, "Exif\0\0", 6) == 0) {
        data += 6;
        size -= 6;
    }
    if (size < 8 || (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0)) return;
    const uint32_t found = find_orientation(&(block){data, size, data[0] == 'M'});
    if (found >= 1 && found <= 8) picture->orientation = (int)found;
}

/* As an attribute, tiff:Orientation="6", or an element, <tiff:Orientation>6<. */
void vae_picture_take_xmp(vae_picture *picture, const uint8_t *data, size_t size)
{
    static const char key[] = "tiff:Orientation";
    const uint8_t *end = data + size, *found = memmem(data, size, key, sizeof key - 1);
    if (!found || picture->orientation) return;
    found += sizeof key - 1;
    const size_t left = (size_t)(end - found), before = left > 0 && *found == '>' ? 1 : 2;
    if (left <= before || (before == 2 && memcmp(found, "=\"", 2) != 0)) return;
    if (found[before] >= '1' && found[before] <= '8') picture->orientation = found[before] - '0';
}

/* ---- Turning ---- */

vae_status vae_picture_turn(const char *name, vae_picture *picture)
{
    const vae_raster from = picture->raster;
    const int orientation = picture->orientation;
    if (orientation < 2) return VAE_OK;
    const bool transposed = orientation >= 5;
    const bool flip_rows = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool flip_columns = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const int64_t height = transposed ? from.width : from.height, width = transposed ? from.height : from.width;
    uint8_t *turned;
    VAE_TRY(vae_picture_allocate(name, height, width, from.channels, &turned));
    for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
            int64_t row = transposed ? x : y, column = transposed ? y : x;
            if (flip_rows) row = from.height - 1 - row;
            if (flip_columns) column = from.width - 1 - column;
            memcpy(turned + (y * width + x) * from.channels, from.pixels + (row * from.width + column) * from.channels,
                   (size_t)from.channels);
        }
    }
    free((void *)from.pixels);
    picture->raster = (vae_raster){turned, height, width, from.channels};
    picture->orientation = 1;
    return VAE_OK;
}
