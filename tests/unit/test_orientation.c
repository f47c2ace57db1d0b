/* data/orientation.c: where a picture says which way is up, and how it is turned. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "data/picture.h"

/* A block of one directory with one entry, in either order of bytes. */
static size_t make_exif(uint8_t block[32], bool big_endian, int type, int value)
{
    const uint8_t little[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 18, 1, (uint8_t)type, 0, 1, 0, 0, 0, (uint8_t)value,
                              0,   0,   0};
    const uint8_t big[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, (uint8_t)type, 0, 0, 0, 1, 0, (uint8_t)value,
                           0,   0};
    memcpy(block, big_endian ? big : little, sizeof little);
    return sizeof little;
}

static int orientation_of(const uint8_t *block, size_t size)
{
    vae_picture picture = {.orientation = 0};
    uint8_t *copy = malloc(size ? size : 1); /* so that a sanitizer sees what is read beyond it */
    memcpy(copy, block, size);
    vae_picture_take_exif(&picture, copy, size);
    free(copy);
    return picture.orientation;
}

Test(orientation, in_exif)
{
    uint8_t block[32], marked[38] = "Exif\0";
    for (int value = 1; value <= 8; ++value) {
        size_t size = make_exif(block, true, 3, value);
        cr_expect_eq(orientation_of(block, size), value);
        size = make_exif(block, false, 3, value);
        cr_expect_eq(orientation_of(block, size), value);
        memcpy(marked + 6, block, size);
        cr_expect_eq(orientation_of(marked, size + 6), value);
    }
}

Test(orientation, damaged_exif_has_none)
{
    uint8_t block[32];
    const size_t size = make_exif(block, false, 3, 6);
    for (size_t cut = 0; cut < size; ++cut)
        cr_expect_eq(orientation_of(block, cut), 0, "cut at %zu", cut);
    for (int value = 0; value < 256; value += 9) {
        make_exif(block, false, 3, value);
        cr_expect_eq(orientation_of(block, size), value <= 8 ? value : 0);
    }
    make_exif(block, false, 2, 6); /* a text */
    cr_expect_eq(orientation_of(block, size), 0);
    make_exif(block, false, 3, 6);
    memset(block + 4, 0xff, 4); /* a directory far outside */
    cr_expect_eq(orientation_of(block, size), 0);
}

Test(orientation, in_xmp_where_exif_has_none)
{
    static const char *const packets[] = {"<x tiff:Orientation=\"6\"/>", "<tiff:Orientation>6</tiff:Orientation>"};
    for (int i = 0; i < 2; ++i) {
        vae_picture picture = {.orientation = 0};
        vae_picture_take_xmp(&picture, (const uint8_t *)packets[i], strlen(packets[i]));
        cr_expect_eq(picture.orientation, 6);
        picture.orientation = 3;
        vae_picture_take_xmp(&picture, (const uint8_t *)packets[i], strlen(packets[i]));
        cr_expect_eq(picture.orientation, 3);
    }
}

/* 1 2 3     as stored, turned as the standard's pictures of the letter F are.
 * 4 5 6 */
Test(orientation, turned)
{
    static const char *const turned[] = {"123456", "123456", "321654", "654321", "456123",
                                         "142536", "415263", "635241", "362514"};
    for (int orientation = 0; orientation <= 8; ++orientation) {
        for (int channels = 1; channels <= 3; channels += 2) {
            uint8_t *pixels = malloc(18);
            for (int i = 0; i < 6 * channels; ++i)
                pixels[i] = (uint8_t)('1' + i / channels);
            vae_picture picture = {.raster = {pixels, 2, 3, channels}, .orientation = orientation};
            cr_assert_eq(vae_picture_turn("a", &picture), VAE_OK);
            cr_expect_eq(picture.raster.height, orientation >= 5 ? 3 : 2);
            cr_expect_eq(picture.raster.width, orientation >= 5 ? 2 : 3);
            for (int i = 0; i < 6 * channels; ++i)
                cr_expect_eq(picture.raster.pixels[i], turned[orientation][i / channels], "%d: %d", orientation, i);
            free((void *)picture.raster.pixels);
        }
    }
}
