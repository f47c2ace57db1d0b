/* The font of all text in pictures. */
#ifndef VAE_DRAW_FONT_H
#define VAE_DRAW_FONT_H

#include <cairo.h>
#include <vae/status.h>

/* Makes `context` write in the font that lies beside the program, ../share/vae-cuda/fonts/DejaVuSans.ttf from its
 * folder, where there is one; else in what the system calls sans-serif. */
void vae_font_select(cairo_t *context);

/* The same for the font in `file`; VAE_ERROR_IO if that cannot be read as one. */
vae_status vae_font_select_file(cairo_t *context, const char *file);

#endif
