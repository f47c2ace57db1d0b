/* vae-cuda sample: images from the prior, or from a mixture fitted to the training codes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "model/mixture.h"
#include "report/image.h"

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
    {"columns", COLUMNS, "N", 0, "images a row (8)", 2},
    {"temperature", TEMPERATURE, "T", 0,
     "standard deviation of the codes (1); of aggregate: factor of each component's", 2},
    {"prior", PRIOR, "NAME", 0,
     "standard (default): N(0, I), or aggregate: a Gaussian mixture fitted to the posterior means of the training "
     "images",
     2},
    {"components", COMPONENTS, "K", 0, "components of the mixture (10)", 2},
    {"npy", NPY, "FILE", 0, "also write the images as float32 .npy", 2},
    {"codes", CODES, "FILE", 0, "also write their codes as float32 .npy", 2},
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
    case COUNT: return vae_cli_parse_integer("--count", argument, 1, 1000000, &o->count) ? EINVAL : 0;
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

static vae_status sample_aggregate(const sample_options *o, vae_model *model, uint64_t seed, float *codes)
{
    vae_splits splits;
    vae_mixture mixture = {0};
    const vae_dataset *dataset = NULL;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    vae_status status = vae_cli_choose_split(model, &splits, "train", &dataset);
    if (!status) status = fit_mixture(o, model, seed, dataset, &mixture);
    if (!status) status = vae_mixture_sample(&mixture, seed, o->temperature, o->count, codes);
    vae_mixture_free(&mixture);
    vae_splits_free(&splits);
    return status;
}

/* ---- Drawing ---- */

static vae_status draw(const sample_options *o, vae_model *model, float *codes, float *images)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const uint64_t seed = o->shared.seed >= 0 ? (uint64_t)o->shared.seed : 1;
    VAE_TRY(o->aggregate ? sample_aggregate(o, model, seed, codes)
                         : vae_model_sample_prior(model, seed, o->temperature, o->count, codes));
    VAE_TRY(vae_model_decode(model, codes, o->count, images));
    VAE_TRY(
        vae_image_grid_write(o->shared.out, images, o->count, shape.height, shape.width, shape.channels, o->columns));
    if (o->npy) VAE_TRY(vae_cli_write_images(o->npy, model, images, o->count));
    if (o->codes) VAE_TRY(vae_cli_write_matrix(o->codes, codes, o->count, shape.latent));
    if (!o->shared.quiet) printf("%s\n", o->shared.out);
    return VAE_OK;
}

static vae_status sample(const sample_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    vae_image_grid grid = {.count = o->count,
                           .height = shape.height,
                           .width = shape.width,
                           .channels = shape.channels,
                           .columns = o->columns};
    VAE_TRY(vae_image_grid_plan(o->shared.out, &grid));
    float *codes = calloc((size_t)(o->count * shape.latent), sizeof *codes);
    float *images = calloc((size_t)(o->count * shape.elements), sizeof *images);
    const vae_status status =
        codes && images ? draw(o, model, codes, images) : vae_error_set(VAE_ERROR_MEMORY, "samples: out of memory");
    free(codes);
    free(images);
    return status;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&vae_cli_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Decodes codes drawn from the prior, or from a Gaussian mixture fitted to the codes of the training "
               "images, into a grid of images, samples.png unless --out names another.",
        .children = children,
    };
    sample_options o = {
        .shared = vae_cli_options_none(), .count = 64, .columns = 8, .components = -1, .temperature = 1.0};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (o.components > 0 && !o.aggregate) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--components belongs to --prior aggregate");
    }
    if (!o.shared.out) o.shared.out = "samples.png";
    const vae_cli_file files[] = {
        {"--out", o.shared.out, VAE_FILE_PNG}, {"--npy", o.npy, VAE_FILE_NPY}, {"--codes", o.codes, VAE_FILE_NPY}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 3));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = sample(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_sample = {"sample", "draw images from the prior", run};
