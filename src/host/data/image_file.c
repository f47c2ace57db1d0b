/* The table of picture formats, and the reading of one picture by it. */
#include "data/image_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/file.h"

#define MAX_IMAGE_FILE ((size_t)1 << 30)

/* ---- Formats ---- */

/* libtiff brings libraries along that not every build may pass on: with -DVAE_TIFF=OFF it is left out. */
#if VAE_TIFF
#define TIFF_DECODE vae_tiff_decode
#define TIFF_NAME ", TIFF"
#else
#define TIFF_DECODE NULL
#define TIFF_NAME ""
#endif

const char vae_image_formats[] = "PNG, JPEG, BMP, GIF, WebP, PNM" TIFF_NAME;

enum { MAX_ENDINGS = 6, MAGIC_SIZE = 12 };

/* A decoder, or NULL for what is only known by name. In the magic '?' stands for any byte, '#' for a digit. */
typedef struct picture_format {
    const char *name, *magic;
    size_t magic_size;
    vae_picture_decode *decode;
    const char *endings[MAX_ENDINGS];
} picture_format;

static const picture_format formats[] = {
    {"PNG", "\x89PNG\r\n\x1a\n", 8, vae_png_decode, {"png", "apng"}},
    {"JPEG", "\xff\xd8\xff", 3, vae_jpeg_decode, {"jpg", "jpeg", "jpe", "jfif", "jif"}},
    {"BMP", "BM", 2, vae_bmp_decode, {"bmp", "dib"}},
    {"GIF", "GIF8?a", 6, vae_gif_decode, {"gif"}},
    {"WebP", "RIFF????WEBP", 12, vae_webp_decode, {"webp"}},
    {"TIFF", "II*\0", 4, TIFF_DECODE, {"tif", "tiff"}},
    {"TIFF", "MM\0*", 4, TIFF_DECODE, {NULL}},
    {"TIFF", "II+\0", 4, TIFF_DECODE, {NULL}},
    {"TIFF", "MM\0+", 4, TIFF_DECODE, {NULL}},
    {"PNM", "P#", 2, vae_pnm_decode, {"pnm", "ppm", "pgm", "pbm"}},
    {"HEIC", "????ftyphei", 11, NULL, {"heic", "heif", "hif"}},
    {"AVIF", "????ftypavi", 11, NULL, {"avif", "avifs"}},
    {"JPEG 2000", "\0\0\0\x0cjP  ", 8, NULL, {"jp2", "j2k", "j2c", "jpf", "jpx", "jpm"}},
    {"JPEG XL", "\0\0\0\x0cJXL ", 8, NULL, {"jxl"}},
    {"Photoshop", "8BPS", 4, NULL, {"psd", "psb"}},
    {"OpenEXR", "v/1\x01", 4, NULL, {"exr"}},
};

/* Pictures by their endings alone. */
static const char *const unread_endings[] = {
    "tga", "svg", "svgz", "ico",  "cur", "hdr", "pcx", "xcf", "dds",  "sgi", "ras", "xbm",  "xpm",  "qoi",
    "pam", "pfm", "icns", "wbmp", "jxr", "wdp", "jng", "mng", "flif", "dcm", "dng", "cr2",  "cr3",  "crw",
    "nef", "nrw", "arw",  "orf",  "rw2", "raf", "pef", "srw", "eps",  "emf", "wmf", "fits", "dicom"};

static bool begins_with(const uint8_t *data, size_t size, const picture_format *format)
{
    if (size < format->magic_size) return false;
    for (size_t i = 0; i < format->magic_size; ++i) {
        const char wanted = format->magic[i];
        if (wanted == '#' ? !isdigit(data[i]) : wanted != '?' && data[i] != (uint8_t)wanted) return false;
    }
    return true;
}

static bool has_ending(const picture_format *format, const char *ending)
{
    for (size_t i = 0; i < MAX_ENDINGS && format->endings[i]; ++i) {
        if (strcasecmp(ending, format->endings[i]) == 0) return true;
    }
    return false;
}

bool vae_image_is_picture(const uint8_t *start, size_t size)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        if (begins_with(start, size, &formats[i])) return true;
    }
    return false;
}

vae_image_ending vae_image_ending_of(const char *name)
{
    const char *point = strrchr(name, '.');
    if (!point || point == name) return VAE_ENDING_OTHER;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        if (has_ending(&formats[i], point + 1)) return formats[i].decode ? VAE_ENDING_READ : VAE_ENDING_UNREAD;
    }
    for (size_t i = 0; i < sizeof unread_endings / sizeof *unread_endings; ++i) {
        if (strcasecmp(point + 1, unread_endings[i]) == 0) return VAE_ENDING_UNREAD;
    }
    return VAE_ENDING_OTHER;
}

/* ---- Reading ---- */

static vae_status refuse(const char *path, size_t size, const char *name)
{
    if (size == 0) return vae_error_set(VAE_ERROR_FORMAT, "%s: is an empty file", path);
    if (name) return vae_error_set(VAE_ERROR_FORMAT, "%s: is a %s file, a format that is not supported", path, name);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is not a picture in a supported format: %s", path, vae_image_formats);
}

static vae_status decode_once(const char *path, const uint8_t *data, size_t size, vae_picture *picture)
{
    *picture = (vae_picture){0};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        if (!begins_with(data, size, &formats[i])) continue;
        if (!formats[i].decode) return refuse(path, size, formats[i].name);
        return formats[i].decode(path, data, size, picture);
    }
    return refuse(path, size, NULL);
}

/* Lack of memory must not be taken for damage, but not every library tells them apart. malloc says it in errno; as it
 * may do so in passing, where it still finds memory elsewhere, the same has to happen twice. */
static vae_status decode(const char *path, const uint8_t *data, size_t size, vae_picture *picture)
{
    for (int attempt = 0; attempt < 2; ++attempt) {
        errno = 0;
        const vae_status status = decode_once(path, data, size, picture);
        if (status != VAE_ERROR_FORMAT || errno != ENOMEM) return status;
    }
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory to decode it", path);
}

vae_status vae_image_file_read(const char *path, vae_picture *picture)
{
    void *data;
    size_t size;
    *picture = (vae_picture){0};
    vae_status status = vae_file_read(path, MAX_IMAGE_FILE, &data, &size);
    if (status == VAE_ERROR_FORMAT) return VAE_ERROR_SHAPE; /* too large a file is no damage */
    VAE_TRY(status);
    status = decode(path, data, size, picture);
    free(data);
    if (!status) status = vae_picture_turn(path, picture);
    if (!status) return VAE_OK;
    free((void *)picture->raster.pixels);
    *picture = (vae_picture){0};
    return status;
}
