/* vae-cuda arithmetic: the difference that an attribute makes to codes, added to images. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/array_writer.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/groups.h"
#include "cli/remarks.h"
#include "core/utf8.h"
#include "data/read.h"
#include "draw/axes.h"
#include "draw/plot.h"
#include "draw/strips.h"
#include "model/latent_statistics.h"
#include "model/runtime.h"

enum { MAX_INDICES = 256, MAX_COLUMNS = 1002, NAME_SIZE = VAE_CLI_LABEL_SIZE };

/* ---- The difference ---- */

/* What is told apart. */
typedef struct trait {
    int64_t label; /* what --label names, once the data is open; -1: none */
    char name[NAME_SIZE];
} trait;

/* Codes of images that have it and of those that have it not. */
typedef struct contrast {
    vae_latent_statistics with, without;
    const int8_t *has; /* of each image */
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

static vae_status encode_file(vae_model *model, const char *path, vae_latent_statistics *statistics)
{
    vae_dataset dataset;
    vae_read_options options = vae_read_options_of(vae_model_config(model));
    options.limit = 0;
    VAE_TRY(vae_images_read(path, &options, &dataset));
    vae_cli_tell_remarks_of(path, &dataset.remarks);
    vae_status status = vae_cli_check_shape(model, &dataset);
    if (status) status = vae_error_prepend(status, "%s", path);
    if (!status) status = vae_cli_encode_each(model, &dataset, add_codes, statistics);
    vae_dataset_free(&dataset);
    return status;
}

/* Who of the training images has it, by the run's table or labels. */
static vae_status find_members(const vae_cli_options *o, const vae_model *model, const trait *what, vae_cli_part *part,
                               int8_t *has)
{
    vae_cli_trait trait = {.label = what->label};
    if (what->label < 0) {
        VAE_TRY(vae_cli_part_read(model, o->attributes, part));
        VAE_TRY(vae_cli_part_find(part, o->attribute, &trait));
    }
    return vae_cli_part_membership(part, &trait, has);
}

static vae_status contrast_training_images(const vae_cli_options *o, vae_model *model, const vae_splits *splits,
                                           const trait *what, contrast *c)
{
    vae_cli_part part = {.name = "train"};
    VAE_TRY(vae_cli_choose_split(model, splits, "train", &part.dataset));
    int8_t *has = calloc((size_t)part.dataset->count, sizeof *has);
    if (!has) return vae_error_set(VAE_ERROR_MEMORY, "attributes: out of memory");
    vae_status status = find_members(o, model, what, &part, has);
    c->has = has;
    if (!status) status = vae_cli_encode_each(model, part.dataset, sort_codes, c);
    vae_cli_part_free(&part);
    free(has);
    return status;
}

static vae_status subtract(const vae_cli_options *o, const contrast *c, const char *name, float *vector)
{
    if (c->with.count == 0 || c->without.count == 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "no training image is known to %s %s",
                             c->with.count ? "be without" : "have", name);
    }
    for (int64_t j = 0; j < c->with.latent; ++j) {
        vector[j] = (float)(vae_latent_statistics_mean(&c->with, j) - vae_latent_statistics_mean(&c->without, j));
    }
    if (!o->quiet) {
        printf("%s: mean code of %" PRId64 " images minus that of %" PRId64 "\n", name, c->with.count,
               c->without.count);
    }
    return VAE_OK;
}

