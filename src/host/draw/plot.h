/* Figures of latent spaces, as PNG and SVG from one drawing routine (cairo). */
#ifndef VAE_DRAW_PLOT_H
#define VAE_DRAW_PLOT_H

#include "draw/panels.h"

enum { VAE_PLOT_PATH_SIZE = 4096 };

/* The files that a figure of this name becomes: "x.png" and "x.svg" are just that, in capitals too; any other name is
 * what both begin with. Returns how many, 0 where the name is too long. */
int vae_plot_paths(const char *name, char paths[2][VAE_PLOT_PATH_SIZE]);

/* Writes the files of vae_plot_paths(prefix) with rows × columns panels, row by row, and one legend for all labels, by
 * name where all panels that have a label call it the same; of more than 256 labels it has the first 50. A point that
 * is not finite is VAE_ERROR_NUMERIC; no point or image to draw, or too long a prefix, VAE_ERROR_ARGUMENT.
 */
vae_status vae_plot_write(const char *prefix, const vae_panel *panels, int rows, int columns);

#endif
