/* BMP, of any depth, run-length encoded or not, for which no library is packaged that sees a file's end. */
#include <stdlib.h>
#include <string.h>

#include "data/image_file.h"

enum { FILE_HEADER = 14, OLD_HEADER = 12, HEADER = 40, MASKS_HEADER = 52, ALPHA_HEADER = 56, MAX_COLOURS = 256 };
enum { PLAIN, RLE8, RLE4, BITFIELDS, ALPHA_BITFIELDS = 6 }; /* compression */

typedef struct bitmap {
    const char *name;
    const uint8_t *data;
    size_t size;
    uint32_t header_size, pixels_at, compression, bits, colours;
    int64_t width, height;
    bool top_down;
    uint32_t masks[4]; /* red, green, blue, alpha; 0: there is none */
    uint8_t palette[MAX_COLOURS][3];
} bitmap;

static vae_status damaged(const bitmap *b, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged BMP file: %s", b->name, what);
}

static uint32_t little_endian(const uint8_t *data, size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = bytes; i-- > 0;)
        value = value << 8 | data[i];
    return value;
}

/* A number of the file's headers, which must be there. */
static uint32_t field(const bitmap *b, size_t at, size_t bytes)
{
    return little_endian(b->data + at, bytes);
}

/* ---- Headers ---- */

static vae_status read_sizes(bitmap *b)
{
    if (b->size < FILE_HEADER + OLD_HEADER) return damaged(b, "it is cut short");
    b->pixels_at = field(b, 10, 4);
    b->header_size = field(b, 14, 4);
    const bool old = b->header_size == OLD_HEADER;
    if (!old && (b->header_size < HEADER || b->header_size > 1024)) return damaged(b, "its header has no known size");
    if (b->size < FILE_HEADER + (size_t)b->header_size) return damaged(b, "it is cut short");
    const int64_t height = old ? (int32_t)field(b, 20, 2) : (int32_t)field(b, 22, 4);
    b->width = old ? (int32_t)field(b, 18, 2) : (int32_t)field(b, 18, 4);
    b->top_down = height < 0;
    b->height = height < 0 ? -height : height;
    b->bits = field(b, old ? 24 : 28, 2);
    b->compression = old ? PLAIN : field(b, 30, 4);
    b->colours = old ? 0 : field(b, 46, 4);
    return VAE_OK;
}

static bool is_known(const bitmap *b)
{
    switch (b->compression) {
    case PLAIN:
        return b->bits == 1 || b->bits == 2 || b->bits == 4 || b->bits == 8 || b->bits == 16 || b->bits == 24 ||
               b->bits == 32;
    case RLE8: return b->bits == 8;
    case RLE4: return b->bits == 4;
    case BITFIELDS:
    case ALPHA_BITFIELDS: return b->bits == 16 || b->bits == 32;
    default: return false;
    }
}

/* The masks lie in a longer header, or behind a short one. The fourth byte of 32 plain bits has no meaning. */
static vae_status read_masks(bitmap *b)
{
    static const uint32_t of_16[4] = {0x7c00, 0x3e0, 0x1f}, of_32[4] = {0xff0000, 0xff00, 0xff};
    memcpy(b->masks, b->bits == 16 ? of_16 : of_32, sizeof b->masks);
    if (b->compression == PLAIN) return VAE_OK;
    const bool alpha = b->header_size >= ALPHA_HEADER || b->compression == ALPHA_BITFIELDS;
    const size_t count = alpha ? 4 : 3, at = FILE_HEADER + HEADER;
    if (b->size < at + 4 * count) return damaged(b, "it is cut short");
    for (size_t i = 0; i < count; ++i)
        b->masks[i] = field(b, at + 4 * i, 4);
    return b->masks[0] && b->masks[1] && b->masks[2] ? VAE_OK : damaged(b, "it has no bits for a colour");
}

static vae_status read_palette(bitmap *b)
{
    const size_t bytes = b->header_size == OLD_HEADER ? 3 : 4, at = FILE_HEADER + (size_t)b->header_size;
    if (b->colours == 0 || b->colours > 1u << b->bits) b->colours = 1u << b->bits;
    if (b->pixels_at > at && b->pixels_at < at + b->colours * bytes) {
        b->colours = (uint32_t)((b->pixels_at - at) / bytes);
    }
    if (b->size < at + b->colours * bytes) return damaged(b, "it is cut short");
    for (size_t i = 0; i < b->colours; ++i) {
        for (size_t c = 0; c < 3; ++c)
            b->palette[i][c] = b->data[at + i * bytes + 2 - c]; /* stored as blue, green, red */
    }
    return VAE_OK;
}

static vae_status read_headers(bitmap *b)
{
    VAE_TRY(read_sizes(b));
    if (!is_known(b)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is a BMP file of an unsupported kind: %u bits, compression %u",
                             b->name, b->bits, b->compression);
    }
    VAE_TRY(b->bits > 8 ? read_masks(b) : read_palette(b));
    return b->pixels_at <= b->size ? VAE_OK : damaged(b, "it is cut short");
}

/* ---- Plain rows ---- */

/* Stored rows end at whole words; the last may lack what fills it up. */
static size_t row_bytes(const bitmap *b)
{
    return ((size_t)b->width * b->bits + 31) / 32 * 4;
}

static const uint8_t *row_at(const bitmap *b, int64_t y)
{
    return b->data + b->pixels_at + (size_t)(b->top_down ? y : b->height - 1 - y) * row_bytes(b);
}

/* So that a damaged size is told from one that is too large. */
static vae_status check_length(const bitmap *b)
{
    if (b->height < 1 || b->width < 1) return VAE_OK; /* refused when memory is taken */
    const size_t last = ((size_t)b->width * b->bits + 7) / 8;
    const double needed = (double)row_bytes(b) * (double)(b->height - 1) + (double)last;
    return needed <= (double)(b->size - b->pixels_at) ? VAE_OK : damaged(b, "it is cut short");
}

