/* Music that the report's page shows as piano rolls and plays (report/page/music.js). */
#ifndef VAE_REPORT_PAGE_MUSIC_H
#define VAE_REPORT_PAGE_MUSIC_H

#include <jansson.h>

#include "draw/piano_roll.h"

typedef struct vae_page_music {
    const char *title, *caption; /* UTF-8 */
    const vae_piano_roll *rolls; /* [count], row by row */
    int64_t count, columns;
    int64_t beat; /* steps of a quarter */
    double tempo; /* quarters a minute */
    bool drums;
} vae_page_music;

/* Adds a group to *groups, which is made where it is NULL, for `music` of vae_page_run. VAE_ERROR_MEMORY; *groups is
 * then as it was. */
vae_status vae_page_music_add(const vae_page_music *group, json_t **groups);

#endif
