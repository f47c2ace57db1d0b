/* GIF, by giflib: the first frame of a file. */
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_file.h"

typedef struct decoder {
    const char *name;
    const uint8_t *data;
    size_t size, position;
    GifFileType *gif;
    int transparent;  /* index, or -1 */
    uint8_t *indices; /* [height, width] of the whole screen */
    int64_t height, width;
} decoder;

static int read_data(GifFileType *gif, GifByteType *target, int size)
{
    decoder *d = gif->UserData;
    const size_t left = d->size - d->position, taken = (size_t)size < left ? (size_t)size : left;
    memcpy(target, d->data + d->position, taken);
    d->position += taken;
    return (int)taken;
}

static vae_status failure(const decoder *d, int code)
{
    const char *reason = GifErrorString(code);
    if (code == D_GIF_ERR_NOT_ENOUGH_MEM) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", d->name);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged GIF file: %s", d->name,
                         reason ? reason : "it has no frame");
}

/* What is told of the next frame is which of its colours is none. */
static bool read_extension(decoder *d)
{
    int code;
    GifByteType *block;
    GraphicsControlBlock control;
    if (DGifGetExtension(d->gif, &code, &block) == GIF_ERROR) return false;
    while (block) {
        if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
            d->transparent = control.TransparentColor;
        }
        if (DGifGetExtensionNext(d->gif, &block) == GIF_ERROR) return false;
    }
    return true;
}

/* Goes to the next frame; false: there is none, or the file is damaged. */
static bool find_frame(decoder *d)
{
    for (;;) {
        GifRecordType type;
        if (DGifGetRecordType(d->gif, &type) == GIF_ERROR) return false;
        if (type == IMAGE_DESC_RECORD_TYPE) return true;
        if (type != EXTENSION_RECORD_TYPE || !read_extension(d)) return false;
    }
}

/* ---- Pixels ---- */

/* A frame may be a part of the screen, or stand out, and then the screen grows. Around it there is nothing, where a
 * colour is transparent, else the first colour. */
static vae_status allocate(decoder *d)
{
    const GifImageDesc *frame = &d->gif->Image;
    d->height = frame->Top + frame->Height > d->gif->SHeight ? frame->Top + frame->Height : d->gif->SHeight;
    d->width = frame->Left + frame->Width > d->gif->SWidth ? frame->Left + frame->Width : d->gif->SWidth;
    if (frame->Width < 1 || frame->Height < 1 || frame->Left < 0 || frame->Top < 0) return failure(d, 0);
    VAE_TRY(vae_picture_allocate(d->name, d->height, d->width, 1, &d->indices));
    memset(d->indices, d->transparent >= 0 ? d->transparent : 0, (size_t)(d->height * d->width));
    return VAE_OK;
}

static bool read_rows(const decoder *d)
{
    static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2}; /* interlaced rows come in four passes */
    const GifImageDesc *frame = &d->gif->Image;
    const int passes = frame->Interlace ? 4 : 1;
    for (int pass = 0; pass < passes; ++pass) {
        for (int y = frame->Interlace ? first[pass] : 0; y < frame->Height; y += frame->Interlace ? step[pass] : 1) {
            uint8_t *row = d->indices + (int64_t)(frame->Top + y) * d->width + frame->Left;
            if (DGifGetLine(d->gif, row, frame->Width) == GIF_ERROR) return false;
        }
    }
    return true;
}

/* The frame's own colours, or those of all; a file without any is grey. */
static vae_status take_indices(const decoder *d, vae_picture *picture)
{
    uint8_t colours[256][3];
    const ColorMapObject *map = d->gif->Image.ColorMap ? d->gif->Image.ColorMap : d->gif->SColorMap;
    const int count = map && map->ColorCount < 256 ? map->ColorCount : 256;
    for (int i = 0; i < count; ++i) {
        colours[i][0] = map ? map->Colors[i].Red : (uint8_t)i;
        colours[i][1] = map ? map->Colors[i].Green : (uint8_t)i;
        colours[i][2] = map ? map->Colors[i].Blue : (uint8_t)i;
    }
    const vae_palette palette = {colours[0], count, d->transparent};
    return vae_picture_take_indices(d->name, picture, d->indices, d->height, d->width, &palette);
}

/* ---- The file ---- */

static vae_status decode(decoder *d, vae_picture *picture)
{
    if (!find_frame(d) || DGifGetImageDesc(d->gif) == GIF_ERROR) return failure(d, d->gif->Error);
    VAE_TRY(allocate(d));
    if (!read_rows(d)) return failure(d, d->gif->Error);
    VAE_TRY(take_indices(d, picture));
    if (find_frame(d)) vae_picture_remark(picture, VAE_REMARK_SEVERAL);
    return VAE_OK;
}

vae_status vae_gif_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture)
{
    decoder d = {.name = name, .data = data, .size = size, .transparent = -1};
    int code = 0;
    d.gif = DGifOpen(&d, read_data, &code);
    if (!d.gif) return failure(&d, code);
    const vae_status status = decode(&d, picture);
    free(d.indices);
    DGifCloseFile(d.gif, NULL);
    return status;
}
