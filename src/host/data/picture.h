/* One decoded picture, and what its decoders share. Pixels come as bytes of one channel, grey, or three, RGB, upright:
 * orientations are applied, 16 bits rounded to 8, palettes looked up, transparency laid over white, CMYK converted to
 * RGB, the first of several frames taken. No gamma and no colour profile is applied. Anything lost this way is noted.
 * */
#ifndef VAE_DATA_PICTURE_H
#define VAE_DATA_PICTURE_H

#include <stddef.h>

#include "data/remarks.h"
#include "data/transform.h"

/* Of a picture's side: a larger picture is refused, though not as damaged. */
enum { VAE_MAX_IMAGE_SIDE = 1 << 16 };

typedef struct vae_picture {
    vae_raster raster; /* pixels from malloc */
    int orientation;   /* as EXIF has it, 1 to 8, still to be applied; 0: none is stored */
    uint64_t remarks;  /* bit 1 << kind for each vae_remark_kind that holds of it */
    int64_t largest;   /* of its 16-bit samples; 0 where it has none */
} vae_picture;
_Static_assert(VAE_REMARK_KINDS <= 64, "each kind of remark has a bit");

static inline void vae_picture_remark(vae_picture *picture, vae_remark_kind kind)
{
    picture->remarks |= (uint64_t)1 << kind;
}

static inline bool vae_picture_has_remark(const vae_picture *picture, vae_remark_kind kind)
{
    return (picture->remarks >> kind & 1) != 0;
}

/* Memory for a picture of that size, *bytes from malloc. VAE_ERROR_FORMAT for an empty one, VAE_ERROR_SHAPE for sides
 * that are too large, VAE_ERROR_MEMORY; messages begin with `name`. */
vae_status vae_picture_allocate(const char *name, int64_t height, int64_t width, int64_t bytes_per_pixel,
                                uint8_t **bytes);

/* Samples of grey, grey and alpha, RGB or RGBA. */
typedef struct vae_samples {
    void *values; /* [height, width, channels] of uint8_t, or uint16_t where bits is 16 */
    int64_t height, width;
    int channels; /* 1 to 4 */
    int bits;     /* 8 or 16 */
    bool premultiplied;
} vae_samples;

/* Turns them to pixels in place, and gives their memory to the picture. */
void vae_picture_take_samples(vae_picture *picture, const vae_samples *samples);

typedef struct vae_palette {
    const uint8_t *colours; /* [count, 3] */
    int count;              /* at most 256; what points beyond is black */
    int transparent;        /* index that stands for nothing; -1: none */
} vae_palette;

/* Looks up indices[height, width], which stay the caller's. Grey comes out where the colours are the levels of grey in
 * their order, else RGB. VAE_ERROR_MEMORY. */
vae_status vae_picture_take_indices(const char *name, vae_picture *picture, const uint8_t *indices, int64_t height,
                                    int64_t width, const vae_palette *palette);

/* CMYK, four bytes a pixel, to RGB, three, in place. inverted: 255 is no ink, as Adobe's programs store it. */
void vae_cmyk_to_rgb(uint8_t *pixels, size_t count, bool inverted);

/* Notes a profile that is not sRGB's, by the name in it. */
void vae_picture_note_profile(vae_picture *picture, const uint8_t *profile, size_t size);

/* Takes the orientation out of an EXIF block, with or without "Exif\0\0" before it, or else out of an XMP packet. A
 * damaged block has none. */
void vae_picture_take_exif(vae_picture *picture, const uint8_t *data, size_t size);
void vae_picture_take_xmp(vae_picture *picture, const uint8_t *data, size_t size);

/* Turns the picture upright. VAE_ERROR_MEMORY. */
vae_status vae_picture_turn(const char *name, vae_picture *picture);

#endif
