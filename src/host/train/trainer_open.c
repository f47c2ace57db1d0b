/* Opens a trainer, with everything checked before the run's folder is changed, and closes it. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/json.h"
#include "data/attributes.h"
#include "data/disk.h"
#include "data/label_names.h"
#include "data/place.h"
#include "data/record.h"
#include "data/splits.h"
#include "train/initialise.h"
#include "train/machine.h"
#include "train/resume.h"
#include "train/trainer_state.h"

/* ---- Data, device, parameters ---- */

/* Tables that only other commands will use must be there, and fit, before the training is paid for. */
static vae_status check_attributes(const vae_trainer *trainer, const char *key, const char *path,
                                   const vae_dataset *dataset, int64_t images)
{
    const vae_config *config = &trainer->state.design.config;
    char found[VAE_PATH_SIZE], note[VAE_PLACE_NOTE];
    vae_attribute_table table = {0};
    if (!path[0]) return VAE_OK;
    vae_place_find(config, path, found, note);
    vae_status status = vae_attribute_table_read(found, dataset->names != NULL, &table);
    if (!status) status = vae_attribute_table_match(&table, path, dataset, images);
    vae_attribute_table_free(&table);
    return status ? vae_config_blame(config, vae_error_prepend(status, "[data] %s", key), "data", key) : VAE_OK;
}

static vae_status attach_names(vae_checkpoint *state, const char *name, const vae_classes *names)
{
    if (names->count == 0) return VAE_OK;
    return vae_checkpoint_attach(state, name, names->names, (int64_t)names->bytes);
}

static vae_status open_data(vae_trainer *trainer, const vae_resume_point *point)
{
    vae_config *config = &trainer->state.design.config;
    if (trainer->options->resume != VAE_RESUME_NONE) {
        vae_record_use(trainer->folder.data, trainer->folder.path, config);
        config->places.check = point->found ? VAE_RECORD_FAIL : VAE_RECORD_IGNORE;
        config->places.train_images = point->saved.progress.train_images;
        if (point->found) config->places.store = vae_input_store(&point->saved.design.input);
    }
    VAE_TRY(vae_folder_check(trainer->folder.path));
    if (config->run.tensorboard) VAE_TRY(vae_folder_check(trainer->folder.tensorboard));
    const vae_status cache = config->data.cache[0] ? vae_folder_check(config->data.cache) : VAE_OK;
    if (cache) return vae_config_blame(config, vae_error_prepend(cache, "[data] cache"), "data", "cache");
    VAE_TRY(vae_place_check_all(config));
    VAE_TRY(vae_splits_open(config, &trainer->splits));
    const vae_splits *splits = &trainer->splits;
    VAE_TRY(check_attributes(trainer, "train_attributes", config->data.train_attributes, &splits->train,
                             splits->train_print.images));
    VAE_TRY(check_attributes(trainer, "test_attributes", config->data.test_attributes, &splits->test,
                             splits->test_print.images));
    if (trainer->splits.train.count < 1) {
        return vae_error_set(VAE_ERROR_CONFIG, "[data] leaves no training images");
    }
    trainer->state.design.input = vae_input_of_data(&trainer->splits);
    trainer->state.progress.train_images = trainer->splits.train.count;
    VAE_TRY(attach_names(&trainer->state, VAE_ATTACHMENT_CLASS_NAMES, &splits->train.classes));
    VAE_TRY(attach_names(&trainer->state, VAE_ATTACHMENT_VOCABULARY, &splits->train.vocabulary));
    return attach_names(&trainer->state, VAE_ATTACHMENT_COLUMN_NAMES, &splits->train.column_names);
}

static void keep_remark(void *context, const char *text)
{
    const vae_trainer *trainer = context;
    const vae_train_observer *observer = &trainer->options->observer;
    json_array_append_new(trainer->remarks, vae_json_text(text));
    if (observer->remarked) observer->remarked(observer->context, text);
}

/* Where what was measured is kept for other runs; a machine without such a place measures in each. */
static const char *find_cache(vae_trainer *trainer, char folder[VAE_PATH_SIZE])
{
    if (!trainer->state.design.config.run.tune) return NULL;
    if (!vae_disk_find_folder(NULL, folder)) return folder;
    keep_remark(trainer, vae_error_message());
    return NULL;
}

