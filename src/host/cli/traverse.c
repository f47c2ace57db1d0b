/* vae-cuda traverse: what each latent dimension does to an image. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/array_writer.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "draw/axes.h"
#include "draw/plot.h"
#include "draw/strips.h"
#include "model/latent_statistics.h"
#include "model/runtime.h"

enum { LABEL_SIZE = 64 };

/* What the rows are made of. */
typedef struct traversal {
    vae_latent_statistics statistics;
    int64_t *order; /* [latent] dimensions, most active first */
    float *start;   /* [latent] */
    float *codes;   /* [columns, latent] of a row */
    float *images;  /* [rows, columns, elements] */
    int64_t rows, columns;
    bool autoencoder;
} traversal;

static void take_codes(void *context, int64_t first, int64_t rows, const float *mean, const float *log_variance)
{
    (void)first;
    vae_latent_statistics_add(context, mean, log_variance, rows);
}

static vae_status look_at_data(const vae_cli_options *o, vae_model *model, traversal *t)
{
    vae_splits splits;
    const vae_dataset *dataset = NULL;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    vae_status status = vae_cli_choose_split(model, &splits, o->images.split, &dataset);
    if (!status && o->index >= 0) status = vae_cli_encode_selected(model, dataset, &o->index, 1, t->start);
    if (!status) status = vae_cli_encode_each(model, dataset, take_codes, &t->statistics);
    vae_splits_free(&splits);
    if (!status) vae_latent_statistics_order(&t->statistics, t->order);
    return status;
}

static vae_status decode_row(const vae_cli_options *o, vae_model *model, traversal *t, int64_t row)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    for (int64_t c = 0; c < t->columns; ++c) {
        memcpy(t->codes + c * shape.latent, t->start, (size_t)shape.latent * sizeof *t->codes);
        t->codes[c * shape.latent + t->order[row]] = (float)vae_cli_range_value(&o->range, c);
    }
    return vae_model_decode(model, t->codes, t->columns, t->images + row * t->columns * shape.elements);
}

/* An autoencoder's codes have no KL, and are ordered by their variance. */
static void format_label(const traversal *t, int64_t dimension, char label[LABEL_SIZE])
{
    const vae_latent_statistics *s = &t->statistics;
    if (t->autoencoder) {
        snprintf(label, LABEL_SIZE, "z %" PRId64 "\nvar %.3g", dimension, vae_latent_statistics_variance(s, dimension));
    } else {
        snprintf(label, LABEL_SIZE, "z %" PRId64 "\n%.2f nats", dimension, vae_latent_statistics_kl(s, dimension));
    }
}

static vae_status draw_rows(const vae_cli_options *o, const vae_model *model, const traversal *t, vae_strips *strips)
{
    const int64_t row_elements = t->columns * vae_model_get_shape(model).elements;
    for (int64_t row = 0; row < t->rows; ++row) {
        char label[LABEL_SIZE];
        format_label(t, t->order[row], label);
        vae_strips_row(strips, row, label, t->images + row * row_elements);
    }
    return vae_strips_write(o->out, strips);
}

static vae_status draw(const vae_cli_options *o, const vae_model *model, const traversal *t)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    char labels[1000][16];
    const char *pointers[1000];
    for (int64_t c = 0; c < t->columns; ++c)
        pointers[c] = vae_plot_number(vae_cli_range_value(&o->range, c), 3, labels[c], sizeof labels[c]);
    const vae_strips_shape picture = {t->rows, t->columns, shape.height, shape.width, shape.channels};
    vae_strips *strips;
    VAE_TRY(vae_strips_open(o->out, &picture, pointers, "000.00 nats", &strips));
    const vae_status status = draw_rows(o, model, t, strips);
    vae_strips_free(strips);
    return status;
}

static vae_status write_rows(const vae_cli_options *o, vae_model *model, traversal *t)
{
    for (int64_t row = 0; row < t->rows; ++row)
        VAE_TRY(decode_row(o, model, t, row));
    if (o->out) VAE_TRY(draw(o, model, t));
    if (o->npy) VAE_TRY(vae_cli_write_images(o->npy, model, t->images, t->rows * t->columns));
    if (!o->quiet) {
        printf("%s: %" PRId64 " of %" PRId64 " dimensions, %" PRId64 " active\n", o->out ? o->out : o->npy, t->rows,
               vae_model_get_shape(model).latent, vae_latent_statistics_active(&t->statistics));
    }
    return VAE_OK;
}

static vae_status traverse(vae_cli_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const size_t latent = (size_t)shape.latent;
    traversal t = {.rows = o->dimensions < shape.latent ? o->dimensions : shape.latent,
                   .columns = o->range.count,
                   .autoencoder = !vae_model_traits(model)->has_posterior};
    t.order = calloc(latent, sizeof *t.order);
    t.start = calloc(latent, sizeof *t.start);
    t.codes = calloc((size_t)t.columns * latent, sizeof *t.codes);
    t.images = calloc((size_t)(t.rows * t.columns * shape.elements), sizeof *t.images);
    vae_status status = vae_latent_statistics_create(shape.latent, &t.statistics);
    if (!status && !(t.order && t.start && t.codes && t.images)) {
        status = vae_error_set(VAE_ERROR_MEMORY, "traversal: out of memory");
    }
    if (!status) status = look_at_data(o, model, &t);
    if (!status) status = write_rows(o, model, &t);
    vae_latent_statistics_free(&t.statistics);
    free(t.order);
    free(t.start);
    free(t.codes);
    free(t.images);
    return status;
}

static vae_status run(vae_cli_options *o)
{
    vae_cli_default_picture(o, "traversal.png");
    const vae_cli_file files[] = {{"--out", o->out, VAE_FILE_PNG}, {"--npy", o->npy, VAE_FILE_ARRAY}};
    return vae_cli_use_model(o, files, 2, traverse);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_RANGE, .group = 2, .initial = "-3:3:9"},
    {VAE_OPTION_INDEX, .group = 2},
    {VAE_OPTION_DIMENSIONS, .group = 2, .initial = "20"},
    {VAE_OPTION_SPLIT, .group = 2,
     .help = "test (default, if there is one), validation or train: the images that KL is averaged over"},
    {VAE_OPTION_NPY, .group = 2, .help = "also write the images, row by row, as a float32 array, .npy or .csv"},
    {VAE_OPTION_OUT, .group = 1},
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_traverse = {
    .name = "traverse",
    .summary = "draw what each latent dimension does",
    .description =
        "Changes one latent dimension at a time and decodes: one row per dimension, the one with the largest KL "
        "first, each labelled with its number (from 0) and its KL, averaged over the images, into traversal.png "
        "unless --out names another file.",
    .picks = picks,
    .run = run,
    .instead = "interpolate goes between two codes, and arithmetic adds a difference to one",
};
