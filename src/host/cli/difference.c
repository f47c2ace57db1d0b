/* Finds what --attribute, --label, --with and --without, or --vector ask for. */
#include "cli/difference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/groups.h"
#include "cli/kind_words.h"
#include "core/utf8.h"
#include "model/latent_statistics.h"
#include "model/runtime.h"

/* Codes of items that have it and of those that have it not. */
typedef struct contrast {
    vae_latent_statistics with, without;
    const int8_t *has; /* of each item */
} contrast;

static void sort_codes(void *context, int64_t first, int64_t rows, const float *mean, const float *log_variance)
{
    contrast *c = context;
    (void)log_variance;
    for (int64_t r = 0; r < rows; ++r) {
        const float *code = mean + r * c->with.latent;
        if (c->has[first + r] == 1) vae_latent_statistics_add(&c->with, code, NULL, 1);
        if (c->has[first + r] == 0) vae_latent_statistics_add(&c->without, code, NULL, 1);
    }
}

static void add_codes(void *context, int64_t first, int64_t rows, const float *mean, const float *log_variance)
{
    (void)first;
    (void)log_variance;
    vae_latent_statistics_add(context, mean, NULL, rows);
}

static vae_status encode_file(const vae_cli_difference *d, const char *path, vae_latent_statistics *statistics)
{
    vae_dataset dataset;
    VAE_TRY(d->read(d->context, path, &dataset));
    const vae_status status = vae_cli_encode_each(d->model, &dataset, add_codes, statistics);
    vae_dataset_free(&dataset);
    return status;
}

/* Who of the training images has it, by the run's table or labels. */
static vae_status find_members(const vae_cli_difference *d, vae_cli_part *part, int8_t *has)
{
    vae_cli_trait trait = {.label = d->label};
    if (d->label < 0) {
        VAE_TRY(vae_cli_part_read(d->model, d->options->attributes, part));
        VAE_TRY(vae_cli_part_find(part, d->options->attribute, &trait));
    }
    return vae_cli_part_membership(part, &trait, has);
}

static vae_status contrast_training_items(const vae_cli_difference *d, const vae_splits *splits, contrast *c)
{
    vae_cli_part part = {.name = "train"};
    VAE_TRY(vae_cli_choose_split(d->model, splits, "train", &part.dataset));
    int8_t *has = calloc((size_t)part.dataset->count, sizeof *has);
    if (!has) return vae_error_set(VAE_ERROR_MEMORY, "attributes: out of memory");
    vae_status status = find_members(d, &part, has);
    c->has = has;
    if (!status) status = vae_cli_encode_each(d->model, part.dataset, sort_codes, c);
    vae_cli_part_free(&part);
    free(has);
    return status;
}

static vae_status subtract(const vae_cli_difference *d, const contrast *c, float *vector)
{
    const vae_kind_words *words = vae_kind_words_of(vae_model_input(d->model)->kind);
    if (c->with.count == 0 || c->without.count == 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "no training %s is known to %s %s", words->item,
                             c->with.count ? "be without" : "have", d->name);
    }
    for (int64_t j = 0; j < c->with.latent; ++j) {
        vector[j] = (float)(vae_latent_statistics_mean(&c->with, j) - vae_latent_statistics_mean(&c->without, j));
    }
    if (!d->quiet) {
        printf("%s: mean code of %" PRId64 " %s minus that of %" PRId64 "\n", d->name, c->with.count,
               vae_kind_items(words, c->with.count), c->without.count);
    }
    return VAE_OK;
}

static vae_status contrast_items(const vae_cli_difference *d, const vae_splits *splits, contrast *c)
{
    const vae_cli_options *o = d->options;
    if (!o->with) return contrast_training_items(d, splits, c);
    VAE_TRY(encode_file(d, o->with, &c->with));
    return encode_file(d, o->without, &c->without);
}

static vae_status find_difference(const vae_cli_difference *d, const vae_splits *splits, float *vector)
{
    const int64_t latent = vae_model_get_shape(d->model).latent;
    contrast c = {0};
    vae_status status = vae_latent_statistics_create(latent, &c.with);
    if (!status) status = vae_latent_statistics_create(latent, &c.without);
    if (!status) status = contrast_items(d, splits, &c);
    if (!status) status = subtract(d, &c, vector);
    vae_latent_statistics_free(&c.with);
    vae_latent_statistics_free(&c.without);
    return status;
}

static vae_status read_vector(const char *path, int64_t latent, float *vector)
{
    vae_npy_array array;
    VAE_TRY(vae_cli_read_array(path, &array));
    vae_status status = VAE_OK;
    if (array.count != latent) {
        status = vae_error_set(VAE_ERROR_SHAPE, "%s: holds %" PRId64 " numbers, but codes have %" PRId64, path,
                               array.count, latent);
    } else {
        memcpy(vector, array.values, (size_t)latent * sizeof *vector);
    }
    vae_npy_free(&array);
    return status;
}

vae_status vae_cli_difference_name(vae_cli_difference *d, const vae_splits *splits)
{
    const vae_cli_options *o = d->options;
    d->label = -1;
    if (o->label) {
        VAE_TRY(vae_dataset_find_label(&splits->train, "--label", o->label, &d->label));
        vae_cli_name_label(&splits->train, d->label, d->name);
        return VAE_OK;
    }
    const char *path = o->vector ? o->vector : o->with, *slash = path ? strrchr(path, '/') : NULL;
    vae_utf8_show(o->attribute ? o->attribute : (slash && slash[1] ? slash + 1 : path), d->name, sizeof d->name);
    return VAE_OK;
}

vae_status vae_cli_difference_find(const vae_cli_difference *d, const vae_splits *splits, float *vector)
{
    const char *path = d->options->vector;
    return path ? read_vector(path, vae_model_get_shape(d->model).latent, vector) : find_difference(d, splits, vector);
}

vae_status vae_cli_difference_check(const vae_cli_options *o)
{
    const int sources = (o->attribute != NULL) + (o->label != NULL) + (o->with || o->without) + (o->vector != NULL);
    if (sources > 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "only one of --attribute, --label, --with and --without, and --vector "
                                                 "can say what is added");
    }
    if (sources != 1 || !o->with != !o->without) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "one of --attribute NAME, --label CLASS, --with FILE and --without FILE, "
                             "or --vector FILE says what is added");
    }
    if (o->attributes && !o->attribute) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--attributes: --attribute NAME is missing");
    }
    return VAE_OK;
}
