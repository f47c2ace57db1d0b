/* vae-cuda evaluate: negative ELBO and log P(X) of a trained model on a data set. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/evaluation.h"
#include "cli/images.h"
#include "cli/input.h"
#include "cli/remarks.h"
#include "cli/sequences.h"
#include "cli/table.h"
#include "core/json.h"
#include "data/dataset.h"
#include "data/splits.h"
#include "draw/plot_latent.h"
#include "model/evaluate.h"
#include "model/runtime.h"
#include "train/metrics.h"

/* ---- What is asked for ---- */

static vae_status check_data(const vae_checkpoint *checkpoint, const vae_dataset *dataset)
{
    const vae_input *input = &checkpoint->design.input;
    if (dataset->dtype != input->dtype) {
        return vae_error_set(VAE_ERROR_CONFIG, "[data] store: the model was trained on %s",
                             input->dtype == VAE_FLOAT32 ? "float32, not on bytes" : "bytes, not on float32");
    }
    if (dataset->height == input->height && dataset->width == input->width && dataset->channels == input->channels) {
        return VAE_OK;
    }
    return vae_error_set(
        VAE_ERROR_SHAPE,
        "images of %" PRId64 "x%" PRId64 "x%" PRId64 " do not fit a model of %" PRId64 "x%" PRId64 "x%" PRId64,
        dataset->height, dataset->width, dataset->channels, input->height, input->width, input->channels);
}

static void print_json(const vae_evaluation_setup *setup, const vae_evaluation *e, double log_deviation, double seconds)
{
    const double units = vae_design_is_standardised(setup->model.design) ? log_deviation : NAN;
    json_t *kl = vae_metrics_kl_to_json(setup->latent, setup->model.design->traits.has_posterior);
    json_t *root = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:f, s:f}",
                             "images", (json_int_t)e->count, "neg_elbo", vae_json_number(e->neg_elbo), "neg_elbo_error",
                             vae_json_number(e->neg_elbo_error), "reconstruction", vae_json_number(e->reconstruction),
                             "kl", vae_json_number(e->kl), "bound", vae_json_number(e->bound), "bits_per_dimension",
                             vae_json_number(e->bits_per_dimension), "kl_per_dimension", kl, "active_units",
                             (json_int_t)vae_latent_statistics_active(setup->latent), "samples",
                             (json_int_t)setup->samples, "log_likelihood", vae_json_number(e->log_likelihood),
                             "log_likelihood_error", vae_json_number(e->log_likelihood_error),
                             "log_likelihood_bits_per_dimension", vae_json_number(e->log_likelihood_bits_per_dimension),
                             "neg_elbo_in_data_units", vae_json_number(e->neg_elbo + units),
                             "log_likelihood_in_data_units", vae_json_number(e->log_likelihood - units), "seconds",
                             seconds, "gflops_per_second", e->flops / seconds * 1e-9);
    json_dumpf(root, stdout, JSON_REAL_PRECISION(9));
    json_decref(root);
    putchar('\n');
}

/* Of columns that are standardised: the densities of x, above, are not those of the data. */
static void print_data_units(const vae_evaluation *e, int64_t samples, double log_deviation)
{
    printf("in data units    negative ELBO %.4f", e->neg_elbo + log_deviation);
    if (samples > 0) printf(", log P(X) %.4f", e->log_likelihood - log_deviation);
    printf(" nats  (the data are standardised; Σ log deviation is %.4f)\n", log_deviation);
}

