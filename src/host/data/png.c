/* PNG, by libpng, whose errors come by longjmp to the one function that calls setjmp. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_file.h"

/* Deflate makes at most 1032 bytes of one; a header that promises more is damage, and nothing is allocated for it. */
enum { MAX_RATIO = 1032, SRGB_GAMMA = 45455, GAMMA_SLACK = 1000 };

/* Everything that must be seen after a longjmp lives here, not in local variables. */
typedef struct decoder {
    png_structp png;
    png_infop info;
    const char *name;
    const uint8_t *data;
    size_t size, position;
    vae_status status; /* of what failed but is no damage, with its message set */
    uint8_t *samples;
    png_bytepp rows;
    char message[128];
} decoder;

static void fail(png_structp png, png_const_charp message)
{
    decoder *d = png_get_error_ptr(png);
    strncpy(d->message, message, sizeof d->message - 1);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_data(png_structp png, png_bytep target, size_t size)
{
    decoder *d = png_get_io_ptr(png);
    if (size > d->size - d->position) png_error(png, "it is cut short");
    memcpy(target, d->data + d->position, size);
    d->position += size;
}

/* ---- Pixels ---- */

/* Asks for samples of 8 or 16 bits, grey or RGB, alpha behind them where anything is transparent. */
static void set_output(const decoder *d)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    png_set_expand(d->png);
    if (first == 1) png_set_swap(d->png); /* 16 bits are stored with the high byte first */
    png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
}

/* Before anything is expanded. */
static void check_length(const decoder *d)
{
    const double bytes = (double)png_get_image_height(d->png, d->info) * (double)png_get_rowbytes(d->png, d->info);
    if (bytes > (double)d->size * MAX_RATIO) png_error(d->png, "it is too short for the size in its header");
}

static void allocate(decoder *d, int64_t height, int64_t width, size_t pixel_bytes)
{
    d->status = vae_picture_allocate(d->name, height, width, (int64_t)pixel_bytes, &d->samples);
    if (d->status) png_error(d->png, "see status");
    d->rows = malloc((size_t)height * sizeof *d->rows);
    if (!d->rows) png_error(d->png, "out of memory");
    for (int64_t y = 0; y < height; ++y)
        d->rows[y] = d->samples + (size_t)(y * width) * pixel_bytes;
}

static void read_samples(decoder *d, vae_samples *samples)
{
    set_output(d);
    *samples = (vae_samples){.height = png_get_image_height(d->png, d->info),
                             .width = png_get_image_width(d->png, d->info),
                             .channels = png_get_channels(d->png, d->info),
                             .bits = png_get_bit_depth(d->png, d->info)};
    allocate(d, samples->height, samples->width, (size_t)(samples->channels * samples->bits / 8));
    png_read_image(d->png, d->rows);
    png_read_end(d->png, d->info); /* EXIF may stand behind the pixels */
    samples->values = d->samples;
}

/* ---- What is beside them ---- */

static void note_colours(const decoder *d, vae_picture *picture)
{
    png_charp name;
    png_bytep profile;
    png_uint_32 size = 0;
    int compression, intent;
    png_fixed_point gamma = SRGB_GAMMA;
    if (png_get_sRGB(d->png, d->info, &intent)) return;
    if (png_get_iCCP(d->png, d->info, &name, &compression, &profile, &size)) {
        vae_picture_note_profile(picture, profile, size);
    } else if (png_get_gAMA_fixed(d->png, d->info, &gamma) && abs(gamma - SRGB_GAMMA) > GAMMA_SLACK) {
        vae_picture_remark(picture, VAE_REMARK_PROFILE);
    }
}

static void take_orientation(const decoder *d, vae_picture *picture)
{
    png_bytep exif;
    png_uint_32 size;
    png_textp texts;
    int count = 0;
    if (png_get_eXIf_1(d->png, d->info, &size, &exif)) vae_picture_take_exif(picture, exif, size);
    png_get_text(d->png, d->info, &texts, &count);
    for (int i = 0; i < count; ++i) {
        if (strcmp(texts[i].key, "XML:com.adobe.xmp") != 0) continue;
        vae_picture_take_xmp(picture, (const uint8_t *)texts[i].text, strlen(texts[i].text));
    }
}

/* An animation has a chunk acTL before the pixels, which libpng passes over: length, name, frames, … */
static bool is_animated(const decoder *d)
{
    size_t at = 8;
    while (at + 12 <= d->size && memcmp(d->data + at + 4, "IDAT", 4) != 0) {
        const uint8_t *chunk = d->data + at;
        if (memcmp(chunk + 4, "acTL", 4) == 0) return (chunk[8] | chunk[9] | chunk[10]) != 0 || chunk[11] > 1;
        at += 12 + ((size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3]);
    }
    return false;
}

/* ---- The file ---- */

static vae_status decode(decoder *d, vae_picture *picture)
{
    vae_samples samples;
    if (setjmp(png_jmpbuf(d->png))) {
        free(d->samples);
        if (d->status) return d->status;
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged PNG file: %s", d->name, d->message);
    }
    png_set_read_fn(d->png, d, read_data);
    png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(d->png, d->info);
    check_length(d);
    read_samples(d, &samples);
    note_colours(d, picture);
    take_orientation(d, picture);
    if (is_animated(d)) vae_picture_remark(picture, VAE_REMARK_SEVERAL);
    vae_picture_take_samples(picture, &samples);
    return VAE_OK;
}

vae_status vae_png_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture)
{
    decoder d = {.name = name, .data = data, .size = size};
    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, fail, ignore_warning);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    const vae_status status = d.info ? decode(&d, picture) : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
    free(d.rows);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return status;
}
