/* TIFF, by libtiff: the first page of a file. Grey, RGB, CMYK and palettes are taken from the stored samples; other
 * kinds (YCbCr, Lab) come as libtiff's own RGBA. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "data/image_file.h"

enum { MESSAGE_SIZE = 256, MAX_COLOURS = 256 };

/* How the pages are stored. */
typedef struct layout {
    uint16_t bits, samples, photometric, planar, format, compression, orientation;
    uint32_t height, width;
    int colours, channels; /* of a pixel that are taken: without and with alpha */
    bool premultiplied;
} layout;

typedef struct decoder {
    const char *name;
    const uint8_t *data;
    size_t size, position;
    TIFF *tiff;
    layout layout;
    bool failed; /* libtiff reported damage, which it may have filled with something */
    char message[MESSAGE_SIZE];
} decoder;

static vae_status damaged(const decoder *d, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged TIFF file: %s", d->name, d->failed ? d->message : what);
}

/* ---- What libtiff calls ---- */

static tmsize_t read_data(thandle_t handle, void *target, tmsize_t size)
{
    decoder *d = handle;
    const size_t left = d->position < d->size ? d->size - d->position : 0;
    const size_t taken = (size_t)size < left ? (size_t)size : left;
    memcpy(target, d->data + (left ? d->position : 0), taken);
    d->position += taken;
    return (tmsize_t)taken;
}

static tmsize_t write_nothing(thandle_t handle, void *data, tmsize_t size)
{
    (void)handle;
    (void)data;
    (void)size;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    decoder *d = handle;
    d->position = (size_t)offset + (whence == SEEK_CUR ? d->position : whence == SEEK_END ? d->size : 0);
    return d->position;
}

static int close_nothing(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle)
{
    const decoder *d = handle;
    return d->size;
}

static void keep_message(decoder *d, const char *format, va_list arguments)
{
    if (d->failed) return;
    d->failed = true;
    vsnprintf(d->message, sizeof d->message, format, arguments);
}

/* Of warnings only those tell of damaged pixels, which were filled with something. */
static bool tells_damage(const char *module)
{
    return module && (strncmp(module, "JPEG", 4) == 0 || strncmp(module, "Fax", 3) == 0);
}

#if TIFFLIB_VERSION >= 20221213 /* 4.5: each file has its own handlers */
static int take_error(TIFF *tiff, void *context, const char *module, const char *format, va_list arguments)
{
    (void)tiff;
    (void)module;
    keep_message(context, format, arguments);
    return 1;
}

static int take_warning(TIFF *tiff, void *context, const char *module, const char *format, va_list arguments)
{
    (void)tiff;
    if (tells_damage(module)) keep_message(context, format, arguments);
    return 1;
}

static TIFF *open_tiff(decoder *d)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, take_error, d);
    TIFFOpenOptionsSetWarningHandlerExtR(options, take_warning, d);
    TIFF *tiff = TIFFClientOpenExt(d->name, "rm", d, read_data, write_nothing, seek, close_nothing, size_of, NULL, NULL,
                                   options);
    TIFFOpenOptionsFree(options);
    return tiff;
}
#else /* before it all have the same, which are told whose they are */
static void take_error(thandle_t context, const char *module, const char *format, va_list arguments)
{
    (void)module;
    if (context) keep_message(context, format, arguments);
}

static void take_warning(thandle_t context, const char *module, const char *format, va_list arguments)
{
    if (context && tells_damage(module)) keep_message(context, format, arguments);
}

static TIFF *open_tiff(decoder *d)
{
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandlerExt(take_error);
    TIFFSetWarningHandlerExt(take_warning);
    return TIFFClientOpen(d->name, "rm", d, read_data, write_nothing, seek, close_nothing, size_of, NULL, NULL);
}
#endif

/* ---- How pixels are stored ---- */

/* The first sample beyond the colours may be alpha. In files of four samples that tell nothing of the fourth it is. */
static void find_alpha(const decoder *d, layout *l)
{
    uint16_t count = 0, *kinds = NULL;
    const bool told = TIFFGetField(d->tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) == 1 && count > 0;
    l->channels = l->colours;
    if (l->samples <= l->colours || l->photometric == PHOTOMETRIC_SEPARATED || l->photometric == PHOTOMETRIC_PALETTE) {
        return;
    }
    const int kind = told ? kinds[0] : l->colours == 3 && l->samples == 4 ? EXTRASAMPLE_UNASSALPHA : 0;
    l->premultiplied = kind == EXTRASAMPLE_ASSOCALPHA;
    if (kind != EXTRASAMPLE_UNSPECIFIED) l->channels++;
}