static void print_text(const vae_design *design, const vae_evaluation *e, int64_t samples, double log_deviation,
                       double seconds)
{
    const vae_config *config = &design->config;
    char mean[64];
    printf("images           %" PRId64 "\n", e->count);
    if (!design->traits.has_posterior) {
        printf("reconstruction   %s  (an autoencoder has no KL, and log P(X) is not defined for it)\n",
               vae_cli_format_mean(e->reconstruction, e->neg_elbo_error, mean, sizeof mean));
        return;
    }
    printf("negative ELBO    %s nats  (reconstruction %.4f, KL %.4f)\n",
           vae_cli_format_mean(e->neg_elbo, e->neg_elbo_error, mean, sizeof mean), e->reconstruction, e->kl);
    if (!isnan(e->bound)) {
        printf("negative bound   %.4f nats  (importance-weighted, K = %" PRId64 ")\n", e->bound, config->train.samples);
    }
    if (isfinite(e->bits_per_dimension)) {
        printf("bits/dimension   %.4f  (negative ELBO%s)\n", e->bits_per_dimension,
               vae_likelihood_is_discrete(config->model.likelihood) ? ""
                                                                    : ", a density taken over the width of a level");
    }
    if (samples > 0) {
        printf("log P(X)        %s nats  (importance sampling from Q, K = %" PRId64 ")\n",
               vae_cli_format_mean(e->log_likelihood, e->log_likelihood_error, mean, sizeof mean), samples);
        if (isfinite(e->log_likelihood_bits_per_dimension)) {
            printf("bits/dimension   %.4f  (log P(X))\n", e->log_likelihood_bits_per_dimension);
        }
    }
    if (vae_design_is_standardised(design)) print_data_units(e, samples, log_deviation);
    if (samples > 0) {
        printf("time             %.2f s, %.1f GFLOP/s\n", seconds, e->flops / seconds * 1e-9);
    }
}

static vae_status evaluate_split(const vae_cli_options *o, const vae_checkpoint *checkpoint, vae_device *device,
                                 const vae_dataset *dataset, const char *split)
{
    const vae_config *config = &checkpoint->design.config;
    const bool autoencoder = !checkpoint->design.traits.has_posterior;
    if (autoencoder && o->samples > 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--samples: log P(X) is not defined for an autoencoder");
    }
    vae_evaluation_setup setup = {
        .model = {&checkpoint->design, device, NULL},
        .images = vae_dataset_images(dataset),
        .batch_size = o->batch_size > 0 ? o->batch_size : config->evaluate.batch_size,
        .samples = autoencoder ? 0 : (o->samples >= 0 ? o->samples : config->evaluate.samples),
        .seed = (uint64_t)(o->seed >= 0 ? o->seed : config->train.seed),
        .progress = vae_cli_counter_show,
    };
    const int64_t limit = o->limit >= 0 ? o->limit : config->evaluate.limit;
    if (limit > 0 && limit < setup.images.count) setup.images.count = limit;
    vae_cli_counter counter = vae_cli_counter_start("evaluate", setup.images.count, o->quiet);
    setup.progress_context = &counter;
    double *per_image = calloc((size_t)setup.images.count, sizeof *per_image);
    if (!per_image) return vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
    vae_evaluation result;
    vae_latent_statistics latent;
    vae_status status = vae_latent_statistics_create(checkpoint->design.traits.latent, &latent);
    setup.latent = &latent;
    if (!status) status = vae_checkpoint_load_store(checkpoint, device, false, &setup.model.store);
    if (!status) status = vae_evaluate(&setup, per_image, &result);
    const double seconds = vae_cli_counter_seconds(&counter);
    if (!status && o->npy) {
        status = vae_cli_write_evaluation(o, dataset, per_image, setup.images.count, setup.samples > 0);
    }
    const double log_deviation = vae_checkpoint_log_deviation(checkpoint);
    if (!status && o->json) print_json(&setup, &result, log_deviation, seconds);
    if (!status && !o->json) print_text(&checkpoint->design, &result, setup.samples, log_deviation, seconds);
    if (!status && !o->json) status = vae_cli_print_latent(&checkpoint->design.traits, &latent);
    if (!status && o->plot) status = vae_plot_latent(o->plot, split, VAE_KIND_IMAGE, &latent);
    vae_latent_statistics_free(&latent);
    device->backend->store_destroy(setup.model.store);
    free(per_image);
    return status;
}

static vae_status open_device(const vae_config *config, vae_device **device)
{
    const vae_device_options options = {
        .threads = (int)config->run.threads, .precision = config->run.precision, .remarks = vae_cli_device_remarks()};
    return vae_device_open(config->run.device, &options, device);
}

static vae_status evaluate_dataset(const vae_cli_options *o, const vae_checkpoint *checkpoint,
                                   const vae_dataset *dataset, const char *name)
{
    vae_device *device;
    VAE_TRY(check_data(checkpoint, dataset));
    VAE_TRY(open_device(&checkpoint->design.config, &device));
    const vae_status status = evaluate_split(o, checkpoint, device, dataset, name);
    device->backend->device_close(device);
    return status;
}

