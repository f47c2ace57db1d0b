/* Finds a copy for the next checkpoint: one that is free, one that may be replaced, or the first to become free. */
#include "train/snapshots.h"

#include <stdlib.h>

#include "core/memory.h"

enum { COUNT = 2 };

vae_status vae_snapshots_create(const vae_checkpoint *run, vae_snapshots *snapshots)
{
    *snapshots = (vae_snapshots){0};
    const size_t elements = (size_t)run->design.layout.elements, element_size = vae_dtype_size(run->dtype);
    VAE_TRY(vae_memory_check("two copies of parameters and moments, to be written as checkpoints",
                             COUNT * (VAE_ARENA_COUNT - 1) * (double)elements * (double)element_size));
    for (int i = 0; i < COUNT; ++i) {
        vae_snapshot *snapshot = &snapshots->two[i];
        *snapshot = (vae_snapshot){.state = *run, .number = -1};
        for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena) {
            /* Zeroed pages are not there until they are written to: the second copy costs nothing while it is not
             * needed. */
            const bool saved = arena != VAE_ARENA_GRADIENTS;
            snapshot->state.arenas[arena] = saved ? calloc(elements, element_size) : NULL;
            if (saved && !snapshot->state.arenas[arena]) {
                return vae_error_set(VAE_ERROR_MEMORY, "checkpoint: out of memory");
            }
        }
    }
    return VAE_OK;
}

void vae_snapshots_free(vae_snapshots *snapshots)
{
    for (int i = 0; i < COUNT; ++i) {
        for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena)
            free(snapshots->two[i].state.arenas[arena]);
    }
    *snapshots = (vae_snapshots){0};
}

static bool may_replace(vae_snapshot_kind newer, vae_snapshot_kind older)
{
    return older == VAE_SNAPSHOT_PERIODIC || (older == VAE_SNAPSHOT_BEST && newer == VAE_SNAPSHOT_BEST);
}

/* One that is free, or may be replaced; NULL where there is none. */
static vae_snapshot *find(vae_snapshots *snapshots, vae_worker *worker, vae_snapshot_kind kind)
{
    vae_snapshot *two = snapshots->two;
    for (int i = 0; i < COUNT; ++i) {
        if (vae_worker_has_done(worker, two[i].number)) return &two[i];
    }
    vae_snapshot *newer = two[0].number > two[1].number ? &two[0] : &two[1];
    if (may_replace(kind, newer->kind) && vae_worker_cancel(worker, newer->number)) return newer;
    return NULL;
}

vae_status vae_snapshots_take(vae_snapshots *snapshots, vae_worker *worker, vae_snapshot_kind kind,
                              vae_snapshot **taken)
{
    vae_snapshot *two = snapshots->two;
    *taken = find(snapshots, worker, kind);
    while (!*taken && kind != VAE_SNAPSHOT_PERIODIC) {
        /* Either the newer one has just been begun, or it has to be written before this one. */
        VAE_TRY(vae_worker_wait(worker, two[0].number < two[1].number ? two[0].number : two[1].number));
        *taken = find(snapshots, worker, kind);
    }
    if (*taken) (*taken)->kind = kind;
    return VAE_OK;
}