static bool read_layout(const decoder *d, layout *l)
{
    TIFF *tiff = d->tiff;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &l->width) || !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &l->height) ||
        !TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &l->photometric)) {
        return false;
    }
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &l->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &l->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &l->planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &l->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &l->compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &l->orientation);
    if (l->photometric == PHOTOMETRIC_YCBCR && l->compression == COMPRESSION_JPEG) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB); /* libjpeg converts, as for JPEG files */
        l->photometric = PHOTOMETRIC_RGB;
    }
    const bool cmyk = l->photometric == PHOTOMETRIC_SEPARATED;
    l->colours = l->photometric == PHOTOMETRIC_RGB ? 3 : cmyk ? 4 : 1;
    find_alpha(d, l);
    return true;
}

static bool is_direct(const layout *l)
{
    const bool known = l->photometric <= PHOTOMETRIC_PALETTE || l->photometric == PHOTOMETRIC_SEPARATED;
    const bool wide = l->bits == 8 || (l->bits == 16 && l->photometric != PHOTOMETRIC_PALETTE);
    const bool narrow = (l->bits == 1 || l->bits == 2 || l->bits == 4) && l->colours == 1 && l->channels == 1;
    return known && (wide || narrow) && l->samples >= l->colours;
}

static bool is_unsigned(const layout *l)
{
    return l->format == SAMPLEFORMAT_UINT || l->format == SAMPLEFORMAT_VOID;
}

/* ---- Stored samples ---- */

/* A tile or a strip. */
typedef struct block {
    uint8_t *bytes;
    int64_t height, width, row_bytes;
    int samples; /* in a pixel of it */
} block;

static uint32_t sample_in(const block *block, int bits, int64_t row, int64_t index)
{
    const uint8_t *bytes = block->bytes + row * block->row_bytes;
    if (bits == 8) return bytes[index];
    if (bits < 8) return (uint32_t)(bytes[index * bits / 8] >> (8 - bits - index * bits % 8)) & ((1u << bits) - 1);
    uint16_t value;
    memcpy(&value, bytes + 2 * index, 2);
    return value;
}

/* Takes what of the block lies in the picture; a block of one plane has one channel alone. */
static void copy_block(const layout *l, const block *block, int64_t top, int64_t left, int plane, void *values)
{
    const bool separate = l->planar == PLANARCONFIG_SEPARATE;
    const int first = separate ? plane : 0, last = separate ? plane : l->channels - 1;
    for (int64_t y = 0; y < block->height && top + y < l->height; ++y) {
        for (int64_t x = 0; x < block->width && left + x < l->width; ++x) {
            for (int c = first; c <= last; ++c) {
                const uint32_t value = sample_in(block, l->bits, y, x * block->samples + (separate ? 0 : c));
                const int64_t at = ((top + y) * l->width + left + x) * l->channels + c;
                if (l->bits == 16) {
                    ((uint16_t *)values)[at] = (uint16_t)value;
                } else {
                    ((uint8_t *)values)[at] = (uint8_t)value;
                }
            }
        }
    }
}

static vae_status make_block(const decoder *d, block *block)
{
    const layout *l = &d->layout;
    const bool tiled = TIFFIsTiled(d->tiff) != 0;
    uint32_t height = 0, width = l->width;
    if (tiled) {
        TIFFGetField(d->tiff, TIFFTAG_TILEWIDTH, &width);
        TIFFGetField(d->tiff, TIFFTAG_TILELENGTH, &height);
    } else {
        TIFFGetFieldDefaulted(d->tiff, TIFFTAG_ROWSPERSTRIP, &height);
        if (height > l->height) height = l->height;
    }
    block->samples = l->planar == PLANARCONFIG_SEPARATE ? 1 : l->samples;
    block->height = height;
    block->width = width;
    block->row_bytes = tiled ? TIFFTileRowSize(d->tiff) : TIFFScanlineSize(d->tiff);
    if (block->row_bytes < ((int64_t)width * block->samples * l->bits + 7) / 8) {
        return damaged(d, "its rows are too short");
    }
    return vae_picture_allocate(d->name, block->height, block->row_bytes, 1, &block->bytes);
}

