/* JPEG, by libjpeg-turbo, whose errors come by longjmp to the one function that calls setjmp. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "data/image_file.h"

/* The coarsest scan takes a bit for each 8x8 block; a header that promises more is damage. */
enum { MAX_PIXELS_PER_BYTE = 512, EXIF_MARKER = JPEG_APP0 + 1, ICC_MARKER = JPEG_APP0 + 2, MAX_MARKER = 65533 };

/* Everything that must be seen after a longjmp lives here, not in local variables. */
typedef struct decoder {
    struct jpeg_error_mgr errors; /* first: libjpeg gives a pointer to it */
    struct jpeg_decompress_struct jpeg;
    jmp_buf failure;
    const char *name;
    vae_status status; /* of what failed but is no damage, with its message set */
    uint8_t *pixels;
    char message[JMSG_LENGTH_MAX];
} decoder;

static void fail(j_common_ptr jpeg)
{
    decoder *d = (decoder *)jpeg->err;
    d->errors.format_message(jpeg, d->message);
    if (d->errors.msg_code == JERR_OUT_OF_MEMORY) {
        d->status = vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", d->name);
    }
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
    d->status =
        vae_picture_allocate(d->name, jpeg->output_height, jpeg->output_width, jpeg->output_components, &d->pixels);
    if (d->status) longjmp(d->failure, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = d->pixels + row_bytes * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

/* ---- What is beside the pixels ---- */

/* The content of that marker behind its own name; NULL for another. */
static const uint8_t *content_of(const struct jpeg_marker_struct *marker, const char *name, size_t name_size,
                                 size_t *size)
{
    if (marker->data_length < name_size || memcmp(marker->data, name, name_size) != 0) return NULL;
    *size = marker->data_length - name_size;
    return marker->data + name_size;
}

static void take_markers(const decoder *d, vae_picture *picture)
{
    static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/1.0/", icc[] = "ICC_PROFILE";
    const uint8_t *content, *profile = NULL;
    size_t size, profile_size = 0;
    for (const struct jpeg_marker_struct *marker = d->jpeg.marker_list; marker; marker = marker->next) {
        if ((content = content_of(marker, exif, sizeof exif, &size)) && !picture->orientation) {
            vae_picture_take_exif(picture, content, size);
        }
        /* A large profile goes on in further markers; its name is in the first. */
        if ((content = content_of(marker, icc, sizeof icc, &size)) && !profile) {
            profile = content;
            profile_size = size;
        }
    }
    for (const struct jpeg_marker_struct *marker = d->jpeg.marker_list; marker; marker = marker->next) {
        if ((content = content_of(marker, xmp, sizeof xmp, &size))) vae_picture_take_xmp(picture, content, size);
    }
    if (profile) vae_picture_note_profile(picture, profile, profile_size);
}

/* ---- The file ---- */

static void read_header(decoder *d, const uint8_t *data, size_t size)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    jpeg_mem_src(jpeg, data, (unsigned long)size);
    jpeg_save_markers(jpeg, EXIF_MARKER, MAX_MARKER);
    jpeg_save_markers(jpeg, ICC_MARKER, MAX_MARKER);
    jpeg_read_header(jpeg, TRUE);
    if ((double)jpeg->image_width * jpeg->image_height > (double)size * MAX_PIXELS_PER_BYTE) {
        ERREXIT(jpeg, JERR_INPUT_EOF);
    }
}

static vae_status failure(const decoder *d)
{
    if (d->status) return d->status;
    const int code = d->errors.msg_code;
    const bool unread = code == JERR_BAD_PRECISION || code == JERR_SOF_UNSUPPORTED || code == JERR_CONVERSION_NOTIMPL;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is a %s: %s", d->name,
                         unread ? "JPEG file of an unsupported kind" : "damaged JPEG file", d->message);
}

static vae_status decode(decoder *d, const uint8_t *data, size_t size, vae_picture *picture)
{
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    if (setjmp(d->failure)) {
        free(d->pixels);
        return failure(d);
    }
    jpeg_create_decompress(jpeg);
    read_header(d, data, size);
    take_markers(d, picture); /* they are gone when the pixels have been read */
    const bool cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    const bool grey = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    jpeg->out_color_space = cmyk ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(jpeg);
    read_pixels(d);
    if (cmyk) {
        vae_cmyk_to_rgb(d->pixels, (size_t)jpeg->image_width * jpeg->image_height, jpeg->saw_Adobe_marker);
        vae_picture_remark(picture, VAE_REMARK_CMYK);
    }
    picture->raster = (vae_raster){d->pixels, jpeg->image_height, jpeg->image_width, grey ? 1 : 3};
    return VAE_OK;
}

vae_status vae_jpeg_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture)
{
    decoder d = {.name = name};
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.errors.error_exit = fail;
    d.errors.emit_message = warn;
    d.errors.output_message = be_silent;
    const vae_status status = decode(&d, data, size, picture);
    jpeg_destroy_decompress(&d.jpeg);
    return status;
}