static vae_status open_device(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    char cache[VAE_PATH_SIZE];
    trainer->remarks = json_array();
    const vae_device_options options = {
        .threads = (int)config->run.threads,
        .precision = config->run.precision,
        .remarks = {trainer, keep_remark},
        .choices = {.tune = config->run.tune, .file = trainer->folder.products, .cache = find_cache(trainer, cache)}};
    VAE_TRY(vae_device_open(config->run.device, &options, &trainer->device));
    trainer->state.dtype = trainer->device->backend->dtype;
    return trainer->device->backend->store_create(trainer->device, &trainer->state.design.layout, true,
                                                  &trainer->store);
}

/* ---- Resuming ---- */

static vae_status load_store(vae_trainer *trainer, const vae_checkpoint *saved)
{
    for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena) {
        if (arena == VAE_ARENA_GRADIENTS) continue;
        VAE_TRY(trainer->device->backend->store_write(trainer->store, (vae_arena)arena, saved->dtype,
                                                      saved->arenas[arena]));
    }
    trainer->state.progress = saved->progress;
    trainer->resumed_step = saved->progress.step;
    return VAE_OK;
}

/* Columns that are called otherwise are other columns, or stand in another order. */
static vae_status check_column_names(const vae_trainer *trainer, const vae_resume_point *point)
{
    const vae_attachment *before = vae_checkpoint_attached(&point->saved, VAE_ATTACHMENT_COLUMN_NAMES);
    const vae_classes *now = &trainer->splits.train.column_names;
    const char *was;
    const int64_t column = before ? vae_classes_compare(now, before->data, (size_t)before->size, &was) : -1;
    if (column < 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG,
                         "[data] train_data: column %" PRId64
                         ", counted from 0, was called '%s' when the run was started, now it is '%s'",
                         column, was, vae_classes_name(now, column));
}

/* A token that is another one now would be read as the one before. */
static vae_status check_vocabulary(const vae_trainer *trainer, const vae_resume_point *point)
{
    const vae_attachment *before = vae_checkpoint_attached(&point->saved, VAE_ATTACHMENT_VOCABULARY);
    const vae_classes *now = &trainer->splits.train.vocabulary;
    const char *was;
    const int64_t token = before ? vae_classes_compare(now, before->data, (size_t)before->size, &was) : -1;
    const int64_t count = point->saved.design.input.vocabulary;
    if (token < 0 && (!before || count == now->count)) return VAE_OK;
    if (token < 0) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[data] train_data: the vocabulary was of %" PRId64
                             " tokens when the run was started, now it is of %" PRId64,
                             count, now->count);
    }
    return vae_error_set(VAE_ERROR_CONFIG,
                         "[data] train_data: token %" PRId64
                         " of the vocabulary was '%s' when the run was started, now it is '%s'",
                         token, was, vae_classes_name(now, token));
}

static vae_status take_up(vae_trainer *trainer, vae_resume_point *point)
{
    VAE_TRY(check_column_names(trainer, point));
    VAE_TRY(check_vocabulary(trainer, point));
    VAE_TRY(
        vae_resume_check(point, &trainer->state.design.input, trainer->splits.train.count, trainer->steps_per_epoch));
    VAE_TRY(load_store(trainer, &point->saved));
    trainer->save_first = point->save;
    trainer->save_best_first = point->save_best;
    return VAE_OK;
}

/* ---- Opening and closing ---- */

const vae_dataset *vae_trainer_held_out(const vae_trainer *trainer, const char **split)
{
    const vae_splits *splits = &trainer->splits;
    if (splits->validation.count > 0) {
        *split = "validation";
        return &splits->validation;
    }
    *split = "test";
    return splits->test.count > 0 ? &splits->test : NULL;
}

/* Of a split, which may be empty. */
static int64_t evaluation_batch(const vae_trainer *trainer, const vae_dataset *dataset)
{
    const int64_t wanted = trainer->state.design.config.evaluate.batch_size;
    return dataset->count > 0 && dataset->count < wanted ? dataset->count : wanted;
}