/* One block, as many rows of it as there are; false if there are fewer. */
static bool read_block(const decoder *d, const block *block, int64_t top, int64_t left, int plane)
{
    const int64_t below = d->layout.height - top;
    if (TIFFIsTiled(d->tiff)) {
        const uint32_t tile = TIFFComputeTile(d->tiff, (uint32_t)left, (uint32_t)top, 0, (uint16_t)plane);
        const int64_t bytes = block->height * block->row_bytes;
        return TIFFReadEncodedTile(d->tiff, tile, block->bytes, bytes) >= bytes;
    }
    const int64_t bytes = (below < block->height ? below : block->height) * block->row_bytes;
    const uint32_t strip = TIFFComputeStrip(d->tiff, (uint32_t)top, (uint16_t)plane);
    return TIFFReadEncodedStrip(d->tiff, strip, block->bytes, bytes) >= bytes;
}

static vae_status read_samples(const decoder *d, void *values)
{
    const layout *l = &d->layout;
    const int planes = l->planar == PLANARCONFIG_SEPARATE ? l->channels : 1;
    block block = {.bytes = NULL};
    VAE_TRY(make_block(d, &block));
    bool whole = true;
    for (int plane = 0; plane < planes && whole; ++plane) {
        for (int64_t top = 0; top < l->height && whole; top += block.height) {
            for (int64_t left = 0; left < l->width && whole; left += block.width) {
                whole = read_block(d, &block, top, left, plane);
                if (whole) copy_block(l, &block, top, left, plane, values);
            }
        }
    }
    free(block.bytes);
    return whole && !d->failed ? VAE_OK : damaged(d, "it is cut short");
}

/* ---- What they mean ---- */

static vae_status take_palette(const decoder *d, uint8_t *indices, vae_picture *picture)
{
    const layout *l = &d->layout;
    uint16_t *stored[3];
    uint8_t colours[MAX_COLOURS][3];
    const int count = 1 << l->bits;
    if (!TIFFGetField(d->tiff, TIFFTAG_COLORMAP, &stored[0], &stored[1], &stored[2])) {
        return damaged(d, "it has no palette");
    }
    bool wide = false; /* some programs write bytes where 16 bits belong */
    for (int i = 0; i < 3 * count; ++i)
        wide |= stored[i / count][i % count] > 255;
    for (int i = 0; i < 3 * count; ++i)
        colours[i % count][i / count] = (uint8_t)(stored[i / count][i % count] >> (wide ? 8 : 0));
    return vae_picture_take_indices(d->name, picture, indices, l->height, l->width,
                                    &(vae_palette){colours[0], count, .transparent = -1});
}

/* Grey of few bits becomes bytes, and where 0 is white it is turned round. */
static void normalise_grey(const layout *l, void *values)
{
    const int64_t count = (int64_t)l->height * l->width;
    const uint32_t most = (1u << l->bits) - 1, scale = l->bits < 8 ? 255 / most : 1;
    for (int64_t i = 0; i < count * l->channels; i += l->channels) {
        uint16_t *wide = (uint16_t *)values + i;
        uint8_t *narrow = (uint8_t *)values + i;
        const uint32_t value = l->bits == 16 ? *wide : *narrow;
        const uint32_t normal = (l->photometric == PHOTOMETRIC_MINISWHITE ? most - value : value) * scale;
        if (l->bits == 16) {
            *wide = (uint16_t)normal;
        } else {
            *narrow = (uint8_t)normal;
        }
    }
}

static void take_cmyk(const layout *l, void *values, vae_picture *picture)
{
    const size_t count = (size_t)l->height * l->width;
    uint8_t *bytes = values;
    for (size_t i = 0; l->bits == 16 && i < 4 * count; ++i) {
        const uint32_t value = ((uint16_t *)values)[i];
        if ((int64_t)value > picture->largest) picture->largest = value;
        bytes[i] = (uint8_t)((value * 255 + 32767) / 65535);
    }
    if (l->bits == 16) vae_picture_remark(picture, VAE_REMARK_SIXTEEN_BITS);
    vae_cmyk_to_rgb(bytes, count, false);
    vae_picture_remark(picture, VAE_REMARK_CMYK);
    picture->raster = (vae_raster){bytes, l->height, l->width, 3};
}

