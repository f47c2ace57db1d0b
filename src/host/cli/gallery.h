/* Items of a grid that are kept until all are there, each with its cell, and with the labels of rows and columns: of
 * drawings and of piano rolls. */
#ifndef VAE_CLI_GALLERY_H
#define VAE_CLI_GALLERY_H

#include "cli/sequence_sink.h"

/* Where in the grid an item stands, and how much of it was given. */
typedef struct vae_gallery_place {
    int64_t cell, given;
} vae_gallery_place;

enum { VAE_GALLERY_LABEL = 256 };

typedef struct vae_gallery {
    vae_sequence_list list;
    vae_gallery_place *places;                                     /* [list.count] */
    int64_t cells;                                                 /* in use, those between strips counted */
    char (*names)[VAE_GALLERY_LABEL], (*heads)[VAE_GALLERY_LABEL]; /* of strips, and of the items of one; NULL: none */
    int64_t name_count, head_count;
} vae_gallery;

vae_status vae_gallery_open(int64_t elements, vae_gallery *gallery);
/* What follows is a row of the grid. */
vae_status vae_gallery_begin_strip(vae_gallery *gallery, const vae_sequence_sink_plan *plan, const char *name);
vae_status vae_gallery_add(vae_gallery *gallery, const vae_sequence_sink *sink, const vae_sequence_shown *item);
/* Pointers to the labels of rows and of columns, NULL where there is nothing to show; the caller frees *memory. */
vae_status vae_gallery_labels(vae_gallery *gallery, const char ***memory, const char *const **names,
                              const char *const **heads);
/* Also of a zeroed struct. */
void vae_gallery_free(vae_gallery *gallery);

/* Pairs stand one over the other, as many side by side as there are columns: where the item of this number stands. */
int64_t vae_gallery_cell_of_pairs(int64_t number, int64_t columns);

/* "<folder>/000007.svg", with as many digits as the last of the plan's items needs, six at least. */
vae_status vae_gallery_numbered(const vae_sequence_sink *sink, const char *ending, char path[VAE_PATH_SIZE]);

#endif