static vae_status find_difference(const vae_cli_options *o, vae_model *model, const vae_splits *splits,
                                  const trait *what, float *vector)
{
    const int64_t latent = vae_model_get_shape(model).latent;
    contrast c = {0};
    vae_status status = vae_latent_statistics_create(latent, &c.with);
    if (!status) status = vae_latent_statistics_create(latent, &c.without);
    if (!status && o->with) {
        status = encode_file(model, o->with, &c.with);
        if (!status) status = encode_file(model, o->without, &c.without);
    } else if (!status) {
        status = contrast_training_images(o, model, splits, what, &c);
    }
    if (!status) status = subtract(o, &c, what->name, vector);
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

/* ---- Strips ---- */

/* What the strips are made of; columns: the original where asked for, the reconstruction, then the strengths. */
typedef struct strip_plan {
    int64_t indices[MAX_INDICES];
    int count;
    int64_t decoded, columns; /* columns without and with the original */
    trait what;
    float *codes;     /* [count, latent] of the images */
    float *row_codes; /* [decoded, latent] of a strip */
    float *images;    /* [count, columns, elements] */
} strip_plan;

static vae_status fill_strip(const vae_cli_options *o, vae_model *model, const vae_dataset *dataset,
                             const float *vector, const strip_plan *plan, int row)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const float *code = plan->codes + row * shape.latent;
    float *images = plan->images + row * plan->columns * shape.elements;
    for (int64_t c = 0; c < plan->decoded; ++c) {
        const double strength = c == 0 ? 0.0 : vae_cli_range_value(&o->range, c - 1);
        for (int64_t j = 0; j < shape.latent; ++j)
            plan->row_codes[c * shape.latent + j] = (float)((double)code[j] + strength * (double)vector[j]);
    }
    if (o->originals) {
        vae_cli_dataset_image(dataset, plan->indices[row], images);
        images += shape.elements;
    }
    return vae_model_decode(model, plan->row_codes, plan->decoded, images);
}

static void format_columns(const vae_cli_options *o, const strip_plan *plan, char labels[MAX_COLUMNS][16],
                           const char *pointers[MAX_COLUMNS])
{
    int64_t c = 0;
    if (o->originals) snprintf(labels[c++], sizeof labels[0], "original");
    snprintf(labels[c++], sizeof labels[0], "decoded");
    for (int64_t i = 0; i < o->range.count; ++i)
        vae_plot_number(vae_cli_range_value(&o->range, i), 3, labels[c++], sizeof labels[0]);
    for (c = 0; c < plan->columns; ++c)
        pointers[c] = labels[c];
}

static vae_status draw_strips(const vae_cli_options *o, const vae_model *model, const strip_plan *plan)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_strips_shape picture = {plan->count, plan->columns, shape.height, shape.width, shape.channels};
    char columns[MAX_COLUMNS][16], widest[NAME_SIZE + 8];
    const char *pointers[MAX_COLUMNS];
    vae_strips *strips;
    format_columns(o, plan, columns, pointers);
    snprintf(widest, sizeof widest, "%s%s", strlen(plan->what.name) > 9 ? "+ " : "",
             strlen(plan->what.name) > 9 ? plan->what.name : "image 00000");
    VAE_TRY(vae_strips_open(o->out, &picture, pointers, widest, &strips));
    for (int row = 0; row < plan->count; ++row) {
        char label[NAME_SIZE + 32];
        snprintf(label, sizeof label, "image %" PRId64 "\n+ %s", plan->indices[row], plan->what.name);
        vae_strips_row(strips, row, label, plan->images + row * plan->columns * shape.elements);
    }
    const vae_status status = vae_strips_write(o->out, strips);
    vae_strips_free(strips);
    if (!status && !o->quiet) printf("%s\n", o->out);
    return status;
}

static vae_status add_to_images(const vae_cli_options *o, vae_model *model, const vae_dataset *dataset,
                                const float *vector, strip_plan *plan)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    for (int row = 0; row < plan->count; ++row)
        VAE_TRY(fill_strip(o, model, dataset, vector, plan, row));
    if (o->out) VAE_TRY(draw_strips(o, model, plan));
    if (o->npy) VAE_TRY(vae_cli_write_images(o->npy, model, plan->images, plan->count * plan->columns));
    if (!o->save_vector) return VAE_OK;
    return vae_npy_write_float32(o->save_vector, vector, 1, &shape.latent);
}

/* ---- All of it ---- */

static void name_trait(const vae_cli_options *o, const vae_dataset *train, trait *what)
{
    if (what->label >= 0) {
        vae_cli_name_label(train, what->label, what->name);
    } else {
        const char *path = o->vector ? o->vector : o->with, *slash = path ? strrchr(path, '/') : NULL;
        vae_utf8_show(o->attribute ? o->attribute : (slash && slash[1] ? slash + 1 : path), what->name, NAME_SIZE);
    }
}

static vae_status find_vector(const vae_cli_options *o, vae_model *model, const vae_splits *splits, const trait *what,
                              float *vector)
{
    if (o->vector) return read_vector(o->vector, vae_model_get_shape(model).latent, vector);
    return find_difference(o, model, splits, what, vector);
}

