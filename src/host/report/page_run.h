/* What a report tells of one run, read from its folder. */
#ifndef VAE_REPORT_PAGE_RUN_H
#define VAE_REPORT_PAGE_RUN_H

#include <jansson.h>

#include "data/classes.h"
#include "model/checkpoint.h"
#include "train/metrics_read.h"
#include "train/run_folder.h"

/* Pictures of one epoch in the run's pictures folder; either may be missing. */
typedef struct vae_page_picture {
    int64_t epoch;
    bool samples, reconstructions;
} vae_page_picture;

typedef struct vae_page_run {
    vae_run_folder folder;
    char checkpoint_path[VAE_PATH_SIZE];
    vae_checkpoint checkpoint; /* parameters only */
    vae_metrics_history history;
    vae_page_picture *pictures; /* by epoch, at most as many as asked for */
    int64_t picture_count;
    int64_t pictures_found; /* epochs with pictures in the folder */
    json_t *machine;        /* machine.json, or NULL where the folder has none */
    vae_classes classes;    /* what labels are called; none where the folder has no class_names.txt */
    json_t *columns;        /* set by the caller: report/page_columns.h, with "part" and "noise", or a {"note"} alone;
                             * NULL of images; freed with the run */
    json_t *sketches;  /* set by the caller: groups of drawings, report/page_sketches.h; NULL: none; freed likewise */
    json_t *sentences; /* likewise of texts, report/page_sentences.h */
    json_t *music;     /* likewise, report/page_music.h */
    char *listing;     /* set by the caller: the training program as text; from malloc, freed with the run */
} vae_page_run;

/* Reads `checkpoint_path` and the folder's metrics, and lists its pictures; with more than max_pictures epochs, evenly
 * spaced ones with the first and the last among them. On failure too, vae_page_run_close() is due. */
vae_status vae_page_run_open(vae_page_run *run, const char *folder, const char *checkpoint_path, int64_t max_pictures);
void vae_page_run_close(vae_page_run *run);

#endif
