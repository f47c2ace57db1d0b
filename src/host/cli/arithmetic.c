/* vae-cuda arithmetic: the difference that an attribute makes to codes, added to images. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum option_key {
    ATTRIBUTE = 1,
    LABEL,
    WITH,
    WITHOUT,
    VECTOR,
    ATTRIBUTES,
    STRENGTH,
    INDEX,
    SPLIT,
    ORIGINALS,
    SAVE,
    NPY
};
enum { MAX_INDICES = 256, MAX_COLUMNS = 1002, NAME_SIZE = VAE_CLI_LABEL_SIZE };

typedef struct arithmetic_options {
    vae_cli_options shared;
    const char *attribute, *with, *without, *vector, *attributes;
    const char *index, *split, *save, *npy;
    const char *label_text; /* NULL: no label */
    int64_t label;          /* what that names, once the data is open; -1: none */
    vae_cli_range strength;
    bool originals;
} arithmetic_options;

static const struct argp_option options_table[] = {
    {"attribute", ATTRIBUTE, "NAME", 0, "training images that have this attribute, against those that have it not", 2},
    {"label", LABEL, "CLASS", 0, "training images of that class, a name or a number, against the rest", 2},
    {"with", WITH, "FILE", 0,
     "images that have it, against those of --without; anything that a data set can be read from", 2},
    {"without", WITHOUT, "FILE", 0, "images that lack it", 2},
    {"vector", VECTOR, "FILE", 0, "a difference that --save-vector wrote, or any .npy array [latent]", 2},
    {"attributes", ATTRIBUTES, "FILE", 0,
     "attributes of the training images, CSV or CelebA's list, instead of the run's: a header of names, then one line "
     "per image, starting with its file name if it has one; 1: has the attribute, 0 or -1: lacks it. An empty field "
     "means not known, and so does -1 in a column that has 0 as well",
     2},
    {"strength", STRENGTH, "FROM:TO:N", 0, "multiples of the difference that are added (-2:2:9)", 3},
    {"index", INDEX, "I,J,...", 0, "images that it is added to (0,1,2,3,4,5,6,7)", 3},
    {"split", SPLIT, "NAME", 0, "where these are from: test (default, if there is one), validation or train", 3},
    {"with-originals", ORIGINALS, 0, 0, "begin each strip with the image itself", 3},
    {"save-vector", SAVE, "FILE", 0, "also write the difference as float32 .npy", 4},
    {"npy", NPY, "FILE", 0, "also write the images, strip by strip, as float32 .npy", 4},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    arithmetic_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &o->shared; return 0;
    case ATTRIBUTE: o->attribute = argument; return 0;
    case LABEL: o->label_text = argument; return 0;
    case WITH: o->with = argument; return 0;
    case WITHOUT: o->without = argument; return 0;
    case VECTOR: o->vector = argument; return 0;
    case ATTRIBUTES: o->attributes = argument; return 0;
    case STRENGTH: return vae_cli_parse_range("--strength", argument, &o->strength) ? EINVAL : 0;
    case INDEX: o->index = argument; return 0;
    case SPLIT: o->split = argument; return 0;
    case ORIGINALS: o->originals = true; return 0;
    case SAVE: o->save = argument; return 0;
    case NPY: o->npy = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- The difference ---- */

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
static vae_status find_members(const arithmetic_options *o, const vae_model *model, vae_cli_part *part, int8_t *has)
{
    int64_t column = 0;
    if (o->label < 0) {
        VAE_TRY(vae_cli_part_read(model, o->attributes, part));
        const vae_status status = vae_attribute_table_find(&part->table, o->attribute, &column);
        if (status) return vae_error_prepend(status, "%s", part->table_path);
    }
    return vae_cli_part_membership(part, column, o->label, has);
}

static vae_status contrast_training_images(const arithmetic_options *o, vae_model *model, const vae_splits *splits,
                                           contrast *c)
{
    vae_cli_part part = {.name = "train"};
    VAE_TRY(vae_cli_choose_split(model, splits, "train", &part.dataset));
    int8_t *has = calloc((size_t)part.dataset->count, sizeof *has);
    if (!has) return vae_error_set(VAE_ERROR_MEMORY, "attributes: out of memory");
    vae_status status = find_members(o, model, &part, has);
    c->has = has;
    if (!status) status = vae_cli_encode_each(model, part.dataset, sort_codes, c);
    vae_cli_part_free(&part);
    free(has);
    return status;
}

static vae_status subtract(const arithmetic_options *o, const contrast *c, const char *name, float *vector)
{
    if (c->with.count == 0 || c->without.count == 0) {
        return vae_error_set(VAE_ERROR_CONFIG, "no training image is known to %s %s",
                             c->with.count ? "be without" : "have", name);
    }
    for (int64_t j = 0; j < c->with.latent; ++j) {
        vector[j] = (float)(vae_latent_statistics_mean(&c->with, j) - vae_latent_statistics_mean(&c->without, j));
    }
    if (!o->shared.quiet) {
        printf("%s: mean code of %" PRId64 " images minus that of %" PRId64 "\n", name, c->with.count,
               c->without.count);
    }
    return VAE_OK;
}

static vae_status find_difference(const arithmetic_options *o, vae_model *model, const vae_splits *splits,
                                  const char *name, float *vector)
{
    const int64_t latent = vae_model_get_shape(model).latent;
    contrast c = {0};
    vae_status status = vae_latent_statistics_create(latent, &c.with);
    if (!status) status = vae_latent_statistics_create(latent, &c.without);
    if (!status && o->with) {
        status = encode_file(model, o->with, &c.with);
        if (!status) status = encode_file(model, o->without, &c.without);
    } else if (!status) {
        status = contrast_training_images(o, model, splits, &c);
    }
    if (!status) status = subtract(o, &c, name, vector);
    vae_latent_statistics_free(&c.with);
    vae_latent_statistics_free(&c.without);
    return status;
}

static vae_status read_vector(const char *path, int64_t latent, float *vector)
{
    vae_npy_array array;
    VAE_TRY(vae_cli_read_npy(path, &array));
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
    char name[NAME_SIZE];     /* of the attribute */
    float *codes;             /* [count, latent] of the images */
    float *row_codes;         /* [decoded, latent] of a strip */
    float *images;            /* [count, columns, elements] */
} strip_plan;

static vae_status fill_strip(const arithmetic_options *o, vae_model *model, const vae_dataset *dataset,
                             const float *vector, const strip_plan *plan, int row)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const float *code = plan->codes + row * shape.latent;
    float *images = plan->images + row * plan->columns * shape.elements;
    for (int64_t c = 0; c < plan->decoded; ++c) {
        const double strength = c == 0 ? 0.0 : vae_cli_range_value(&o->strength, c - 1);
        for (int64_t j = 0; j < shape.latent; ++j)
            plan->row_codes[c * shape.latent + j] = (float)((double)code[j] + strength * (double)vector[j]);
    }
    if (o->originals) {
        vae_cli_dataset_image(dataset, plan->indices[row], images);
        images += shape.elements;
    }
    return vae_model_decode(model, plan->row_codes, plan->decoded, images);
}