static vae_status evaluate_run(const vae_cli_options *o, const vae_checkpoint *checkpoint)
{
    vae_splits splits;
    const vae_dataset *dataset = NULL;
    const char *split = NULL;
    vae_classes vocabulary;
    VAE_TRY(vae_checkpoint_vocabulary(checkpoint, &vocabulary));
    vae_status status = vae_splits_open_known(&checkpoint->design.config, &vocabulary, &splits);
    vae_classes_free(&vocabulary);
    if (status) return status;
    vae_cli_tell_remarks(&splits);
    status = vae_cli_find_split(&splits, o->images.split, &dataset, &split);
    if (!status) status = evaluate_dataset(o, checkpoint, dataset, split);
    vae_splits_free(&splits);
    return status;
}

static vae_status evaluate_input(const vae_cli_options *o, const vae_checkpoint *checkpoint)
{
    const vae_input *input = &checkpoint->design.input;
    const int64_t shape[] = {input->height, input->width, input->channels};
    vae_dataset dataset;
    const vae_attachment *columns = vae_checkpoint_attached(checkpoint, VAE_ATTACHMENT_COLUMN_NAMES);
    VAE_TRY(vae_cli_read_input(&checkpoint->design.config, columns, shape, &o->images, true, &dataset));
    const vae_status status = evaluate_dataset(o, checkpoint, &dataset, "given");
    vae_dataset_free(&dataset);
    return status;
}

static vae_status evaluate_checkpoint(const vae_cli_options *o, vae_checkpoint *checkpoint)
{
    vae_config *config = &checkpoint->design.config;
    VAE_TRY(vae_cli_check_data_kept(o->files, o->file_count, config));
    if (o->device) VAE_TRY(vae_config_assign(config, "run", "device", o->device));
    if (o->threads >= 0) config->run.threads = o->threads;
    return o->images.input ? evaluate_input(o, checkpoint) : evaluate_run(o, checkpoint);
}

static vae_status run(vae_cli_options *o)
{
    char path[VAE_PATH_SIZE], beside[VAE_PATH_SIZE];
    VAE_TRY(vae_cli_find_checkpoint(o, path, sizeof path));
    if (o->npy && o->out) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--npy and --out both name the file to write; give one");
    }
    VAE_TRY(vae_cli_input_check(&o->images));
    if (o->out) o->npy = o->out;
    if (o->npy) {
        vae_cli_table_path(o->npy, beside);
        o->names = beside;
    }
    const vae_cli_file files[] = {{o->out ? "--out" : "--npy", o->npy, VAE_FILE_NPY},
                                  {"--npy", o->names, VAE_FILE_CSV},
                                  {"--input", o->images.input, VAE_FILE_READ},
                                  {"--plot", o->plot, VAE_FILE_FIGURE}};
    VAE_TRY(vae_cli_check_outputs(o, files, 4));
    vae_checkpoint checkpoint;
    VAE_TRY(vae_checkpoint_read(path, &checkpoint));
    vae_status status = vae_cli_place_data(o, true, path, &checkpoint);
    if (!status) status = evaluate_checkpoint(o, &checkpoint);
    vae_checkpoint_free(&checkpoint);
    return status;
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_SAMPLES, .group = 2,
     .help = "importance samples per item; 0: negative ELBO only, as of sequences unless given"},
    {VAE_OPTION_LIMIT_OR_ALL, .group = 2},
    {VAE_OPTION_BATCH_SIZE, .group = 2},
    {VAE_OPTION_NPY, .group = 2,
     .help = "write each image's log P(x), or negative ELBO where K is 0, and beside it a table (.csv) that has the "
             "same with the images' file names, classes and labels; --out is the same"},
    {VAE_OPTION_PLOT, .group = 2},
    {VAE_OPTION_JSON, .group = 2},
    {VAE_OPTION_OUT, .group = 1},
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_SPLIT, .group = 2},
    VAE_CLI_INPUT_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_evaluate = {
    .name = "evaluate",
    .summary = "negative ELBO and log P(X) of a trained model",
    .description = "Prints the negative ELBO of a trained model, and log P(X) by importance sampling from Q, as mean ± "
                   "standard error over the images, in nats.",
    .picks = picks,
    .run = run,
    .run_sequences = vae_cli_evaluate_sequences,
};
