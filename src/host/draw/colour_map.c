/* The path of colours, in Oklab (Ottosson 2020), whose distances are those that are seen. */
#include "draw/colour_map.h"

#include <math.h>

#include "draw/pixel.h"

/* Lightness rises evenly while the hue turns from blue to yellow. The chroma is the largest that this path has room
 * for in sRGB. Steps differ by 4 % in length. */
#define DARKEST 0.12
#define LIGHTEST 0.97
#define FIRST_HUE 275.0
#define LAST_HUE 455.0
#define CHROMA 0.2
#define CHROMA_AT_ENDS 0.06 /* how far into its arch the ends stand */

static float gamma_of(double linear)
{
    return (float)(linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1.0 / 2.4) - 0.055);
}

static uint32_t from_oklab(double lightness, double a, double b)
{
    const double l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3.0);
    const double m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3.0);
    const double s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3.0);
    const float rgb[3] = {gamma_of(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
                          gamma_of(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
                          gamma_of(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
    return vae_pixel_rgb24(rgb, 3);
}

vae_colour_map vae_colour_map_make(void)
{
    vae_colour_map map;
    for (int i = 0; i < VAE_COLOURS; ++i) {
        const double place = (double)i / (VAE_COLOURS - 1);
        const double hue = (FIRST_HUE + (LAST_HUE - FIRST_HUE) * place) * M_PI / 180.0;
        const double chroma = CHROMA * sin(M_PI * (CHROMA_AT_ENDS + (1.0 - 2.0 * CHROMA_AT_ENDS) * place));
        map.colour[i] = from_oklab(DARKEST + (LIGHTEST - DARKEST) * place, chroma * cos(hue), chroma * sin(hue));
    }
    return map;
}

uint32_t vae_colour_map_at(const vae_colour_map *map, double value)
{
    return map->colour[lrint(fmin(fmax(value, 0.0), 1.0) * (VAE_COLOURS - 1))];
}
