/* Looks at the data of a configuration of sequences as training would. */
#include "cli/info_sequences.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/kind_words.h"
#include "data/sequence_splits.h"
#include "model/batch_plan.h"
#include "train/pictures.h"

/* Steps between an item's begin and its end, of all of them. */
static int64_t steps_of(const vae_dataset *dataset)
{
    return dataset->offsets[dataset->count] - dataset->offsets[0] -
           vae_sequence_shape_of(dataset->kind)->marks * dataset->count;
}

static void print_items(const vae_design *design, const vae_splits *splits)
{
    const vae_kind_words *words = vae_kind_words_of(design->input.kind);
    const vae_dataset *train = &splits->train;
    const int64_t steps = steps_of(train), read = vae_sequence_splits_steps(splits);
    const int64_t unknown = train->remarks.of[VAE_REMARK_UNKNOWN].count;
    printf("%-13s %" PRId64 " training, %" PRId64 " validation, %" PRId64 " test\n", words->items, train->count,
           splits->validation.count, splits->test.count);
    printf("lengths       up to %" PRId64 " %s, %.1f in the mean of the training part, of which %" PRId64 " %s cut\n",
           vae_input_most_steps(&design->input), vae_kind_steps(words, vae_input_most_steps(&design->input)),
           (double)steps / (double)train->count, train->truncated, train->truncated == 1 ? "is" : "are");
    if (design->input.vocabulary == 0) return;
    printf("vocabulary    %" PRId64 " tokens; %.2f %% of the training text is unknown to it\n",
           design->input.vocabulary, read > 0 ? 100.0 * (double)unknown / (double)read : 0.0);
}

static void print_buckets(const vae_batch_plan *plan)
{
    printf("\n%8s %10s %10s\n", "steps", "items", "batches");
    for (int32_t i = 0; i < plan->count; ++i) {
        const vae_batch_group *group = &plan->groups[i];
        printf("%8" PRId64 " %10" PRId64 " %10" PRId64 "\n", group->build.steps, group->items, group->batches);
    }
    printf("%.1f %% padding in %" PRId64 " batches of %" PRId64 " an epoch; steps have begin and end counted\n\n",
           100.0 * vae_buckets_padding(&plan->buckets), plan->batches, plan->groups[0].build.rows);
}

vae_status vae_cli_print_sequences(const vae_design *design, const vae_splits *splits)
{
    vae_batch_plan plan;
    VAE_TRY(vae_batch_plan_make(design, &splits->train, design->config.train.batch_size, VAE_ROLE_TRAIN, &plan));
    print_items(design, splits);
    print_buckets(&plan);
    vae_batch_plan_free(&plan);
    return VAE_OK;
}

/* ---- Memory ---- */

static vae_status measure(const vae_design *design, vae_build build, double *bytes)
{
    vae_program program;
    VAE_TRY(vae_design_build(design, build, &program));
    *bytes = fmax(*bytes, 4.0 * (double)program.activation_elements);
    vae_program_free(&program);
    return VAE_OK;
}

/* Of all groups that a part is cut into; an empty part has none. */
static vae_status measure_part(const vae_design *design, const vae_dataset *part, vae_role role, double *bytes)
{
    const vae_config *config = &design->config;
    const int64_t batch = role == VAE_ROLE_TRAIN ? config->train.batch_size : config->evaluate.batch_size;
    vae_batch_plan plan;
    VAE_TRY(vae_batch_plan_make(design, part, batch, role, &plan));
    vae_status status = VAE_OK;
    const bool apart = role == VAE_ROLE_TRAIN && config->train.encoder_updates > 0;
    for (int32_t i = 0; i < plan.count; ++i) {
        vae_build build = plan.groups[i].build;
        for (int program = VAE_PART_ALL; !status && program <= (apart ? VAE_PART_DECODER : VAE_PART_ALL); ++program) {
            build.part = (vae_part)program;
            status = measure(design, build, bytes);
        }
    }
    vae_batch_plan_free(&plan);
    return status;
}

vae_status vae_cli_print_sequences_memory(const vae_design *design, const vae_splits *splits)
{
    vae_build builds[VAE_PICTURE_BUILDS];
    double train = 0, evaluate = 0, pictures = 0;
    VAE_TRY(measure_part(design, &splits->train, VAE_ROLE_TRAIN, &train));
    VAE_TRY(measure_part(design, &splits->validation, VAE_ROLE_EVALUATE, &evaluate));
    VAE_TRY(measure_part(design, &splits->test, VAE_ROLE_EVALUATE, &evaluate));
    vae_pictures_builds(design, INT64_MAX, builds);
    for (int i = 0; i < VAE_PICTURE_BUILDS; ++i)
        if (builds[i].rows > 0) VAE_TRY(measure(design, builds[i], &pictures));
    printf("shared arena  %12.3f MB, in which a run's programs take turns: train %.3f, evaluate %.3f, pictures %.3f\n",
           fmax(train, fmax(evaluate, pictures)) * 1e-6, train * 1e-6, evaluate * 1e-6, pictures * 1e-6);
    return VAE_OK;
}
