/* vae-cuda sample: images from the prior, or from a mixture fitted to the training codes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/image_sink.h"
#include "cli/images.h"
#include "core/npy_writer.h"
#include "model/mixture.h"
#include "model/runtime.h"

enum option_key { COUNT = 1, COLUMNS, TEMPERATURE, PRIOR, COMPONENTS, NPY, CODES };

typedef struct sample_options {
    vae_cli_options shared;
    int64_t count, columns, components; /* components -1: not given */
    double temperature;
    bool aggregate;
    const char *npy, *codes;
} sample_options;

static const struct argp_option options_table[] = {
    {"count", COUNT, "N", 0, "images to draw (64)", 2},
    {"columns", COLUMNS, "N", 0, "images per row of a grid (8)", 2},
    {"temperature", TEMPERATURE, "T", 0,
     "standard deviation of the codes (1); with --prior aggregate, a factor on that of each component", 2},
    {"prior", PRIOR, "NAME", 0,
     "standard (default): N(0, I), or aggregate: a Gaussian mixture fitted to the posterior means of the training "
     "images",
     2},
    {"components", COMPONENTS, "K", 0, "components of the mixture (10)", 2},
    {"npy", NPY, "FILE", 0, "write the images as a float32 array; without --out no picture is drawn", 2},
    {"codes", CODES, "FILE", 0, "write their codes as a float32 array; without --out no picture is drawn", 2},
    {0},
};

static error_t parse_prior(sample_options *o, const char *name)
{
    o->aggregate = strcmp(name, "aggregate") == 0;
    if (o->aggregate || strcmp(name, "standard") == 0) return 0;
    vae_error_set(VAE_ERROR_ARGUMENT, "--prior: '%s' is not one of standard, aggregate", name);
    return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    sample_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &o->shared; return 0;
    case COUNT: return vae_cli_parse_integer("--count", argument, 1, 1000000000, &o->count) ? EINVAL : 0;
    case COLUMNS: return vae_cli_parse_integer("--columns", argument, 1, 10000, &o->columns) ? EINVAL : 0;
    case TEMPERATURE: return vae_cli_parse_real("--temperature", argument, 0, 1e6, &o->temperature) ? EINVAL : 0;
    case PRIOR: return parse_prior(o, argument);
    case COMPONENTS: return vae_cli_parse_integer("--components", argument, 1, 10000, &o->components) ? EINVAL : 0;
    case NPY: o->npy = argument; return 0;
    case CODES: o->codes = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- The aggregate posterior ---- */

static vae_status fit_mixture(const sample_options *o, vae_model *model, uint64_t seed, const vae_dataset *dataset,
                              vae_mixture *mixture)
{
    const int64_t latent = vae_model_get_shape(model).latent;
    vae_mixture_options options = vae_mixture_defaults(o->components > 0 ? o->components : 10, seed);
    options.threads = o->shared.threads > 0 ? (int)o->shared.threads : 0;
    float *codes = calloc((size_t)(dataset->count * latent), sizeof *codes);
    if (!codes) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    vae_status status = vae_cli_encode_all(model, dataset, codes);
    if (!status) status = vae_mixture_fit(codes, dataset->count, latent, &options, mixture);
    free(codes);
    if (!status && !o->shared.quiet) {
        printf("mixture of %" PRId64 " Gaussians fitted to %" PRId64 " codes in %" PRId64
               " iterations: mean log density %.3f nats\n",
               mixture->components, dataset->count, mixture->iterations, mixture->log_density);
    }
    return status;
}

static vae_status fit_aggregate(const sample_options *o, vae_model *model, uint64_t seed, vae_mixture *mixture)
{
    vae_splits splits;
    const vae_dataset *dataset = NULL;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    vae_status status = vae_cli_choose_split(model, &splits, "train", &dataset);
    if (!status) status = fit_mixture(o, model, seed, dataset, mixture);
    vae_splits_free(&splits);
    return status;
}

/* ---- Drawing ---- */

/* Room for a batch, and where its codes and images go. */
typedef struct drawing {
    vae_mixture mixture; /* of --prior aggregate */
    uint64_t seed;
    float *codes, *images; /* [VAE_CLI_BATCH, …] */
    vae_image_sink *sink;
    vae_npy_writer *writer; /* of codes; NULL: not asked for */
} drawing;

static vae_status draw_batch(const sample_options *o, vae_model *model, const drawing *d, int64_t first, int64_t rows)
{
    VAE_TRY(o->aggregate ? vae_mixture_sample(&d->mixture, d->seed, o->temperature, first, rows, d->codes)
                         : vae_model_sample_prior_from(model, d->seed, o->temperature, first, rows, d->codes));
    if (d->writer) VAE_TRY(vae_npy_writer_add(d->writer, d->codes, rows));
    if (!vae_image_sink_takes(d->sink)) return VAE_OK;
    VAE_TRY(vae_model_decode(model, d->codes, rows, d->images));
    return vae_image_sink_add(d->sink, NULL, d->images, rows);
}

static vae_status draw_all(const sample_options *o, vae_model *model, drawing *d)
{
    const int64_t sizes[] = {o->count, vae_model_get_shape(model).latent};
    vae_cli_counter counter = vae_cli_counter_start("sample", o->count, o->shared.quiet);
    if (o->codes) VAE_TRY(vae_npy_writer_open(o->codes, 2, sizes, &d->writer));
    for (int64_t first = 0; first < o->count; first += VAE_CLI_BATCH) {
        const int64_t rows = o->count - first < VAE_CLI_BATCH ? o->count - first : VAE_CLI_BATCH;
        VAE_TRY(draw_batch(o, model, d, first, rows));
        VAE_TRY(vae_cli_counter_show(&counter, first + rows));
    }
    return VAE_OK;
}

static vae_status open_drawing(const sample_options *o, vae_model *model, drawing *d)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_sink_plan plan = {.paths = {o->shared.out, o->npy},
                                .shape = shape,
                                .layout = vae_model_config(model)->data.layout,
                                .count = o->count,
                                .columns = o->columns};
    d->seed = o->shared.seed >= 0 ? (uint64_t)o->shared.seed : 1;
    VAE_TRY(vae_image_sink_open(&plan, &d->sink));
    d->codes = calloc((size_t)(VAE_CLI_BATCH * shape.latent), sizeof *d->codes);
    d->images = calloc((size_t)(VAE_CLI_BATCH * shape.elements), sizeof *d->images);
    if (!d->codes || !d->images) return vae_error_set(VAE_ERROR_MEMORY, "samples: out of memory");
    return o->aggregate ? fit_aggregate(o, model, d->seed, &d->mixture) : VAE_OK;
}

