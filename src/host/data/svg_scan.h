/* Numbers and what separates them in values of SVG's attributes. */
#ifndef VAE_DATA_SVG_SCAN_H
#define VAE_DATA_SVG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/* A value and the place in it. */
typedef struct vae_svg_scan {
    const char *text, *at;
} vae_svg_scan;

void vae_svg_skip_blanks(vae_svg_scan *scan);
/* Blanks with at most one comma among them. */
void vae_svg_skip_separator(vae_svg_scan *scan);
/* Whether a number begins here. */
bool vae_svg_is_number(const vae_svg_scan *scan);
/* The number that begins here, "-1.5e3" or ".5", and the separator after it; what may follow it without one, as in
 * "1-2" or "0.5.5", is the next. VAE_ERROR_FORMAT where there is none. */
vae_status vae_svg_number(vae_svg_scan *scan, double *number);
/* An arc's flag, one digit, and the separator after it. */
vae_status vae_svg_flag(vae_svg_scan *scan, bool *flag);
/* VAE_ERROR_FORMAT: "byte 7: " and what was expected there. */
vae_status vae_svg_expected(const vae_svg_scan *scan, const char *what);

#endif
