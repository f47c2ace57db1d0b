/* Where a command's images go, batch by batch: a grid, a folder of numbered pictures, an array, a table. But for the
 * pixels of a grid, memory does not grow with their number. */
#ifndef VAE_CLI_IMAGE_SINK_H
#define VAE_CLI_IMAGE_SINK_H

#include <stdbool.h>
#include <vae/model.h>

#include "cli/array_writer.h"
#include "config/config.h"

enum { VAE_SINK_PATHS = 3, VAE_SINK_KINDS = VAE_FILE_PNG | VAE_FILE_ARRAY | VAE_FILE_FOLDER };

typedef struct vae_sink_plan {
    const char *paths[VAE_SINK_PATHS]; /* each of VAE_SINK_KINDS, after vae_cli_check_outputs(); NULL: none */
    vae_model_shape shape;
    vae_array_layout layout; /* of arrays */
    vae_csv_names names;     /* of the columns of tables */
    int64_t count, columns;  /* of a grid; `count` images are expected, fewer may come */
    bool numbers;            /* they are measured numbers: told as rows */
    bool pairs;              /* a grid shows rows of originals over the rows of images */
} vae_sink_plan;

typedef struct vae_image_sink vae_image_sink;

/* VAE_ERROR_ARGUMENT, before anything is computed, for images that a picture cannot show. On failure *sink is NULL. */
vae_status vae_image_sink_open(const vae_sink_plan *plan, vae_image_sink **sink);
/* Whether anything is asked for at all. */
bool vae_image_sink_takes(const vae_image_sink *sink);
/* images [rows, elements], in [0, 1] where pictures show them; originals likewise where the plan has pairs, else NULL.
 */
vae_status vae_image_sink_add(vae_image_sink *sink, const float *originals, const float *images, int64_t rows);
/* Files appear now; with `quiet` false each is named on standard output. Frees the sink. */
vae_status vae_image_sink_finish(vae_image_sink *sink, bool quiet);
/* Frees the sink; of what it was given only the finished pictures of a folder stay. NULL is allowed. */
void vae_image_sink_abandon(vae_image_sink *sink);

#endif
