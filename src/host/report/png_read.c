#include "report/png_read.h"

#include <inttypes.h>
#include <png.h>
#include <stdlib.h>

#include "core/file.h"

static vae_status check_shape(const char *path, const png_image *file, int64_t height, int64_t width, int64_t channels)
{
    const bool colour = (file->format & PNG_FORMAT_FLAG_COLOR) != 0,
               alpha = (file->format & PNG_FORMAT_FLAG_ALPHA) != 0;
    const bool wide = (file->format & PNG_FORMAT_FLAG_LINEAR) != 0;
    if (file->height == height && file->width == width && colour == (channels == 3) && !alpha && !wide) return VAE_OK;
    return vae_error_set(VAE_ERROR_SHAPE,
                         "%s: is %s%s%s of %ux%u, but the model takes %s of %" PRId64 "x%" PRId64 " with 8 bits", path,
                         wide ? "16-bit " : "", colour ? "RGB" : "grey", alpha ? " with transparency" : "",
                         file->height, file->width, channels == 3 ? "RGB" : "grey", height, width);
}

static vae_status read_pixels(const char *path, png_image *file, float *image)
{
    file->format = file->format & PNG_FORMAT_FLAG_COLOR ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    const size_t size = PNG_IMAGE_SIZE(*file);
    uint8_t *pixels = malloc(size);
    if (!pixels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_status status = VAE_OK;
    if (!png_image_finish_read(file, NULL, pixels, 0, NULL)) {
        status = vae_error_set(VAE_ERROR_FORMAT, "%s: libpng: %s", path, file->message);
    }
    for (size_t i = 0; i < size && !status; ++i)
        image[i] = (float)pixels[i] / 255.0f;
    free(pixels);
    return status;
}

vae_status vae_png_read(const char *path, int64_t height, int64_t width, int64_t channels, float *image)
{
    png_image file = {.version = PNG_IMAGE_VERSION};
    if (!vae_path_exists(path)) return vae_error_set(VAE_ERROR_CONFIG, "%s: no such file", path);
    if (!png_image_begin_read_from_file(&file, path)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is no readable PNG file: %s", path, file.message);
    }
    vae_status status = check_shape(path, &file, height, width, channels);
    if (!status) status = read_pixels(path, &file, image);
    png_image_free(&file);
    return status;
}
