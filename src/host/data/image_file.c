#include "data/image_file.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"

#define MAX_IMAGE_FILE ((size_t)1 << 30)

static vae_status decode(const char *path, const uint8_t *data, size_t size, vae_raster *image)
{
    if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0) return vae_png_decode(path, data, size, image);
    if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0) return vae_jpeg_decode(path, data, size, image);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is neither a PNG nor a JPEG file", path);
}

vae_status vae_image_file_read(const char *path, vae_raster *image)
{
    void *data;
    size_t size;
    *image = (vae_raster){0};
    VAE_TRY(vae_file_read(path, MAX_IMAGE_FILE, &data, &size));
    const vae_status status = decode(path, data, size, image);
    free(data);
    return status;
}
