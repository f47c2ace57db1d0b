/* Training as the library offers it: vae/train.h. */
#include <math.h>
#include <stdlib.h>
#include <vae/train.h>

#include "core/file.h"
#include "data/place.h"
#include "train/trainer.h"

static const char call[] = "vae_training_run";

typedef struct session {
    const vae_training *training;
    volatile sig_atomic_t stop;
} session;

static void tell_epoch(void *context, const vae_train_epoch *epoch)
{
    session *s = context;
    const vae_training_epoch event = {.epoch = epoch->epoch,
                                      .epochs = epoch->epochs,
                                      .training_loss = epoch->train_loss,
                                      .held_out_loss = epoch->held_out_loss,
                                      .improved = epoch->improved};
    if (s->training->epoch_ended && s->training->epoch_ended(s->training->context, &event)) s->stop = 1;
}

/* What the file at `path` gave, whose folder is a place for relative paths, then the settings. */
static vae_status complete_config(const vae_training *training, const char *path, vae_config *config)
{
    vae_place_add_beside(config, path);
    for (int i = 0; training->settings && training->settings[i]; ++i)
        VAE_TRY(vae_config_set(config, training->settings[i]));
    if (training->folder) VAE_TRY(vae_config_assign(config, "run", "out", training->folder));
    if (!config->run.out[0]) {
        return vae_error_set(VAE_ERROR_CONFIG, "%s: names no run folder, and neither does [run] out", call);
    }
    return vae_config_check(config);
}

static vae_status find_config(const vae_training *training, vae_config *config)
{
    char path[VAE_PATH_SIZE];
    vae_config_defaults(config);
    if (training->config) {
        VAE_TRY(vae_config_load(config, training->config));
        return complete_config(training, training->config, config);
    }
    if (!training->resume || !training->folder) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: config is NULL, and there is no folder to be resumed", call);
    }
    VAE_TRY(vae_path_join(path, sizeof path, training->folder, "config.ini"));
    VAE_TRY(vae_config_load_saved(config, path));
    return complete_config(training, path, config);
}

static vae_status run(const vae_training *training, const vae_config *config, vae_training_result *result)
{
    session s = {.training = training};
    const vae_train_options options = {.folder = config->run.out,
                                       .resume = training->resume ? VAE_RESUME : VAE_RESUME_NONE,
                                       .stop = &s.stop,
                                       .observer = {.context = &s, .epoch_ended = tell_epoch}};
    vae_train_result found;
    VAE_TRY(vae_train(config, &options, &found));
    if (!result) return VAE_OK;
    *result = (vae_training_result){.epochs = found.epochs,
                                    .steps = found.steps,
                                    .best_epoch = found.best_epoch,
                                    .stopped_early = found.stopped_early,
                                    .test_loss = found.has_test ? found.test_loss : NAN,
                                    .seconds = found.seconds};
    return VAE_OK;
}

vae_status vae_training_run(const vae_training *training, vae_training_result *result)
{
    if (!training) return vae_error_set(VAE_ERROR_ARGUMENT, "%s: training must not be NULL", call);
    vae_config *config = malloc(sizeof *config);
    if (!config) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", call);
    vae_status status = find_config(training, config);
    if (!status) status = run(training, config, result);
    free(config);
    return status;
}