static void copy_indices(const bitmap *b, uint8_t *indices)
{
    for (int64_t y = 0; y < b->height; ++y) {
        const uint8_t *row = row_at(b, y);
        for (int64_t x = 0; x < b->width; ++x) {
            const size_t bit = (size_t)x * b->bits;
            *indices++ = (uint8_t)(row[bit / 8] >> (8 - b->bits - bit % 8) & ((1u << b->bits) - 1));
        }
    }
}

/* What the mask selects, scaled to a byte. */
static uint8_t extract(uint32_t value, uint32_t mask)
{
    const int shift = __builtin_ctz(mask);
    return (uint8_t)((uint64_t)(value & mask) / (1u << shift) * 255 / (mask >> shift));
}

static void copy_colours(const bitmap *b, int channels, uint8_t *pixels)
{
    const size_t bytes = b->bits / 8;
    for (int64_t y = 0; y < b->height; ++y) {
        const uint8_t *row = row_at(b, y);
        for (int64_t x = 0; x < b->width; ++x, row += bytes) {
            const uint32_t value = little_endian(row, bytes);
            for (int c = 0; c < channels; ++c)
                *pixels++ = extract(value, b->masks[c]);
        }
    }
}

/* ---- Runs ---- */

typedef struct run_reader {
    const bitmap *b;
    uint8_t *indices;
    size_t at;
    int64_t x, y; /* y counts as stored */
} run_reader;

/* Beyond a row's end pixels are dropped. */
static void put(run_reader *r, uint32_t index)
{
    const bitmap *b = r->b;
    if (r->x >= b->width || r->y >= b->height) return;
    const int64_t y = b->top_down ? r->y : b->height - 1 - r->y;
    r->indices[y * b->width + r->x++] = (uint8_t)index;
}

/* Pixel i of those that begin at that place: a byte, or half of one. */
static uint32_t stored_pixel(const run_reader *r, size_t at, uint32_t i)
{
    if (r->b->bits == 8) return r->b->data[at + i];
    return ((uint32_t)r->b->data[at + i / 2] >> (i % 2 ? 0 : 4)) & 15;
}

/* As many pixels as told, as they are, filled up to a word of 16 bits. False: the file ends. */
static bool copy_literal(run_reader *r, uint32_t count)
{
    const size_t bytes = (count * r->b->bits + 7) / 8;
    if (r->b->size - r->at < bytes) return false;
    for (uint32_t i = 0; i < count; ++i)
        put(r, stored_pixel(r, r->at, i));
    r->at += bytes + bytes % 2;
    if (r->at > r->b->size) r->at = r->b->size;
    return true;
}

static bool move(run_reader *r)
{
    if (r->b->size - r->at < 2) return false;
    r->x += r->b->data[r->at];
    r->y += r->b->data[r->at + 1];
    r->at += 2;
    return true;
}

/* One code; *done at the end of the picture. False: the file ends before. */
static bool read_run(run_reader *r, bool *done)
{
    const bitmap *b = r->b;
    if (b->size - r->at < 2) return false;
    const uint32_t count = b->data[r->at], second = b->data[r->at + 1];
    r->at += 2;
    if (count > 0) {
        for (uint32_t i = 0; i < count; ++i)
            put(r, b->bits == 8 ? second : second >> (i % 2 ? 0 : 4) & 15u);
        return true;
    }
    switch (second) {
    case 0: /* the row's end */
        r->x = 0;
        r->y++;
        return true;
    case 1: *done = true; return true;
    case 2: return move(r);
    default: return copy_literal(r, second);
    }
}

static vae_status copy_runs(const bitmap *b, uint8_t *indices)
{
    run_reader r = {.b = b, .indices = indices, .at = b->pixels_at};
    bool done = false;
    memset(indices, 0, (size_t)(b->width * b->height));
    while (!done && r.y < b->height) {
        /* Some files lack the mark of the end. */
        if (r.y == b->height - 1 && r.x == b->width) return VAE_OK;
        if (!read_run(&r, &done)) return damaged(b, "it is cut short");
    }
    return VAE_OK;
}

/* ---- The file ---- */

static vae_status decode_indexed(const bitmap *b, vae_picture *picture)
{
    const bool runs = b->compression != PLAIN;
    uint8_t *indices;
    if (!runs) VAE_TRY(check_length(b));
    VAE_TRY(vae_picture_allocate(b->name, b->height, b->width, 1, &indices));
    vae_status status = VAE_OK;
    if (runs) {
        status = copy_runs(b, indices);
    } else {
        copy_indices(b, indices);
    }
    const vae_palette palette = {b->palette[0], (int)b->colours, .transparent = -1};
    if (!status) status = vae_picture_take_indices(b->name, picture, indices, b->height, b->width, &palette);
    free(indices);
    return status;
}

static vae_status decode_direct(const bitmap *b, vae_picture *picture)
{
    const int channels = b->masks[3] ? 4 : 3;
    uint8_t *pixels;
    VAE_TRY(check_length(b));
    VAE_TRY(vae_picture_allocate(b->name, b->height, b->width, channels, &pixels));
    copy_colours(b, channels, pixels);
    vae_picture_take_samples(picture, &(vae_samples){pixels, b->height, b->width, channels, .bits = 8});
    return VAE_OK;
}

vae_status vae_bmp_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture)
{
    bitmap b = {.name = name, .data = data, .size = size};
    VAE_TRY(read_headers(&b));
    return b.bits <= 8 ? decode_indexed(&b, picture) : decode_direct(&b, picture);
}
