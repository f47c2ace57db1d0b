/* vae-cuda decode: codes to images. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/counter.h"
#include "cli/image_sink.h"
#include "cli/images.h"
#include "model/runtime.h"

enum option_key { INPUT = 1, PNG, COLUMNS };

typedef struct decode_options {
    vae_cli_options shared;
    const char *input, *png;
    int64_t columns;
} decode_options;

static const struct argp_option options_table[] = {
    {"input", INPUT, "FILE", 0, "codes, a .npy array [count, latent]", 2},
    {"png", PNG, "FILE", 0, "also draw the images as a grid", 2},
    {"columns", COLUMNS, "N", 0, "images per row of the grid (8)", 2},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    decode_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &o->shared; return 0;
    case INPUT: o->input = argument; return 0;
    case PNG: o->png = argument; return 0;
    case COLUMNS: return vae_cli_parse_integer("--columns", argument, 1, 10000, &o->columns) ? EINVAL : 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static vae_status decode_batches(const decode_options *o, vae_model *model, const vae_npy_array *codes, float *images,
                                 vae_image_sink *sink)
{
    const int64_t count = codes->sizes[0], latent = codes->sizes[1];
    vae_cli_counter counter = vae_cli_counter_start("decode", count, o->shared.quiet);
    for (int64_t first = 0; first < count; first += VAE_CLI_BATCH) {
        const int64_t rows = count - first < VAE_CLI_BATCH ? count - first : VAE_CLI_BATCH;
        const vae_status status = vae_model_decode(model, codes->values + first * latent, rows, images);
        if (status) return first ? vae_error_prepend(status, "from row %" PRId64 " on", first) : status;
        VAE_TRY(vae_image_sink_add(sink, NULL, images, rows));
        VAE_TRY(vae_cli_counter_show(&counter, first + rows));
    }
    return VAE_OK;
}

static vae_status decode_codes(const decode_options *o, vae_model *model, const vae_npy_array *codes)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_sink_plan plan = {.paths = {o->shared.out, o->png},
                                .shape = shape,
                                .layout = vae_model_config(model)->data.layout,
                                .count = codes->sizes[0],
                                .columns = o->columns};
    vae_image_sink *sink;
    float *images = calloc((size_t)(VAE_CLI_BATCH * shape.elements), sizeof *images);
    if (!images) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    vae_status status = vae_image_sink_open(&plan, &sink);
    if (!status) status = decode_batches(o, model, codes, images, sink);
    free(images);
    if (!status) return vae_image_sink_finish(sink, o->shared.quiet);
    vae_image_sink_abandon(sink);
    return status;
}

static vae_status decode(const decode_options *o, vae_model *model)
{
    const int64_t latent = vae_model_get_shape(model).latent;
    vae_npy_array codes;
    VAE_TRY(vae_cli_read_npy(o->input, &codes));
    const bool fits = codes.rank == 2 && codes.sizes[1] == latent && codes.sizes[0] > 0;
    const vae_status status =
        fits ? decode_codes(o, model, &codes)
             : vae_error_set(VAE_ERROR_SHAPE,
                             "%s: %d dimensions and %" PRId64 " numbers, but codes are an array [count, %" PRId64 "]",
                             o->input, codes.rank, codes.count, latent);
    vae_npy_free(&codes);
    return status;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&vae_cli_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Decodes codes and writes the images, in [0, 1], as a float32 array, images.npy unless --out names "
               "another file; or as a grid (.png), or, with --out FOLDER/, as one numbered PNG each.",
        .children = children,
    };
    decode_options o = {.shared = vae_cli_options_none(), .columns = 8};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (!o.input) return vae_error_set(VAE_ERROR_ARGUMENT, "--input FILE is missing");
    if (!o.shared.out) o.shared.out = "images.npy";
    const vae_cli_file files[] = {
        {"--out", o.shared.out, VAE_SINK_KINDS}, {"--png", o.png, VAE_FILE_PNG}, {"--input", o.input, VAE_FILE_READ}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 3));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = decode(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_decode = {"decode", "turn codes into images (.npy, PNG)", run};
