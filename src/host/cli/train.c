/* vae-cuda train: trains a model, the program's main job. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/remarks.h"
#include "cli/streams.h"
#include "core/file.h"
#include "train/trainer.h"

enum option_key { RESUME = 1, FROM };

typedef struct train_options {
    vae_cli_options shared;
    bool resume;
    const char *from; /* NULL: not given */
} train_options;

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    train_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->shared; return 0;
    case RESUME: options->resume = true; return 0;
    case FROM: options->from = argument; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option own_options[] = {
    {"resume", RESUME, 0, 0, "go on with the run in --out from its last checkpoint; needs no --config", 1},
    {"from", FROM, "last|best", 0,
     "with --resume: best goes on from the best checkpoint and keeps what came after it under another name; last goes "
     "on even if the best is missing",
     1},
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

static vae_status find_resume(const train_options *options, vae_resume *how)
{
    *how = options->resume ? VAE_RESUME : VAE_RESUME_NONE;
    if (!options->from) return VAE_OK;
    if (!options->resume) return vae_error_set(VAE_ERROR_ARGUMENT, "--from says where --resume goes on; give both");
    if (strcmp(options->from, "last") != 0 && strcmp(options->from, "best") != 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--from: '%s' is neither last nor best", options->from);
    }
    *how = strcmp(options->from, "best") != 0 ? VAE_RESUME_LAST : VAE_RESUME_BEST;
    return VAE_OK;
}

/* A run whose config.ini is gone has the configuration in its checkpoints as well. */
static vae_status config_of_checkpoint(const vae_cli_options *options, const char *missing, vae_config *config)
{
    static const char *const names[] = {"checkpoints/last.safetensors", "checkpoints/best.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        char path[VAE_PATH_SIZE];
        vae_checkpoint saved;
        VAE_TRY(vae_path_join(path, sizeof path, options->out, names[i]));
        if (!vae_path_exists(path) || vae_checkpoint_read(path, &saved)) continue;
        *config = saved.config;
        vae_checkpoint_free(&saved);
        vae_cli_warn("%s is missing; the configuration is that in %s", missing, path);
        VAE_TRY(vae_cli_override_config(options, config));
        return vae_config_check(config);
    }
    return vae_error_set(VAE_ERROR_CONFIG, "%s: there is no run to resume: it has neither config.ini nor a checkpoint",
                         options->out);
}

/* A pipe has no name that the run folder could have. */
static vae_status config_of_file(const vae_cli_options *options, vae_config *config)
{
    VAE_TRY(vae_cli_load_config(options, config));
    if (config->run.out[0]) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG, "%s: gives the run folder no name; choose one with --out DIR",
                         options->config);
}

/* --resume --out DIR takes the configuration that the run was started with. */
static vae_status load_config(train_options *options, vae_config *config)
{
    char path[VAE_PATH_SIZE];
    vae_cli_options shared = options->shared;
    if (!options->resume || shared.config) return config_of_file(&shared, config);
    if (!shared.out) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--resume: which run? give --out DIR, or --config FILE");
    }
    VAE_TRY(vae_path_join(path, sizeof path, shared.out, "config.ini"));
    if (!vae_path_exists(path)) return config_of_checkpoint(&shared, path, config);
    vae_config_defaults(config);
    const vae_status status = vae_config_load(config, path);
    if (status) {
        return vae_error_set(status, "%s; fix the file, or move it away to take the configuration from a checkpoint",
                             vae_error_message());
    }
    shared.config = path;
    return vae_cli_load_config(&shared, config);
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
    if (config->model.latent.size[0] == 2) {
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
    vae_resume resume;
    VAE_TRY(find_resume(&options, &resume));
    VAE_TRY(load_config(&options, &config));
    vae_progress_view view = vae_progress_make(&config, options.shared.quiet);
    const vae_train_options train = {.folder = config.run.out,
                                     .resume = resume,
                                     .ready = vae_interrupt_catch,
                                     .stop = vae_interrupt_flag(),
                                     .observer = vae_progress_observe(&view)};
    vae_train_result result;
    const vae_status status = vae_train(&config, &train, &result);
    vae_progress_clear(&view);
    if (!status && !options.shared.quiet) print_result(&config, &result);
    /* Who closes the terminal or the pipe wants to see no more; the run goes on and is all in its folder. */
    if (!status) vae_streams_forgive();
    return status;
}

const vae_command vae_command_train = {"train", "train a model (the default)", run};