static vae_status plan_batches(vae_trainer *trainer)
{
    const vae_design *design = &trainer->state.design;
    const vae_splits *splits = &trainer->splits;
    vae_trainer_plans *plans = &trainer->plans;
    VAE_TRY(
        vae_batch_plan_make(design, &splits->train, design->config.train.batch_size, VAE_ROLE_TRAIN, &plans->train));
    VAE_TRY(vae_batch_plan_make(design, &splits->validation, evaluation_batch(trainer, &splits->validation),
                                VAE_ROLE_EVALUATE, &plans->validation));
    return vae_batch_plan_make(design, &splits->test, evaluation_batch(trainer, &splits->test), VAE_ROLE_EVALUATE,
                               &plans->test);
}

static int add_builds(const vae_batch_plan *plan, vae_part part, vae_build *builds)
{
    for (int32_t i = 0; i < plan->count; ++i) {
        builds[i] = plan->groups[i].build;
        builds[i].part = part;
    }
    return plan->count;
}

/* Room for every program that the run will make, now or when it first needs it. */
static vae_status reserve(const vae_trainer *trainer)
{
    const vae_trainer_plans *plans = &trainer->plans;
    const bool apart = trainer->state.design.config.train.encoder_updates > 0;
    int count = 3 * plans->train.count + plans->validation.count + plans->test.count + VAE_PICTURE_BUILDS;
    vae_build *builds = calloc((size_t)count, sizeof *builds);
    if (!builds) return vae_error_set(VAE_ERROR_MEMORY, "programs: out of memory");
    count = add_builds(&plans->train, VAE_PART_ALL, builds);
    for (int part = VAE_PART_ENCODER; apart && part <= VAE_PART_DECODER; ++part)
        count += add_builds(&plans->train, (vae_part)part, builds + count);
    count += add_builds(&plans->validation, VAE_PART_ALL, builds + count);
    count += add_builds(&plans->test, VAE_PART_ALL, builds + count);
    vae_pictures_builds(&trainer->state.design, INT64_MAX, builds + count);
    const vae_status status = vae_instance_reserve(&trainer->model, builds, count + VAE_PICTURE_BUILDS);
    free(builds);
    return status;
}

vae_status vae_trainer_evaluate_validation(vae_trainer *trainer)
{
    return vae_batches_create(&trainer->validation, &trainer->model, &trainer->splits.validation,
                              &trainer->plans.validation);
}

vae_status vae_trainer_evaluate_test(vae_trainer *trainer)
{
    if (trainer->test.backend) return VAE_OK;
    return vae_batches_create(&trainer->test, &trainer->model, &trainer->splits.test, &trainer->plans.test);
}

static int64_t coming_items(const void *context, uint64_t epoch, int64_t batch, int64_t *items)
{
    const vae_trainer *trainer = context;
    const uint64_t seed = (uint64_t)trainer->state.design.config.train.seed;
    return vae_batch_plan_items(&trainer->train.plan, seed, epoch, batch, items);
}

static vae_status read_ahead(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    const vae_prefetch_plan plan = {.context = trainer,
                                    .batches = trainer->train.plan.batches,
                                    .rows = config->train.batch_size,
                                    .items = coming_items};
    const vae_dataset *dataset = &trainer->splits.train;
    return dataset->offsets ? vae_prefetch_create_sequences(dataset, &plan, &trainer->prefetch)
                            : vae_prefetch_create(dataset, (uint64_t)config->train.seed, &trainer->prefetch);
}

static vae_status make_programs(vae_trainer *trainer)
{
    vae_checkpoint *state = &trainer->state;
    trainer->model = (vae_instance){&state->design, trainer->device, trainer->store};
    VAE_TRY(plan_batches(trainer));
    VAE_TRY(reserve(trainer));
    VAE_TRY(vae_batches_create(&trainer->train, &trainer->model, &trainer->splits.train, &trainer->plans.train));
    trainer->steps_per_epoch = trainer->train.plan.batches;
    VAE_TRY(read_ahead(trainer));
    VAE_TRY(vae_trainer_open_encoder(trainer));
    const char *split;
    const vae_dataset *held_out = vae_trainer_held_out(trainer, &split);
    if (!held_out) return VAE_OK;
    return held_out == &trainer->splits.test ? vae_trainer_evaluate_test(trainer)
                                             : vae_trainer_evaluate_validation(trainer);
}

