/* Cuts a pass into batches, and finds the place of each. */
#include "model/batch_plan.h"

#include <stdlib.h>

#include "core/permutation.h"
#include "data/disk.h"

/* Keys the order of the batches of an epoch beside those of the items of each bucket, which have numbers below it. */
static const uint64_t ORDER_OF_BATCHES = 0xFFFF;

static vae_status allocate(vae_batch_plan *plan, int32_t count)
{
    plan->groups = calloc((size_t)count, sizeof *plan->groups);
    return plan->groups ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "batches: out of memory");
}

static void add(vae_batch_plan *plan, vae_build build, int64_t first, int64_t items)
{
    if (items == 0) return;
    const int64_t batches = (items + build.rows - 1) / build.rows;
    plan->groups[plan->count++] = (vae_batch_group){
        .build = build, .first_batch = plan->batches, .batches = batches, .first = first, .items = items};
    plan->batches += batches;
    plan->items += items;
}

/* No program is ever run on rows that are not there: the short batch has one of its own. */
static vae_status plan_images(const vae_dataset *dataset, int64_t batch, vae_role role, vae_batch_plan *plan)
{
    const int64_t rest = dataset->count % batch;
    VAE_TRY(allocate(plan, 2));
    add(plan, (vae_build){.role = role, .rows = batch}, 0, dataset->count - rest);
    add(plan, (vae_build){.role = role, .rows = rest}, dataset->count - rest, rest);
    return VAE_OK;
}

/* Programs of one length for all: one bucket of that many steps. */
static vae_status make_buckets(const vae_design *design, const vae_dataset *dataset, int64_t batch, vae_role role,
                               vae_buckets *buckets)
{
    const int64_t fixed = role == VAE_ROLE_TRAIN ? design->traits.fixed_steps : 0;
    char cache[VAE_PATH_SIZE];
    /* The order of data that are mapped is, too. */
    const bool mapped = dataset->mapping.start != NULL;
    if (mapped) VAE_TRY(vae_disk_folder(design->config.data.cache, cache));
    VAE_TRY(vae_buckets_make(dataset->offsets, dataset->count, fixed > 0 ? 1 : VAE_MAX_BUCKETS, batch,
                             mapped ? cache : NULL, buckets));
    if (fixed > 0) buckets->bucket[0].steps = fixed;
    return VAE_OK;
}

/* A bucket's short batch has the bucket's program, too: of sequences, rows may be missing. */
static vae_status plan_sequences(const vae_design *design, const vae_dataset *dataset, int64_t batch, vae_role role,
                                 vae_batch_plan *plan)
{
    VAE_TRY(make_buckets(design, dataset, batch, role, &plan->buckets));
    VAE_TRY(allocate(plan, plan->buckets.count));
    plan->mixed = role == VAE_ROLE_TRAIN;
    for (int32_t i = 0; i < plan->buckets.count; ++i) {
        const vae_bucket *bucket = &plan->buckets.bucket[i];
        const vae_build build = {.role = role,
                                 .rows = batch < bucket->count ? batch : bucket->count,
                                 .steps = bucket->steps,
                                 .first = bucket->first,
                                 .count = bucket->count,
                                 .bucket = i};
        add(plan, build, 0, bucket->count);
    }
    return VAE_OK;
}

vae_status vae_batch_plan_make(const vae_design *design, const vae_dataset *dataset, int64_t batch, vae_role role,
                               vae_batch_plan *plan)
{
    *plan = (vae_batch_plan){0};
    if (dataset->count == 0) return VAE_OK;
    const vae_status status =
        dataset->offsets ? plan_sequences(design, dataset, batch, role, plan) : plan_images(dataset, batch, role, plan);
    if (status) vae_batch_plan_free(plan);
    return status;
}

void vae_batch_plan_free(vae_batch_plan *plan)
{
    free(plan->groups);
    vae_buckets_free(&plan->buckets);
    *plan = (vae_batch_plan){0};
}

/* Where batch `index` of the epoch stands in the order of the groups. */
static int64_t shuffle(const vae_batch_plan *plan, int64_t index, const vae_step *step)
{
    if (!plan->mixed) return index;
    const vae_permutation permutation =
        vae_permutation_of_bucket(step->seed, step->epoch, ORDER_OF_BATCHES, (uint64_t)plan->batches);
    return (int64_t)vae_permutation_apply(&permutation, (uint64_t)index);
}

const vae_batch_group *vae_batch_plan_select(const vae_batch_plan *plan, int64_t index, vae_step *step, int64_t *rows)
{
    const int64_t place = shuffle(plan, index, step);
    const vae_batch_group *group = plan->groups;
    while (place >= group->first_batch + group->batches)
        ++group;
    const int64_t before = (place - group->first_batch) * group->build.rows, left = group->items - before;
    *rows = left < group->build.rows ? left : group->build.rows;
    step->first = group->first + before;
    step->rows = *rows;
    step->share = (double)group->build.rows / (double)*rows;
    return group;
}

int64_t vae_batch_plan_items(const vae_batch_plan *plan, uint64_t seed, uint64_t epoch, int64_t index, int64_t *items)
{
    vae_step step = {.seed = seed, .epoch = epoch};
    int64_t rows;
    const vae_build *build = &vae_batch_plan_select(plan, index, &step, &rows)->build;
    const vae_permutation permutation =
        vae_permutation_of_bucket(seed, epoch, (uint64_t)build->bucket, (uint64_t)build->count);
    for (int64_t r = 0; r < rows; ++r) {
        const uint64_t place = vae_permutation_apply(&permutation, (uint64_t)(step.first + r));
        items[r] = plan->buckets.order[build->first + (int64_t)place];
    }
    return rows;
}
