/* Copies of a run's state on their way to disk: two, so that one can be taken while the other is being written. */
#ifndef VAE_TRAIN_SNAPSHOTS_H
#define VAE_TRAIN_SNAPSHOTS_H

#include "model/checkpoint.h"
#include "train/worker.h"

/* What may become of a snapshot where the disk is slower than they come. Whatever is dropped, those that remain reach
 * the disk in the order in which they were taken. */
typedef enum vae_snapshot_kind {
    VAE_SNAPSHOT_PERIODIC, /* left out where none may be replaced; a newer one may replace it */
    VAE_SNAPSHOT_BEST,     /* becomes `best` and `last`; nothing but a newer best may replace it */
    VAE_SNAPSHOT_SURE      /* becomes `last`: a run's end, and what it is resumed with */
} vae_snapshot_kind;

typedef struct vae_snapshot {
    vae_snapshot_kind kind;
    vae_checkpoint state; /* design borrowed from the run; arenas owned */
    int64_t number;       /* of its item in the worker's queue; -1: never was in one */
} vae_snapshot;

typedef struct vae_snapshots {
    vae_snapshot two[2];
} vae_snapshots;

/* For states like `run`, which is borrowed and must stay as it is but for its progress and arenas. VAE_ERROR_MEMORY;
 * vae_snapshots_free() is due then too. */
vae_status vae_snapshots_create(const vae_checkpoint *run, vae_snapshots *snapshots);
/* Also of a zeroed struct. The worker must be through with them. */
void vae_snapshots_free(vae_snapshots *snapshots);

/* Finds one to be filled; NULL where a periodic one is left out. Never waits for those that may be left out, nor for
 * the best: of two that are queued the older is as good as being written, so a best replaces the newer, whatever it is.
 * The first checkpoint of a run is never dropped, as it is never the newer of two. */
vae_status vae_snapshots_take(vae_snapshots *snapshots, vae_worker *worker, vae_snapshot_kind kind,
                              vae_snapshot **taken);

#endif
