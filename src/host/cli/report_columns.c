/* Draws from a run's model of measured columns, and reads the data that they are compared with. */
#include "cli/report_columns.h"

#include <stdlib.h>
#include <string.h>

#include "cli/common.h"
#include "cli/images.h"
#include "data/splits.h"
#include "distribution/distribution.h"
#include "model/runtime.h"
#include "report/page_columns.h"

/* Rows of each side, so that they take 64 MB at most; test data are taken where they are enough for histograms. */
enum { MOST_ROWS = 10000, LEAST_ROWS = 500, MOST_NUMBERS = 1 << 24, ENOUGH_TEST_ROWS = 1000, SEED = 1 };

static int64_t rows_of(int64_t columns)
{
    const int64_t rows = MOST_NUMBERS / columns;
    return rows > MOST_ROWS ? MOST_ROWS : rows < LEAST_ROWS ? LEAST_ROWS : rows;
}

static bool draws_noise(const vae_model *model)
{
    const vae_distribution *entry = vae_distribution_of(vae_model_config(model)->model.likelihood);
    return entry && entry->sample;
}

/* samples [count, columns], with noise where the likelihood has it. */
static vae_status draw(vae_model *model, int64_t count, int64_t columns, float *samples)
{
    float *codes = malloc((size_t)(VAE_CLI_BATCH * vae_model_get_shape(model).latent) * sizeof *codes);
    if (!codes) return vae_error_set(VAE_ERROR_MEMORY, "samples: out of memory");
    vae_status status = VAE_OK;
    for (int64_t first = 0; first < count && !status; first += VAE_CLI_BATCH) {
        const int64_t rows = count - first < VAE_CLI_BATCH ? count - first : VAE_CLI_BATCH;
        float *to = samples + first * columns;
        status = vae_model_sample_prior_from(model, SEED, 1.0, first, rows, codes);
        if (!status) {
            status = draws_noise(model) ? vae_model_draw_from(model, SEED, codes, first, rows, to)
                                        : vae_model_decode(model, codes, rows, to);
        }
    }
    free(codes);
    return status;
}

/* Evenly spaced rows of the part. */
static void read_rows(const vae_dataset *dataset, int64_t count, int64_t columns, float *rows)
{
    for (int64_t i = 0; i < count; ++i)
        vae_cli_dataset_image(dataset, i * dataset->count / count, rows + i * columns);
}

static vae_status compare(vae_model *model, const vae_dataset *dataset, const char *part, json_t **json)
{
    const int64_t columns = vae_dataset_elements(dataset), most = rows_of(columns);
    vae_page_columns compared = {.columns = columns,
                                 .data_rows = dataset->count < most ? dataset->count : most,
                                 .sample_rows = most,
                                 .names = &dataset->column_names};
    float *data = malloc((size_t)(compared.data_rows * columns) * sizeof *data);
    float *samples = malloc((size_t)(compared.sample_rows * columns) * sizeof *samples);
    vae_status status = data && samples ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "columns: out of memory");
    if (!status) status = draw(model, compared.sample_rows, columns, samples);
    if (!status) {
        read_rows(dataset, compared.data_rows, columns, data);
        compared.data = data;
        compared.samples = samples;
        *json = vae_page_columns_json(&compared);
        if (!*json) status = vae_error_set(VAE_ERROR_MEMORY, "columns: out of memory");
    }
    if (!status) {
        json_object_set_new(*json, "part", json_string(part));
        json_object_set_new(*json, "noise", json_boolean(draws_noise(model)));
    }
    free(data);
    free(samples);
    return status;
}

static json_t *note(const char *why, const char *more)
{
    return json_pack("{s:s+}", "note", why, more);
}

static vae_status with_model(vae_model *model, json_t **json)
{
    vae_splits splits;
    if (!vae_model_traits(model)->has_posterior) {
        *json = note("An autoencoder has no prior, so nothing can be drawn to be compared with the data.", "");
        return VAE_OK;
    }
    if (vae_cli_splits_open(model, &splits)) {
        *json = note("The run's data, which draws would be compared with, were not found: ", vae_error_message());
        return VAE_OK;
    }
    const bool test = splits.test.count >= ENOUGH_TEST_ROWS;
    const vae_dataset *dataset = test ? &splits.test : &splits.train;
    vae_status status = vae_cli_check_shape(model, dataset);
    if (!status) status = compare(model, dataset, test ? "test" : "training", json);
    vae_splits_free(&splits);
    return status;
}

vae_status vae_cli_report_columns(const vae_cli_options *options, vae_page_run *run)
{
    vae_cli_options opening = *options;
    vae_model *model;
    if (run->checkpoint.design.input.dtype != VAE_FLOAT32) return VAE_OK;
    opening.device = "cpu"; /* the same page wherever it is written */
    VAE_TRY(vae_cli_open_model(&opening, &model));
    const vae_status status = with_model(model, &run->columns);
    vae_model_free(model);
    return status;
}