static vae_status with_splits(vae_cli_options *o, vae_model *model, strip_plan *plan, float *vector)
{
    vae_splits splits;
    const vae_dataset *dataset;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    /* The images it is added to come first: all training images are encoded only once those are known to be there. */
    vae_status status = vae_cli_choose_split(model, &splits, o->images.split, &dataset);
    if (!status && o->label) status = vae_dataset_find_label(&splits.train, "--label", o->label, &plan->what.label);
    if (!status) name_trait(o, &splits.train, &plan->what);
    if (!status) status = vae_cli_encode_selected(model, dataset, plan->indices, plan->count, plan->codes);
    if (!status) status = find_vector(o, model, &splits, &plan->what, vector);
    if (!status) status = add_to_images(o, model, dataset, vector, plan);
    vae_splits_free(&splits);
    return status;
}

static vae_status arithmetic(vae_cli_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    strip_plan plan = {.decoded = o->range.count + 1, .what = {.label = -1}};
    plan.columns = plan.decoded + o->originals;
    VAE_TRY(vae_cli_parse_list("--index", o->indices, plan.indices, MAX_INDICES, &plan.count));
    float *vector = calloc((size_t)shape.latent, sizeof *vector);
    plan.codes = calloc((size_t)(plan.count * shape.latent), sizeof *plan.codes);
    plan.row_codes = calloc((size_t)(plan.decoded * shape.latent), sizeof *plan.row_codes);
    plan.images = calloc((size_t)(plan.count * plan.columns * shape.elements), sizeof *plan.images);
    const vae_status status = vector && plan.codes && plan.row_codes && plan.images
                                  ? with_splits(o, model, &plan, vector)
                                  : vae_error_set(VAE_ERROR_MEMORY, "strips: out of memory");
    free(vector);
    free(plan.codes);
    free(plan.row_codes);
    free(plan.images);
    return status;
}

static vae_status check_options(const vae_cli_options *o)
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

static vae_status run(vae_cli_options *o)
{
    VAE_TRY(check_options(o));
    vae_cli_default_picture(o, "arithmetic.png");
    const vae_cli_file files[] = {{"--out", o->out, VAE_FILE_PNG},
                                  {"--npy", o->npy, VAE_FILE_ARRAY},
                                  {"--save-vector", o->save_vector, VAE_FILE_NPY},
                                  {"--vector", o->vector, VAE_FILE_READ},
                                  {"--with", o->with, VAE_FILE_READ},
                                  {"--without", o->without, VAE_FILE_READ},
                                  {"--attributes", o->attributes, VAE_FILE_READ}};
    return vae_cli_use_model(o, files, 7, arithmetic);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_ATTRIBUTE, .group = 2},
    {VAE_OPTION_LABEL, .group = 2},
    {VAE_OPTION_WITH, .group = 2},
    {VAE_OPTION_WITHOUT, .group = 2},
    {VAE_OPTION_VECTOR, .group = 2},
    {VAE_OPTION_ATTRIBUTES, .group = 2},
    {VAE_OPTION_STRENGTH, .group = 3, .initial = "-2:2:9"},
    {VAE_OPTION_INDICES, .group = 3, .initial = "0,1,2,3,4,5,6,7",
     .help = "images that it is added to (0,1,2,3,4,5,6,7)"},
    {VAE_OPTION_SPLIT, .group = 3,
     .help = "where these are from: test (default, if there is one), validation or train"},
    {VAE_OPTION_WITH_ORIGINALS, .group = 3},
    {VAE_OPTION_SAVE_VECTOR, .group = 4},
    {VAE_OPTION_NPY, .group = 4, .help = "also write the images, strip by strip, as a float32 array, .npy or .csv"},
    {VAE_OPTION_OUT, .group = 1},
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_arithmetic = {
    .name = "arithmetic",
    .summary = "add what an attribute makes of codes to images",
    .description =
        "Takes the mean code of images with an attribute minus that of images without, adds multiples of the "
        "difference to the codes of some images and decodes: one labelled strip per image, its reconstruction "
        "first, into arithmetic.png unless --out names another file.",
    .picks = picks,
    .run = run,
};
