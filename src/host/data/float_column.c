/* Checks float32 data against the configuration, and fits what standardises them. */
#include "data/float_column.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const float *floats_of(const vae_dataset *dataset)
{
    return (const void *)dataset->values;
}

const char *vae_float_column_name(const vae_dataset *dataset, int64_t column, char text[VAE_COLUMN_TEXT])
{
    const char *name = vae_classes_name(&dataset->column_names, column);
    if (name && name[0]) {
        snprintf(text, VAE_COLUMN_TEXT, "'%.70s'", name);
    } else {
        snprintf(text, VAE_COLUMN_TEXT, "%" PRId64, column);
    }
    return text;
}

/* ---- Checks ---- */

static vae_status refuse(const vae_config *config, const char *section, const char *key, const char *why)
{
    const vae_status status =
        vae_error_set(VAE_ERROR_CONFIG,
                      "[%s] %s: %s, but train_data holds other numbers than the levels of images, which are kept in "
                      "float32 ([data] store)",
                      section, key, why);
    return vae_config_blame(config, status, section, key);
}

vae_status vae_float_column_check(const vae_config *config, const vae_dataset *dataset)
{
    if (dataset->dtype != VAE_FLOAT32) return VAE_OK;
    if (config->data.binarise != VAE_BINARISE_NONE) {
        return refuse(config, "data", "binarise", "a level is the chance that a pixel is white");
    }
    if (config->data.normalise == VAE_NORMALISE_SYMMETRIC) {
        return refuse(config, "data", "normalise", "symmetric takes levels to [-1, 1]");
    }
    if (config->data.flip != VAE_FLIP_NONE && dataset->height == 1) {
        return refuse(config, "data", "flip", "rows have no left and right");
    }
    if (vae_likelihood_is_discrete(config->model.likelihood)) {
        return refuse(config, "model", "likelihood", "gives probabilities of 256 levels");
    }
    return VAE_OK;
}

vae_status vae_float_column_check_range(const vae_config *config, const char *key, const vae_dataset *dataset)
{
    const vae_likelihood likelihood = config->model.likelihood;
    const bool unit = likelihood == VAE_LIKELIHOOD_BERNOULLI || likelihood == VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI;
    if (!unit || dataset->dtype != VAE_FLOAT32) return VAE_OK;
    const float *values = floats_of(dataset);
    const int64_t elements = vae_dataset_elements(dataset), count = dataset->count * elements;
    int64_t i = 0;
    while (i < count && values[i] >= 0.0f && values[i] <= 1.0f)
        ++i;
    if (i == count) return VAE_OK;
    char name[VAE_COLUMN_TEXT];
    const vae_status status =
        vae_error_set(VAE_ERROR_CONFIG,
                      "[model] likelihood: %s takes numbers in [0, 1], but %s holds %g in column %s of row %" PRId64
                      ", counted from 0; gaussian and others take any, and [data] store = bytes reads "
                      "integers from 0 to 255 as levels of images",
                      vae_likelihood_name(likelihood), key, (double)values[i],
                      vae_float_column_name(dataset, i % elements, name), i / elements);
    return vae_config_blame(config, status, "model", "likelihood");
}

/* ---- Mean and deviation ---- */

#define LEAST_STEPS_SHARE 0.01

/* Row by row, each moving the mean a little and adding to the squares what is left of it: nothing cancels. */
void vae_float_column_fit(const vae_dataset *dataset, double *mean, double *deviation, vae_column_count *constant,
                          vae_column_count *coarse)
{
    const int64_t elements = vae_dataset_elements(dataset);
    const float *row = floats_of(dataset);
    memset(mean, 0, (size_t)elements * sizeof *mean);
    memset(deviation, 0, (size_t)elements * sizeof *deviation);
    for (int64_t r = 0; r < dataset->count; ++r, row += elements) {
        for (int64_t j = 0; j < elements; ++j) {
            const double off = (double)row[j] - mean[j];
            mean[j] += off / (double)(r + 1);
            deviation[j] += off * ((double)row[j] - mean[j]);
        }
    }
    *constant = *coarse = (vae_column_count){0};
    for (int64_t j = elements - 1; j >= 0; --j) {
        deviation[j] = sqrt(deviation[j] / (double)dataset->count);
        const bool is_constant = !(deviation[j] > 0.0);
        if (!is_constant && fabs(mean[j]) * FLT_EPSILON < LEAST_STEPS_SHARE * deviation[j]) continue;
        vae_column_count *kind = is_constant ? constant : coarse;
        kind->count++;
        kind->first = j;
        if (is_constant) deviation[j] = 1.0;
    }
}
