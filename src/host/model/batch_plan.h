/* How a pass over a data set is cut into batches: groups of batches, each group of one program. Images make two, the
 * full batches and the short one at the end; sequences one for each bucket of lengths. */
#ifndef VAE_MODEL_BATCH_PLAN_H
#define VAE_MODEL_BATCH_PLAN_H

#include "data/buckets.h"
#include "data/dataset.h"
#include "model/design.h"

typedef struct vae_batch_group {
    vae_build build;
    int64_t first_batch; /* of the pass, in the order of the groups */
    int64_t batches;
    int64_t first; /* vae_step.first of its first batch */
    int64_t items; /* of the data set */
} vae_batch_group;

typedef struct vae_batch_plan {
    vae_batch_group *groups; /* owned */
    int32_t count;
    int64_t items, batches; /* of all groups */
    bool mixed;             /* batches come in an order of each epoch's own, not group by group */
    vae_buckets buckets;    /* of sequences; a group each, that its items are gathered for. Else zeroed */
} vae_batch_plan;

/* `batch`: rows of a full batch. An empty data set gives a plan without groups. On failure nothing is to be freed. */
vae_status vae_batch_plan_make(const vae_design *design, const vae_dataset *dataset, int64_t batch, vae_role role,
                               vae_batch_plan *plan);
/* Also of a zeroed struct. */
void vae_batch_plan_free(vae_batch_plan *plan);

/* The group of batch `index` in [0, batches), and its place: step->first, rows and share; seed and epoch of the step
 * are set. *rows: how many items the batch has. */
const vae_batch_group *vae_batch_plan_select(const vae_batch_plan *plan, int64_t index, vae_step *step, int64_t *rows);

/* Of sequences: writes the items of batch `index` of a training's epoch to items[rows of its group], in the order of
 * the batch's rows; gives how many there are. */
int64_t vae_batch_plan_items(const vae_batch_plan *plan, uint64_t seed, uint64_t epoch, int64_t index, int64_t *items);

#endif
