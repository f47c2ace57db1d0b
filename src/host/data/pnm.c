/* PBM, PGM and PPM, as text and binary: a header of at most four words, and numbers. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_file.h"

enum { MOST = 65535 };

typedef struct reader {
    const char *name;
    const uint8_t *data;
    size_t size, at;
    bool bits, text; /* PBM; numbers are written out */
    int channels;
    int64_t height, width;
    uint32_t maximum; /* what white is */
    uint32_t largest;
} reader;

static vae_status damaged(const reader *r, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged PNM file: %s", r->name, what);
}

/* ---- Words ---- */

/* Blanks, and comments, which go from # to the line's end. */
static void pass_blanks(reader *r)
{
    while (r->at < r->size && (isspace(r->data[r->at]) || r->data[r->at] == '#')) {
        if (r->data[r->at++] != '#') continue;
        while (r->at < r->size && r->data[r->at] != '\n' && r->data[r->at] != '\r')
            r->at++;
    }
}

/* A whole number of at most that many digits; false if there is none. */
static bool read_number(reader *r, int digits, uint32_t *value)
{
    pass_blanks(r);
    const size_t begin = r->at;
    for (*value = 0; r->at < r->size && isdigit(r->data[r->at]) && digits > 0; --digits)
        *value = *value * 10 + (uint32_t)(r->data[r->at++] - '0');
    return r->at > begin;
}

static vae_status read_header(reader *r)
{
    uint32_t width, height;
    const int kind = r->data[1] - '0'; /* 1 to 3 as text, 4 to 6 binary */
    if (kind < 1 || kind > 6) return damaged(r, "it is not one of P1 to P6");
    r->at = 2;
    r->text = kind <= 3;
    r->bits = kind % 3 == 1;
    r->channels = kind % 3 == 0 ? 3 : 1;
    r->maximum = 1;
    if (!read_number(r, 9, &width) || !read_number(r, 9, &height)) return damaged(r, "its header is incomplete");
    if (!r->bits && !read_number(r, 9, &r->maximum)) return damaged(r, "its header is incomplete");
    if (r->maximum < 1 || r->maximum > MOST) return damaged(r, "its largest value is not in 1 to 65535");
    if (!r->text && r->at++ >= r->size) return damaged(r, "it is cut short"); /* one blank ends the header */
    r->height = height;
    r->width = width;
    return VAE_OK;
}

/* ---- Numbers ---- */

static size_t sample_bytes(const reader *r)
{
    return r->maximum > 255 ? 2 : 1;
}

/* So that nothing is allocated on the header's word. */
static vae_status check_length(const reader *r)
{
    const double samples = (double)r->height * (double)r->width * r->channels, left = (double)(r->size - r->at);
    const int64_t packed_row = (r->width + 7) / 8;
    double needed = r->bits ? (double)r->height * (double)packed_row : samples * (double)sample_bytes(r);
    if (r->text) needed = r->bits ? samples : 2 * samples - 1; /* a digit each, and a blank between them */
    return needed <= left ? VAE_OK : damaged(r, "it is cut short");
}

static bool read_text(reader *r, uint32_t *value)
{
    return read_number(r, r->bits ? 1 : 9, value);
}

/* The caller has checked that they are there. */
static uint32_t read_binary(reader *r)
{
    uint32_t value = 0;
    for (size_t i = 0; i < sample_bytes(r); ++i)
        value = value << 8 | r->data[r->at++];
    return value;
}

static vae_status read_values(reader *r, uint8_t *pixels)
{
    const int64_t count = r->height * r->width * r->channels;
    for (int64_t i = 0; i < count; ++i) {
        uint32_t value = 0;
        if (!r->text) {
            value = read_binary(r);
        } else if (!read_text(r, &value)) {
            return damaged(r, r->at < r->size ? "a number is missing or malformed" : "it is cut short");
        }
        if (value > r->maximum) return damaged(r, "a value is larger than the header allows");
        if (value > r->largest) r->largest = value;
        if (r->bits) value = 1 - value; /* 1 is black */
        pixels[i] = (uint8_t)lrint((double)value / r->maximum * 255);
    }
    return VAE_OK;
}

/* Eight pixels a byte, rows filled up. */
static void read_packed_bits(reader *r, uint8_t *pixels)
{
    for (int64_t y = 0; y < r->height; ++y) {
        for (int64_t x = 0; x < r->width; ++x)
            *pixels++ = r->data[r->at + (size_t)x / 8] >> (7 - x % 8) & 1 ? 0 : 255;
        r->at += (size_t)(r->width + 7) / 8;
    }
}

/* ---- The file ---- */

static void note(reader *r, vae_picture *picture)
{
    if (r->maximum > 255) {
        vae_picture_remark(picture, VAE_REMARK_SIXTEEN_BITS);
        picture->largest = (int64_t)r->largest * MOST / r->maximum;
    }
    pass_blanks(r);
    if (r->size - r->at > 2 && r->data[r->at] == 'P') vae_picture_remark(picture, VAE_REMARK_SEVERAL);
}

vae_status vae_pnm_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture)
{
    reader r = {.name = name, .data = data, .size = size};
    uint8_t *pixels;
    VAE_TRY(read_header(&r));
    VAE_TRY(check_length(&r));
    VAE_TRY(vae_picture_allocate(name, r.height, r.width, r.channels, &pixels));
    vae_status status = VAE_OK;
    if (r.bits && !r.text) {
        read_packed_bits(&r, pixels);
    } else {
        status = read_values(&r, pixels);
    }
    if (status) {
        free(pixels);
        return status;
    }
    note(&r, picture);
    picture->raster = (vae_raster){pixels, r.height, r.width, r.channels};
    return VAE_OK;
}
