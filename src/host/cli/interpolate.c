/* vae-cuda interpolate: strips of images between two codes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "model/interpolate.h"
#include "report/image.h"

enum option_key { FROM = 1, TO, PRIOR, STEPS, MODE, INPUT, SPLIT, NPY, CODES };
enum { MAX_PAIRS = 256 };

typedef struct interpolate_options {
    vae_cli_options shared;
    const char *from, *to, *input, *split, *npy, *codes;
    int64_t prior, steps;
    bool spherical;
} interpolate_options;

static const struct argp_option options_table[] = {
    {"from", FROM, "I,J,...", 0, "images that the strips begin with", 2},
    {"to", TO, "I,J,...", 0, "images that they end with, as many", 2},
    {"prior", PRIOR, "N", 0, "N strips between draws from the prior instead", 2},
    {"steps", STEPS, "N", 0, "images a strip, both ends included (10)", 2},
    {"mode", MODE, "NAME", 0, "linear (default) or spherical", 2},
    {"input", INPUT, "FILE", 0, "images from a .npy file: uint8, or float in [0, 1]", 2},
    {"split", SPLIT, "NAME", 0, "test (default), validation or train images of the run", 2},
    {"npy", NPY, "FILE", 0, "also write the images as float32 .npy", 2},
    {"codes", CODES, "FILE", 0, "also write the codes as float32 .npy", 2},
    {0},
};

static error_t parse_mode(interpolate_options *o, const char *mode)
{
    o->spherical = strcmp(mode, "spherical") == 0;
    if (o->spherical || strcmp(mode, "linear") == 0) return 0;
    vae_error_set(VAE_ERROR_ARGUMENT, "--mode: '%s' is not one of linear, spherical", mode);
    return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    interpolate_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &o->shared; return 0;
    case FROM: o->from = argument; return 0;
    case TO: o->to = argument; return 0;
    case PRIOR: return vae_cli_parse_integer("--prior", argument, 1, MAX_PAIRS, &o->prior) ? EINVAL : 0;
    case STEPS: return vae_cli_parse_integer("--steps", argument, 2, 1000, &o->steps) ? EINVAL : 0;
    case MODE: return parse_mode(o, argument);
    case INPUT: o->input = argument; return 0;
    case SPLIT: o->split = argument; return 0;
    case NPY: o->npy = argument; return 0;
    case CODES: o->codes = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Posterior means of the images at `list`, [pairs, latent]. */
static vae_status encode_list(const char *option, const char *list, vae_model *model, const vae_cli_images *images,
                              float *codes, int *pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    int64_t indices[MAX_PAIRS];
    VAE_TRY(vae_cli_parse_list(option, list, indices, MAX_PAIRS, pairs));
    float *selected = calloc((size_t)(*pairs * shape.elements), sizeof *selected);
    if (!selected) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", option);
    vae_status status = vae_cli_images_select(images, shape.elements, indices, *pairs, selected);
    if (!status) status = vae_model_encode(model, selected, *pairs, codes, NULL);
    free(selected);
    return status;
}

static vae_status encode_ends(const interpolate_options *o, vae_model *model, float *from, float *to, int *pairs)
{
    int ends = 0;
    vae_cli_images images;
    VAE_TRY(vae_cli_images_open(model, o->input, o->split, &images));
    vae_status status = encode_list("--from", o->from, model, &images, from, pairs);
    if (!status) status = encode_list("--to", o->to, model, &images, to, &ends);
    vae_cli_images_free(&images);
    if (!status && ends != *pairs) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--from names %d images, but --to %d", *pairs, ends);
    }
    return status;
}

static vae_status find_ends(const interpolate_options *o, vae_model *model, float *from, float *to, int *pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    if (o->prior == 0) return encode_ends(o, model, from, to, pairs);
    /* One draw of both ends: they are rows 0 … n-1 and n … 2n-1 of it. */
    const uint64_t seed = o->shared.seed >= 0 ? (uint64_t)o->shared.seed : 1;
    float *both = calloc((size_t)(2 * o->prior * shape.latent), sizeof *both);
    if (!both) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    const vae_status status = vae_model_sample_prior(model, seed, 1.0, 2 * o->prior, both);
    memcpy(from, both, (size_t)(o->prior * shape.latent) * sizeof *both);
    memcpy(to, both + o->prior * shape.latent, (size_t)(o->prior * shape.latent) * sizeof *both);
    free(both);
    *pairs = (int)o->prior;
    return status;
}

static void fill_strips(const interpolate_options *o, const float *from, const float *to, int pairs, int64_t latent,
                        float *codes)
{
    for (int64_t i = 0; i < pairs * o->steps; ++i) {
        const int64_t pair = i / o->steps;
        const double t = (double)(i % o->steps) / (double)(o->steps - 1);
        const float *a = from + pair * latent, *b = to + pair * latent;
        if (o->spherical) {
            vae_interpolate_spherical(a, b, latent, t, codes + i * latent);
        } else {
            vae_interpolate_linear(a, b, latent, t, codes + i * latent);
        }
    }
}

static vae_status draw(const interpolate_options *o, vae_model *model, const float *from, const float *to, int pairs)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const int64_t count = pairs * o->steps;
    float *codes = calloc((size_t)(count * shape.latent), sizeof *codes);
    float *images = calloc((size_t)(count * shape.elements), sizeof *images);
    vae_status status = VAE_OK;
    if (!codes || !images) status = vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    if (!status) {
        fill_strips(o, from, to, pairs, shape.latent, codes);
        status = vae_model_decode(model, codes, count, images);
    }
    if (!status) {
        status =
            vae_image_grid_write(o->shared.out, images, count, shape.height, shape.width, shape.channels, o->steps);
    }
    if (!status && o->npy) status = vae_cli_write_images(o->npy, model, images, count);
    if (!status && o->codes) status = vae_cli_write_matrix(o->codes, codes, count, shape.latent);
    if (!status && !o->shared.quiet) printf("%s\n", o->shared.out);
    free(codes);
    free(images);
    return status;
}

static vae_status interpolate(const interpolate_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    float *ends = calloc((size_t)(2 * MAX_PAIRS * shape.latent), sizeof *ends);
    if (!ends) return vae_error_set(VAE_ERROR_MEMORY, "interpolation: out of memory");
    float *from = ends, *to = ends + MAX_PAIRS * shape.latent;
    int pairs = 0;
    vae_status status = find_ends(o, model, from, to, &pairs);
    if (!status) status = draw(o, model, from, to, pairs);
    free(ends);
    return status;
}

static vae_status check_options(const interpolate_options *o)
{
    const bool images = o->from && o->to;
    if (o->prior > 0 && (o->from || o->to || o->input || o->split)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--prior needs no images: --from, --to, --input and --split cannot be "
                                                 "given with it");
    }
    if (images || o->prior > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "--from and --to, or --prior, are missing");
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&vae_cli_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Draws one strip of images a pair of codes, linear or spherical in between, into interpolation.png "
               "unless --out names another file.",
        .children = children,
    };
    interpolate_options o = {.shared = vae_cli_options_none(), .steps = 10};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    VAE_TRY(check_options(&o));
    if (!o.shared.out) o.shared.out = "interpolation.png";
    const char *outputs[] = {o.shared.out, o.npy, o.codes};
    VAE_TRY(vae_cli_check_outputs(&o.shared, outputs, 3));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = interpolate(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_interpolate = {"interpolate", "draw strips of images between codes", run};