static vae_status decode_direct(decoder *d, vae_picture *picture)
{
    const layout *l = &d->layout;
    uint8_t *values;
    VAE_TRY(vae_picture_allocate(d->name, l->height, l->width, l->channels * (l->bits == 16 ? 2 : 1), &values));
    vae_status status = read_samples(d, values);
    if (!status && l->photometric == PHOTOMETRIC_PALETTE) status = take_palette(d, values, picture);
    if (status || l->photometric == PHOTOMETRIC_PALETTE) {
        free(values);
        return status;
    }
    if (l->photometric == PHOTOMETRIC_SEPARATED) {
        take_cmyk(l, values, picture);
        return VAE_OK;
    }
    if (l->colours == 1) normalise_grey(l, values);
    vae_picture_take_samples(
        picture, &(vae_samples){values, l->height, l->width, l->channels, l->bits == 16 ? 16 : 8, l->premultiplied});
    return VAE_OK;
}

/* ---- Other kinds ---- */

static vae_status decode_by_libtiff(decoder *d, vae_picture *picture)
{
    const layout *l = &d->layout;
    char reason[1024] = "";
    TIFFRGBAImage image;
    if (!TIFFRGBAImageOK(d->tiff, reason) || !TIFFRGBAImageBegin(&image, d->tiff, 1, reason)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is a TIFF file of an unsupported kind: %s", d->name, reason);
    }
    uint8_t *pixels = NULL;
    image.req_orientation = image.orientation; /* turned later, with all others */
    vae_status status = vae_picture_allocate(d->name, l->height, l->width, sizeof(uint32_t), &pixels);
    if (!status && (!TIFFRGBAImageGet(&image, (uint32_t *)(void *)pixels, l->width, l->height) || d->failed)) {
        status = damaged(d, "its pixels cannot be decoded");
    }
    TIFFRGBAImageEnd(&image);
    if (status) {
        free(pixels);
        return status;
    }
    for (int64_t i = 0; i < (int64_t)l->height * l->width; ++i) {
        uint32_t packed;
        memcpy(&packed, pixels + 4 * i, 4);
        const uint8_t rgba[] = {(uint8_t)TIFFGetR(packed), (uint8_t)TIFFGetG(packed), (uint8_t)TIFFGetB(packed),
                                (uint8_t)TIFFGetA(packed)};
        memcpy(pixels + 4 * i, rgba, 4);
    }
    vae_picture_take_samples(picture, &(vae_samples){pixels, l->height, l->width, 4, 8, .premultiplied = true});
    return VAE_OK;
}

/* ---- The file ---- */

static vae_status decode(decoder *d, vae_picture *picture)
{
    uint32_t profile_size = 0;
    void *profile = NULL;
    if (!read_layout(d, &d->layout)) return damaged(d, "its size or its colours are missing");
    if (!is_unsigned(&d->layout)) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is a TIFF file of an unsupported kind: its samples are not unsigned integers",
                             d->name);
    }
    VAE_TRY(is_direct(&d->layout) ? decode_direct(d, picture) : decode_by_libtiff(d, picture));
    picture->orientation = d->layout.orientation >= 1 && d->layout.orientation <= 8 ? d->layout.orientation : 0;
    if (TIFFGetField(d->tiff, TIFFTAG_ICCPROFILE, &profile_size, &profile) == 1) {
        vae_picture_note_profile(picture, profile, profile_size);
    }
    if (!TIFFLastDirectory(d->tiff)) vae_picture_remark(picture, VAE_REMARK_SEVERAL);
    return VAE_OK;
}

vae_status vae_tiff_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture)
{
    decoder d = {.name = name, .data = data, .size = size};
    d.tiff = open_tiff(&d);
    if (!d.tiff) return damaged(&d, "it cannot be opened");
    const vae_status status = decode(&d, picture);
    TIFFClose(d.tiff);
    return status;
}