/* Both are given away. */
static vae_status finish_drawing(const sample_options *o, drawing *d)
{
    vae_image_sink *sink = d->sink;
    vae_npy_writer *writer = d->writer;
    d->sink = NULL;
    d->writer = NULL;
    const vae_status status = vae_image_sink_finish(sink, o->shared.quiet);
    if (status) {
        vae_npy_writer_abandon(writer);
        return status;
    }
    if (writer) VAE_TRY(vae_npy_writer_finish(writer));
    if (writer && !o->shared.quiet) printf("%s: %" PRId64 " codes\n", o->codes, o->count);
    return VAE_OK;
}

static vae_status sample(const sample_options *o, vae_model *model)
{
    drawing d = {.seed = 0};
    vae_status status = open_drawing(o, model, &d);
    if (!status) status = draw_all(o, model, &d);
    if (!status) status = finish_drawing(o, &d);
    vae_image_sink_abandon(d.sink);
    vae_npy_writer_abandon(d.writer);
    vae_mixture_free(&d.mixture);
    free(d.codes);
    free(d.images);
    return status;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&vae_cli_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Decodes codes drawn from the prior, or from a Gaussian mixture fitted to the codes of the training "
               "images. They become a grid, samples.png unless --out names another; or, with --out FOLDER/, one "
               "numbered PNG each; or an array. Memory grows with a grid only, not with an array or a folder.",
        .children = children,
    };
    sample_options o = {
        .shared = vae_cli_options_none(), .count = 64, .columns = 8, .components = -1, .temperature = 1.0};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (o.components > 0 && !o.aggregate) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--components needs --prior aggregate");
    }
    if (!o.shared.out && !o.npy && !o.codes) o.shared.out = "samples.png";
    const vae_cli_file files[] = {
        {"--out", o.shared.out, VAE_SINK_KINDS}, {"--npy", o.npy, VAE_FILE_NPY}, {"--codes", o.codes, VAE_FILE_NPY}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 3));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = sample(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_sample = {"sample", "draw images from the prior", run};
