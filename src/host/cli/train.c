/* vae-cuda train: trains a model, the program's main job. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "core/file.h"
#include "train/trainer.h"

enum option_key { RESUME = 1 };

typedef struct train_options {
    vae_cli_options shared;
    bool resume;
} train_options;

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    train_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->shared; return 0;
    case RESUME: options->resume = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option own_options[] = {
    {"resume", RESUME, 0, 0, "go on with the run in --out from its last checkpoint; needs no --config", 1},
    {0},
};
static const struct argp_child children[] = {{&vae_cli_config_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = own_options,
    .parser = parse_option,
    .doc = "Trains a model as a configuration says."
           "\vThe run folder gets config.ini (as used), metrics.jsonl, checkpoints/best.safetensors and "
           "last.safetensors, machine.json and pictures/. Ctrl-C saves a checkpoint; --resume goes on from it.",
    .children = children,
};

/* --resume --out DIR takes the configuration that the run was started with. */
static vae_status load_config(train_options *options, vae_config *config)
{
    char path[VAE_PATH_SIZE];
    if (options->resume && !options->shared.config && !options->shared.out) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--resume: which run? give --out DIR, or --config FILE");
    }
    if (options->resume && !options->shared.config) {
        VAE_TRY(vae_path_join(path, sizeof path, options->shared.out, "config.ini"));
        options->shared.config = path;
    }
    const vae_status status = vae_cli_load_config(&options->shared, config);
    if (options->shared.config == path) options->shared.config = NULL;
    return status;
}

static void print_result(const vae_config *config, const vae_train_result *result)
{
    char losses[128];
    const bool autoencoder = config->model.objective == VAE_OBJECTIVE_AE;
    if (result->stopped_early) {
        printf("stopped early: no better validation loss in %" PRId64 " epochs\n", config->train.patience);
    }
    if (result->has_test) {
        printf("test %s%s nats an image, epoch %" PRId64 "\n", autoencoder ? "" : "negative ELBO ",
               vae_progress_losses(&result->test, losses, sizeof losses), result->best_epoch);
    }
    const char *folder = config->run.out;
    printf("run folder: %s (metrics.jsonl, checkpoints/best.safetensors, pictures/)\n", folder);
    printf("next: vae-cuda sample --run %s --out samples.png\n", folder);
    if (config->model.latent == 2) {
        printf("      vae-cuda latent --run %s --out latent.png\n", folder);
    } else if (!autoencoder) {
        printf("      vae-cuda evaluate --run %s\n", folder);
    }
}

static vae_status run(int argc, char **argv)
{
    train_options options = {.shared = vae_cli_options_none()};
    bool done;
    VAE_TRY(vae_cli_parse(&argp, argc, argv, &options, &done));
    if (done) return VAE_OK;
    vae_config config;
    VAE_TRY(load_config(&options, &config));
    vae_progress_view view = vae_progress_make(&config, options.shared.quiet);
    const vae_train_options train = {.folder = config.run.out,
                                     .resume = options.resume,
                                     .stop = vae_interrupt_catch(),
                                     .observer = vae_progress_observe(&view)};
    vae_train_result result;
    const vae_status status = vae_train(&config, &train, &result);
    vae_progress_clear(&view);
    VAE_TRY(status);
    if (!options.shared.quiet) print_result(&config, &result);
    return VAE_OK;
}

const vae_command vae_command_train = {"train", "train a model (what happens without a command)", run};
