/* What decoders share: memory for pixels, and how samples of any kind become bytes of grey or RGB. */
#define _GNU_SOURCE /* memmem, NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include "data/picture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

/* From here on the system is asked whether there is so much memory, as it promises more than it has. */
#define LARGE_BYTES (INT64_C(256) << 20)

vae_status vae_picture_allocate(const char *name, int64_t height, int64_t width, int64_t bytes_per_pixel,
                                uint8_t **bytes)
{
    if (height < 1 || width < 1) return vae_error_set(VAE_ERROR_FORMAT, "%s: is damaged: it has no pixels", name);
    if (height > VAE_MAX_IMAGE_SIDE || width > VAE_MAX_IMAGE_SIDE) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: is %" PRId64 "x%" PRId64 " (height x width), but sides of more than %d pixels are "
                             "not read",
                             name, height, width, VAE_MAX_IMAGE_SIDE);
    }
    const int64_t size = height * width * bytes_per_pixel;
    if (size >= LARGE_BYTES) VAE_TRY(vae_memory_check(name, (double)size));
    *bytes = malloc((size_t)size);
    if (*bytes) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for %" PRId64 "x%" PRId64 " pixels (height x width)",
                         name, height, width);
}

/* ---- Samples ---- */

static uint32_t sample_at(const vae_samples *samples, int64_t index)
{
    return samples->bits == 16 ? ((const uint16_t *)samples->values)[index] : ((const uint8_t *)samples->values)[index];
}

/* value × alpha + white × (1 - alpha), rounded; `most` is one. */
static uint32_t over_white(uint32_t value, uint32_t alpha, uint32_t most, bool premultiplied)
{
    const uint64_t coloured = premultiplied ? (uint64_t)value * most : (uint64_t)value * alpha;
    const uint64_t blended = (coloured + (uint64_t)most * (most - alpha) + most / 2) / most;
    return blended < most ? (uint32_t)blended : most; /* premultiplied values above their alpha are nonsense */
}

void vae_picture_take_samples(vae_picture *picture, const vae_samples *samples)
{
    const uint32_t most = samples->bits == 16 ? 65535 : 255;
    const int colours = samples->channels < 3 ? 1 : 3;
    const bool has_alpha = samples->channels > colours;
    const int64_t count = samples->height * samples->width;
    uint8_t *pixels = samples->values; /* what is written never passes what is read */
    uint32_t largest = 0, least_alpha = most;
    for (int64_t i = 0; i < count; ++i) {
        const uint32_t alpha = has_alpha ? sample_at(samples, i * samples->channels + colours) : most;
        if (alpha < least_alpha) least_alpha = alpha;
        for (int c = 0; c < colours; ++c) {
            uint32_t value = sample_at(samples, i * samples->channels + c);
            if (value > largest) largest = value;
            if (alpha < most) value = over_white(value, alpha, most, samples->premultiplied);
            pixels[i * colours + c] = (uint8_t)(most == 255 ? value : (value * 255 + 32767) / 65535);
        }
    }
    if (least_alpha < most) vae_picture_remark(picture, VAE_REMARK_TRANSPARENT);
    if (samples->bits == 16) {
        vae_picture_remark(picture, VAE_REMARK_SIXTEEN_BITS);
        picture->largest = largest;
    }
    picture->raster = (vae_raster){pixels, samples->height, samples->width, colours};
}

/* Two colours may be black and white; of more, each is the grey of its index. */
static bool is_grey(const vae_palette *palette)
{
    for (int i = 0; i < palette->count; ++i) {
        const int level = palette->count == 2 ? 255 * i : i;
        for (int c = 0; c < 3; ++c) {
            if (palette->colours[3 * i + c] != level) return false;
        }
    }
    return true;
}

vae_status vae_picture_take_indices(const char *name, vae_picture *picture, const uint8_t *indices, int64_t height,
                                    int64_t width, const vae_palette *palette)
{
    static const uint8_t black[3] = {0}, white[3] = {255, 255, 255};
    const int channels = is_grey(palette) ? 1 : 3;
    uint8_t *pixels;
    VAE_TRY(vae_picture_allocate(name, height, width, channels, &pixels));
    for (int64_t i = 0; i < height * width; ++i) {
        const uint8_t *colour = indices[i] < palette->count ? palette->colours + 3 * indices[i] : black;
        if (indices[i] == palette->transparent) {
            colour = white;
            vae_picture_remark(picture, VAE_REMARK_TRANSPARENT);
        }
        memcpy(pixels + i * channels, colour, (size_t)channels);
    }
    picture->raster = (vae_raster){pixels, height, width, channels};
    return VAE_OK;
}

void vae_cmyk_to_rgb(uint8_t *pixels, size_t count, bool inverted)
{
    for (size_t i = 0; i < count; ++i) {
        const uint8_t *stored = pixels + 4 * i;
        const int flip = inverted ? 0 : 255, key = stored[3] ^ flip;
        for (size_t c = 0; c < 3; ++c)
            pixels[3 * i + c] = (uint8_t)(((stored[c] ^ flip) * key + 127) / 255);
    }
}

/* The profile's own description is in ASCII in version 2, in UTF-16 in version 4. */
void vae_picture_note_profile(vae_picture *picture, const uint8_t *profile, size_t size)
{
    if (memmem(profile, size, "sRGB", 4) || memmem(profile, size, "s\0R\0G\0B", 7)) return;
    vae_picture_remark(picture, VAE_REMARK_PROFILE);
}
