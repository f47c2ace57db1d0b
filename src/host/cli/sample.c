/* vae-cuda sample: images from the prior, or from a mixture fitted to the training codes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/aggregate.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/image_sink.h"
#include "cli/images.h"
#include "cli/sequences.h"
#include "model/mixture.h"
#include "model/runtime.h"

/* ---- Drawing ---- */

/* Room for a batch, and where its codes and images go. */
typedef struct drawing {
    vae_mixture mixture; /* of --prior aggregate */
    uint64_t seed;
    float *codes, *images; /* [VAE_CLI_BATCH, …] */
    vae_image_sink *sink;
    vae_array_writer *writer; /* of codes; NULL: not asked for */
} drawing;

static vae_status draw_batch(const vae_cli_options *o, vae_model *model, const drawing *d, int64_t first, int64_t rows)
{
    VAE_TRY(o->prior == VAE_CLI_PRIOR_AGGREGATE
                ? vae_mixture_sample(&d->mixture, d->seed, o->temperature, first, rows, d->codes)
                : vae_model_sample_prior_from(model, d->seed, o->temperature, first, rows, d->codes));
    if (d->writer) VAE_TRY(vae_array_writer_add(d->writer, d->codes, rows));
    if (!vae_image_sink_takes(d->sink)) return VAE_OK;
    VAE_TRY(o->noise ? vae_model_draw_from(model, d->seed, d->codes, first, rows, d->images)
                     : vae_model_decode(model, d->codes, rows, d->images));
    return vae_image_sink_add(d->sink, NULL, d->images, rows);
}

static vae_status draw_all(const vae_cli_options *o, vae_model *model, drawing *d)
{
    const int64_t sizes[] = {o->count, vae_model_get_shape(model).latent};
    vae_cli_counter counter = vae_cli_counter_start("sample", o->count, o->quiet);
    if (o->codes) VAE_TRY(vae_array_writer_open(o->codes, 2, sizes, vae_cli_code_names(), &d->writer));
    for (int64_t first = 0; first < o->count; first += VAE_CLI_BATCH) {
        const int64_t rows = o->count - first < VAE_CLI_BATCH ? o->count - first : VAE_CLI_BATCH;
        VAE_TRY(draw_batch(o, model, d, first, rows));
        VAE_TRY(vae_cli_counter_show(&counter, first + rows));
    }
    return VAE_OK;
}

static vae_status open_drawing(const vae_cli_options *o, vae_model *model, drawing *d)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_sink_plan plan = {.paths = {o->out, o->npy},
                                .shape = shape,
                                .layout = vae_model_config(model)->data.layout,
                                .names = vae_cli_data_names(model),
                                .numbers = vae_model_input(model)->dtype == VAE_FLOAT32,
                                .count = o->count,
                                .columns = o->columns};
    d->seed = o->seed >= 0 ? (uint64_t)o->seed : 1;
    VAE_TRY(vae_image_sink_open(&plan, &d->sink));
    d->codes = calloc((size_t)(VAE_CLI_BATCH * shape.latent), sizeof *d->codes);
    d->images = calloc((size_t)(VAE_CLI_BATCH * shape.elements), sizeof *d->images);
    if (!d->codes || !d->images) return vae_error_set(VAE_ERROR_MEMORY, "samples: out of memory");
    return o->prior == VAE_CLI_PRIOR_AGGREGATE ? vae_cli_fit_aggregate(o, model, d->seed, o->quiet, &d->mixture)
                                               : VAE_OK;
}

/* Both are given away. */
static vae_status finish_drawing(const vae_cli_options *o, drawing *d)
{
    vae_image_sink *sink = d->sink;
    vae_array_writer *writer = d->writer;
    d->sink = NULL;
    d->writer = NULL;
    const vae_status status = vae_image_sink_finish(sink, o->quiet);
    if (status) {
        vae_array_writer_abandon(writer);
        return status;
    }
    if (writer) VAE_TRY(vae_array_writer_finish(writer));
    if (writer && !o->quiet) printf("%s: %" PRId64 " code%s\n", o->codes, o->count, o->count == 1 ? "" : "s");
    return VAE_OK;
}

static vae_status sample(vae_cli_options *o, vae_model *model)
{
    drawing d = {.seed = 0};
    vae_status status = open_drawing(o, model, &d);
    if (!status) status = draw_all(o, model, &d);
    if (!status) status = finish_drawing(o, &d);
    vae_image_sink_abandon(d.sink);
    vae_array_writer_abandon(d.writer);
    vae_mixture_free(&d.mixture);
    free(d.codes);
    free(d.images);
    return status;
}

static vae_status run(vae_cli_options *o)
{
    if (o->components > 0 && o->prior != VAE_CLI_PRIOR_AGGREGATE) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--components needs --prior aggregate");
    }
    if (!o->out && !o->npy && !o->codes) o->out = "samples.png";
    const vae_cli_file files[] = {
        {"--out", o->out, VAE_SINK_KINDS}, {"--npy", o->npy, VAE_FILE_ARRAY}, {"--codes", o->codes, VAE_FILE_ARRAY}};
    return vae_cli_use_model(o, files, 3, sample);
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_COUNT, .group = 2, .initial = "64"},
    {VAE_OPTION_COLUMNS, .group = 2, .initial = "8", .help = "images per row of a grid (8)",
     .kinds = VAE_CLI_IMAGES | VAE_CLI_DRAWINGS | VAE_CLI_MUSIC},
    {VAE_OPTION_TEMPERATURE, .group = 2, .initial = "1",
     .help = "standard deviation of the codes (1); with --prior aggregate, a factor on that of each component. Of "
             "sequences, whose codes are draws of the prior as it is, the temperature of each step"},
    {VAE_OPTION_PRIOR, .group = 2, .initial = "standard"},
    {VAE_OPTION_COMPONENTS, .group = 2},
    {VAE_OPTION_NOISE, .group = 2, .kinds = VAE_CLI_IMAGES},
    {VAE_OPTION_NPY, .group = 2, .kinds = VAE_CLI_IMAGES,
     .help = "write the images as a float32 array, .npy or .csv; without --out no picture is drawn"},
    {VAE_OPTION_CODES, .group = 2,
     .help = "write their codes as a float32 array, .npy or .csv; without --out nothing is decoded"},
    {VAE_OPTION_OUT, .group = 1},
    VAE_CLI_DECODING_PICKS,
    VAE_CLI_MODEL_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_sample = {
    .name = "sample",
    .summary = "draw images from the prior",
    .description =
        "Decodes codes drawn from the prior, or from a Gaussian mixture fitted to the codes of the training "
        "images. They become a grid, samples.png unless --out names another; or, with --out FOLDER/, one "
        "numbered PNG each; or an array (.npy) or a table (.csv), which are the outputs of models of other data "
        "than images. Memory grows with a grid only."
        " Sentences are printed instead, or written to --out FILE.txt; drawings can also become an SVG; music is "
        "written "
        "as MIDI (.mid), or drawn as piano rolls (.png, .svg).",
    .picks = picks,
    .run = run,
    .run_sequences = vae_cli_sample_sequences,
};
