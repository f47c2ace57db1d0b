/* vae-cuda sample: images from the prior. */
#include <errno.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "report/image.h"

enum option_key { COUNT = 1, COLUMNS, TEMPERATURE, NPY, CODES };

typedef struct sample_options {
    vae_cli_options shared;
    int64_t count, columns;
    double temperature;
    const char *npy, *codes;
} sample_options;

static const struct argp_option options_table[] = {
    {"count", COUNT, "N", 0, "images to draw (64)", 2},
    {"columns", COLUMNS, "N", 0, "images a row (8)", 2},
    {"temperature", TEMPERATURE, "T", 0, "standard deviation of the codes (1)", 2},
    {"npy", NPY, "FILE", 0, "also write the images as float32 .npy", 2},
    {"codes", CODES, "FILE", 0, "also write their codes as float32 .npy", 2},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    sample_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &o->shared; return 0;
    case COUNT: return vae_cli_parse_integer("--count", argument, 1, 1000000, &o->count) ? EINVAL : 0;
    case COLUMNS: return vae_cli_parse_integer("--columns", argument, 1, 10000, &o->columns) ? EINVAL : 0;
    case TEMPERATURE: return vae_cli_parse_real("--temperature", argument, 0, 1e6, &o->temperature) ? EINVAL : 0;
    case NPY: o->npy = argument; return 0;
    case CODES: o->codes = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static vae_status draw(const sample_options *o, vae_model *model, float *codes, float *images)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const uint64_t seed = o->shared.seed >= 0 ? (uint64_t)o->shared.seed : 1;
    VAE_TRY(vae_model_sample_prior(model, seed, o->temperature, o->count, codes));
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
        .doc = "Decodes codes drawn from the prior into a grid of images, samples.png unless --out names another.",
        .children = children,
    };
    sample_options o = {.shared = vae_cli_options_none(), .count = 64, .columns = 8, .temperature = 1.0};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (!o.shared.out) o.shared.out = "samples.png";
    const char *outputs[] = {o.shared.out, o.npy, o.codes};
    VAE_TRY(vae_cli_check_outputs(&o.shared, outputs, 3));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = sample(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_sample = {"sample", "draw images from the prior", run};
