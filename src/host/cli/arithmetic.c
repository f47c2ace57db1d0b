/* vae-cuda arithmetic: the difference that an attribute makes to codes, added to images. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/array_writer.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/difference.h"
#include "cli/remarks.h"
#include "cli/sequences.h"
#include "data/read.h"
#include "draw/axes.h"
#include "draw/plot.h"
#include "draw/strips.h"
#include "model/runtime.h"

enum { MAX_INDICES = 256, MAX_COLUMNS = 1002, NAME_SIZE = VAE_CLI_LABEL_SIZE };

/* ---- Images that are given ---- */

static vae_status read_file(void *context, const char *path, vae_dataset *dataset)
{
    vae_model *model = context;
    vae_read_options options = vae_read_options_of(vae_model_config(model));
    options.limit = 0;
    VAE_TRY(vae_images_read(path, &options, dataset));
    vae_cli_tell_remarks_of(path, &dataset->remarks);
    const vae_status status = vae_cli_check_shape(model, dataset);
    if (!status) return VAE_OK;
    vae_dataset_free(dataset);
    return vae_error_prepend(status, "%s", path);
}

/* ---- Strips ---- */

/* What the strips are made of; columns: the original where asked for, the reconstruction, then the strengths. */
typedef struct strip_plan {
    int64_t indices[MAX_INDICES];
    int count;
    int64_t decoded, columns; /* columns without and with the original */
    vae_cli_difference what;
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

static vae_status with_splits(vae_cli_options *o, vae_model *model, strip_plan *plan, float *vector)
{
    vae_splits splits;
    const vae_dataset *dataset;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    /* The images it is added to come first: all training images are encoded only once those are known to be there. */
    vae_status status = vae_cli_choose_split(model, &splits, o->images.split, &dataset);
    if (!status) status = vae_cli_difference_name(&plan->what, &splits);
    if (!status) status = vae_cli_encode_selected(model, dataset, plan->indices, plan->count, plan->codes);
    if (!status) status = vae_cli_difference_find(&plan->what, &splits, vector);
    if (!status) status = add_to_images(o, model, dataset, vector, plan);
    vae_splits_free(&splits);
    return status;
}

static vae_status arithmetic(vae_cli_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    strip_plan plan = {.decoded = o->range.count + 1, .what = {o, model, read_file, model, .quiet = o->quiet}};
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

static vae_status run(vae_cli_options *o)
{
    VAE_TRY(vae_cli_difference_check(o));
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
    {VAE_OPTION_TEXT, .group = 3, .help = "a sentence that it is added to, instead of items of the run",
     .kinds = VAE_CLI_TEXTS},
    {VAE_OPTION_WITH_ORIGINALS, .group = 3},
    {VAE_OPTION_TEMPERATURE, .group = 5, .help = VAE_CLI_CODE_TEMPERATURE, .kinds = VAE_CLI_SEQUENCES},
    VAE_CLI_DECODING_PICKS,
    {VAE_OPTION_SAVE_VECTOR, .group = 4},
    {VAE_OPTION_NPY, .group = 4, .kinds = VAE_CLI_IMAGES,
     .help = "also write the images, strip by strip, as a float32 array, .npy or .csv"},
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
        "first, into arithmetic.png unless --out names another file."
        " Sentences are printed instead, or written to --out FILE.txt; drawings can also become an SVG; music is "
        "written "
        "as MIDI (.mid), or drawn as piano rolls (.png, .svg).",
    .picks = picks,
    .run = run,
    .run_sequences = vae_cli_arithmetic_sequences,
};
