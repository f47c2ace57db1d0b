/* Crops, resizes by exact means of areas, and turns grey into RGB or RGB into grey. */
#include "data/transform.h"

#include <inttypes.h>

vae_transform vae_transform_of(const vae_config *config)
{
    return (vae_transform){.crop = config->data.crop, .size = config->data.size, .channels = config->data.channels};
}

bool vae_transform_is_identity(const vae_transform *transform)
{
    return !vae_transform_key(transform);
}

const char *vae_transform_key(const vae_transform *transform)
{
    if (transform->crop) return "crop";
    if (transform->size.height) return "size";
    return transform->channels == VAE_CHANNELS_AUTO ? NULL : "channels";
}

static int64_t output_channels(const vae_transform *transform, int64_t stored)
{
    if (transform->channels == VAE_CHANNELS_AUTO) return stored;
    return transform->channels == VAE_CHANNELS_GREY ? 1 : 3;
}

vae_status vae_transform_shape(const vae_transform *transform, const int64_t stored[3], int64_t shape[3])
{
    const int64_t crop = transform->crop;
    if (crop > stored[0] || crop > stored[1]) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "is %" PRId64 "x%" PRId64 ", too small for crop = %" PRId64 " (height x width)", stored[0],
                             stored[1], crop);
    }
    shape[0] = transform->size.height ? transform->size.height : crop ? crop : stored[0];
    shape[1] = transform->size.width ? transform->size.width : crop ? crop : stored[1];
    shape[2] = output_channels(transform, stored[2]);
    if (shape[2] != stored[2] && stored[2] != 1 && stored[2] != 3) {
        return vae_error_set(VAE_ERROR_FORMAT, "has %" PRId64 " channels, but channels = %s needs 1 or 3", stored[2],
                             shape[2] == 1 ? "grey" : "rgb");
    }
    return VAE_OK;
}

/* A part of the stored image. */
typedef struct window {
    int64_t top, left, height, width;
} window;

static window centre(window outer, int64_t height, int64_t width)
{
    return (window){
        .top = outer.top + (outer.height - height) / 2,
        .left = outer.left + (outer.width - width) / 2,
        .height = height,
        .width = width,
    };
}

/* length · wanted / given, rounded, and at least 1. */
static int64_t scaled(int64_t length, int64_t wanted, int64_t given)
{
    const int64_t rounded = (length * wanted + given / 2) / given;
    return rounded > 0 ? rounded : 1;
}

static window find_window(const vae_transform *transform, const vae_raster *image)
{
    window taken = {.height = image->height, .width = image->width};
    const int64_t height = transform->size.height, width = transform->size.width;
    if (transform->crop) taken = centre(taken, transform->crop, transform->crop);
    if (height == 0) return taken;
    if (taken.height * width > taken.width * height) {
        return centre(taken, scaled(taken.width, height, width), taken.width);
    }
    return centre(taken, taken.height, scaled(taken.height, width, height));
}

/* How much of input place `at`, in units of 1 / outputs, lies in output place `place`, of `inputs` such units. */
static int64_t overlap(int64_t at, int64_t place, int64_t inputs, int64_t outputs)
{
    const int64_t begin = place * inputs > at * outputs ? place * inputs : at * outputs;
    const int64_t place_end = (place + 1) * inputs, at_end = (at + 1) * outputs;
    return (place_end < at_end ? place_end : at_end) - begin;
}

/* Weights are whole numbers that add up to the window's area, so nothing is lost before the one rounding. */
static uint8_t area_mean(const vae_raster *image, const window *from, const int64_t shape[3], int64_t y, int64_t x,
                         int64_t channel)
{
    const int64_t area = from->height * from->width;
    const int64_t last_row = ((y + 1) * from->height - 1) / shape[0];
    const int64_t last_column = ((x + 1) * from->width - 1) / shape[1];
    int64_t sum = 0;
    for (int64_t row = y * from->height / shape[0]; row <= last_row; ++row) {
        const uint8_t *pixels = image->pixels + ((from->top + row) * image->width + from->left) * image->channels;
        int64_t row_sum = 0;
        for (int64_t column = x * from->width / shape[1]; column <= last_column; ++column) {
            row_sum += overlap(column, x, from->width, shape[1]) * pixels[column * image->channels + channel];
        }
        sum += overlap(row, y, from->height, shape[0]) * row_sum;
    }
    return (uint8_t)((sum + area / 2) / area);
}

static void write_pixel(const uint8_t *stored, int64_t stored_channels, uint8_t *target, int64_t channels)
{
    if (channels == 1 && stored_channels == 3) {
        *target = (uint8_t)((299 * stored[0] + 587 * stored[1] + 114 * stored[2] + 500) / 1000);
        return;
    }
    for (int64_t i = 0; i < channels; ++i)
        target[i] = stored[0];
}

void vae_transform_apply(const vae_transform *transform, const vae_raster *image, uint8_t *target)
{
    const window from = find_window(transform, image);
    const int64_t channels = output_channels(transform, image->channels);
    const int64_t shape[3] = {transform->size.height ? transform->size.height : from.height,
                              transform->size.width ? transform->size.width : from.width, channels};
    for (int64_t y = 0; y < shape[0]; ++y) {
        for (int64_t x = 0; x < shape[1]; ++x, target += channels) {
            if (channels == image->channels) {
                for (int64_t i = 0; i < channels; ++i)
                    target[i] = area_mean(image, &from, shape, y, x, i);
                continue;
            }
            uint8_t stored[3] = {0}; /* 1 or 3 channels: vae_transform_shape */
            for (int64_t i = 0; i < image->channels; ++i)
                stored[i] = area_mean(image, &from, shape, y, x, i);
            write_pixel(stored, image->channels, target, channels);
        }
    }
}
