/* vae-cuda reconstruct: images beside what the model makes of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "report/image.h"

enum option_key { COUNT = 1, INDEX, COLUMNS, INPUT, SPLIT, NPY };
enum { MAX_INDICES = 4096 };

typedef struct reconstruct_options {
    vae_cli_options shared;
    int64_t count, columns;
    const char *index, *input, *split, *npy;
} reconstruct_options;

static const struct argp_option options_table[] = {
    {"count", COUNT, "N", 0, "the first N images (16)", 2},
    {"index", INDEX, "I,J,...", 0, "these images instead", 2},
    {"columns", COLUMNS, "N", 0, "images a row (8)", 2},
    {"input", INPUT, "FILE", 0, "images from a .npy file: uint8, or float in [0, 1]", 2},
    {"split", SPLIT, "NAME", 0, "test (default, if there is one), validation or train images of the run", 2},
    {"npy", NPY, "FILE", 0, "also write the reconstructions as float32 .npy", 2},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    reconstruct_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &o->shared; return 0;
    case COUNT: return vae_cli_parse_integer("--count", argument, 1, MAX_INDICES, &o->count) ? EINVAL : 0;
    case COLUMNS: return vae_cli_parse_integer("--columns", argument, 1, 10000, &o->columns) ? EINVAL : 0;
    case INDEX: o->index = argument; return 0;
    case INPUT: o->input = argument; return 0;
    case SPLIT: o->split = argument; return 0;
    case NPY: o->npy = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Rows of originals alternate with the rows of their reconstructions. */
static void interleave(const float *originals, const float *reconstructions, int64_t count, int64_t columns,
                       int64_t elements, float *pairs)
{
    const size_t bytes = (size_t)elements * sizeof *pairs;
    const int64_t rows = (count + columns - 1) / columns;
    for (int64_t i = 0; i < rows * columns; ++i) {
        float *upper = pairs + ((i / columns) * 2 * columns + i % columns) * elements;
        if (i < count) {
            memcpy(upper, originals + i * elements, bytes);
            memcpy(upper + columns * elements, reconstructions + i * elements, bytes);
        }
    }
}

static vae_status draw(const reconstruct_options *o, vae_model *model, const vae_cli_images *images,
                       const int64_t *indices, int count, float *buffer)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const int64_t columns = o->columns < count ? o->columns : count;
    const int64_t rows = (count + columns - 1) / columns;
    float *originals = buffer, *reconstructions = originals + count * shape.elements;
    float *codes = reconstructions + count * shape.elements, *pairs = codes + count * shape.latent;
    VAE_TRY(vae_cli_images_select(images, shape.elements, indices, count, originals));
    VAE_TRY(vae_model_encode(model, originals, count, codes, NULL));
    VAE_TRY(vae_model_decode(model, codes, count, reconstructions));
    interleave(originals, reconstructions, count, columns, shape.elements, pairs);
    VAE_TRY(vae_image_grid_write(o->shared.out, pairs, 2 * rows * columns, shape.height, shape.width, shape.channels,
                                 columns));
    if (o->npy) VAE_TRY(vae_cli_write_images(o->npy, model, reconstructions, count));
    if (!o->shared.quiet) printf("%s\n", o->shared.out);
    return VAE_OK;
}

static vae_status choose_indices(const reconstruct_options *o, const vae_cli_images *images, int64_t *indices,
                                 int *count)
{
    if (o->index) return vae_cli_parse_list("--index", o->index, indices, MAX_INDICES, count);
    *count = (int)(o->count < images->count ? o->count : images->count);
    for (int i = 0; i < *count; ++i)
        indices[i] = i;
    return VAE_OK;
}

static vae_status reconstruct(const reconstruct_options *o, vae_model *model)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    int64_t indices[MAX_INDICES];
    int count = 0;
    vae_cli_images images;
    VAE_TRY(vae_cli_images_open(model, o->input, o->split, &images));
    vae_status status = choose_indices(o, &images, indices, &count);
    if (!status) {
        const int64_t numbers = count * (2 * shape.elements + shape.latent) + 2 * (count + o->columns) * shape.elements;
        float *buffer = calloc((size_t)numbers, sizeof *buffer);
        status = buffer ? draw(o, model, &images, indices, count, buffer)
                        : vae_error_set(VAE_ERROR_MEMORY, "reconstructions: out of memory");
        free(buffer);
    }
    vae_cli_images_free(&images);
    return status;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&vae_cli_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Draws images, and under each row the reconstructions from their posterior means, into "
               "reconstructions.png unless --out names another file.",
        .children = children,
    };
    reconstruct_options o = {.shared = vae_cli_options_none(), .count = 16, .columns = 8};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (!o.shared.out) o.shared.out = "reconstructions.png";
    const vae_cli_file files[] = {
        {"--out", o.shared.out, VAE_FILE_PNG}, {"--npy", o.npy, VAE_FILE_NPY}, {"--input", o.input, VAE_FILE_READ}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 3));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = reconstruct(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_reconstruct = {"reconstruct", "draw images beside their reconstructions", run};
