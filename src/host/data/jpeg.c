/* JPEG, by libjpeg-turbo, whose errors come by longjmp to the one function that calls setjmp. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "data/image_file.h"

/* Everything that must be seen after a longjmp lives here, not in local variables. */
typedef struct decoder {
    struct jpeg_error_mgr errors; /* first: libjpeg gives a pointer to it */
    struct jpeg_decompress_struct jpeg;
    jmp_buf failure;
    bool out_of_memory;
    uint8_t *pixels;
    char message[JMSG_LENGTH_MAX];
} decoder;

static void fail(j_common_ptr jpeg)
{
    decoder *d = (decoder *)jpeg->err;
    d->errors.format_message(jpeg, d->message);
    d->out_of_memory = d->errors.msg_code == JERR_OUT_OF_MEMORY;
    longjmp(d->failure, 1);
}

/* libjpeg would fill what is missing with grey and go on; here that is damage. Only what has no say in the pixels
 * passes. */
static void warn(j_common_ptr jpeg, int level)
{
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR: return;
    default: fail(jpeg);
    }
}

static void be_silent(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void read_pixels(decoder *d)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    const size_t row_bytes = (size_t)jpeg->output_width * (size_t)jpeg->output_components;
    d->pixels = malloc(row_bytes * jpeg->output_height);
    if (!d->pixels) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = d->pixels + row_bytes * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

/* Four bytes a pixel become three, in place. Adobe's programs, which write nearly all such files, store ink inverted.
 */
static void cmyk_to_rgb(uint8_t *pixels, size_t count, bool inverted)
{
    for (size_t i = 0; i < count; ++i) {
        const uint8_t *stored = pixels + 4 * i;
        const int flip = inverted ? 0 : 255, key = stored[3] ^ flip;
        for (size_t c = 0; c < 3; ++c)
            pixels[3 * i + c] = (uint8_t)(((stored[c] ^ flip) * key + 127) / 255);
    }
}

static vae_status decode(decoder *d, const char *name, const uint8_t *data, size_t size, vae_raster *image)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    if (setjmp(d->failure)) {
        free(d->pixels);
        if (d->out_of_memory) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged JPEG file: %s", name, d->message);
    }
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, data, (unsigned long)size);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->image_width > VAE_MAX_IMAGE_SIDE || jpeg->image_height > VAE_MAX_IMAGE_SIDE) {
        ERREXIT1(jpeg, JERR_IMAGE_TOO_BIG, VAE_MAX_IMAGE_SIDE);
    }
    const bool cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    const bool grey = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    jpeg->out_color_space = cmyk ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(jpeg);
    read_pixels(d);
    if (cmyk) cmyk_to_rgb(d->pixels, (size_t)jpeg->image_width * jpeg->image_height, jpeg->saw_Adobe_marker);
    *image = (vae_raster){d->pixels, jpeg->image_height, jpeg->image_width, grey ? 1 : 3};
    return VAE_OK;
}

vae_status vae_jpeg_decode(const char *name, const uint8_t *data, size_t size, vae_raster *image)
{
    decoder d = {.pixels = NULL};
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.errors.error_exit = fail;
    d.errors.emit_message = warn;
    d.errors.output_message = be_silent;
    const vae_status status = decode(&d, name, data, size, image);
    jpeg_destroy_decompress(&d.jpeg);
    return status;
}