/* Looks at all that the folder holds before anything is read or computed. */
static vae_status open_folder(vae_trainer *trainer, vae_resume_point *point)
{
    const vae_resume how = trainer->options->resume;
    if (how == VAE_RESUME_NONE) return vae_run_folder_check_new(&trainer->folder);
    VAE_TRY(vae_run_folder_lock(&trainer->folder));
    return vae_resume_open(&trainer->folder, how, &trainer->state.design.config, point);
}

static vae_status open_run(vae_trainer *trainer, vae_resume_point *point)
{
    vae_checkpoint *state = &trainer->state;
    VAE_TRY(open_data(trainer, point));
    VAE_TRY(vae_design_resolve(&state->design));
    VAE_TRY(open_device(trainer));
    VAE_TRY(make_programs(trainer));
    VAE_TRY(vae_latent_statistics_create(state->design.traits.latent, &trainer->latent));
    VAE_TRY(vae_posterior_sample_create(state->design.traits.latent, &trainer->posteriors));
    if (trainer->options->resume == VAE_RESUME_NONE) VAE_TRY(vae_run_folder_make(&trainer->folder));
    VAE_TRY(point->found ? take_up(trainer, point)
                         : vae_initialise_store(trainer->device, trainer->store, &state->design.layout,
                                                &trainer->splits, (uint64_t)state->design.config.train.seed));
    VAE_TRY(vae_writer_create(&trainer->folder, state, &trainer->writer));
    /* All that can be checked has been: from here on the folder changes. */
    VAE_TRY(vae_resume_keep(&trainer->folder, trainer->options->resume, point));
    VAE_TRY(vae_run_folder_open(&trainer->folder, &state->design.config));
    VAE_TRY(vae_record_write(trainer->folder.data, trainer->folder.path, &state->design.config, &trainer->splits));
    VAE_TRY(vae_machine_write(trainer->folder.machine, trainer->device, trainer->remarks));
    const vae_backend *backend = trainer->device->backend;
    if (backend->choices_keep) VAE_TRY(backend->choices_keep(trainer->device));
    const vae_classes *classes = &trainer->splits.train.classes;
    if (classes->count > 0) VAE_TRY(vae_label_names_write(trainer->folder.class_names, classes));
    return vae_writer_open(trainer->writer, trainer->resumed_step);
}

vae_status vae_trainer_open(vae_trainer *trainer, const vae_config *config, const vae_train_options *options)
{
    *trainer = (vae_trainer){.options = options, .resumed_step = -1, .folder = {.lock = -1}};
    vae_checkpoint *state = &trainer->state;
    state->design.config = *config;
    state->progress.best_loss = INFINITY;
    VAE_TRY(vae_run_folder_init(&trainer->folder, options->folder));
    vae_resume_point point = {0};
    vae_status status = open_folder(trainer, &point);
    if (!status) status = open_run(trainer, &point);
    vae_resume_free(&point);
    return status;
}

void vae_trainer_close(vae_trainer *trainer)
{
    vae_writer_destroy(trainer->writer);
    vae_posterior_sample_free(&trainer->posteriors);
    vae_latent_statistics_free(&trainer->latent);
    vae_pictures_destroy(trainer->pictures);
    vae_prefetch_destroy(trainer->encoder_prefetch);
    free(trainer->sample);
    vae_prefetch_destroy(trainer->prefetch);
    vae_batches_destroy(&trainer->decoder);
    vae_batches_destroy(&trainer->encoder);
    vae_batches_destroy(&trainer->test);
    vae_batches_destroy(&trainer->validation);
    vae_batches_destroy(&trainer->train);
    vae_batch_plan_free(&trainer->plans.train);
    vae_batch_plan_free(&trainer->plans.validation);
    vae_batch_plan_free(&trainer->plans.test);
    if (trainer->device) {
        if (trainer->store) trainer->device->backend->store_destroy(trainer->store);
        trainer->device->backend->device_close(trainer->device);
    }
    json_decref(trainer->remarks);
    vae_checkpoint_free(&trainer->state);
    vae_splits_free(&trainer->splits);
    vae_run_folder_close(&trainer->folder);
}
