/* Drawings that the report's page draws stroke by stroke (report/page/sketches.js). */
#ifndef VAE_REPORT_PAGE_SKETCHES_H
#define VAE_REPORT_PAGE_SKETCHES_H

#include <jansson.h>

#include "draw/sketch.h"

typedef struct vae_page_sketches {
    const char *title, *caption; /* UTF-8 */
    const vae_sketch *sketches;  /* [count], row by row */
    int64_t count, columns;
} vae_page_sketches;

/* Adds a group to *groups, which is made where it is NULL, for `sketches` of vae_page_run. VAE_ERROR_NUMERIC as
 * vae_sketch_json(); *groups is then as it was. */
vae_status vae_page_sketches_add(const vae_page_sketches *group, json_t **groups);

#endif
