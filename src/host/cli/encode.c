/* vae-cuda encode: images to codes. */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"

enum option_key { INPUT = 1, SPLIT, LOG_VARIANCE };

typedef struct encode_options {
    vae_cli_options shared;
    const char *input, *split, *log_variance;
} encode_options;

static const struct argp_option options_table[] = {
    {"input", INPUT, "FILE", 0, "images from a .npy file: uint8, or float in [0, 1]", 2},
    {"split", SPLIT, "NAME", 0, "test (default, if there is one), validation or train images of the run", 2},
    {"log-variance", LOG_VARIANCE, "FILE", 0, "also write log σ² of each code", 2},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    encode_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &o->shared; return 0;
    case INPUT: o->input = argument; return 0;
    case SPLIT: o->split = argument; return 0;
    case LOG_VARIANCE: o->log_variance = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static vae_status write_codes(const encode_options *o, vae_model *model, const vae_cli_images *images, float *mean,
                              float *log_variance)
{
    const int64_t latent = vae_model_get_shape(model).latent;
    VAE_TRY(vae_model_encode(model, images->pixels, images->count, mean, log_variance));
    VAE_TRY(vae_cli_write_matrix(o->shared.out, mean, images->count, latent));
    if (o->log_variance) VAE_TRY(vae_cli_write_matrix(o->log_variance, log_variance, images->count, latent));
    if (!o->shared.quiet)
        printf("%s: %lld codes of %lld\n", o->shared.out, (long long)images->count, (long long)latent);
    return VAE_OK;
}

static vae_status encode(const encode_options *o, vae_model *model)
{
    vae_cli_images images;
    VAE_TRY(vae_cli_images_open(model, o->input, o->split, &images));
    const size_t numbers = (size_t)(images.count * vae_model_get_shape(model).latent);
    float *mean = calloc(numbers, sizeof *mean), *log_variance = calloc(numbers, sizeof *log_variance);
    const vae_status status = mean && log_variance ? write_codes(o, model, &images, mean, log_variance)
                                                   : vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    free(mean);
    free(log_variance);
    vae_cli_images_free(&images);
    return status;
}

static vae_status run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&vae_cli_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options_table,
        .parser = parse,
        .doc = "Writes the posterior means of images as a float32 array [images, latent], codes.npy unless --out names "
               "another file.",
        .children = children,
    };
    encode_options o = {.shared = vae_cli_options_none()};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &o, &done));
    if (done) return VAE_OK;
    if (!o.shared.out) o.shared.out = "codes.npy";
    const vae_cli_file files[] = {{"--out", o.shared.out, VAE_FILE_NPY},
                                  {"--log-variance", o.log_variance, VAE_FILE_NPY},
                                  {"--input", o.input, VAE_FILE_READ}};
    VAE_TRY(vae_cli_check_outputs(&o.shared, files, 3));
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&o.shared, &model));
    const vae_status status = encode(&o, model);
    vae_model_free(model);
    return status;
}

const vae_command vae_command_encode = {"encode", "turn images into codes (.npy)", run};