static void format_columns(const arithmetic_options *o, const strip_plan *plan, char labels[MAX_COLUMNS][16],
                           const char *pointers[MAX_COLUMNS])
{
    int64_t c = 0;
    if (o->originals) snprintf(labels[c++], sizeof labels[0], "original");
    snprintf(labels[c++], sizeof labels[0], "decoded");
    for (int64_t i = 0; i < o->strength.count; ++i)
        vae_plot_number(vae_cli_range_value(&o->strength, i), 3, labels[c++], sizeof labels[0]);
    for (c = 0; c < plan->columns; ++c)
        pointers[c] = labels[c];
}

static vae_status draw_strips(const arithmetic_options *o, vae_model *model, const vae_dataset *dataset,
                              const float *vector, const strip_plan *plan)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_strips_shape picture = {plan->count, plan->columns, shape.height, shape.width, shape.channels};
    char columns[MAX_COLUMNS][16], widest[NAME_SIZE + 8];
    const char *pointers[MAX_COLUMNS];
    vae_strips *strips;
    format_columns(o, plan, columns, pointers);
    snprintf(widest, sizeof widest, "%s%s", strlen(plan->name) > 9 ? "+ " : "",
             strlen(plan->name) > 9 ? plan->name : "image 00000");
    VAE_TRY(vae_strips_open(o->shared.out, &picture, pointers, widest, &strips));
    vae_status status = VAE_OK;
    for (int row = 0; row < plan->count && !status; ++row) {
        char label[NAME_SIZE + 32];
        snprintf(label, sizeof label, "image %" PRId64 "\n+ %s", plan->indices[row], plan->name);
        status = fill_strip(o, model, dataset, vector, plan, row);
        if (!status) vae_strips_row(strips, row, label, plan->images + row * plan->columns * shape.elements);
    }
    if (!status) status = vae_strips_write(o->shared.out, strips);
    vae_strips_free(strips);
    if (!status && !o->shared.quiet) printf("%s\n", o->shared.out);
    return status;
}

