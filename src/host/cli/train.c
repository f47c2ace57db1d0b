/* vae-cuda train: trains a model, the program's main job. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/kind_words.h"
#include "cli/progress.h"
#include "cli/remarks.h"
#include "cli/streams.h"
#include "core/file.h"
#include "train/trainer.h"

static vae_status find_resume(const vae_cli_options *options, vae_resume *how)
{
    *how = options->resume ? VAE_RESUME : VAE_RESUME_NONE;
    if (options->resume_from < 0) return VAE_OK;
    if (!options->resume) return vae_error_set(VAE_ERROR_ARGUMENT, "--from says where --resume goes on; give both");
    *how = options->resume_from == VAE_CLI_FROM_BEST ? VAE_RESUME_BEST : VAE_RESUME_LAST;
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
        *config = saved.design.config;
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
static vae_status load_config(const vae_cli_options *options, vae_config *config)
{
    char path[VAE_PATH_SIZE];
    if (!options->resume || options->config) return config_of_file(options, config);
    if (!options->out) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--resume: which run? give --out DIR, or --config FILE");
    }
    VAE_TRY(vae_path_join(path, sizeof path, options->out, "config.ini"));
    if (!vae_path_exists(path)) return config_of_checkpoint(options, path, config);
    vae_config_defaults(config);
    const vae_status status = vae_config_load_saved(config, path);
    if (status) {
        return vae_error_set(status, "%s; fix the file, or move it away to take the configuration from a checkpoint",
                             vae_error_message());
    }
    return vae_cli_complete_config(options, path, config);
}

/* Sentences are printed. */
static const char *sample_output(const vae_input *input)
{
    if (input->kind == VAE_KIND_TEXT) return "";
    if (input->kind == VAE_KIND_MUSIC) return " --out samples.mid";
    return input->kind == VAE_KIND_DRAWING || input->dtype == VAE_UINT8 ? " --out samples.png" : " --out samples.npy";
}

static void print_result(const vae_config *config, const vae_train_result *result)
{
    char losses[160];
    const vae_kind_words *words = vae_kind_words_of(result->input.kind);
    const bool autoencoder = !result->traits.has_posterior;
    if (result->stopped_early) {
        printf("stopped early: no better validation loss in %" PRId64 " epochs\n", result->epochs - result->best_epoch);
    }
    if (result->has_test) {
        printf("test %s%s nats %s %s, epoch %" PRId64 "\n", autoencoder ? "" : "negative ELBO ",
               vae_progress_losses(&result->test, losses, sizeof losses), strchr("aeio", words->item[0]) ? "an" : "a",
               words->item, result->best_epoch);
    }
    const char *folder = config->run.out;
    printf("run folder: %s (metrics.jsonl, checkpoints/best.safetensors, pictures/)\n", folder);
    printf("next: vae-cuda sample --run %s%s\n", folder, sample_output(&result->input));
    if (result->traits.latent == 2 && !(words->steps && autoencoder)) {
        printf("      vae-cuda latent --run %s --out latent.png\n", folder);
    } else if (!autoencoder || words->steps) {
        printf("      vae-cuda evaluate --run %s\n", folder);
    }
}

static vae_status run(vae_cli_options *options)
{
    vae_config config;
    vae_resume resume;
    VAE_TRY(find_resume(options, &resume));
    VAE_TRY(load_config(options, &config));
    vae_progress_view view = vae_progress_make(options->quiet);
    const vae_train_options train = {.folder = config.run.out,
                                     .resume = resume,
                                     .ready = vae_interrupt_catch,
                                     .stop = vae_interrupt_flag(),
                                     .observer = vae_progress_observe(&view)};
    vae_train_result result;
    const vae_status status = vae_train(&config, &train, &result);
    vae_progress_clear(&view);
    if (!status && !options->quiet) print_result(&config, &result);
    /* Who closes the terminal or the pipe wants to see no more; the run goes on and is all in its folder. */
    if (!status) vae_streams_forgive();
    return status;
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_RESUME, .group = 1},
    {VAE_OPTION_RESUME_FROM, .group = 1},
    VAE_CLI_CONFIG_PICKS,
    {VAE_OPTION_END},
};

const vae_command vae_command_train = {
    .name = "train",
    .summary = "train a model (the default)",
    .description = "Trains a model as a configuration says."
                   "\vThe run folder gets config.ini (as used), metrics.jsonl, checkpoints/best.safetensors and "
                   "last.safetensors, machine.json and pictures/. Ctrl-C saves a checkpoint; --resume goes on from it.",
    .picks = picks,
    .run = run,
};