static vae_status add_to_images(const arithmetic_options *o, vae_model *model, const vae_dataset *dataset,
                                const float *vector, strip_plan *plan)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    VAE_TRY(draw_strips(o, model, dataset, vector, plan));
    if (o->npy) VAE_TRY(vae_cli_write_images(o->npy, model, plan->images, plan->count * plan->columns));
    if (!o->save) return VAE_OK;
    return vae_npy_write_float32(o->save, vector, 1, &shape.latent);
}

/* ---- All of it ---- */

static void name_difference(const arithmetic_options *o, const vae_dataset *train, char name[NAME_SIZE])
{
    if (o->label >= 0) {
        vae_cli_name_label(train, o->label, name);
    } else {
        const char *path = o->vector ? o->vector : o->with, *slash = path ? strrchr(path, '/') : NULL;
        vae_utf8_show(o->attribute ? o->attribute : (slash && slash[1] ? slash + 1 : path), name, NAME_SIZE);
    }
}

static vae_status find_vector(const arithmetic_options *o, vae_model *model, const vae_splits *splits, const char *name,
                              float *vector)
{
    if (o->vector) return read_vector(o->vector, vae_model_get_shape(model).latent, vector);
    return find_difference(o, model, splits, name, vector);
}

static vae_status with_splits(arithmetic_options *o, vae_model *model, strip_plan *plan, float *vector)
{
    vae_splits splits;
    const vae_dataset *dataset;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    /* The images it is added to come first: all training images are encoded only once those are known to be there. */
    vae_status status = vae_cli_choose_split(model, &splits, o->split, &dataset);
    if (!status && o->label_text) status = vae_dataset_find_label(&splits.train, "--label", o->label_text, &o->label);
    if (!status) name_difference(o, &splits.train, plan->name);
    if (!status) status = vae_cli_encode_selected(model, dataset, plan->indices, plan->count, plan->codes);
    if (!status) status = find_vector(o, model, &splits, plan->name, vector);
    if (!status) status = add_to_images(o, model, dataset, vector, plan);
    vae_splits_free(&splits);
    return status;
}

static vae_status arithmetic(arithmetic_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    strip_plan plan = {.decoded = o->strength.count + 1};
    plan.columns = plan.decoded + o->originals;
    VAE_TRY(vae_cli_parse_list("--index", o->index, plan.indices, MAX_INDICES, &plan.count));
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

static vae_status check_options(const arithmetic_options *o)
{
    const int sources =
        (o->attribute != NULL) + (o->label_text != NULL) + (o->with || o->without) + (o->vector != NULL);
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

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&vae_cli_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Takes the mean code of images with an attribute minus that of images without, adds multiples of the "
               "difference to the codes of some images and decodes: one labelled strip per image, its reconstruction "
               "first, into arithmetic.png unless --out names another file.",
        .children = children,
    };
    arithmetic_options o = {
        .shared = vae_cli_options_none(), .label = -1, .strength = {-2.0, 2.0, 9}, .index = "0,1,2,3,4,5,6,7"};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (!o.shared.out) o.shared.out = "arithmetic.png";
    VAE_TRY(check_options(&o));
    const vae_cli_file files[] = {{"--out", o.shared.out, VAE_FILE_PNG},
                                  {"--npy", o.npy, VAE_FILE_NPY},
                                  {"--save-vector", o.save, VAE_FILE_NPY},
                                  {"--vector", o.vector, VAE_FILE_READ},
                                  {"--with", o.with, VAE_FILE_READ},
                                  {"--without", o.without, VAE_FILE_READ},
                                  {"--attributes", o.attributes, VAE_FILE_READ}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 7));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = arithmetic(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_arithmetic = {"arithmetic", "add what an attribute makes of codes to images", run};
